"""Which of two arms is faster, and how sure that is: four words, and ranks.

model.py tells noise from difference; an interval holds for all pairs of a scenario together.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import scipy  # which loads scipy.stats, two seconds of work, when it is first used

from bench.answer.statistics.model import LEAST, OWN, Model, Observation, critical, fit, student

EQUAL = 0.05  # two arms within 5 % are practically equal; fixed before the first measurement
MOST_SESSIONS = 1000  # more than these are not counted


@dataclass(frozen=True)
class Pair:
    """One of the two is faster so many times, with a simultaneous 95 % interval; in a word."""

    faster: str
    slower: str
    ratio: float
    low: float
    high: float
    word: str
    sessions: tuple[int, int] | None  # of how many one would need, where more would resolve it


@dataclass(frozen=True)
class Comparison:
    """Of one scenario."""

    pairs: tuple[Pair, ...]
    ranks: dict[str, tuple[int, int]]  # from best to worst possible, 1 is the fastest
    spread: dict[str, float]  # half an interval's width as a factor, the sessions' part removed
    sd: float  # of the noise


def compare(
    observations: Sequence[Observation], ranked: Sequence[str], bounded: Collection[str] = ()
) -> Comparison | None:
    """All pairs of the ranked arms; other arms only help to tell the noise.

    In 5 campaigns of 100 with equal arms one pair or more is called different. Bounded arms might
    be faster than they could show. None where no pair has sessions enough.
    """
    model = fit(observations)
    names = [name for name in ranked if model and name in model.arms]
    if not model or len(names) < 2:
        return None
    found = [_pair(model, a, b, len(names)) for a, b in combinations(sorted(names), 2)]
    if all(math.isinf(pair.high) for pair in found):
        return None
    pairs = tuple(_bounded(pair, bounded) for pair in found)
    resolved = [pair for pair in pairs if pair.word.startswith("faster")]
    ranks = {
        name: (
            1 + sum(pair.slower == name for pair in resolved),
            len(names) - sum(pair.faster == name for pair in resolved),
        )
        for name in names
    }
    spread = {name: _spread(model, name) for name in names}
    return Comparison(pairs, ranks, spread, float(model.sd))


def told(model: Model, arm: str, other: str) -> tuple[float, float, int]:
    """log(value of arm / value of other), its standard error, that one's degrees of freedom."""
    at = model.at(arm, other)
    return float(model.differences[at]), float(model.errors[at]), int(model.degrees[at])


def standard_distance(model: Model, arm: str, other: str) -> float | None:
    """How far two arms are apart, of a normal distribution where they are equal; None: not told.

    Student's t is made a normal deviate, so that squares of several can be added up.
    """
    difference, error, df = told(model, arm, other)
    if not math.isfinite(error):
        return None
    beyond = scipy.stats.t.logsf(abs(difference) / error, df) if error else 0.0
    far = float(scipy.stats.norm.isf(math.exp(max(beyond, -700.0))))
    return math.copysign(far, difference) if error else 0.0


def _spread(model: Model, name: str) -> float:
    """By the noise of all or by this arm's own, whichever is wider."""
    index = model.arms.index(name)
    count, half = int(model.counts[index]), student(0.975, int(model.df)) * float(model.sd)
    if count > 1:
        half = max(half, student(0.975, count - 1) * float(model.sds[index]))
    return math.exp(half / math.sqrt(count))


def _pair(model: Model, a: str, b: str, family: int) -> Pair:
    difference, error, df = told(model, a, b)
    faster, slower = (a, b) if difference < 0 else (b, a)
    difference, at = abs(difference), model.at(a, b)
    half = math.inf  # where too few sessions have both
    if math.isfinite(error):
        half = critical(family, df, own=bool(model.shared[at] >= OWN)) * error
    resolved = difference > half
    # Two one-sided tests at 5 % each (Schuirmann 1987): the 90 % interval lies within 5 %.
    equal = difference + student(0.95, df) * error < math.log1p(EQUAL)
    word = {
        (True, False): "faster by",
        (True, True): "faster, but by less than 5 %",
        (False, True): "practically equal",
        (False, False): "not resolved",
    }[resolved, equal]
    sessions = None
    if word == "not resolved" and math.isfinite(error):
        sessions = _sessions_needed(float(model.noise[at]), df, difference, family)
    low, high = math.exp(difference - half), math.exp(difference + half)
    return Pair(faster, slower, math.exp(difference), low, high, word, sessions)


def _bounded(pair: Pair, bounded: Collection[str]) -> Pair:
    """What the load generator held back is neither slower than another, nor equal to it."""
    void = pair.slower in bounded or (pair.faster in bounded and pair.word == "practically equal")
    return replace(pair, word="not resolved", sessions=None) if void else pair


def _sessions_needed(sd: float, df: int, difference: float, family: int) -> tuple[int, int]:
    """From how many to how many: the noise itself is known only within an 80 % interval."""
    least, most = (math.sqrt(df * sd**2 / scipy.stats.chi2.ppf(p, df)) for p in (0.9, 0.1))
    return _sessions(least, difference, family), _sessions(most, difference, family)


def _sessions(sd: float, difference: float, family: int) -> int:
    """The least number of sessions whose simultaneous half-width is below the difference."""
    sessions = LEAST
    while sessions < MOST_SESSIONS:
        # Of many degrees of freedom a few will do: beyond 20 the quantile changes by less than 2 %.
        df = sessions - 1 if sessions >= OWN else (family - 1) * (sessions - 1)
        rough = df if df <= 20 else 40 if df <= 60 else 120
        errors = critical(family, rough, sessions >= OWN)
        needed = 2 * (errors * sd / max(difference, 1e-9)) ** 2
        if needed <= sessions:
            return sessions
        sessions = max(sessions + 1, min(math.ceil(0.9 * needed), MOST_SESSIONS))
    return MOST_SESSIONS
