"""What an arm's processes used while k6 ran: counters before and after, subtracted, added up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.keep.record import DatabaseUse, ServerUse
from bench.serve.server import Server


@dataclass(frozen=True)
class Reading:
    """Of an arm's counters at one moment; None for what the system does not tell."""

    workers: dict[int, float | None]
    throttled: int | None
    cpu_s: float
    database_cpu_s: float | None


@dataclass(frozen=True)
class Used:
    """In one run of k6."""

    cpu_s: float | None  # None where a process ended: it took its count along
    worker_cpu_s: list[float | None] | None  # the busiest first
    same_workers: bool
    throttled: int | None
    database_cpu_s: float | None
    idle_s: float  # of CPU, beside its own turns


def read(server: Server) -> Reading:
    """Now."""
    beside = server.database
    return Reading(
        workers=server.workers(),
        throttled=server.throttled(),
        cpu_s=server.cpu_seconds(),
        database_cpu_s=beside.cpu_seconds() if beside else 0.0,
    )


def used_between(before: Reading, after: Reading, idle_s: float) -> Used:
    """idle_s: what of it the arm would have used had nobody asked it, beside its own turns."""
    same = before.workers.keys() == after.workers.keys() != set()
    workers = (
        [grown(before.workers[pid], after.workers[pid]) for pid in before.workers] if same else None
    )
    throttled = None
    if before.throttled is not None and after.throttled is not None:
        throttled = after.throttled - before.throttled
    return Used(
        cpu_s=after.cpu_s - before.cpu_s if same else None,
        worker_cpu_s=sorted(workers, key=lambda seconds: -(seconds or 0)) if workers else None,
        same_workers=same,
        throttled=throttled,
        database_cpu_s=grown(before.database_cpu_s, after.database_cpu_s),
        idle_s=idle_s,
    )


def server_use(runs: Sequence[Used], peak_bytes: int | None) -> ServerUse:
    """Of all runs of a scenario; what is unknown of one is unknown of all."""
    cpu_s, idle_s = total(used.cpu_s for used in runs), sum(used.idle_s for used in runs)
    workers = [used.worker_cpu_s for used in runs if used.worker_cpu_s is not None]
    throttled = [used.throttled for used in runs if used.throttled is not None]
    return ServerUse(
        cpu_s=None if cpu_s is None else max(0.0, cpu_s - idle_s),
        idle_s=idle_s,
        worker_cpu_s=workers if len(workers) == len(runs) and runs else None,
        peak_bytes=peak_bytes,
        same_workers=bool(runs) and all(used.same_workers for used in runs),
        throttled=sum(throttled) if len(throttled) == len(runs) and runs else None,
    )


def database_use(runs: Sequence[Used], server: Server) -> DatabaseUse | None:
    """The same of the database's own server; None where there is none."""
    if server.database is None:
        return None
    cpu_s = total(used.database_cpu_s for used in runs)
    return DatabaseUse(cpu_s=cpu_s, memory_bytes=server.database.memory_bytes())


def total(values: Iterable[float | None]) -> float | None:
    """The sum; None where there is nothing, or one of them is not known."""
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if known and len(known) == len(found) else None


def grown(before: float | None, after: float | None) -> float | None:
    """By how much a counter has grown; None where it was not told."""
    return None if before is None or after is None else after - before
