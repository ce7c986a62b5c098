"""Every experiment by its name, and what those say that were kept."""

from collections.abc import Callable
from pathlib import Path

from bench.studies.experiment.contrasts import Told, judge
from bench.studies.experiment.experiment import Experiment
from bench.studies.experiment.measuring import read_rows
from bench.studies.why import (
    collector,
    django,
    idle_orm,
    processor,
    rows,
    server,
    waiting,
    writes,
)

EXPERIMENTS: dict[str, Callable[[], Experiment]] = {
    "server": lambda: server.EXPERIMENT,
    "collector": lambda: collector.EXPERIMENT,
    "rows": lambda: rows.EXPERIMENT,
    "idle_orm": lambda: idle_orm.EXPERIMENT,
    "writes": lambda: writes.EXPERIMENT,
    "processor": lambda: processor.EXPERIMENT,
    "django": lambda: django.EXPERIMENT,
    "waiting": lambda: waiting.EXPERIMENT,
}


def read_told(folder: Path) -> dict[str, list[Told]]:
    """By experiment, of those whose values lie in this folder."""
    files = {name: folder / f"{name}.csv" for name in EXPERIMENTS}
    return {
        name: judge(EXPERIMENTS[name](), read_rows(file))
        for name, file in files.items()
        if file.exists()
    }
