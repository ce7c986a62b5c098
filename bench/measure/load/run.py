"""One run of k6: started on its CPUs, watched while it measures, and what it tells in the end."""

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.host.leftovers import mark
from bench.host.machine import cpu_seconds, peak_bytes, pinned
from bench.host.shell import kept
from bench.keep.record import K6Run
from bench.keep.summary import Summary, read_summary
from bench.measure.load.k6 import K6, K6_FOLDER
from bench.measure.load.turns import counted_windows

SAMPLED = 0.02  # seconds between two looks at k6's clock; a look costs some 20 µs
PEAK_EVERY = 25  # looks


@dataclass(frozen=True)
class Ran:
    """What is known of a run when it has ended."""

    exit_status: int
    summary: Summary | None  # None where it is absent or broken
    cpu_s: float
    peak_bytes: int | None
    clock: tuple[tuple[float, float], ...]  # ms of the machine's clock, k6's CPU seconds until then

    def record(self, bench_cpu_s: float) -> K6Run:
        return K6Run(
            exit_status=self.exit_status,
            seconds=self.summary.seconds if self.summary else 0.0,
            dropped=self.summary.dropped if self.summary else 0,
            cpu_s=self.cpu_s,
            peak_bytes=self.peak_bytes,
            bench_cpu_s=bench_cpu_s,
        )

    def cpu_while_counted(self) -> dict[str, float]:
        """k6's own CPU seconds in the counted parts of each arm's turns; of none where untold."""
        used: dict[str, float] = {}
        if self.summary and len(self.clock) > 1:
            ms, cpu = zip(*self.clock, strict=True)
            for arm, begin, end in counted_windows(self.summary):
                between = np.interp([begin, end], ms, cpu)
                used[arm] = used.get(arm, 0.0) + float(between[1] - between[0])
        return used


def run_k6(
    k6: K6,
    script: str,
    profile: Path,
    summary: Path,
    cpus: frozenset[int] | None,
    *,
    url: str = "",
    arm: str = "",
    turns: Mapping[str, Any] | None = None,
    memory: int | None = None,
) -> Ran:
    """Run a script on these CPUs, against url alone or in turns; k6's summary goes to a path.

    memory: bytes under which a short run needs no garbage collector, which is part of every p99.
    """
    asked = {"TURNS": json.dumps(turns)} if turns else {"BASE_URL": url, "ARM": arm, "TURNS": ""}
    if turns and memory:
        asked["GOMEMLIMIT"] = str(memory)
    environment = {
        **kept(),  # of which run.sh passes on what k6 needs
        **mark(),
        **asked,
        "K6": str(k6.path),
        "PROFILE": str(profile),
        "SUMMARY_PATH": str(summary),
    }
    command = ["sh", str(K6_FOLDER / "run.sh"), script]
    summary.unlink(missing_ok=True)  # an earlier run's would be taken for this one's
    with summary.with_suffix(".log").open("wb") as log, pinned(cpus):
        # A group of its own: Ctrl-C on the terminal reaches the bench alone, which then stops k6.
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    watched = _watch(process, SAMPLED if turns else SAMPLED * PEAK_EVERY)
    _shorten(summary.with_suffix(".log"))
    return Ran(process.returncode, _read(summary), *watched)


def _watch(
    process: subprocess.Popen[bytes], every: float
) -> tuple[float, int | None, tuple[tuple[float, float], ...]]:
    """Until it ends: its CPU seconds, the most memory it was seen to hold, and its clock."""
    peak, clock, looks = None, [], 0
    ends = _ends(process.pid)
    try:
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            used = cpu_seconds(process.pid)
            if used is not None:
                clock.append((1000 * time.time(), used))
            if looks % PEAK_EVERY == 0:
                # Not from usage: Linux counts in what the bench itself held when it started k6.
                peak = peak_bytes(process.pid) or peak
            looks += 1
            select.select(ends, [], [], every)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        for file in ends:
            os.close(file)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, peak, tuple(clock)


def _ends(pid: int) -> list[int]:
    """What can be waited for, where the system has it; else its end is noticed at the next look."""
    try:
        return [os.pidfd_open(pid)]
    except (AttributeError, OSError):  # not on Linux; an old kernel, a sandbox that refuses it
        return []


def _read(summary: Path) -> Summary | None:
    try:
        return read_summary(summary)
    except (OSError, ValueError):
        return None


def _shorten(log: Path, most: int = 64_000) -> None:
    """Keep the end: k6 prints a line for each refused request, 40 MB where a server has died."""
    with log.open("r+b") as file:
        if file.seek(0, os.SEEK_END) > most:
            file.seek(-most, os.SEEK_END)
            end = file.read()
            file.seek(0)
            file.write(end)
            file.truncate()
