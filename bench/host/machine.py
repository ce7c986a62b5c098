"""What the host is, and which of its CPUs the server and k6 get."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench.host.cgroups import CGROUPS, quota
from bench.keep.record import Host, Machine


@dataclass(frozen=True)
class Partition:
    """Disjoint CPUs for server and k6; None where CPUs cannot be pinned or there is only one."""

    server: frozenset[int] | None
    k6: frozenset[int] | None


def partition_cpus(workers: int) -> Partition:
    """A CPU for each worker and as many for k6, as far as they go: on two, one each."""
    cpus = _whole_cores() if hasattr(os, "sched_getaffinity") else []
    if len(cpus) < 2:
        return Partition(None, None)
    share = min(workers, len(cpus) // 2)
    return Partition(frozenset(cpus[:share]), frozenset(cpus[share : 2 * share]))


def _whole_cores() -> list[int]:
    """One CPU of each physical core where there are four or more, so that no two share a core."""
    cpus = sorted(os.sched_getaffinity(0))
    siblings = {
        cpu: Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") for cpu in cpus
    }
    cores: dict[str, int] = {}
    for cpu, path in siblings.items():
        cores.setdefault(path.read_text() if path.exists() else str(cpu), cpu)
    return list(cores.values()) if len(cores) >= 4 else cpus


@contextmanager
def pinned(cpus: frozenset[int] | None) -> Iterator[None]:
    """A process that is started inside runs on these CPUs only; None leaves it where it is.

    On Linux this holds for the thread that asks, and not for another that starts one meanwhile.
    """
    if cpus is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def peak_bytes(pid: int) -> int | None:
    """The most memory a process has held so far; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peaks[0]) * 1024 if peaks else None


def cpu_seconds(pid: int) -> float | None:
    """CPU time of a process with all its threads, to the nanosecond where the system tells.

    The clock of another process has the number that clock_getcpuclockid(3) gives on Linux; psutil
    counts in ticks of 10 ms, too coarse for a window of a quarter of a second.
    """
    try:
        if sys.platform == "linux":
            return time.clock_gettime((~pid << 3) | 2)
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    except (OSError, psutil.Error):
        return None  # it has ended meanwhile, or runs in a virtual machine, as Docker Desktop's do


def describe_machine() -> Machine:
    """What a result must say of its machine; two machines with an equal answer may be compared."""
    return Machine(
        cpu=_cpu_model(),
        cpus=psutil.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30),
        system=platform.system(),
        kernel=platform.release(),
        architecture=platform.machine(),
    )


def describe_host() -> Host:
    """What else may explain a result; None for what this system does not tell."""
    cpuinfo = _read("/proc/cpuinfo") or ""
    return Host(
        cpu_quota=quota(),
        memory_limit=_read(CGROUPS / "memory.max")
        or _read(CGROUPS / "memory/memory.limit_in_bytes"),
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        hypervisor="hypervisor" in cpuinfo if cpuinfo else None,
        swap_bytes=psutil.swap_memory().total,
        load_average=psutil.getloadavg()[0],
        processes=len(psutil.pids()),
        booted=datetime.fromtimestamp(psutil.boot_time(), UTC).isoformat(),
    )


def _read(path: str | Path) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
