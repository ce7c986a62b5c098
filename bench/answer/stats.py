"""From measured values to the numbers that are shown: a value a run, a mean over the valid runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # which loads scipy.stats, two seconds of work, when it is first used

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
    """Of the valid runs. The mean is the arithmetic one, as in the paper."""

    values: tuple[float, ...]
    mean: float
    median: float
    low: float  # the least
    high: float  # the greatest
    geometric: float | None  # mean, with a 95 % t interval on logarithms; None of a single run
    interval: tuple[float, float] | None


def value_of(scenario: str, measured: dict[str, Any]) -> float | None:
    """A run's reported value: requests a second, or the mean in ms; None where there is none.

    Requests a second are counted here: k6's own rate divides by a time with set-up in it.
    """
    load = measured["load"]
    if UNITS[scenario] == "ms":
        return None if load["mean_ms"] is None else float(load["mean_ms"])
    return load["requests"] / load["seconds"] if load["seconds"] else None


def judged_value(scenario: str, measured: dict[str, Any]) -> float | None:
    """A run's value by which stacks are compared: a time, so that less is better.

    Where the mean is reported it is that, but for list: at equal work a server that answers all
    users at the same time has a mean 3 to 4 % above that of one that answers them in turn, so there
    it is the time that the whole batch took, for each request.
    """
    load = measured["load"]
    if UNITS[scenario] == "ms" and scenario != "list":
        return value_of(scenario, measured)
    return load["seconds"] / load["requests"] if load["requests"] else None


def cpu_per_1000(measured: dict[str, Any]) -> float | None:
    """The server's CPU seconds for 1,000 requests; None where they are not known."""
    requests, cpu_s = measured["load"]["requests"], measured["server"]["cpu_s"]
    return 1000 * cpu_s / requests if requests and cpu_s is not None else None


def database_cpu_per_1000(measured: dict[str, Any]) -> float | None:
    """The same of the database's own server; None where it has none, or none that can be seen."""
    requests, cpu_s = measured["load"]["requests"], measured.get("database", {}).get("cpu_s")
    return 1000 * cpu_s / requests if requests and cpu_s is not None else None


def summarise(values: Sequence[float | None]) -> Summary | None:
    """None where there is no value: there is no mean of nothing."""
    array = np.array([value for value in values if value is not None])
    if not array.size:
        return None
    geometric, interval = None, None
    if array.size > 1 and array.min() > 0:
        logs = np.log(array)
        geometric = float(np.exp(logs.mean()))
        half = scipy.stats.t.ppf(0.975, array.size - 1) * logs.std(ddof=1) / math.sqrt(array.size)
        interval = float(geometric * np.exp(-half)), float(geometric * np.exp(half))
    return Summary(
        values=tuple(array.tolist()),
        mean=float(array.mean()),
        median=float(np.median(array)),
        low=float(array.min()),
        high=float(array.max()),
        geometric=geometric,
        interval=interval,
    )


@dataclass(frozen=True)
class Distribution:
    """A run's response times: how many, and the ms below which each percentage of them lies."""

    count: int
    percentages: Sequence[float]
    ms: Sequence[float]


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
