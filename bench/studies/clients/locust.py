"""Locust, which plays the users of our locustfile: the article's way to load a server."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from bench import CACHE, ROOT, Mistake
from bench.arm import Arm
from bench.asked import check_database, settings_of
from bench.host.leftovers import folder_prefix, stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import partition_cpus
from bench.keep.files import write_record
from bench.serve import inside
from bench.serve.choose import choose_engine
from bench.serve.stacks import choose_stacks
from bench.serve.start import free_port
from bench.studies.clients.client import (
    BROKEN,
    GRACE,
    Account,
    Window,
    installed,
    last_line,
    run_to_its_end,
)
from bench.studies.kept import about_machine, must_hold_files

ROWS = 1500


def play_users(arguments: argparse.Namespace) -> None:
    """Let Locust play the article's user; a Mistake where a request fails."""
    check_database(arguments)
    settings = settings_of(arguments)
    stacks = choose_stacks([arguments.stack], database=settings.database)
    (arm,) = (Arm(name, name, folder, settings) for name, folder in stacks.items())
    installed("locust")
    must_hold_files(arguments.out)
    CACHE.mkdir(exist_ok=True)
    with hold_machine(), tempfile.TemporaryDirectory(dir=CACHE, prefix=folder_prefix()) as folder:
        stop_leftovers()
        report = Path(folder) / f"locust-{arm.label}"
        report.mkdir()
        accounts, cpu_s = _play(arm, arguments, report)
        kept = arguments.out.resolve() / report.name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.move(report, kept)
    for route, of in accounts.items():
        print(f"{route:20} {of.requests:6,} requests, {of.failed} failed, mean {of.mean_ms:.1f} ms")
    print(f"Locust used {cpu_s:.1f} s of CPU. The rate is of users who think, not the stack's.")
    failed = sum(of.failed for of in accounts.values())
    if failed:
        raise Mistake(f"{failed} requests failed: see {kept / 'report.html'}")


def _play(
    arm: Arm, arguments: argparse.Namespace, report: Path
) -> tuple[dict[str, Account], float]:
    """As run_locust; beside its report there is what it was made with."""
    cpus = partition_cpus(arm.settings.workers)
    engine = choose_engine(arguments, cpus.server)
    engine.prepare(arm)
    with engine.serve(arm) as server:
        server.seed(ROWS, "wal" if arm.settings.database == "sqlite" else None)
        users, seconds = arguments.users, arguments.seconds
        print(f"{arm.label}: {users} users for {seconds} s", flush=True)
        window = Window(server.url, users, seconds, cpus.k6, report)
        told = run_locust("ItemUser", window, arguments.processes)
        about = {
            "stack": arm.stack,
            "users": users,
            "seconds": seconds,
            "processes": arguments.processes,
            "machine": about_machine(engine=engine.name),
            "served": msgspec.to_builtins(inside.describe(server)),
        }
    write_record(report / "about.json", about)
    return told


def run_locust(user: str, window: Window, processes: int = 1) -> tuple[dict[str, Account], float]:
    """Let users of this class of our locustfile load a server, by so many generators.

    Gives what Locust says of each route, and its CPU seconds; stats.json and report.html go to the
    folder. One that is missing or makes no request is a Mistake, failed requests are not.
    """
    installed("locust")
    # Relative: Locust takes a comma in it for the end of a name.
    ours = os.path.relpath(ROOT / "locust", window.folder)
    command = [sys.executable, "-m", "locust", f"--locustfile={ours}"]
    command += ["--headless", "--only-summary", f"--host={window.url}"]
    command += [f"--users={window.users}", f"--spawn-rate={window.users}"]  # all at once
    # In the end each request is waited for, so that none is made and not counted.
    command += [f"--run-time={window.seconds}s", f"--stop-timeout={GRACE // 2}"]
    if processes > 1:
        port = free_port()  # where the first process listens to the others, on loopback
        command += [f"--processes={processes}", "--master-bind-host=127.0.0.1"]
        command += [f"--master-bind-port={port}", f"--master-port={port}"]
    command += ["--json-file=stats", "--html=report.html", user]
    stats = window.folder / "stats.json"
    cpu_s = run_to_its_end("Locust", command, window, stats)
    try:
        accounts = dict(map(_account, json.loads(stats.read_text())))
    except BROKEN as error:
        raise Mistake(f"Locust gives no result: {last_line(window, 'Locust')}") from error
    if not accounts:
        raise Mistake(f"Locust made no request: {last_line(window, 'Locust')}")
    return accounts, cpu_s


def _account(told: dict[str, Any]) -> tuple[str, Account]:
    requests = told["num_requests"]
    rate = requests / (told["last_request_timestamp"] - told["start_time"])
    mean_ms = told["total_response_time"] / requests
    return f"{told['method']} {told['name']}", Account(
        requests, told["num_failures"], rate, mean_ms
    )
