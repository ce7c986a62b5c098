"""Every mistake ends in one clear line and status 2, and leaves nothing behind: mistakes.md.

`REWRITE=1 pytest tests/e2e/test_mistakes.py` writes that table anew from what was printed.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("mistakes.md")
WINDOW = {"executor": "constant-vus", "vus": 4, "duration": "1s"}
TURN = {
    **{"runs": 1, "rounds": 6, "connect_ms": 100, "stagger_ms": 10},
    **{"gap_ms": 60, "lead_in_ms": 30, "counted_ms": 120, "lead_out_ms": 30},
}
FEW = TURN | {"rounds": 3}  # on a busy machine one may be void, or pass without an answer
LONG = TURN | {"counted_ms": 100_000}
PROFILE = {
    "about": "as short as it can be",
    "arms": "together",
    "sessions": 1,
    "sessions_of_one_arm": 1,
    "rows": 52,
    "journal_mode": "wal",
    "reseed": [],
    "warmup": {},
    "scenarios": {"get": WINDOW},
    "turns": {
        "request_timeout_ms": 500,
        "warmup": {"vus": 2, "ms": 150},
        **{"hello": TURN, "get": FEW, "create": FEW},
    },
}
# What others do to the machine, a quota of this container's, and how evenly it lets things run, is
# not what is tested here.
QUIET = """
import msgspec
import bench.measure.scenario, bench.measure.session, bench.measure.validity, bench.serve.local
measured = bench.measure.scenario.disturbance
told = {"steal_share": None, "foreign_share": None, "swapped_bytes": 0, "throttled": 0}
bench.measure.scenario.disturbance = lambda w: msgspec.structs.replace(measured(w), **told)
bench.measure.session.IDLE_SECONDS = 0.1
validity = bench.measure.validity
validity.RULES = [rule for rule in validity.RULES if rule[1] is not validity._turns]
validity._busiest = lambda server: ()
bench.serve.local.throttled = lambda: 0
"""
said: dict[str, tuple[str, int, str]] = {}  # mistake: line, status, what was left


@dataclass
class Workshop:
    """A copy of the repository in which everything may be broken."""

    folder: Path
    engine: str = "local"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def program(self, name: str, script: str) -> Path:
        """A stand-in for a program, before all others on PATH."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def profile(self, **changes) -> None:
        (self.folder / "short.json").write_text(json.dumps(PROFILE | changes))

    def start(
        self, *options: str, fault: str = "", action: str = "run", **environment: str
    ) -> subprocess.Popen[str]:
        """The bench as a person starts it; fault is code that runs in it first."""
        given = "".join(options)
        chosen = "--stacks" in given or "--arms" in given or action != "run"
        defaults = [] if chosen else ["--stacks", "flask_sqlite"]
        defaults += [] if "--profile" in given else ["--profile", "short.json"]
        defaults += [] if "--engine" in given else ["--engine", self.engine]
        defaults += [] if "--out" in given else ["--out", str(self.out)]
        code = f"import sys\n{fault}\nfrom bench.__main__ import main\nsys.exit(main())"
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            [sys.executable, "-c", code, action, *defaults, *options],
            cwd=self.folder,
            env=os.environ | {"PATH": path, "TMPDIR": str(self.folder / "tmp")} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def left(self) -> list[str]:
        """What is still there of a run that has ended: processes, folders, results."""
        mine = str(self.folder)
        processes = [
            " ".join(process.info["cmdline"] or ())
            for process in psutil.process_iter(["cmdline", "cwd"])
            if process.pid != os.getpid()
            and mine in (process.info["cwd"] or "") + " ".join(process.info["cmdline"] or ())
        ]
        files = [*(self.folder / ".cache").glob("serve-*"), *self.out.glob("*")]
        return processes + [str(file) for file in files]


@pytest.fixture
def workshop(tmp_path):
    return make_workshop(tmp_path)


def make_workshop(tmp_path: Path) -> Workshop:
    """In a folder of any name; .cache has what all share."""
    for name in ("bench", "k6", "paper", "flask_sqlite"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "plot.py", tmp_path)
    (tmp_path / "tmp").mkdir()
    (tmp_path / ".cache").mkdir()
    for made in (ROOT / ".cache").glob("*"):
        if made.name == "environments" or made.name.startswith("k6-"):
            (tmp_path / ".cache" / made.name).symlink_to(made)
    workshop = Workshop(tmp_path)
    workshop.profile()
    return workshop


def expect(workshop: Workshop, mistake: str, says: str, process: subprocess.Popen[str]) -> None:
    """The run ends with status 2 and one line that says this, and leaves nothing."""
    _, errors = process.communicate(timeout=50)
    lines = [line for line in errors.splitlines() if not line.startswith("building the pinned")]
    assert re.search(says, errors), errors
    assert process.returncode == 2
    assert "Traceback" not in errors
    assert len([line for line in lines if line.startswith("bench: ")]) == 1
    assert len(lines) <= 2  # before it, at most the measurement that is not valid
    left = workshop.left()
    assert left == []
    line = re.sub(r"\d{8}-\d{6}", "DATE-TIME", lines[0].replace(str(workshop.folder), "."))
    line = re.sub(r"(127.0.0.1', |serve-|pid: )[\w-]+", r"\1N", line)
    line = re.sub(r"\d+\.\d GiB", "N GiB", line)
    said[mistake] = (line, 2, "nothing")


def test_a_stack_that_there_is_not(workshop):
    expect(workshop, "an unknown stack", "no stack 'flask'", workshop.start("--stacks", "flask"))


def test_a_profile_that_there_is_not(workshop):
    process = workshop.start("--profile", "fast")
    expect(workshop, "an unknown profile", "no profile 'fast'; there are paper, quick", process)


def test_a_profile_that_is_not_json(workshop):
    (workshop.folder / "short.json").write_text("{'sessions': 1}")
    expect(workshop, "a profile that is not JSON", "short.json is not JSON", workshop.start())


def test_a_profile_that_names_no_scenario(workshop):
    workshop.profile(scenarios={})
    expect(workshop, "a profile without a scenario", "it names no scenario", workshop.start())


def test_no_k6_and_no_way_to_build_it(workshop):
    for made in (workshop.folder / ".cache").glob("k6-*"):
        made.unlink()
    workshop.program("go", "echo go version go1.20 linux/amd64")
    workshop.program("uv", "echo error: no network >&2; exit 1")
    process = workshop.start(PATH=f"{workshop.folder / 'bin'}:/usr/bin:/bin")
    expect(
        workshop,
        "no k6, and no way to build it",
        "no k6, and no Go 1.25 to build it .*no network",
        process,
    )


def test_a_k6_that_is_too_old(workshop):
    old = workshop.program("k6", "echo 'k6 v0.57.0 (go1.23)'")
    process = workshop.start("--k6", str(old))
    expect(workshop, "a k6 that is too old", "k6 is k6 v0.57.0, too old", process)


def test_no_docker_engine(workshop):
    process = workshop.start("--engine", "docker", DOCKER_HOST="unix:///nowhere/docker.sock")
    expect(workshop, "no Docker engine", "bench: no Docker engine answers: ", process)


def test_memory_that_does_not_do_for_all_arms(workshop):
    fault = "import bench.host.memory as memory; memory.available_bytes = lambda: 10_000_000"
    process = workshop.start(fault=fault)
    says = "this machine's memory is too small for one arm"
    expect(workshop, "memory that does not do for all arms", says, process)


def test_a_campaign_of_an_older_schema(workshop):
    (workshop.folder / "old").mkdir()
    (workshop.folder / "old" / "plan.json").write_text('{"schema": 2, "cells": []}')
    process = workshop.start("--resume", str(workshop.folder / "old"))
    expect(workshop, "a campaign of an older schema", "has schema 2; this version reads 3", process)


def test_runs_in_place_of_sessions(workshop):
    process = workshop.start("--runs", "3")
    expect(workshop, "--runs in place of --sessions", "unrecognized arguments: --runs", process)


def test_a_docker_engine_that_refuses(workshop):
    refuse = 'echo "denied: you may not do that" >&2; exit 1'
    workshop.program("docker", f"case $1 in build) {refuse};; version) echo 28;; esac")
    process = workshop.start("--engine", "docker")
    expect(workshop, "a Docker engine that refuses", "does not build: denied: you may", process)


def test_a_port_that_is_taken(workshop):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fault = f"import bench.serve.local as local; local.free_port = lambda: {port}"
        process = workshop.start(fault=fault)
        expect(workshop, "a port that is taken", "flask_sqlite does not start: .*in use", process)


def test_an_app_that_dies_at_its_start(workshop):
    workshop.edit(
        "flask_sqlite/app.py", "app = Flask(", "raise RuntimeError('no lamp')\napp = Flask("
    )
    expect(workshop, "an app that dies at its start", "RuntimeError: no lamp", workshop.start())


def test_an_app_that_never_gets_ready(workshop):
    workshop.edit("flask_sqlite/app.py", '"Hello, World!"', '"Goodbye!"')
    fault = "import bench.serve.start as start; start.READY_SECONDS = 2"
    expect(
        workshop,
        "an app that never gets ready",
        "does not say hello within 2 s",
        workshop.start(fault=fault),
    )


def test_a_seed_that_fails(workshop):
    workshop.edit("flask_sqlite/schema.sql", "CREATE TABLE items", "CREATE TABEL items")
    expect(workshop, "a seed.py that fails", "seed.py fails: .*syntax error", workshop.start())


def test_a_results_folder_that_cannot_be_written(workshop):
    (workshop.folder / "file").touch()
    process = workshop.start("--out", str(workshop.folder / "file" / "out"))
    expect(
        workshop, "a results folder that cannot be written", "results cannot be written", process
    )


def test_a_full_disk(workshop):
    workshop.out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(workshop.out)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system for it can only be mounted by root")
    try:
        expect(workshop, "a full disk", "No space left", workshop.start())
    finally:
        subprocess.run(["umount", str(workshop.out)], check=True)


def test_two_campaigns_at_once(workshop):
    workshop.profile(turns=PROFILE["turns"] | {"get": LONG})
    first = workshop.start()
    wait_for(first, "start")
    second = workshop.start()
    _, errors = second.communicate(timeout=60)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert (second.returncode, errors.count("\n")) == (2, 1)
    said["two campaigns at once"] = (errors.strip().replace(str(first.pid), "N"), 2, "nothing")
    assert f"process {first.pid} measures on this machine" in errors
    assert workshop.left() == []


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    """Read what a run prints until it says these words."""
    assert process.stdout
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it never said {words!r}: {process.communicate()[1]}")


def expect_invalid(workshop: Workshop, mistake: str, says: str, process) -> None:
    """A measurement that does not count is kept, whole, and said to be so."""
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "Traceback" not in errors
    *invalid, last = errors.splitlines()
    assert len(invalid) == 3
    assert all(re.search(says, line) for line in invalid), errors
    assert " is degraded: too few sessions count: flask_sqlite, get: 0 of 2 sessions" in last
    [campaign] = workshop.out.iterdir()
    sessions = sorted(session.name for session in (campaign / "sessions").iterdir())
    assert sessions == ["001", "002", "003"]  # the third was added
    shutil.rmtree(workshop.out)
    assert workshop.left() == []
    line = re.sub(r"\d+ of \d+ requests", "N of M requests", invalid[0])
    line = re.sub(r"bytes: \d+ bytes", "bytes: N bytes", line)
    said[mistake] = (line, 2, "the three sessions, whole and not valid")


def test_an_app_that_answers_500_under_load(workshop):
    workshop.edit("flask_sqlite/app.py", "    if row is None:", "    if item_id % 3 == 0:")
    workshop.edit(
        "flask_sqlite/app.py",
        "        abort(404)\n    return to_item",
        "        abort(500)\n    return to_item",
    )
    process = workshop.start("--sessions", "2", fault=QUIET)
    says = r"failed: \d+ of \d+ requests failed"
    expect_invalid(workshop, "an app that answers 500 under load", says, process)


def test_a_k6_that_fails(workshop):
    stub = workshop.program("k6", "case $1 in version) echo k6 v2.2.0;; *) exit 107;; esac")
    process = workshop.start("--k6", str(stub), "--sessions", "2", fault=QUIET)
    expect_invalid(workshop, "a k6 that fails", "k6-exit: k6 ended with status 107", process)


def test_a_k6_that_is_killed(workshop):
    stub = workshop.program("k6", "case $1 in version) echo k6 v2.2.0;; *) kill -9 $$;; esac")
    process = workshop.start("--k6", str(stub), "--sessions", "2", fault=QUIET)
    expect_invalid(workshop, "a k6 that is killed", "k6-exit: k6 ended with status -9", process)


HANGS = {
    "set-up": "import bench.serve.local as m; m.environment_of = lambda *_: hang()",
    # What hangs in a thread of its own is a program that the bench waits for.
    "start": """
import bench.serve.start as start
start._says_hello = lambda _: print("here", flush=True)
""",
    "seed": """
import bench.serve.local as m
def run(*command, **options):
    print("here", flush=True)
    return real(*command, **options)
real = m.subprocess.run
def seed_and_hang(self, *_):
    m.subprocess.run = run
    self._run("seed.py fails", "-c", "import time; time.sleep(100)")
m.LocalServer.seed = seed_and_hang
""",
    "warm-up": "import bench.measure.load.run as m; m._shorten = lambda *_: hang()",
    "k6's start": """
import subprocess, bench.commands.run  # which says Popen[str] of the real one
real = subprocess.Popen
def popen(command, **options):
    process = real(command, **options)
    if command[-1] == "get":
        hang()
    return process
subprocess.Popen = popen
""",
    "load": "",  # the real one: see below
    "check": "import bench.measure.scenario as m; m.judge = lambda *_: hang()",
    "write": "import bench.measure.campaign as m; m.write_record = lambda *_: hang()",
}
HANG = """
import time
def hang():
    print("here", flush=True)
    time.sleep(100)
"""


@pytest.mark.parametrize("phase", HANGS)
def test_a_run_that_is_interrupted(tmp_path, phase):
    stopped = {}
    for number in (signal.SIGINT, signal.SIGTERM):  # two runs, side by side
        (tmp_path / number.name).mkdir()
        workshop = make_workshop(tmp_path / number.name)
        if phase in ("k6's start", "load"):
            workshop.profile(turns=PROFILE["turns"] | {"get": LONG})
        stopped[number] = workshop, workshop.start(fault=QUIET + HANG + HANGS[phase])
    for number, (_, process) in stopped.items():
        wait_for(process, ": get" if phase == "load" else "here")
        process.send_signal(number)
    for number, (workshop, process) in stopped.items():
        expect(workshop, f"{number.name} during {phase}", "bench: stopped", process)


def test_a_run_that_is_killed(workshop):
    workshop.profile(turns=PROFILE["turns"] | {"get": LONG})
    killed = workshop.start()
    wait_for(killed, ": get")
    killed.kill()
    killed.communicate()
    assert [line for line in workshop.left() if "gunicorn" in line]
    workshop.profile()
    following = workshop.start("--out", str(workshop.folder / "other"), fault=QUIET)
    assert following.wait(timeout=60) == 0
    shutil.rmtree(workshop.out)  # a campaign without a session: nobody was there to remove it
    assert workshop.left() == []


def test_an_image_that_does_not_build(workshop, docker_engine):
    workshop.edit("flask_sqlite/Dockerfile", "COPY . .", "RUN echo 'no such lamp' && false")
    process = workshop.start("--engine", "docker")
    expect(workshop, "an image that does not build", "its image does not build: ", process)


def test_an_app_that_dies_at_its_start_in_a_container(workshop, docker_engine):
    workshop.edit(
        "flask_sqlite/app.py", "app = Flask(", "raise RuntimeError('no lamp')\napp = Flask("
    )
    process = workshop.start("--engine", "docker")
    expect(workshop, "an app that dies at its start, docker", "RuntimeError: no lamp", process)


@pytest.mark.parametrize("phase", ["build", "load"])
def test_a_run_in_docker_that_is_interrupted(workshop, docker_engine, phase):
    if phase == "build":
        workshop.edit("flask_sqlite/Dockerfile", "COPY . .", "COPY . .\nRUN sleep 100")
    workshop.profile(turns=PROFILE["turns"] | {"get": LONG})
    process = workshop.start("--engine", "docker")
    wait_for(process, "set up" if phase == "build" else ": get")
    process.send_signal(signal.SIGINT)
    expect(workshop, f"SIGINT during {phase}, docker", "bench: stopped", process)


def test_the_table_of_mistakes_is_what_was_printed():
    head = ["| mistake | line | status | left |", "|---|---|---|---|"]
    rows = {
        name: f"| {name} | `{line}` | {status} | {left} |"
        for name, (line, status, left) in said.items()
    }
    if os.environ.get("REWRITE"):
        title = "<!-- Written by test_mistakes.py: what a person sees, and what stays. -->"
        TABLE.write_text("\n".join([title, "", *head, *rows.values()]) + "\n")
    written = TABLE.read_text().splitlines()
    assert [row for row in rows.values() if row not in written] == []
