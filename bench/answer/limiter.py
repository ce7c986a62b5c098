"""What limited a measurement, from counters: the answer to "why is it not twice as fast?"."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

GENERATOR_BUSY = 0.80  # of k6's CPUs: k6's own manual asks for a fifth of them to be idle
SERVER_BUSY = 0.90
WAITED = 0.90  # of the users' time; what is missing k6 has spent itself
LEAST_SECONDS = 5.0  # k6's start takes 0.3 s of CPU: in less time its share cannot be told
WRITES = ("create", "update", "delete")


@dataclass(frozen=True)
class Limiter:
    name: str  # server CPU, CPU of both, generator, disk commit, locks or waiting, unknown
    server_busy: float | None  # shares of the CPUs that each could use, the cells' median
    k6_busy: float | None

    @property
    def is_lower_bound(self) -> bool:
        """Whether the stack might do more than was asked of it."""
        return self.name == "generator"


def limiter_of(
    scenario: str,
    measured: Sequence[dict[str, Any]],
    commits: Sequence[dict[str, Any]],
    conditions: dict[str, Any],
) -> Limiter:
    """Of one stack in one scenario, over its valid cells; commits has what each cell's cost."""
    cpus = conditions["cpus"]
    every = conditions["machine"]["cpus"]
    usable = len(cpus["server"] or range(every))
    server = _median(_rate(m["server"]["cpu_s"], m) for m in measured)
    alone = None if server is None else server / min(conditions["workers"], usable)
    # A database with a server of its own shares the app's CPUs: then it is the CPU of both.
    beside = _median(_rate(m["database"]["cpu_s"], m) for m in measured if "database" in m)
    server_busy = alone if beside is None or server is None else (server + beside) / usable
    long = [m for m in measured if m["load"]["seconds"] >= LEAST_SECONDS]
    k6 = _median(_rate(m["load"]["cpu_s"], m) for m in long)
    k6_busy = None if k6 is None else k6 / len(cpus["k6"] or range(every))
    waited = _median(
        m["load"]["requests"] * m["load"]["mean_ms"] / 1000 / (m["users"] * m["load"]["seconds"])
        for m in long
    )
    speed = _median(
        m["load"]["requests"] / m["load"]["seconds"] / of[str(m["in_flight"])]["a_second"]
        for m, of in zip(measured, commits, strict=True)
        if str(m["in_flight"]) in of
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


def _rate(cpu_s: float | None, measured: dict[str, Any]) -> float | None:
    return None if cpu_s is None else cpu_s / measured["load"]["seconds"]


def _median(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
