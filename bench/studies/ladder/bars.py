"""What each rung adds to a request of a stack, over the sessions in which every rung counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from bench import Mistake
from bench.answer.statistics.model import student
from bench.studies.experiment.contrasts import LEAST
from bench.studies.experiment.measuring import Row
from bench.studies.ladder.rungs import steps

Interval = tuple[float, float, float]  # mean, low, high: 95 %


@dataclass(frozen=True)
class Bar:
    """A stack in a scenario: what each rung adds in each session, µs of CPU."""

    stack: str
    added: Mapping[str, Sequence[float]]

    def sums(self, *rungs: str) -> Sequence[float]:
        """Of these rungs, by session."""
        return [sum(of) for of in zip(*(self.added[rung] for rung in rungs), strict=True)]

    def of(self, *rungs: str) -> Interval:
        """Of these rungs together."""
        return interval(self.sums(*rungs))

    @property
    def whole(self) -> Interval:
        """A request of the stack itself."""
        return self.of(*self.added)


def bar_of(stack: str, scenario: str, rows: Sequence[Row]) -> Bar:
    """Of the sessions in which every rung counts. A Mistake where they are too few."""
    sessions: dict[int, dict[str, float]] = {}
    for row in rows:
        if row.session and not row.problem and (row.load, row.what) == (scenario, "cpu_us"):
            sessions.setdefault(row.session, {})[row.variant] = row.value
    found = list(steps(stack, scenario))
    whole = [of for of in sessions.values() if all(step.rung in of for step in found)]
    if len(whole) < LEAST:
        raise Mistake(f"the ladder of {stack} has {len(whole)} whole sessions of {scenario}")
    added = {
        step.name: [of[step.rung] - (of[step.before] if step.before else 0.0) for of in whole]
        for step in found
    }
    return Bar(stack, added)


def interval(values: Sequence[float]) -> Interval:
    """Student's, of their mean."""
    half = float(student(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5)
    return fmean(values), fmean(values) - half, fmean(values) + half
