"""What each rung adds to a request of a stack, over the sessions in which every rung counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from bench import Mistake
from bench.answer.model import student
from bench.studies.experiment.contrasts import LEAST
from bench.studies.experiment.measuring import Row
from bench.studies.ladder.rungs import LAST, steps


@dataclass(frozen=True)
class Bar:
    """A stack in a scenario: what each rung adds, and the whole with its interval."""

    stack: str
    parts: Sequence[tuple[str, float]]  # µs; what is below 0 stands left of it
    halves: Sequence[float]  # of the interval of each
    total: float
    low: float
    high: float


def bar_of(stack: str, scenario: str, rows: Sequence[Row]) -> Bar:
    """Means over the sessions. A Mistake where they are too few."""
    sessions: dict[int, dict[str, float]] = {}
    for row in rows:
        if row.session and not row.problem and (row.load, row.what) == (scenario, "cpu_us"):
            sessions.setdefault(row.session, {})[row.variant] = row.value
    found = list(steps(stack, scenario))
    whole = [of for of in sessions.values() if all(step.rung in of for step in found)]
    if len(whole) < LEAST:
        raise Mistake(f"the ladder of {stack} has {len(whole)} whole sessions of {scenario}")
    parts, halves = [], []
    for step in found:
        below = [of[step.before] if step.before else 0.0 for of in whole]
        added = [of[step.rung] - less for of, less in zip(whole, below, strict=True)]
        parts.append((step.name, fmean(added)))
        halves.append(_half(added))
    totals = [of[LAST] for of in whole]
    mean, half = fmean(totals), _half(totals)
    return Bar(stack, parts, halves, mean, mean - half, mean + half)


def _half(values: Sequence[float]) -> float:
    """Of a 95 % interval of their mean."""
    return float(student(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5)
