"""What an experiment says: each contrast with its interval, against what else would explain it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from bench import Mistake
from bench.answer.statistics.model import student
from bench.studies.experiment.experiment import Contrast, Experiment
from bench.studies.experiment.measuring import Row

LEAST = 4  # sessions in which all of a contrast's variants count
EXCLUDED, UNRESOLVED, UNTOLD = "excluded", "not resolved", "not measured"


@dataclass(frozen=True)
class Told:
    """Of a contrast; the intervals of all of an experiment hold together, at 95 %."""

    contrast: Contrast
    sessions: int
    value: float
    low: float
    high: float
    needed: int | None  # sessions that might exclude the other explanation, where these do not

    @property
    def word(self) -> str:
        """Of the other explanation."""
        if self.sessions < LEAST:
            return UNTOLD
        return UNRESOLVED if self.low <= self.contrast.other <= self.high else EXCLUDED


def must_be_applied(experiment: Experiment, told: Sequence[Told]) -> None:
    """A Mistake where what was to be varied does not show: then nothing else means anything."""
    for one in told:
        if one.contrast.name in experiment.applied and one.word != EXCLUDED:
            found = f"{one.value:.3g} ({one.low:.3g} to {one.high:.3g})"
            raise Mistake(f"{one.contrast.name} is {found}: what is to be varied does not show")


def judge(experiment: Experiment, rows: Sequence[Row]) -> list[Told]:
    """Every contrast of an experiment."""
    level = 0.95 ** (1 / len(experiment.contrasts))  # Šidák 1967: of so many at a time
    return [_judge(contrast, rows, level) for contrast in experiment.contrasts]


def _judge(contrast: Contrast, rows: Sequence[Row], level: float) -> Told:
    values = [_value(contrast, of) for of in _sessions(contrast, rows)]
    n, is_ratio = len(values), contrast.scale == "ratio"
    if n < LEAST:
        return Told(contrast, n, math.nan, math.nan, math.nan, None)
    mean, error = fmean(values), stdev(values) / math.sqrt(n)
    half = student((1 + level) / 2, n - 1) * error
    other = math.log(contrast.other) if is_ratio else contrast.other
    value, low, high = (math.exp(x) if is_ratio else x for x in (mean, mean - half, mean + half))
    away = abs(mean - other)
    needed = None if half < away else math.ceil(n * (half / away) ** 2) if away else None
    return Told(contrast, n, value, low, high, needed)


def _sessions(contrast: Contrast, rows: Sequence[Row]) -> list[Mapping[str, float]]:
    """The values of its variants, of each session in which all of them count."""
    found: dict[int, dict[str, float]] = {}
    for row in rows:
        is_asked = (row.part, row.load, row.what) == (
            *(contrast.part, contrast.load, contrast.what),
        )
        if is_asked and row.session and not row.problem and row.variant in contrast.weights:
            found.setdefault(row.session, {})[row.variant] = row.value
    return [of for of in found.values() if of.keys() == contrast.weights.keys()]


def _value(contrast: Contrast, of: Mapping[str, float]) -> float:
    """Of one session: the log of a ratio, or a difference."""
    scaled = {name: math.log(v) if contrast.scale == "ratio" else v for name, v in of.items()}
    return sum(weight * scaled[name] for name, weight in contrast.weights.items())
