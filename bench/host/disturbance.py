"""What disturbed a measurement: counters of the whole machine, read before and after it."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from bench.host.cgroups import throttled
from bench.keep.record import Disturbance

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
        throttled=throttled(),
    )


@dataclass(frozen=True)
class Window:
    """The time in which k6 ran once."""

    before: Counters
    after: Counters
    own_cpu_s: float | None  # what servers, their databases and the bench used; None: not known
    ended_cpu_s: float = 0.0  # what k6 used, which is gone afterwards

    @property
    def seconds(self) -> float:
        return self.after.monotonic - self.before.monotonic

    @property
    def clock_step_s(self) -> float:
        """By how much the machine's clock was set meanwhile."""
        return self.after.wall - self.before.wall - self.seconds


def disturbance(windows: Sequence[Window]) -> Disturbance:
    """What disturbed all windows of a scenario, as shares of all CPUs in their time together.

    None for what cannot be told. What was between two windows does not matter.
    """
    seconds = sum(window.seconds for window in windows)
    capacity = seconds * (psutil.cpu_count() or 1)
    long_enough = seconds >= LEAST_SECONDS
    steal = _grown([(w.before.steal_s, w.after.steal_s) for w in windows])
    foreign = _foreign_seconds(windows)
    stopped = _grown([(w.before.throttled, w.after.throttled) for w in windows])
    return Disturbance(
        seconds=seconds,
        clock_step_s=max((window.clock_step_s for window in windows), key=abs),
        steal_share=steal / capacity if steal is not None and long_enough else None,
        foreign_share=foreign / capacity if foreign is not None and long_enough else None,
        swapped_bytes=sum(window.after.swapped - window.before.swapped for window in windows),
        throttled=None if stopped is None else int(stopped),
    )


def _grown(counted: Sequence[tuple[float | None, float | None]]) -> float | None:
    """By how much a counter has grown in all windows; None where it was not told once."""
    grown = [
        after - before for before, after in counted if before is not None and after is not None
    ]
    return sum(grown) if len(grown) == len(counted) else None


def _foreign_seconds(windows: Sequence[Window]) -> float | None:
    """CPU seconds of programs that are not ours, and of what was busy and cannot be seen.

    The kernel's threads and its interrupts are left out: they write our commits and carry our
    packets, the more of them the faster an arm is. A rule must not look at that.
    """
    others, unseen = 0.0, 0.0
    for window in windows:
        before, after = window.before, window.after
        if window.own_cpu_s is None:
            return None
        programs = _growth(before.programs, after.programs)
        others += programs - window.own_cpu_s
        # Busy, but not seen: it has ended, or is outside of our container.
        seen = programs + _growth(before.kernel, after.kernel) + window.ended_cpu_s
        unseen += after.busy_s - before.busy_s - seen
    return max(0.0, others) + max(0.0, unseen)


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
