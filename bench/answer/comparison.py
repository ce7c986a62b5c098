"""Which stack is faster, and how sure that is: one linear model on logarithms, Tukey's intervals.

log(value) = stack + block + position + noise, by least squares; less is better. A block is one pass
over all stacks, a position the place in it; a cell that was measured again has a place of its own.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import scipy  # which loads scipy.stats, two seconds of work, when it is first used

EQUAL = 0.05  # two stacks within 5 % are practically equal; fixed before the first measurement
MOST_BLOCKS = 1000  # more than these are not counted


@dataclass(frozen=True)
class Observation:
    stack: str
    block: int
    position: int  # 0: measured again at the end of the block
    value: float  # of one cell, greater than 0; less is better


@dataclass(frozen=True)
class Model:
    """The fit: what differs between stacks, with blocks and positions taken out."""

    stacks: tuple[str, ...]
    estimates: np.ndarray[Any, Any]  # of log(value), by stack, with a common origin
    covariance: np.ndarray[Any, Any]  # of the estimates, divided by the variance of the noise
    counts: tuple[int, ...]  # cells, by stack
    sd: float  # of the noise, on logarithms: 0.03 is about 3 %
    variances: tuple[float, ...]  # of the noise, by stack
    df: int
    tellable: np.ndarray[Any, Any]  # projects coefficients on what the cells can tell of them

    def difference(self, stack: str, other: str) -> tuple[float, float]:
        """log(value of stack / value of other), and its standard error.

        Infinite where the cells do not tell the two apart from their blocks and positions: one was
        measured only where no other was, or only again, as no other.
        """
        contrast = np.zeros(len(self.tellable))
        contrast[self.stacks.index(stack)], contrast[self.stacks.index(other)] = 1, -1
        if not np.allclose(contrast @ self.tellable, contrast, atol=1e-6):
            return 0.0, math.inf
        contrast = contrast[: len(self.stacks)]
        variance = max(float(contrast @ self.covariance @ contrast), 0.0)
        return float(contrast @ self.estimates), self.noise(stack, other) * math.sqrt(variance)

    def noise(self, stack: str, other: str) -> float:
        """The greater one of the sd of all and of these two.

        Where one stack has four times the noise of the others, the false verdicts are 7 in 100
        campaigns so, and 11 without.
        """
        of_two = [self.variances[self.stacks.index(name)] for name in (stack, other)]
        return math.sqrt(max(self.sd**2, sum(of_two) / 2))


@dataclass(frozen=True)
class Pair:
    """One of the two is faster so many times, with a simultaneous 95 % interval; in a word."""

    faster: str
    slower: str
    ratio: float
    low: float
    high: float
    word: str
    blocks: tuple[int, int] | None  # of how many one would need, where more would resolve it


@dataclass(frozen=True)
class Comparison:
    """Of one scenario."""

    pairs: tuple[Pair, ...]
    ranks: dict[str, tuple[int, int]]  # from best to worst possible, 1 is the fastest
    spread: dict[str, float]  # half an interval's width as a factor, the blocks' part removed
    sd: float


def fit(observations: Sequence[Observation]) -> Model | None:
    """None where the cells are too few to tell noise from what a stack does (df < 2)."""
    if not observations:
        return None
    y = np.log([observation.value for observation in observations])
    stacks, stack = np.unique([o.stack for o in observations], return_inverse=True)
    columns = [np.eye(len(stacks))[stack]]
    columns.append(_dummies([observation.block for observation in observations]))
    if len(y) >= 3 * len(stacks):  # fewer cells could not carry the positions as well
        columns.append(_dummies([observation.position for observation in observations]))
    design = np.hstack(columns)
    coefficients, _, rank, _ = np.linalg.lstsq(design, y, rcond=None)
    df = len(y) - int(rank)
    if df < 2:
        return None
    residuals = y - design @ coefficients
    k, counts = len(stacks), np.bincount(stack)
    squares = np.bincount(stack, weights=residuals**2)
    return Model(
        stacks=tuple(map(str, stacks)),
        estimates=coefficients[:k],
        covariance=np.linalg.pinv(design.T @ design)[:k, :k],
        counts=tuple(map(int, counts)),
        sd=math.sqrt(float(residuals @ residuals) / df),
        variances=tuple(map(float, squares / (df * counts / len(y)))),  # each has its share of df
        df=df,
        tellable=np.linalg.pinv(design) @ design,
    )


def compare(
    observations: Sequence[Observation], ranked: Sequence[str], bounded: Collection[str] = ()
) -> Comparison | None:
    """All pairs of the ranked stacks; other arms only help to tell the noise.

    Tukey and Kramer's intervals hold for all pairs of one scenario together: in 5 campaigns of 100
    with equal stacks one pair or more is called different. Bounded stacks might be faster than they
    could show. None where nothing can be told.
    """
    model = fit(observations)
    names = [name for name in ranked if model and name in model.stacks]
    if not model or len(names) < 2:
        return None
    pairs = tuple(
        _bounded(_pair(model, a, b, len(names)), bounded) for a, b in combinations(sorted(names), 2)
    )
    resolved = [pair for pair in pairs if pair.word.startswith("faster")]
    ranks = {
        name: (
            1 + sum(pair.slower == name for pair in resolved),
            len(names) - sum(pair.faster == name for pair in resolved),
        )
        for name in names
    }
    return Comparison(pairs, ranks, {name: _spread(model, name) for name in names}, model.sd)


def _spread(model: Model, name: str) -> float:
    """By the noise of all or by this stack's own, whichever is wider."""
    index = model.stacks.index(name)
    count, half = model.counts[index], _student(0.975, model.df) * model.sd
    if count > 1:
        half = max(half, _student(0.975, count - 1) * math.sqrt(model.variances[index]))
    return math.exp(half / math.sqrt(count))


def planned_ratio(model: Model, stack: str, other: str) -> tuple[float, float, float]:
    """stack / other with a 95 % t interval: for one comparison that was planned beforehand."""
    difference, error = model.difference(stack, other)
    half = _student(0.975, model.df) * error
    return math.exp(difference), math.exp(difference - half), math.exp(difference + half)


def _pair(model: Model, a: str, b: str, family: int) -> Pair:
    difference, error = model.difference(a, b)
    faster, slower = (a, b) if difference < 0 else (b, a)
    difference = abs(difference)
    half = tukey(family, model.df) * error
    resolved = difference > half
    # Two one-sided tests at 5 % each (Schuirmann 1987): the 90 % interval lies within 5 %.
    equal = difference + _student(0.95, model.df) * error < math.log1p(EQUAL)
    word = {
        (True, False): "faster by",
        (True, True): "faster, but by less than 5 %",
        (False, True): "practically equal",
        (False, False): "not resolved",
    }[resolved, equal]
    ratio, low, high = (math.exp(difference + side * half) for side in (0, -1, 1))
    blocks = None
    if word == "not resolved" and math.isfinite(error):
        blocks = _blocks_needed(model.noise(a, b), model.df, difference, family)
    return Pair(faster, slower, ratio, low, high, word, blocks)


def _bounded(pair: Pair, bounded: Collection[str]) -> Pair:
    """What the load generator held back is neither slower than another, nor equal to it."""
    void = pair.slower in bounded or (pair.faster in bounded and pair.word == "practically equal")
    return replace(pair, word="not resolved", blocks=None) if void else pair


@cache
def tukey(family: int, df: int) -> float:
    """How many standard errors a difference among this many means must exceed, at 5 % for all.

    Tukey (1953), Kramer (1956): the studentized range's quantile divided by the root of two.
    """
    return float(scipy.stats.studentized_range.ppf(0.95, family, df)) / math.sqrt(2)


def _blocks_needed(sd: float, df: int, difference: float, family: int) -> tuple[int, int]:
    """From how many to how many: the noise itself is known only within an 80 % interval."""
    least, most = (math.sqrt(df * sd**2 / scipy.stats.chi2.ppf(p, df)) for p in (0.9, 0.1))
    return _blocks(least, difference, family), _blocks(most, difference, family)


def _blocks(sd: float, difference: float, family: int) -> int:
    """The least number of blocks whose simultaneous half-width is below the difference."""
    blocks = 3
    while blocks < MOST_BLOCKS:
        # Of many degrees of freedom a few will do: beyond 20 the quantile changes by less than 2 %.
        df = (family - 1) * (blocks - 2)
        critical = tukey(family, df if df <= 20 else 40 if df <= 60 else 120)
        needed = 2 * (critical * sd / max(difference, 1e-9)) ** 2
        if needed <= blocks:
            return blocks
        blocks = max(blocks + 1, min(math.ceil(0.9 * needed), MOST_BLOCKS))
    return MOST_BLOCKS


@cache
def _student(probability: float, df: int) -> float:
    return float(scipy.stats.t.ppf(probability, df))


def _dummies(levels: Sequence[int]) -> np.ndarray[Any, Any]:
    """A column of zeros and ones for each level but the first."""
    known, level = np.unique(levels, return_inverse=True)
    return np.eye(len(known))[level][:, 1:]
