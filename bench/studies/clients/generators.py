"""Four load generators, each started as its makers mean it to be: k6, Locust, the script, wrk."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import ROOT, Mistake
from bench.measure.load.k6 import K6, find_k6
from bench.measure.load.run import run_k6
from bench.studies.clients.client import (
    BROKEN,
    Account,
    Client,
    Load,
    Window,
    installed,
    last_line,
    run_to_its_end,
)
from bench.studies.clients.locust import ROWS, run_locust

ROUTES = {"hello": "/hello", "get": "/items/{id}"}  # {id} is another random id each time
LOCUST_USERS = {"hello": "HelloUser", "get": "GetUser"}


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
        raise Mistake(f"{name} gives no result: {last_line(window, name)}") from error
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
    ran = run_k6(k6, route, profile, summary, window.cpus, url=window.url, arm="app")
    if ran.summary is None:
        raise ValueError(f"k6 ended with status {ran.exit_status}")
    told = ran.summary.arms["app"]
    failed = told.failed or ran.exit_status  # a script that throws fails no request
    rate = told.requests / ran.summary.seconds
    return Account(told.requests, failed, rate, told.times.avg or 0.0), ran.cpu_s


def _script() -> tuple[str, Load]:
    return f"httpx2 {installed('httpx2')}", _load_with_script


def _load_with_script(route: str, window: Window) -> tuple[Account, float]:
    out = window.folder / "script.json"
    command = [sys.executable, str(ROOT / "lifecycle.py"), window.url, f"--get={ROUTES[route]}"]
    command += [f"--users={window.users}", f"--seconds={window.seconds}", f"--out={out}"]
    cpu_s = run_to_its_end("script", command, window, out)
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
    cpu_s = run_to_its_end(
        "wrk", [*command, "--", ROUTES[route]], window, window.folder / "wrk.log"
    )
    return Account(**json.loads(last_line(window, "wrk"))), cpu_s


def _locust() -> tuple[str, Load]:
    return installed("locust"), _load_with_locust


def _load_with_locust(route: str, window: Window) -> tuple[Account, float]:
    accounts, cpu_s = run_locust(LOCUST_USERS[route], window)
    (account,) = accounts.values()
    return account, cpu_s
