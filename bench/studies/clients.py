"""Four load generators, each started as its makers mean it to be: k6, Locust, the script, wrk."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from bench import ROOT, Mistake
from bench.host.leftovers import mark
from bench.host.machine import pinned
from bench.measure.k6 import K6, find_k6, run_scenario
from bench.serve.start import free_port

ROUTES = {"hello": "/hello", "get": "/items/{id}"}  # {id} is another random id each time
ROWS = 1500
LOCUST_USERS = {"hello": "HelloUser", "get": "GetUser"}
GRACE = 60  # seconds beyond its window in which a client must have started and ended
BROKEN = (OSError, ValueError, KeyError, TypeError, ZeroDivisionError)  # what is no report


@dataclass(frozen=True)
class Window:
    """What every client can be asked for."""

    url: str
    users: int
    seconds: int
    cpus: frozenset[int] | None
    folder: Path  # for what the client writes


@dataclass(frozen=True)
class Account:
    """What a client says of its requests."""

    requests: int
    failed: int
    rate: float  # a second, as it tells people
    mean_ms: float


# One route without think time: the account, and the client's CPU seconds, start and end included.
Load = Callable[[str, Window], tuple[Account, float]]


@dataclass(frozen=True)
class Client:
    name: str
    version: str
    load: Load  # where a request fails, or none is made, that is a Mistake


def find_clients(k6: str | None = None) -> tuple[list[Client], dict[str, str]]:
    """The clients that are here; and, by name, why another one is not."""
    ways: dict[str, Callable[[], tuple[str, Load]]] = {
        "k6": partial(_k6, k6), "Locust": _locust, "script": _script, "wrk": _wrk
    }  # fmt: skip
    found, left_out = [], {}
    for name, way in ways.items():
        try:
            version, load = way()
            found.append(Client(name, version, partial(_checked, name, load)))
        except Mistake as mistake:
            left_out[name] = str(mistake)
    return found, left_out


def _checked(name: str, load: Load, route: str, window: Window) -> tuple[Account, float]:
    try:
        account, cpu_s = load(route, window)
    except BROKEN as error:
        raise Mistake(f"{name} gives no result: {_last_line(window, name)}") from error
    if account.failed or not account.requests:
        raise Mistake(f"{name}: {account.failed} of {account.requests} requests failed")
    return account, cpu_s


def _k6(path: str | None) -> tuple[str, Load]:
    k6 = find_k6(path)
    return k6.version, partial(_load_with_k6, k6)


def _load_with_k6(k6: K6, route: str, window: Window) -> tuple[Account, float]:
    options = {"executor": "constant-vus", "vus": window.users, "duration": f"{window.seconds}s"}
    profile, summary = window.folder / "profile.json", window.folder / "k6.json"
    profile.write_text(json.dumps({"rows": ROWS, "scenarios": {route: options}}))
    load = run_scenario(k6, route, profile, window.url, window.cpus, summary)
    rate = json.loads(summary.read_text())["metrics"]["http_reqs"]["rate"]
    failed = load.failed or load.exit_status  # a script that throws fails no request
    return Account(load.requests, failed, rate, load.mean_ms or 0.0), load.cpu_s


def _script() -> tuple[str, Load]:
    return f"httpx2 {installed('httpx2')}", _load_with_script


def _load_with_script(route: str, window: Window) -> tuple[Account, float]:
    out = window.folder / "script.json"
    command = [sys.executable, str(ROOT / "lifecycle.py"), window.url, f"--get={ROUTES[route]}"]
    command += [f"--users={window.users}", f"--seconds={window.seconds}", f"--out={out}"]
    cpu_s = _run("script", command, window, out)
    (told,) = json.loads(out.read_text())["phases"]
    counts = told["requests"], told["failed"]
    return Account(*counts, told["per_second"], told["mean_ms"] or 0.0), cpu_s


def _wrk() -> tuple[str, Load]:
    if not shutil.which("wrk"):
        raise Mistake("there is no program wrk")
    said = subprocess.run(["wrk", "--version"], text=True, capture_output=True, check=False)
    found = re.search(r"wrk (\S+)", said.stdout)
    return found[1] if found else "unknown", _load_with_wrk


def _load_with_wrk(route: str, window: Window) -> tuple[Account, float]:
    script = str(Path(__file__).with_name("get.lua"))
    command = ["wrk", "-t1", f"-c{window.users}", f"-d{window.seconds}s", "-s", script, window.url]
    cpu_s = _run("wrk", [*command, "--", ROUTES[route]], window, window.folder / "wrk.log")
    return Account(**json.loads(_last_line(window, "wrk"))), cpu_s


def _locust() -> tuple[str, Load]:
    return installed("locust"), _load_with_locust


def _load_with_locust(route: str, window: Window) -> tuple[Account, float]:
    accounts, cpu_s = run_locust(LOCUST_USERS[route], window)
    (account,) = accounts.values()
    return account, cpu_s


def run_locust(user: str, window: Window, processes: int = 1) -> tuple[dict[str, Account], float]:
    """Let users of this class of our locustfile load a server, by so many generators.

    Gives what Locust says of each route, and its CPU seconds; stats.json and report.html go to the
    folder. One that is missing or makes no request is a Mistake, failed requests are not.
    """
    installed("locust")
    command = [sys.executable, "-m", "locust", f"--locustfile={ROOT / 'locust'}"]
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
    cpu_s = _run("Locust", command, window, stats)
    try:
        accounts = dict(map(_account, json.loads(stats.read_text())))
    except BROKEN as error:
        raise Mistake(f"Locust gives no result: {_last_line(window, 'Locust')}") from error
    if not accounts:
        raise Mistake(f"Locust made no request: {_last_line(window, 'Locust')}")
    return accounts, cpu_s


def _account(told: dict[str, Any]) -> tuple[str, Account]:
    requests = told["num_requests"]
    rate = requests / (told["last_request_timestamp"] - told["start_time"])
    mean_ms = told["total_response_time"] / requests
    return f"{told['method']} {told['name']}", Account(
        requests, told["num_failures"], rate, mean_ms
    )


def _run(name: str, command: list[str], window: Window, output: Path) -> float:
    """The CPU seconds of a client that runs to its end, in the folder; it prints to <name>.log."""
    output.unlink(missing_ok=True)  # an earlier one would be taken for this run's
    # A LOCUST_RUN_TIME left in the environment would change the load.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST_")}
    with (window.folder / f"{name}.log").open("wb") as log, pinned(window.cpus):
        process = subprocess.Popen(
            command, cwd=window.folder, env=kept | mark(), stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # Locust's generators too

    too_late = threading.Timer(window.seconds + GRACE, end)
    too_late.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        too_late.cancel()
        end()
        process.wait()
    if process.returncode < 0:
        raise Mistake(f"{name} did not end by itself: signal {-process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _last_line(window: Window, name: str) -> str:
    lines = (window.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it prints nothing"


def installed(package: str) -> str:
    """The version of a package; a Mistake where there is none."""
    # Not by an import: our own folder locust would be taken for a library that is missing.
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise Mistake(f"{package} is not installed; the session of Nox installs it") from error
