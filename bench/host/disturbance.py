"""What disturbed a measurement: counters of the whole machine, read before and after it."""

import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.host.machine import CGROUPS

LEAST_SECONDS = 1.5  # the system counts in ticks of 10 ms: shares of less time would be noise
KERNEL = 2  # the parent of Linux's own threads


@dataclass(frozen=True)
class Counters:
    """What the machine has done so far; None where the system does not tell."""

    wall: float  # seconds, of a clock that may be set
    monotonic: float  # seconds, of one that may not
    busy_s: float  # CPU seconds of everybody, but for interrupts
    programs: dict[int, float]  # CPU seconds of each process that is there and may be seen
    kernel: dict[int, float]  # of the kernel's own threads
    steal_s: float | None  # CPU seconds that other virtual machines took from this one
    swapped: int  # bytes to and from the disk
    throttled: int | None  # how often a CPU quota has stopped this bench, and k6 with it


def read_counters() -> Counters:
    """Takes some 10 ms: read before and after a measurement only."""
    programs, kernel = _processes()
    times, swap = psutil.cpu_times(), psutil.swap_memory()
    return Counters(
        wall=time.time(),
        monotonic=time.monotonic(),
        busy_s=sum(getattr(times, kind, 0.0) for kind in ("user", "nice", "system")),
        programs=programs,
        kernel=kernel,
        steal_s=getattr(times, "steal", None),
        swapped=swap.sin + swap.sout,
        throttled=own_throttled(),
    )


def disturbance(
    before: Counters, after: Counters, own_cpu_s: float | None, ended_cpu_s: float = 0.0
) -> dict[str, Any]:
    """What disturbed a measurement, as shares of all CPUs; None for what cannot be told.

    own_cpu_s is what server and bench have used, ended_cpu_s what k6 has, which is gone afterwards.
    """
    seconds = after.monotonic - before.monotonic
    capacity = seconds * (psutil.cpu_count() or 1)
    steal, foreign = None, None
    if seconds >= LEAST_SECONDS and before.steal_s is not None and after.steal_s is not None:
        steal = (after.steal_s - before.steal_s) / capacity
    if seconds >= LEAST_SECONDS and own_cpu_s is not None:
        foreign = _foreign_seconds(before, after, own_cpu_s, ended_cpu_s) / capacity
    quota = None
    if before.throttled is not None and after.throttled is not None:
        quota = after.throttled - before.throttled
    return {
        "seconds": seconds,
        "clock_step_s": after.wall - before.wall - seconds,
        "steal_share": steal,
        "foreign_share": foreign,
        "swapped_bytes": after.swapped - before.swapped,
        "throttled": quota,
    }


def _foreign_seconds(
    before: Counters, after: Counters, own_cpu_s: float, ended_cpu_s: float
) -> float:
    """CPU seconds of programs that are not ours, and of what was busy and cannot be seen.

    The kernel's threads and its interrupts are left out: they write our commits and carry our
    packets, the more of them the faster a stack is. A rule must not look at that.
    """
    programs = _growth(before.programs, after.programs)
    seen = programs + _growth(before.kernel, after.kernel) + ended_cpu_s
    unseen = after.busy_s - before.busy_s - seen  # it has ended, or is outside of our container
    return max(0.0, programs - own_cpu_s) + max(0.0, unseen)


def _growth(before: dict[int, float], after: dict[int, float]) -> float:
    return sum(max(0.0, seconds - before.get(pid, 0.0)) for pid, seconds in after.items())


def _processes() -> tuple[dict[int, float], dict[int, float]]:
    """CPU seconds of each program, and of each thread of the kernel."""
    programs: dict[int, float] = {}
    kernel: dict[int, float] = {}
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                times, parent = process.cpu_times(), process.ppid()
        except psutil.Error:
            continue  # it has ended, or may not be seen
        is_kernels = sys.platform == "linux" and KERNEL in (parent, process.pid)
        (kernel if is_kernels else programs)[process.pid] = times.user + times.system
    return programs, kernel


def throttled(cpu_stat: str) -> int | None:
    """How often a quota stopped a control group, from its cpu.stat."""
    found = re.search(r"^nr_throttled (\d+)$", cpu_stat, re.MULTILINE)
    return int(found[1]) if found else None


def own_throttled() -> int | None:
    """The same of the control group that this process is in, as version 2 or 1 has it."""
    membership = Path("/proc/self/cgroup")
    lines = membership.read_text().splitlines() if membership.exists() else []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if controllers == "" or "cpu" in controllers.split(","):
            stat = CGROUPS / ("cpu" if controllers else "") / path.lstrip("/") / "cpu.stat"
            if stat.exists():
                return throttled(stat.read_text())
    return None
