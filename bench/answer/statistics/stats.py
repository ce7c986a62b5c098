"""From measurements to the numbers that are shown: a value a session, a geometric mean over all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.answer.statistics.model import student
from bench.keep.record import Measurement
from bench.keep.summary import Distribution

UNITS = {
    "hello": "requests/s",
    "echo": "requests/s",
    "list": "ms",
    "get": "ms",
    "create": "ms",
    "update": "ms",
    "delete": "ms",
}


@dataclass(frozen=True)
class Summary:
    """Of the values that count, one a session."""

    values: tuple[float, ...]
    geometric: float  # the mean that is shown
    interval: tuple[float, float] | None  # 95 %, Student's on logarithms; None of a single value
    mean: float  # the arithmetic one, for the spreadsheet
    median: float
    low: float  # the least
    high: float  # the greatest


def value_of(scenario: str, measured: Measurement) -> float | None:
    """A session's value, shown and compared: requests a second or ms; None where there is none.

    Users never idle while they are counted, so a response time is their time by their requests.
    """
    load = measured.load
    if is_papers_mean(scenario, measured):
        return load.mean_ms
    if not load.counted or not load.counted_s:
        return None
    if UNITS[scenario] == "ms":
        return 1000 * measured.users * load.counted_s / load.counted
    return load.counted / load.counted_s


def is_papers_mean(scenario: str, measured: Measurement) -> bool:
    """Whether the value is k6's own mean: of an arm alone, as in the paper, and of times only.

    Not of list: at equal work a server that answers all users at the same time has a mean 3 to 4 %
    above that of one that answers them in turn, so there it is the whole batch's time.
    """
    return not measured.load.turns and UNITS[scenario] == "ms" and scenario != "list"


def as_time(scenario: str, value: float) -> float:
    """From a value to what is compared, or back: a time, so that less is better."""
    return value if UNITS[scenario] == "ms" else 1 / value


def cpu_per_1000(measured: Measurement) -> float | None:
    """The server's CPU seconds for 1,000 requests, counted or not; None where they are unknown."""
    requests, cpu_s = measured.load.requests, measured.server.cpu_s
    return 1000 * cpu_s / requests if requests and cpu_s is not None else None


def database_cpu_per_1000(measured: Measurement) -> float | None:
    """The same of the database's own server; None where it has none, or none that can be seen."""
    requests = measured.load.requests
    cpu_s = measured.database.cpu_s if measured.database else None
    return 1000 * cpu_s / requests if requests and cpu_s is not None else None


def busiest_share(measured: Measurement) -> float | None:
    """The greatest share of the app's CPU that one worker had in a k6 run; None: not known."""
    shares = [
        max(known) / sum(known)
        for run in measured.server.worker_cpu_s or []
        if (known := [cpu_s for cpu_s in run if cpu_s is not None]) and sum(known)
    ]
    return max(shares, default=None)


def summarise(values: Sequence[float | None]) -> Summary | None:
    """None where there is no value: there is no mean of nothing."""
    array = np.array([value for value in values if value is not None])
    if not array.size:
        return None
    geometric, interval = 0.0, None
    if array.min() > 0:
        logs = np.log(array)
        geometric = float(np.exp(logs.mean()))
        if array.size > 1:
            error = logs.std(ddof=1) / math.sqrt(array.size)
            half = student(0.975, array.size - 1) * float(error)
            interval = geometric * math.exp(-half), geometric * math.exp(half)
    return Summary(
        values=tuple(array.tolist()),
        geometric=geometric,
        interval=interval,
        mean=float(array.mean()),
        median=float(np.median(array)),
        low=float(array.min()),
        high=float(array.max()),
    )


def merged_percentile(runs: Sequence[Distribution], percentage: float) -> float:
    """The ms below which so many per cent of all requests of these runs lie.

    The runs' distribution functions are averaged with their counts as weights and the result is
    inverted. The mean of the runs' own percentiles would be another number, and of nothing.
    """
    ms = np.unique(np.concatenate([run.ms for run in runs]))
    total = sum(run.count for run in runs)
    below = sum(run.count * np.interp(ms, run.ms, run.percentages) for run in runs) / total
    return float(np.interp(percentage, below, ms))


def is_shown(percentage: float, count: int, users: int) -> bool:
    """Whether so many requests carry this percentile: ten times the users must lie beyond it.

    One stall of the server delays every user at once, so requests are not independent.
    """
    return round(count * (1 - percentage / 100), 3) >= 10 * users  # 1 - 0.9 is less than 0.1


def median_interval(
    values: Sequence[float], confidence: float = 0.95
) -> tuple[float, float, float]:
    """The median and its interval from order statistics, whatever the shape of the distribution.

    The interval from the k-th least to the k-th greatest of n values misses the median with
    probability 2 * P(Binomial(n, 1/2) < k); k is the greatest for which that is small enough. With
    fewer than six values there is none, and the whole range is given (its confidence is lower).
    """
    ordered, n = sorted(values), len(values)
    k, tail = 0, 0.0
    while 2 * (tail + math.comb(n, k) / 2**n) <= 1 - confidence:
        tail += math.comb(n, k) / 2**n
        k += 1
    first = max(k - 1, 0)
    return float(np.median(ordered)), ordered[first], ordered[n - 1 - first]
