"""A percentile of many hosts' requests together, between the bounds that their grids prove.

A host tells how many requests it made, and the ms below which each percentage of a grid lies. From
that it is certain how many of its requests, at least and at most, took no longer than a time; added
up over all hosts that encloses the pooled percentile. Nothing is assumed of what lies between.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.keep.summary import Distribution

ROUNDED_MS = 0.0005  # half of the last digit that summaries have


@dataclass(frozen=True)
class Enclosed:
    """Of all requests so many per cent took at most `ms`, which lies between low and high."""

    percentage: float
    ms: float  # by interpolation within the grids
    low: float
    high: float

    @property
    def off(self) -> float:
        """By which factor, less 1, `ms` may be off: 0.017 is 1.7 %."""
        if self.low <= 0:
            return math.inf if self.high > 0 else 0.0
        return max(self.high / self.ms, self.ms / self.low) - 1


def merge(hosts: Sequence[Distribution], percentage: float) -> Enclosed:
    """Of at least one host that made requests. Each host's grid begins at 0 and ends at 100.

    k6 takes the p-th of n times in order, x[0] to x[n-1], at p * (n - 1), between two of them where
    that is no whole number (its TrendSink.P). So below the grid's time of p there are at most
    ceil(p * (n - 1)) of them, and not above it at least floor(p * (n - 1)) + 1.
    """
    total = sum(host.count for host in hosts)
    place = _exactly(percentage / 100 * (total - 1))
    steps = np.unique(np.concatenate([host.ms for host in hosts]))
    most = sum(_most(host, steps) for host in hosts)
    least = sum(_least(host, steps) for host in hosts)
    low = float(steps[int(np.argmax(most >= math.floor(place) + 1))]) - ROUNDED_MS
    high = float(steps[int(np.argmax(least >= math.ceil(place) + 1))]) + ROUNDED_MS
    ms = min(max(_interpolated(hosts, percentage), low), high)
    return Enclosed(percentage, ms, max(0.0, low), high)


def _most(host: Distribution, steps: np.ndarray) -> np.ndarray:
    """By step, how many of a host's requests may have taken no longer."""
    counts = [math.ceil(_exactly(p / 100 * (host.count - 1))) for p in host.percentages]
    after = np.searchsorted(host.ms, steps, side="right")  # the first of the grid that is longer
    return np.array([*counts, host.count])[after]


def _least(host: Distribution, steps: np.ndarray) -> np.ndarray:
    """By step, how many of a host's requests have certainly taken no longer."""
    counts = [math.floor(_exactly(p / 100 * (host.count - 1))) + 1 for p in host.percentages]
    upto = np.searchsorted(host.ms, steps, side="right")
    return np.array([0, *counts])[upto]


def _exactly(place: float) -> float:
    """The whole number, where it is one but for the arithmetic of 0.999 * 1000."""
    return float(round(place)) if abs(place - round(place)) < 1e-6 else place


def _interpolated(hosts: Sequence[Distribution], percentage: float) -> float:
    """Where the hosts' distribution functions, weighted by their counts, reach the percentage."""
    ms = np.unique(np.concatenate([host.ms for host in hosts]))
    total = sum(host.count for host in hosts)
    below = sum(host.count * np.interp(ms, host.ms, host.percentages) for host in hosts) / total
    return float(np.interp(percentage, below, ms))
