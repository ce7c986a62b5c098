"""`bench why` and `bench ladder`: measure the experiments asked for, and keep what they gave."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench import CACHE, Mistake
from bench.host.leftovers import folder_prefix, stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import partition_cpus
from bench.keep.files import write_record
from bench.measure.load.k6 import K6, find_k6
from bench.measure.profile import load_profile
from bench.measure.standing import Setting
from bench.progress import Say, show_progress
from bench.serve.choose import choose_engine
from bench.serve.local import local_engine
from bench.studies.experiment.arms import command_of
from bench.studies.experiment.contrasts import judge, must_be_applied
from bench.studies.experiment.experiment import Experiment
from bench.studies.experiment.measuring import Row, measure, write_rows
from bench.studies.experiment.tables import table_of_contrasts, table_of_variants
from bench.studies.kept import about_machine, must_hold_files
from bench.studies.ladder.rungs import LADDERS
from bench.studies.why.experiments import EXPERIMENTS

KNOWN = {"why": EXPERIMENTS, "ladder": LADDERS}


def run_experiments(arguments: argparse.Namespace) -> None:
    """Measure each that is named, or all; print its contrasts, keep its values and the machine.

    With as few sessions as somebody asks for nothing is kept. A Mistake of one is told when the
    others are done.
    """
    known = KNOWN[arguments.action]
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        raise Mistake(f"there is no experiment {unknown[0]!r}; there are {', '.join(known)}")
    if not arguments.sessions:
        must_hold_files(arguments.out)
    experiments = [known[name]() for name in arguments.names or known]
    k6, mistakes = find_k6(arguments.k6), []
    CACHE.mkdir(exist_ok=True)
    console = Console(width=None if sys.stdout.isatty() else 120)
    with hold_machine(), show_progress(console) as say:
        stop_leftovers()
        for experiment in experiments:
            try:
                with tempfile.TemporaryDirectory(dir=CACHE, prefix=folder_prefix()) as folder:
                    rows = _measured(experiment, arguments.sessions, k6, Path(folder), say)
                told = judge(experiment, rows)
                if not arguments.sessions:
                    must_be_applied(experiment, told)
            except Mistake as mistake:
                mistakes.append(f"{experiment.name}: {mistake}")
                continue
            if not arguments.sessions:
                _keep(experiment, rows, arguments.out, k6.version)
            print(f"{experiment.name}: {experiment.sentence}")
            print("\n".join((*table_of_contrasts(told), "", *table_of_variants(rows))))
    if mistakes:
        raise Mistake("; ".join(mistakes))


def _measured(
    experiment: Experiment, sessions: int | None, k6: K6, folder: Path, say: Say
) -> list[Row]:
    parts = experiment.parts
    workers = max(variant.settings.workers for part in parts for variant in part.variants)
    cpus = partition_cpus(workers)
    if experiment.engine == "auto":
        asked = argparse.Namespace(engine="auto", database_url=None, python_downloads=False)
        engine = choose_engine(asked, cpus.server)
    else:
        engine = local_engine(
            cpus.server, command=command_of(parts), of_postgres=experiment.postgres
        )
    setting = Setting(load_profile("standard"), engine, k6, cpus)
    return list(measure(experiment, setting, folder, say, sessions))


def _keep(experiment: Experiment, rows: Sequence[Row], out: Path, version: str) -> None:
    write_rows(rows, out / f"{experiment.name}.csv")
    about = about_machine(k6=version, sentence=experiment.sentence)
    write_record(out / f"{experiment.name}.json", about)
