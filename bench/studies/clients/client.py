"""A load generator as a process of its own: started on its CPUs, ended, paid for."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bench import Mistake
from bench.host.leftovers import mark
from bench.host.machine import pinned
from bench.host.shell import kept

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


def run_to_its_end(name: str, command: list[str], window: Window, output: Path) -> float:
    """The CPU seconds of a client that runs to its end, in the folder; it prints to <name>.log."""
    output.unlink(missing_ok=True)  # an earlier one would be taken for this run's
    # At home a client would find settings of its own, such as Locust's ~/.locust.conf.
    homeless = kept() | mark() | {"HOME": str(window.folder)}
    with (window.folder / f"{name}.log").open("wb") as log, pinned(window.cpus):
        process = subprocess.Popen(
            command, cwd=window.folder, env=homeless, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # Locust's generators too

    too_late = threading.Timer(window.seconds + GRACE, end)
    too_late.daemon = True  # a signal may come before it can be cancelled: nobody waits for it
    try:
        too_late.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        too_late.cancel()
        end()
        process.wait()
    if process.returncode < 0:
        raise Mistake(f"{name} did not end by itself: signal {-process.returncode}")
    return usage.ru_utime + usage.ru_stime


def last_line(window: Window, name: str) -> str:
    lines = (window.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it prints nothing"


def installed(package: str) -> str:
    """The version of a package; a Mistake where there is none."""
    # Not by an import: our own folder locust would be taken for a library that is missing.
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise Mistake(f"{package} is not installed; the session of Nox installs it") from error
