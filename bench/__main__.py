"""Measure Python web frameworks: python -m bench run --stacks flask_sqlite --profile quick."""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench import CACHE, ROOT, Mistake
from bench.answer.report import Report, missing, problems
from bench.answer.stats import median_interval
from bench.answer.tables import lines_below, results_table
from bench.arguments import ask_as_planned, check_database, parse
from bench.host.leftovers import folder_prefix, stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import describe_machine, partition_cpus
from bench.keep.check import faults, find_remains, outcome
from bench.keep.store import RESULTS, read_campaign, read_plan, write_json
from bench.measure.campaign import Campaign, resume_campaign, run_campaign
from bench.measure.controls import calibrate, make_controls
from bench.measure.k6 import find_k6
from bench.measure.profile import load_profile
from bench.measure.session import Setting
from bench.progress import show_progress
from bench.serve import inside
from bench.serve.docker import docker_engine, why_no_docker
from bench.serve.local import local_engine
from bench.serve.server import Engine, Serving
from bench.serve.stacks import REQUIREMENTS, choose_stacks
from bench.studies.clients import ROWS, Window, find_clients, installed, run_locust
from bench.studies.cost import compare_engines, compare_scripts
from bench.studies.crosscheck import NOT_TO_CONCLUDE, USERS, app_table, crosscheck, stub_table
from bench.studies.selfcheck import check_machine

STOPS = (signal.SIGINT, signal.SIGTERM)
ENGINES = {"docker": docker_engine, "local": local_engine}


def main() -> int:
    """Exit status 0: all that was asked for is done and valid; 2: it is not, a line says why."""
    for number in STOPS:
        signal.signal(number, _interrupt)
    try:
        arguments = parse(__doc__)
        ACTIONS[arguments.action](arguments)
        return 0
    except Mistake as mistake:
        print(f"bench: {mistake}", file=sys.stderr)
    except OSError as error:  # a disk that is full, a folder that is closed
        print(f"bench: {error.filename or 'the system'}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt as stop:  # which tells what is kept, if anything is
        print(f"bench: stopped{''.join(stop.args)}", file=sys.stderr)
    finally:
        _ignore_signals()
        stop_leftovers(mine=True)
    return 2


def _interrupt(signal_number: int, frame: object) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """A second Ctrl-C must not cut the cleaning up short."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def _must_hold_files(folder: Path) -> None:
    """An OSError now, not when all is measured, where no file can be kept in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()


def _cost(arguments: argparse.Namespace) -> None:
    """Print, for each scenario, the median ratio with its interval; keep that of every round."""
    scripts, requirements = arguments.what == "scripts", REQUIREMENTS[arguments.requirements]
    _must_hold_files(arguments.out)
    stack = choose_stacks(["fastapi_sqlite" if scripts else "flask_sqlite"])[0]
    with hold_machine(), tempfile.TemporaryDirectory() as folder, show_progress(Console()) as say:
        stop_leftovers()
        cpus = partition_cpus(2)
        serving = Serving(requirements, cpus.server)
        local = local_engine(serving)
        engine = local if scripts else docker_engine(serving)
        k6 = find_k6(arguments.k6)
        setting = Setting(
            load_profile("quick"), engine, k6, cpus.k6, serving.workers, serving.threads
        )
        rounds = arguments.rounds, Path(folder), say
        if scripts:
            ratios = compare_scripts(stack, setting, *rounds)
        else:
            ratios = compare_engines(stack, setting, local, *rounds)
    machine = {**describe_machine(), "k6": k6.version, "requirements": requirements}
    kept = {"stack": stack.name, "machine": machine, "ratios": ratios}
    write_json(arguments.out / f"cost-{arguments.what}.json", kept)
    for scenario, values in ratios.items():
        median, low, high = median_interval(values)
        print(f"{scenario:8} {median:.3f} ({low:.3f} to {high:.3f}), {len(values)} rounds")


def _locust(arguments: argparse.Namespace) -> None:
    """Let Locust play the article's user; a Mistake where a request fails."""
    check_database(arguments)
    stack = choose_stacks([arguments.stack], database=arguments.database)[0]
    installed("locust")
    _must_hold_files(arguments.out)
    CACHE.mkdir(exist_ok=True)
    with hold_machine(), tempfile.TemporaryDirectory(dir=CACHE, prefix=folder_prefix()) as folder:
        stop_leftovers()
        cpus = partition_cpus(arguments.workers)
        engine = _engine(arguments, cpus.server)
        report = Path(folder) / f"locust-{stack.name}"
        report.mkdir()
        engine.prepare(stack)
        with engine.serve(stack) as server:
            server.seed(ROWS, "wal" if arguments.database == "sqlite" else None)
            users, seconds = arguments.users, arguments.seconds
            print(f"{stack.name}: {users} users for {seconds} s", flush=True)
            window = Window(server.url, users, seconds, cpus.k6, report)
            accounts, cpu_s = run_locust("ItemUser", window, arguments.processes)
            about = {
                "stack": stack.name,
                "users": users,
                "seconds": seconds,
                "processes": arguments.processes,
                "machine": {**describe_machine(), "engine": engine.name},
                "served": {**inside.describe(server), **server.describe()},
            }
        write_json(report / "about.json", about)
        kept = arguments.out.resolve() / report.name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.move(report, kept)
    for route, of in accounts.items():
        print(f"{route:20} {of.requests:6,} requests, {of.failed} failed, mean {of.mean_ms:.1f} ms")
    print(f"Locust used {cpu_s:.1f} s of CPU. The rate is of users who think, not the stack's.")
    failed = sum(of.failed for of in accounts.values())
    if failed:
        raise Mistake(f"{failed} requests failed: see {kept / 'report.html'}")


def _crosscheck(arguments: argparse.Namespace) -> None:
    """Print what each client makes of the same loads; keep every round of it."""
    stack, seed = choose_stacks([arguments.stack])[0], random.SystemRandom().randrange(2**32)
    seconds, console = arguments.seconds, Console(width=None if sys.stdout.isatty() else 110)
    _must_hold_files(arguments.out)
    clients, left_out = find_clients(arguments.k6)
    with hold_machine(), show_progress(console) as say:
        stop_leftovers()
        cpus = partition_cpus(arguments.workers)
        engine = _engine(arguments, cpus.server)
        rounds = crosscheck(clients, stack, engine, cpus, arguments.rounds, seconds, seed, say)
    versions = {client.name: client.version for client in clients}
    machine = {**describe_machine(), "engine": engine.name, "clients": versions}
    asked = {"stack": stack.name, "users": USERS, "seconds": seconds, "seed": seed}
    kept = {**asked, "machine": machine, "left_out": left_out, "measured": rounds}
    write_json(arguments.out / "crosscheck.json", kept)
    names = [*versions, *left_out]
    console.print(app_table(rounds, seconds, names))
    console.print(stub_table(rounds, names))
    for name, why in left_out.items():
        print(f"{name} is left out: {why}")
    print(NOT_TO_CONCLUDE)


def _selfcheck(arguments: argparse.Namespace) -> None:
    """Print what is found; a Mistake where it speaks against measuring here."""
    with hold_machine(), show_progress(Console()) as say:
        stop_leftovers()
        told, against = check_machine(find_k6(arguments.k6), partition_cpus(2), say)
    for line in told:
        print(line)
    if against:
        raise Mistake(f"this machine carries no claim: {'; '.join(against)}")


def _check(arguments: argparse.Namespace) -> None:
    """Print a line for each campaign, or for each fault; a Mistake where there is one."""
    campaigns = arguments.campaigns or find_remains(RESULTS)
    if not campaigns:
        raise Mistake(f"there is no campaign in {RESULTS}")
    refused = 0
    for folder in campaigns:
        found = faults(folder)
        refused += bool(found)
        for line in found or [outcome(folder)]:
            print(f"{folder.name}: {line}")
    if refused:
        raise Mistake(f"{refused} of {len(campaigns)} campaigns are not to be quoted")


ACTIONS = {
    "run": run,
    "k6": lambda arguments: print(find_k6().path),
    "cost": _cost,
    "locust": _locust,
    "crosscheck": _crosscheck,
    "selfcheck": _selfcheck,
    "check": _check,
}

if __name__ == "__main__":
    sys.exit(main())
