"""From measured values to the numbers that are shown: a value a run, a mean over the valid runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    """Of the valid runs: their values, arithmetic mean (as in the paper), least and most."""

    values: tuple[float, ...]
    mean: float
    low: float
    high: float


def value_of(scenario: str, measured: dict[str, Any]) -> float | None:
    """A run's reported value: requests a second, or the mean in ms; None where there is none.

    Requests a second are counted here: k6's own rate divides by a time with set-up in it.
    """
    load = measured["load"]
    if UNITS[scenario] == "ms":
        return None if load["mean_ms"] is None else float(load["mean_ms"])
    return load["requests"] / load["seconds"] if load["seconds"] else None


def cpu_per_1000(measured: dict[str, Any]) -> float | None:
    """The server's CPU seconds for 1,000 requests; None where they are not known."""
    requests, cpu_s = measured["load"]["requests"], measured["server"]["cpu_s"]
    return 1000 * cpu_s / requests if requests and cpu_s is not None else None


def summarise(values: Sequence[float | None]) -> Summary | None:
    """None where there is no value: there is no mean of nothing."""
    array = np.array([value for value in values if value is not None])
    if not array.size:
        return None
    return Summary(
        tuple(array.tolist()), float(array.mean()), float(array.min()), float(array.max())
    )


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
