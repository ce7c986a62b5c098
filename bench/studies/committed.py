"""What the committed experiments and ladders say: tables, sentences and figures."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.answer.shown.drawn.colours import THEMES
from bench.answer.shown.drawn.figures import styled, write_figure
from bench.answer.shown.numbers import number
from bench.keep.store import RESULTS
from bench.studies.experiment.contrasts import judge
from bench.studies.experiment.experiment import title_and_text
from bench.studies.experiment.measuring import Row, read_rows
from bench.studies.experiment.tables import (
    shown_of,
    table_of_contrasts,
    table_of_counts,
    table_of_variants,
)
from bench.studies.ladder.bars import bar_of
from bench.studies.ladder.figure import TITLE as LADDERS_TITLE
from bench.studies.ladder.figure import draw_ladder
from bench.studies.ladder.rungs import LADDERS, TOTALS
from bench.studies.ladder.told import sentences, table_of_ladder
from bench.studies.why.experiments import EXPERIMENTS
from bench.studies.why.waiting_figure import TITLE as WAITINGS_TITLE
from bench.studies.why.waiting_figure import WORKERS, draw_waiting, points

WHY, LADDER = (RESULTS / f"reference-{name}" for name in ("why", "ladder"))
STUDIES = (WHY.name, LADDER.name)


def experiments() -> Iterator[dict[str, Any]]:
    """Each whose values are kept, in the words and tables of docs/why.md."""
    for name, make in EXPERIMENTS.items():
        if (WHY / f"{name}.csv").exists():
            experiment, rows = make(), read_rows(WHY / f"{name}.csv")
            title, about = title_and_text(experiment)
            told = judge(experiment, rows)
            yield {
                "found": experiment.found.format(*(shown_of(one) for one in told)),
                **{"name": name, "title": title, "about": about, "says": experiment.says},
                **{"sentence": experiment.sentence, "survives": experiment.survives},
                "contrasts": "\n".join(table_of_contrasts(told)),
                "counts": "\n".join(table_of_counts(rows, experiment)),
                "variants": "\n".join(table_of_variants(rows)),
            }


def ladders() -> dict[str, Any]:
    """The three sentences, and a table a stack."""
    values = read_ladders()
    tables = {stack: "\n".join(table_of_ladder(stack, rows)) for stack, rows in values.items()}
    return {**sentences(values), "tables": tables}


def read_ladders() -> dict[str, Sequence[Row]]:
    """The rows of every stack."""
    return {stack: read_rows(LADDER / f"{stack}.csv") for stack in LADDERS}


def draw_studies(out: Path) -> None:
    """The ladder for light and dark pages, and where async begins to pay, as SVG."""
    values, waiting = read_ladders(), read_rows(WHY / "waiting.csv")
    cpus = _cpus_of_the_server(json.loads((WHY / "waiting.json").read_text())["cpus"])
    told = "; ".join(
        f"{scenario}, {stack}: {number(bar_of(stack, scenario, rows).whole[0])} µs"
        for scenario in TOTALS
        for stack, rows in values.items()
    )
    with styled():
        for theme in THEMES:
            path = out / LADDER.name / f"ladder-{theme}"
            write_figure(draw_ladder(values, theme), path, LADDERS_TITLE, told, ("svg",))
        told = "; ".join(
            f"{wait} ms, {point.users} users, {point.way}: {number(fmean(point.per_s))}"
            for wait in (10, 50)
            for point in points(waiting, wait, cpus)
        )
        path = out / WHY.name / "waiting"
        write_figure(draw_waiting(waiting, cpus, "light"), path, WAITINGS_TITLE, told, ("svg",))


def _cpus_of_the_server(cpus: int) -> int:
    """As bench.host.machine.partition_cpus gives them: a CPU a worker, and as many for k6."""
    return min(WORKERS, cpus // 2) or 1
