"""Which stack is faster, and how sure that is: one linear model on logarithms, Tukey's intervals.

log(value) = stack + block + position + noise, by least squares; less is better. A block is one pass
over all stacks, a position the place in it; a cell that was measured again has a place of its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

EQUAL = 0.05  # two stacks within 5 % are practically equal; fixed before the first measurement
MOST_BLOCKS = 1000


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
    df: int

    def difference(self, stack: str, other: str) -> tuple[float, float]:
        """log(value of stack / value of other), and its standard error."""
        contrast = np.zeros(len(self.stacks))
        contrast[self.stacks.index(stack)] += 1
        contrast[self.stacks.index(other)] -= 1
        error = self.sd * math.sqrt(max(float(contrast @ self.covariance @ contrast), 0.0))
        return float(contrast @ self.estimates), error


@dataclass(frozen=True)
class Pair:
    """One of the two is faster so many times, with a simultaneous 95 % interval; in a word."""

    faster: str
    slower: str
    ratio: float
    low: float
    high: float
    word: str
    blocks: tuple[int, int] | None  # of how many one would need, where it is not resolved


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
    k = len(stacks)
    return Model(
        stacks=tuple(map(str, stacks)),
        estimates=coefficients[:k],
        covariance=np.linalg.pinv(design.T @ design)[:k, :k],
        counts=tuple(map(int, np.bincount(stack))),
        sd=math.sqrt(float(residuals @ residuals) / df),
        df=df,
    )


def compare(observations: Sequence[Observation], ranked: Sequence[str]) -> Comparison | None:
    """All pairs of the ranked stacks; other arms only help to tell the noise.

    Tukey and Kramer's intervals hold for all pairs of one scenario together: in 5 campaigns of 100
    with equal stacks one pair or more is called different. None where nothing can be told.
    """
    model = fit(observations)
    names = [name for name in ranked if model and name in model.stacks]
    if not model or len(names) < 2:
        return None
    pairs = tuple(_pair(model, a, b, len(names)) for a, b in combinations(sorted(names), 2))
    resolved = [pair for pair in pairs if pair.word.startswith("faster")]
    ranks = {
        name: (
            1 + sum(pair.slower == name for pair in resolved),
            len(names) - sum(pair.faster == name for pair in resolved),
        )
        for name in names
    }
    t = float(stats.t.ppf(0.975, model.df))
    counts = dict(zip(model.stacks, model.counts, strict=True))
    spread = {name: math.exp(t * model.sd / math.sqrt(counts[name])) for name in names}
    return Comparison(pairs, ranks, spread, model.sd)


def planned_ratio(model: Model, stack: str, other: str) -> tuple[float, float, float]:
    """stack / other with a 95 % t interval: for one comparison that was planned beforehand."""
    difference, error = model.difference(stack, other)
    half = float(stats.t.ppf(0.975, model.df)) * error
    return math.exp(difference), math.exp(difference - half), math.exp(difference + half)


def _pair(model: Model, a: str, b: str, family: int) -> Pair:
    difference, error = model.difference(a, b)
    faster, slower = (a, b) if difference < 0 else (b, a)
    difference = abs(difference)
    half = tukey(family, model.df) * error
    resolved = difference > half
    # Two one-sided tests at 5 % each (Schuirmann 1987): the 90 % interval lies within 5 %.
    equal = difference + float(stats.t.ppf(0.95, model.df)) * error < math.log1p(EQUAL)
    word = {
        (True, False): "faster by",
        (True, True): "faster, but by less than 5 %",
        (False, True): "practically equal",
        (False, False): "not resolved",
    }[resolved, equal]
    ratio, low, high = (math.exp(difference + side * half) for side in (0, -1, 1))
    blocks = _blocks_needed(model, difference, family) if word == "not resolved" else None
    return Pair(faster, slower, ratio, low, high, word, blocks)


@cache
def tukey(family: int, df: int) -> float:
    """How many standard errors a difference among this many means must exceed, at 5 % for all.

    Tukey (1953), Kramer (1956): the studentized range's quantile divided by the root of two.
    """
    return float(stats.studentized_range.ppf(0.95, family, df)) / math.sqrt(2)


def _blocks_needed(model: Model, difference: float, family: int) -> tuple[int, int]:
    """From how many to how many: the noise itself is known only within an 80 % interval."""
    squares = model.df * model.sd**2
    least, most = (math.sqrt(squares / stats.chi2.ppf(p, model.df)) for p in (0.9, 0.1))
    return _blocks(least, difference, family), _blocks(most, difference, family)


def _blocks(sd: float, difference: float, family: int) -> int:
    """The least number of blocks whose simultaneous half-width is below the difference."""
    for blocks in range(3, MOST_BLOCKS):
        if sd * math.sqrt(2 / blocks) * _tukey_of(family, (family - 1) * (blocks - 2)) < difference:
            return blocks
    return MOST_BLOCKS


def _tukey_of(family: int, df: int) -> float:
    return tukey(family, min(df, 120))  # beyond that it changes by less than 1 %


def _dummies(levels: Sequence[int]) -> np.ndarray[Any, Any]:
    """A column of zeros and ones for each level but the first."""
    known, level = np.unique(levels, return_inverse=True)
    return np.eye(len(known))[level][:, 1:]
