"""What limited a measurement, from counters: the answer to "why is it not twice as fast?"."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.keep.record import Canary, Conditions, Measurement

GENERATOR_BUSY = 0.80  # of k6's CPUs: k6's own manual asks for a fifth of them to be idle
SERVER_BUSY = 0.90
WAITED = 0.90  # of the users' time; what is missing k6 has spent itself
LEAST_SECONDS = 5.0  # alone, k6's start (0.3 s of CPU) is in its share: in less it cannot be told
WRITES = ("create", "update", "delete")


@dataclass(frozen=True)
class Limiter:
    name: str  # server CPU, CPU of both, generator, disk commit, locks or waiting, unknown
    server_busy: float | None  # shares of the CPUs that each could use, the sessions' median
    k6_busy: float | None

    @property
    def is_lower_bound(self) -> bool:
        """Whether the arm might do more than was asked of it."""
        return self.name == "generator"


def limiter_of(
    scenario: str,
    measured: Sequence[Measurement],
    commits: Sequence[Mapping[str, Canary]],
    workers: int,
    conditions: Conditions,
) -> Limiter:
    """Of one arm in one scenario, over what counts; commits has what each session's cost."""
    cpus, every = conditions.cpus, conditions.machine.cpus
    usable = len(cpus.server or range(every))
    counted = [m for m in measured if m.load.requests and m.load.counted_s]
    server = _median(_used(m, m.server.cpu_s) for m in counted)
    alone = None if server is None else server / min(workers, usable)
    # A database with a server of its own shares the app's CPUs: then it is the CPU of both.
    beside = _median(_used(m, m.database.cpu_s) for m in counted if m.database)
    server_busy = alone if beside is None or server is None else (server + beside) / usable
    long = [m for m in counted if m.load.turns or m.load.counted_s >= LEAST_SECONDS]
    k6 = _median(None if m.load.k6_cpu_s is None else _rate(m.load.k6_cpu_s, m) for m in long)
    k6_busy = None if k6 is None else k6 / len(cpus.k6 or range(every))
    waited = _median(_waited(m) for m in long)
    speed = _median(
        _rate(m.load.counted, m) / of[str(m.in_flight)].a_second
        for m, of in zip(measured, commits, strict=True)
        if str(m.in_flight) in of and m.load.counted_s
    )
    name = "unknown"
    if (k6_busy or 0) >= GENERATOR_BUSY or (waited is not None and waited < WAITED):
        name = "generator"
    elif (alone or 0) >= SERVER_BUSY:
        name = "server CPU"
    elif (server_busy or 0) >= SERVER_BUSY:
        name = "CPU of both"
    elif scenario in WRITES and server_busy is not None:
        at_the_disk = speed is not None and speed >= 0.8 and server_busy < 0.5
        name = "disk commit" if at_the_disk else "locks or waiting"
    return Limiter(name, server_busy, k6_busy)


def _used(measured: Measurement, cpu_s: float | None) -> float | None:
    """CPU seconds a second, while the arm is counted, from those of all its requests."""
    if cpu_s is None:
        return None
    return cpu_s / measured.load.requests * _rate(measured.load.counted, measured)


def _rate(what: float, measured: Measurement) -> float:
    return what / measured.load.counted_s


def _waited(measured: Measurement) -> float | None:
    """The share of their counted time in which users waited for an answer.

    Of an arm alone: in turns users may still wait for another arm, which is no limit of k6.
    """
    load = measured.load
    if load.mean_ms is None or load.turns:
        return None
    return load.mean_ms / 1000 * load.counted / (measured.users * load.counted_s)


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
