"""What a scaling says: throughput by replicas, how well it grows with them, and what limits it."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, stdev

import numpy as np

from bench.answer.shown.numbers import number
from bench.answer.statistics.model import student
from bench.scale.record import Scaled, ScaledSession, Scaling

LEAST = 3  # sessions in which it counts: with fewer there is no interval
Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Line:
    """So many replicas in a scenario, over the sessions that count."""

    scenario: str
    replicas: int
    sessions: int
    attempted: int
    per_s: Interval | None  # geometric mean, low, high
    growth: Interval | None  # times the throughput of the fewest replicas, by session
    cpu_ms: Interval | None  # of app and database, a request
    busiest_pod: float | None
    p99_ms: float | None  # the median of the sessions' own
    limited_by: str
    problems: Sequence[str]

    def efficiency(self, fewest: int) -> float | None:
        """1: as many times the throughput as there are times the replicas."""
        return self.growth[0] * fewest / self.replicas if self.growth else None


def lines_of(plan: Scaling, sessions: Sequence[ScaledSession]) -> Iterator[Line]:
    """A line a scenario and number of replicas."""
    fewest = min(plan.replicas)
    for scenario in plan.scenarios:
        for replicas in sorted(plan.replicas):
            there = [(s.of(scenario, replicas), s.of(scenario, fewest)) for s in sessions]
            found = [(one, first) for one, first in there if one]
            counting = [one for one, _ in found if _per_s(one)]
            grown = [
                np.log(mine / its)
                for one, first in found
                if (mine := _per_s(one)) and (its := _per_s(first))
            ]
            yield Line(
                scenario=scenario,
                replicas=replicas,
                sessions=len(counting),
                attempted=len(found),
                per_s=_of_logs([np.log(one.per_s) for one in counting if one.per_s]),
                growth=_of_logs(grown),
                cpu_ms=_of_logs([np.log(_cpu_ms(one)) for one in counting if _cpu_ms(one)]),
                busiest_pod=_mean(one.busiest_pod for one in counting),
                p99_ms=_median(_p99(one) for one in counting),
                limited_by=_most([one.limited_by for one in counting]),
                problems=[
                    f"{p.code}: {p.why}" for one, _ in found for p in one.measurement.problems
                ],
            )


def table(plan: Scaling, lines: Sequence[Line]) -> Iterator[str]:
    """As Markdown, which a terminal shows as well."""
    fewest = min(plan.replicas)
    yield (
        "| scenario | replicas | requests/s | against the fewest | efficiency | CPU, ms a request"
        " | busiest pod | median p99, ms | limited by | sessions |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for line in lines:
        efficiency = line.efficiency(fewest)
        cells = (
            *(line.scenario, str(line.replicas), _shown(line.per_s), _shown(line.growth)),
            "" if efficiency is None else f"{100 * efficiency:.0f} %",
            _shown(line.cpu_ms),
            "" if line.busiest_pod is None else f"{100 * line.busiest_pod:.0f} %",
            "" if line.p99_ms is None else number(line.p99_ms),
            *(line.limited_by, f"{line.sessions} of {line.attempted}"),
        )
        yield f"| {' | '.join(cells)} |"


def write_csv(lines: Sequence[Line], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = ["per_s", "low", "high", "growth", "growth_low", "growth_high"]
        names += ["cpu_ms", "cpu_ms_low", "cpu_ms_high", "busiest_pod", "median_p99_ms"]
        writer.writerow(["scenario", "replicas", *names, "limited_by", "sessions", "attempted"])
        for line in lines:
            numbers = [*(line.per_s or (None,) * 3), *(line.growth or (None,) * 3)]
            numbers += [*(line.cpu_ms or (None,) * 3), line.busiest_pod, line.p99_ms]
            cells = ["" if one is None else f"{one:.6g}" for one in numbers]
            counts = (line.limited_by, line.sessions, line.attempted)
            writer.writerow([line.scenario, line.replicas, *cells, *counts])


def _interval(values: Sequence[float]) -> Interval | None:
    """Student's, at 95 %; the mean alone is none."""
    if len(values) < LEAST:
        return None
    half = student(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5
    return fmean(values), fmean(values) - half, fmean(values) + half


def _of_logs(values: Sequence[float]) -> Interval | None:
    found = _interval(values)
    return None if found is None else tuple(float(np.exp(value)) for value in found)  # type: ignore[return-value]


def _per_s(one: Scaled | None) -> float | None:
    """Where it counts."""
    return one.per_s if one and one.measurement.counts else None


def _cpu_ms(one: Scaled) -> float:
    server, database = one.measurement.server.cpu_s, one.database_cpu_s
    return 1000 * ((server or 0.0) + (database or 0.0)) / one.measurement.load.requests


def _p99(one: Scaled) -> float | None:
    return next((p.ms for p in one.percentiles if p.percentage == 99.0), None)


def _mean(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _median(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _most(words: Sequence[str]) -> str:
    """What most sessions say, and how many where not all do."""
    if not words:
        return "not told"
    (word, times), *_ = Counter(words).most_common()
    return word if times == len(words) else f"{word} ({times} of {len(words)})"


def _shown(interval: Interval | None) -> str:
    if interval is None:
        return f"fewer than {LEAST} sessions"
    mean, low, high = (number(value) for value in interval)
    return f"{mean} ({low} to {high})"
