"""The load generator: find or build k6, run one scenario with it, give back what it measured."""

import hashlib
import os
import re
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import CACHE, ROOT, Mistake
from bench.host.leftovers import mark
from bench.host.machine import peak_bytes, pinned
from bench.keep.summary import read_counts
from bench.serve.environment import find_uv

K6_FOLDER = ROOT / "k6"
OLDEST_K6 = (1, 1)
OLDEST_GO = (1, 25)


@dataclass(frozen=True)
class K6:
    path: Path
    version: str


@dataclass(frozen=True)
class Load:
    """What one run of k6 says of itself, and what it cost."""

    exit_status: int
    requests: int
    failed: int
    iterations: int
    dropped: int
    seconds: float  # from the first iteration's start to the last one's end
    mean_ms: float | None  # of the answers with the right status
    max_ms: float | None
    iteration_mean_ms: float | None  # by a clock that nobody sets; the script's own time included
    iteration_max_ms: float | None
    bytes_received: int
    cpu_s: float
    peak_bytes: int | None  # as last seen, at most half a second before the end


NOTHING = Load(-1, 0, 0, 0, 0, 0.0, None, None, None, None, 0, 0.0, None)


def find_k6(path: str | None = None) -> K6:
    """The k6 at this path; else the one on PATH, else the pinned one, built where it is missing.

    No k6 and no way to build it, or one that is too old, is a Mistake.
    """
    candidate = shutil.which(path or "k6")
    if path and not candidate:
        raise Mistake(f"there is no program {path}")
    candidate = candidate or str(build_k6())
    return K6(Path(candidate).resolve(), _version(candidate))


def built_k6() -> Path:
    """Where the pinned k6 is built to; another pin is another file. k6/run.sh knows it too."""
    pin = hashlib.sha256((K6_FOLDER / "go.sum").read_bytes()).hexdigest()[:12]
    return CACHE / f"k6-{pin}"


def build_k6() -> Path:
    """Build the pinned k6 unless it is there, with the machine's Go or the package index's."""
    target = built_k6()
    if target.exists():
        return target
    print("building the pinned k6, once; it takes a minute or two", file=sys.stderr, flush=True)
    CACHE.mkdir(exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}")
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly",
    }
    command = [_find_go(), "build", "-trimpath", "-o", str(unfinished), "go.k6.io/k6/v2"]
    build = subprocess.run(
        command, cwd=K6_FOLDER, env=environment, text=True, capture_output=True, check=False
    )
    if build.returncode:
        raise Mistake(f"k6 does not build: {_last_line(build.stderr)}")
    os.replace(unfinished, target)
    return target


def run_scenario(
    k6: K6, scenario: str, profile: Path, url: str, cpus: frozenset[int] | None, summary: Path
) -> Load:
    """Run a scenario against url on these CPUs; k6's own summary is written to the path summary."""
    environment = {
        **os.environ,
        **mark(),
        "K6": str(k6.path),
        "PROFILE": str(profile),
        "BASE_URL": url,
        "SUMMARY_PATH": str(summary),
    }
    command = ["sh", str(K6_FOLDER / "run.sh"), scenario]
    summary.unlink(missing_ok=True)  # an earlier run's would be taken for this one's
    with summary.with_suffix(".log").open("wb") as log, pinned(cpus):
        # A group of its own: Ctrl-C on the terminal reaches the bench alone, which then stops k6.
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    peak = None
    try:
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            # Not from usage: Linux counts in what the bench itself held when it started k6.
            peak = peak_bytes(process.pid) or peak
            _wait(process.pid, seconds=0.5)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    _shorten(summary.with_suffix(".log"))
    return _load(process.returncode, summary, usage, peak)


def _wait(pid: int, seconds: float) -> None:
    """Sleep so long, or until the process ends, where the system can tell (Linux)."""
    if not hasattr(os, "pidfd_open"):
        time.sleep(seconds)
        return
    ends = os.pidfd_open(pid)
    try:
        select.select([ends], [], [], seconds)
    finally:
        os.close(ends)


def _shorten(log: Path, most: int = 64_000) -> None:
    """Keep the end: k6 prints a line for each refused request, 40 MB where a server has died."""
    with log.open("r+b") as file:
        if file.seek(0, os.SEEK_END) > most:
            file.seek(-most, os.SEEK_END)
            end = file.read()
            file.seek(0)
            file.write(end)
            file.truncate()


def _load(exit_status: int, summary: Path, usage: Any, peak: int | None) -> Load:
    """What k6's summary tells; one that is absent or broken counts as no request."""
    spent = {
        "exit_status": exit_status,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_bytes": peak,
    }
    try:
        return replace(NOTHING, **read_counts(summary), **spent)
    except (OSError, ValueError, KeyError, TypeError):
        return replace(NOTHING, **spent)


def _version(path: str) -> str:
    try:
        said = subprocess.run(
            [path, "version"], text=True, capture_output=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Mistake(f"{path} is no k6: {error}") from error
    found = re.search(r"v(\d+)\.(\d+)\.\d+\S*", said.stdout)
    if not found:
        raise Mistake(f"{path} is no k6: it says {said.stdout.strip()[:80]!r} of its version")
    if tuple(map(int, found.groups())) < OLDEST_K6:
        raise Mistake(f"{path} is k6 {found[0]}, too old: 1.1 or newer is needed")
    return found[0]


def _find_go() -> str:
    go = shutil.which("go")
    if go:
        said = subprocess.run([go, "version"], text=True, capture_output=True, check=False).stdout
        found = re.search(r"go(\d+)\.(\d+)", said)
        if found and tuple(map(int, found.groups())) >= OLDEST_GO:
            return go
    environment = CACHE / "go"
    sync = ["sync", "--quiet", "--locked", "--only-group", "go", "--directory", str(ROOT)]
    install = subprocess.run(
        [find_uv(), *sync], env=os.environ | {"UV_PROJECT_ENVIRONMENT": str(environment)},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    if install.returncode:
        why = _last_line(install.stderr)
        raise Mistake(f"there is no k6, and no Go 1.25 to build it ({why}); name one by --k6")
    return str(environment / "bin" / "go")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]
