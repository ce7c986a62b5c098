"""What the host is, and which of its CPUs the server and k6 get."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil


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
    """A process that is started inside runs on these CPUs only; None leaves it where it is."""
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


def describe_machine() -> dict[str, Any]:
    """What a result must say of its machine; two machines with an equal answer may be compared."""
    return {
        "cpu": _cpu_model(),
        "cpus": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
    }


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
