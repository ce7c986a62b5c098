"""The processes of a program: which there are now, and what they hold and have used."""

from collections.abc import Iterable
from pathlib import Path

import psutil

from bench.host.machine import cpu_seconds


def family(first: psutil.Process | None) -> list[psutil.Process]:
    """A process, then all that came of it; none where it is gone, or its number another's."""
    try:
        return [first, *first.children(recursive=True)] if first else []
    except psutil.Error:
        return []


def find_process(pid: int | None) -> psutil.Process | None:
    """None where there is none, or no number is known."""
    try:
        return psutil.Process(pid) if pid else None
    except psutil.Error:
        return None


def cpu_seconds_of_all(processes: Iterable[psutil.Process]) -> float:
    """CPU time of those that are still there."""
    return sum(cpu_seconds(process.pid) or 0.0 for process in processes)


def held_bytes(processes: Iterable[psutil.Process]) -> int | None:
    """What they hold together now, what they share counted once (Linux's PSS).

    None where none is left, or the system does not tell.
    """
    held = []
    for process in processes:
        try:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        except OSError:
            return None
        held += [line for line in rollup.splitlines() if line.startswith("Pss:")]
    return sum(int(line.split()[1]) for line in held) * 1024 if held else None
