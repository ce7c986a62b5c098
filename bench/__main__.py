"""Measure Python web frameworks: python -m bench run --stacks flask_sqlite --profile quick."""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from bench import ROOT, Mistake
from bench.campaign import Campaign, run_campaign
from bench.loadgen import find_k6
from bench.machine import partition_cpus
from bench.profile import load_profile
from bench.progress import show_progress
from bench.report import problems, results_table
from bench.server import Engine
from bench.server.docker import docker_engine, why_no_docker
from bench.server.local import local_engine
from bench.stacks import REQUIREMENTS, choose_stacks
from bench.store import RESULTS, read_campaign

ENGINES = {"docker": docker_engine, "local": local_engine}


def main() -> int:
    """Exit status 0: every planned measurement is there and valid; 1: not so; 2: a mistake."""
    arguments = _parse()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(arguments.act(arguments))
    except Mistake as mistake:
        print(f"bench: {mistake}", file=sys.stderr)
    except KeyboardInterrupt:
        print("bench: stopped; the cells that were finished are kept", file=sys.stderr)
    return 2


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="run | k6")
    run = actions.add_parser("run", help="measure stacks")
    run.set_defaults(act=_run)
    run.add_argument("--stacks", type=lambda names: names.split(","), help="a,b,c (all)")
    run.add_argument(
        "--profile", default="standard", help="paper, standard, quick, or a .json file"
    )
    run.add_argument("--runs", type=_whole, help="how often each stack (the profile's)")
    run.add_argument("--workers", type=_whole, default=2, help="of Gunicorn (2)")
    run.add_argument("--threads", type=_whole, default=2, help="of a worker that has them (2)")
    run.add_argument(
        "--requirements", choices=REQUIREMENTS, default="today", help="versions (today's)"
    )
    run.add_argument(
        "--engine", choices=("auto", *ENGINES), default="auto", help="docker, or local"
    )
    run.add_argument("--k6", metavar="PATH", help="which k6 (on PATH, else built once)")
    run.add_argument("--out", type=Path, default=RESULTS, help="the folder for campaigns (results)")
    k6 = actions.add_parser("k6", help="say where k6 is; build the pinned one if there is none")
    k6.set_defaults(act=lambda arguments: print(find_k6().path) or 0)
    return parser.parse_args()


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _interrupt(signal_number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _run(arguments: argparse.Namespace) -> int:
    console = Console()
    profile = load_profile(arguments.profile)
    cpus = partition_cpus(arguments.workers)
    campaign = Campaign(
        stacks=choose_stacks(arguments.stacks),
        profile=profile,
        runs=arguments.runs or profile.runs,
        requirements=arguments.requirements,
        workers=arguments.workers,
        threads=arguments.threads,
        engine=_engine(arguments, cpus.server),
        k6=find_k6(arguments.k6),
        cpus=cpus,
    )
    with show_progress(console) as say:
        folder = run_campaign(campaign, arguments.out, say)
    return _tell_results(folder, console)


def _engine(arguments: argparse.Namespace, cpus: frozenset[int] | None) -> Engine:
    """The engine asked for; else docker where an engine answers, else local. Says which and why."""
    name, why = arguments.engine, "as asked"
    if name == "auto":
        reason = why_no_docker()
        name, why = (
            ("local", f"no Docker: {reason}") if reason else ("docker", "a Docker engine answers")
        )
    print(f"engine {name}: {why}", flush=True)
    requirements = REQUIREMENTS[arguments.requirements]
    return ENGINES[name](requirements, cpus, arguments.workers, arguments.threads)


def _tell_results(folder: Path, console: Console) -> int:
    """Print the table, let plot.py draw, name what does not count."""
    plan, cells = read_campaign(folder)
    console.print(results_table(cells))
    found = list(problems(cells))
    for problem in found:
        console.print(f"not valid: {problem}", markup=False, style="red")
    drawn = subprocess.run([sys.executable, ROOT / "plot.py", folder], check=False)
    return int(bool(found) or len(cells) < len(plan["cells"]) or drawn.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
