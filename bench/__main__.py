"""Measure Python web frameworks: python -m bench run --stacks flask_sqlite --profile quick."""

import argparse
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from bench import ROOT, Mistake
from bench.campaign import Campaign, run_campaign
from bench.cost import Bench, compare_engines, compare_scripts
from bench.leftovers import stop_leftovers
from bench.loadgen import find_k6
from bench.lock import hold_machine
from bench.machine import describe_machine, partition_cpus
from bench.profile import load_profile
from bench.progress import show_progress
from bench.report import problems, results_table
from bench.server import Engine
from bench.server.docker import docker_engine, why_no_docker
from bench.server.local import local_engine
from bench.stacks import REQUIREMENTS, choose_stacks
from bench.stats import median_interval
from bench.store import RESULTS, read_campaign, write_json

STOPS = (signal.SIGINT, signal.SIGTERM)
ENGINES = {"docker": docker_engine, "local": local_engine}


def main() -> int:
    """Exit status 0: all that was asked for is done and valid; 2: it is not, a line says why."""
    for number in STOPS:
        signal.signal(number, _interrupt)
    try:
        arguments = _parse()
        arguments.act(arguments)
        return 0
    except Mistake as mistake:
        print(f"bench: {mistake}", file=sys.stderr)
    except OSError as error:  # a disk that is full, a folder that is closed
        print(f"bench: {error.filename or 'the system'}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("bench: stopped; the cells that were finished are kept", file=sys.stderr)
    finally:
        _ignore_signals()
        stop_leftovers(mine=True)
    return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Mistake(f"{message}; see {self.prog} --help")


def _parse() -> argparse.Namespace:
    parser = _Parser(prog="bench", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="run | k6 | cost")
    run = actions.add_parser("run", help="measure stacks")
    run.set_defaults(act=_run)
    add = run.add_argument
    add("--stacks", type=lambda names: names.split(","), help="a,b,c (all)")
    add("--profile", default="standard", help="paper, standard, quick, or a .json file")
    add("--runs", type=_whole, help="how often each stack (the profile's)")
    add("--workers", type=_whole, default=2, help="of Gunicorn (2)")
    add("--threads", type=_whole, default=2, help="of a worker that has them (2)")
    add("--requirements", choices=REQUIREMENTS, default="today", help="versions (today's)")
    add("--engine", choices=("auto", *ENGINES), default="auto", help="docker where it answers")
    add("--k6", metavar="PATH", help="which k6 (on PATH, else built once)")
    add("--out", type=Path, default=RESULTS, help="the folder for campaigns (results)")
    k6 = actions.add_parser("k6", help="say where k6 is; build the pinned one if there is none")
    k6.set_defaults(act=lambda arguments: print(find_k6().path))
    cost = actions.add_parser("cost", help="our k6 scripts against the smallest; docker, local")
    cost.set_defaults(act=_cost)
    cost.add_argument("what", choices=("scripts", "engines"))
    cost.add_argument("--rounds", type=_whole, default=20)
    cost.add_argument("--requirements", choices=REQUIREMENTS, default="today")
    cost.add_argument("--k6", metavar="PATH")
    cost.add_argument("--out", type=Path, default=RESULTS, help="the folder for cost-<what>.json")
    return parser.parse_args()


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _interrupt(signal_number: int, frame: object) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """A second Ctrl-C must not cut the cleaning up short."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def _run(arguments: argparse.Namespace) -> None:
    profile = load_profile(arguments.profile)
    stacks = choose_stacks(arguments.stacks)
    with hold_machine():
        stop_leftovers()
        cpus = partition_cpus(arguments.workers)
        campaign = Campaign(
            stacks=stacks,
            profile=profile,
            runs=arguments.runs or profile.runs,
            requirements=arguments.requirements,
            workers=arguments.workers,
            threads=arguments.threads,
            engine=_engine(arguments, cpus.server),
            k6=find_k6(arguments.k6),
            cpus=cpus,
        )
        console = Console()
        with show_progress(console) as say:
            folder = run_campaign(campaign, arguments.out, say)
    _tell_results(folder, console)


def _engine(arguments: argparse.Namespace, cpus: frozenset[int] | None) -> Engine:
    """The engine asked for; else docker where an engine answers, else local. Says which and why."""
    name, why = arguments.engine, "as asked"
    if name == "auto":
        reason = why_no_docker()
        name = "local" if reason else "docker"
        why = f"no Docker engine: {reason}" if reason else "a Docker engine answers"
    print(f"engine {name}: {why}", flush=True)
    requirements = REQUIREMENTS[arguments.requirements]
    return ENGINES[name](requirements, cpus, arguments.workers, arguments.threads)


def _tell_results(folder: Path, console: Console) -> None:
    """Print the table, let plot.py draw; a Mistake where a measurement is missing or not valid."""
    plan, cells = read_campaign(folder)
    console.print(results_table(cells))
    found = list(problems(cells))
    for problem in found:
        print(f"not valid: {problem}", file=sys.stderr)
    drawn = subprocess.run([sys.executable, ROOT / "plot.py", folder], check=False)
    if found or len(cells) < len(plan["cells"]) or drawn.returncode:
        raise Mistake(f"{folder.name} is not complete and valid")


def _cost(arguments: argparse.Namespace) -> None:
    """Print, for each scenario, the median ratio with its interval; keep that of every round."""
    scripts = arguments.what == "scripts"
    with hold_machine(), tempfile.TemporaryDirectory() as folder, show_progress(Console()) as say:
        cpus, requirements = partition_cpus(2), REQUIREMENTS[arguments.requirements]
        local = local_engine(requirements, cpus.server, 2, 2)
        bench = Bench(
            stack=choose_stacks(["fastapi_sqlite" if scripts else "flask_sqlite"])[0],
            profile=load_profile("quick"),
            rounds=arguments.rounds,
            k6=find_k6(arguments.k6),
            cpus=cpus,
            folder=Path(folder),
            say=say,
        )
        if scripts:
            ratios = compare_scripts(bench, local)
        else:
            ratios = compare_engines(bench, docker_engine(requirements, cpus.server, 2, 2), local)
    arguments.out.mkdir(parents=True, exist_ok=True)
    machine = {**describe_machine(), "k6": bench.k6.version, "requirements": requirements}
    kept = {"stack": bench.stack.name, "machine": machine, "ratios": ratios}
    write_json(arguments.out / f"cost-{arguments.what}.json", kept)
    for scenario, values in ratios.items():
        median, low, high = median_interval(values)
        print(f"{scenario:8} {median:.3f} ({low:.3f} to {high:.3f}), {len(values)} rounds")


if __name__ == "__main__":
    sys.exit(main())
