"""How much of a published number is the client: the same loads by several clients, in turn."""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import Mistake
from bench.answer.shown.numbers import number
from bench.answer.statistics.stats import median_interval
from bench.arm import Arm
from bench.host.leftovers import stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import Partition, partition_cpus
from bench.keep.files import write_record
from bench.progress import Say, show_progress
from bench.serve.choose import choose_engine
from bench.serve.server import Engine, Server
from bench.serve.stacks import choose_stacks
from bench.studies.clients.client import Client, Window
from bench.studies.clients.generators import ROUTES, find_clients
from bench.studies.clients.locust import ROWS
from bench.studies.kept import about_machine, must_hold_files
from bench.studies.stub import DELAY_MS, answered, serve_stub

USERS = 10
SHORT = 1  # seconds of the window that each long one is compared with
STUB = "stub"  # answers after a known delay, and counts its answers
TITLES = {
    "told": "as it tells: requests/s",
    "clocked": "by our clock: requests/s",
    "mean_ms": "mean ms",
    "client_us": "client's CPU: µs each",
    "server_us": "server's CPU: µs each",
    "busy": "client's CPU: % of a core",
}
NOT_TO_CONCLUDE = (
    "Not to be concluded: how fast this app is, or that one client is right. Each number is that of"
    " an app, a client and two CPUs; a client with a machine, or more processes, of its own asks"
    " faster."
)
Measured = dict[str, Any]  # what one client made of one target in one round


def compare_clients(arguments: argparse.Namespace) -> None:
    """Print what each client makes of the same loads; keep every round of it."""
    stacks, seed = choose_stacks([arguments.stack]), random.SystemRandom().randrange(2**32)
    (arm,) = (Arm(name, name, folder) for name, folder in stacks.items())
    seconds, console = arguments.seconds, Console(width=None if sys.stdout.isatty() else 110)
    must_hold_files(arguments.out)
    clients, left_out = find_clients(arguments.k6)
    with hold_machine(), show_progress(console) as say:
        stop_leftovers()
        cpus = partition_cpus(arm.settings.workers)
        engine = choose_engine(arguments, cpus.server)
        rounds = crosscheck(clients, arm, engine, cpus, arguments.rounds, seconds, seed, say)
    versions = {client.name: client.version for client in clients}
    machine = about_machine(engine=engine.name, clients=versions)
    asked = {"stack": arm.stack, "users": USERS, "seconds": seconds, "seed": seed}
    kept = {**asked, "machine": machine, "left_out": left_out, "measured": rounds}
    write_record(arguments.out / "crosscheck.json", kept)
    names = [*versions, *left_out]
    console.print(app_table(rounds, seconds, names))
    console.print(stub_table(rounds, names))
    for name, why in left_out.items():
        print(f"{name} is left out: {why}")
    print(NOT_TO_CONCLUDE)


def crosscheck(
    clients: Sequence[Client],
    arm: Arm,
    engine: Engine,
    cpus: Partition,
    rounds: int,
    seconds: int,
    seed: int,
    say: Say,
) -> list[Measured]:
    """Once a round each client at each route of one app, and at the stub; a seed draws the order.

    A window of less than 2 s, no client, or one whose requests fail is a Mistake.
    """
    if seconds <= SHORT:
        raise Mistake(f"--seconds is {SHORT + 1} or more")
    if not clients:
        raise Mistake("there is no k6, no Locust, no httpx2 and no wrk: nothing to compare")
    order, measured = random.Random(seed), []
    loads = [(client, target) for client in clients for target in (*ROUTES, STUB)]
    engine.prepare(arm)
    with engine.serve(arm) as server, tempfile.TemporaryDirectory() as folder:
        server.seed(ROWS, "wal")
        window = Window(server.url, USERS, seconds, cpus.k6, Path(folder))
        for turn in range(rounds):
            for place, (client, target) in enumerate(order.sample(loads, len(loads))):
                done = (turn + place / len(loads)) / rounds
                say(f"round {turn + 1} of {rounds}, {client.name}, {target}", done)
                if target == STUB:
                    found = _load_stub(client, window, cpus)
                else:
                    found = _load_app(client, target, window, server)
                about = {"round": turn + 1, "client": client.name, "target": target}
                measured.append({**about, **found})
    return measured


def _load_app(client: Client, route: str, window: Window, server: Server) -> Measured:
    """A short window, then a long one: what a client takes to start and to end is in both alike."""
    short = _told(client, route, replace(window, seconds=SHORT))
    before = server.cpu_seconds()
    long = _told(client, route, window)
    used = server.cpu_seconds() - before
    if long["requests"] <= short["requests"]:
        raise Mistake(f"{client.name}: no more requests in {window.seconds} s than in {SHORT} s")
    return {"short": short, "long": long, "server_cpu_s": used}


def _load_stub(client: Client, window: Window, cpus: Partition) -> Measured:
    with serve_stub(cpus, DELAY_MS) as (stub, url):
        return {"long": _told(client, "get", replace(window, url=url)), "answered": answered(stub)}


def _told(client: Client, route: str, window: Window) -> dict[str, float]:
    account, cpu_s = client.load(route, window)
    return {**asdict(account), "cpu_s": cpu_s}


def figures(measured: Measured, seconds: int) -> dict[str, float]:
    """What the table shows of a measurement of the app, by the keys of its titles."""
    short, long = measured["short"], measured["long"]
    requests, cpu_s = (long[key] - short[key] for key in ("requests", "cpu_s"))
    return {
        "told": long["rate"],
        "clocked": requests / (seconds - SHORT),
        "mean_ms": long["mean_ms"],
        "client_us": 1e6 * cpu_s / requests,
        "server_us": 1e6 * measured["server_cpu_s"] / long["requests"],
        "busy": 100 * cpu_s / (seconds - SHORT),
    }


def app_table(measured: Sequence[Measured], seconds: int, names: Sequence[str]) -> Table:
    """A line a route and client: medians over the rounds, their intervals below."""
    table = _table(*TITLES.values())
    for route in ROUTES:
        table.add_row(f"[bold]{route}[/bold]")
        for name in names:
            of = [
                figures(m, seconds) for m in measured if (m["client"], m["target"]) == (name, route)
            ]
            cells = [_shown([one[key] for one in of]) for key in TITLES] if of else ["left out"]
            table.add_row(f"  {name}", *cells)
    return table


def stub_table(measured: Sequence[Measured], names: Sequence[str]) -> Table:
    """A line a client: what it made of a known delay and of a known number of answers."""
    table = _table(
        f"as it tells: ms, of {DELAY_MS:.0f}", "counted: requests", "of answered: requests"
    )
    for name in names:
        of = [m for m in measured if (m["client"], m["target"]) == (name, STUB)]
        if not of:
            table.add_row(f"  {name}", "left out")
            continue
        counts = sum(m["long"]["requests"] for m in of), sum(m["answered"] for m in of)
        table.add_row(f"  {name}", _shown([m["long"]["mean_ms"] for m in of]), *map(number, counts))
    return table


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for title in titles:
        table.add_column(title.replace(": ", "\n"), justify="right", no_wrap=True)
    return table


def _shown(values: Sequence[float]) -> str:
    median, low, high = median_interval(values)
    return f"{number(median)}\n[dim]{number(low)} to {number(high)}[/dim]"
