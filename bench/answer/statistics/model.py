"""The linear model behind every comparison: log(value) = arm + session + noise, by least squares.

Arrays may have further dimensions in front: many campaigns at once, for simulation.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy  # which loads scipy.stats, two seconds of work, when it is first used

LEAST = 4  # sessions in which both arms of a pair count: with fewer nothing is told of it
OWN = 10  # from so many of them on a pair is judged by its own noise alone

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Observation:
    arm: str
    session: Hashable  # what it shares with other arms
    value: float  # greater than 0; less is better


@dataclass(frozen=True)
class Model:
    """The fit. Arrays end with a place for each arm, or with two for each pair of them."""

    arms: tuple[str, ...]
    means: Array  # of log(value), by arm, as if every session had every arm
    counts: Array  # sessions, by arm
    sds: Array  # of the noise, by arm
    sd: Array  # of the noise of all, on logarithms: 0.03 is about 3 %
    df: Array  # of that
    shared: Array  # sessions in which both of a pair count
    pair_sds: Array  # of a pair: of its differences, divided by the root of two

    @property
    def differences(self) -> Array:
        """log(value of one / value of the other)."""
        return np.asarray(self.means[..., :, None] - self.means[..., None, :])

    @property
    def noise(self) -> Array:
        """Of each pair, by which it is judged: its own; of few sessions that of all, if greater.

        What the error rates of this rule are stands in tests/bench/calibration.md.
        """
        greater = np.fmax(self.pair_sds, self.sd[..., None, None])
        return np.asarray(np.where(self.shared >= OWN, self.pair_sds, greater))

    @property
    def degrees(self) -> Array:
        """Of freedom of that noise: a pair's own, or where all share few sessions that of all.

        Never more than if there were only the sessions that the pair shares.
        """
        own = np.fmax(self.shared - 1, 1)
        common = np.fmin(self.df[..., None, None], (self.means.shape[-1] - 1) * own)
        many = self.shared.max((-1, -2), keepdims=True) >= OWN
        return np.asarray(np.where(many, own, np.fmax(common, 1)))

    @property
    def errors(self) -> Array:
        """Standard errors of the differences; infinite where nothing is told of a pair."""
        errors = self.noise * np.sqrt(2 / np.fmax(self.shared, 1))
        return np.where(self.shared >= LEAST, errors, math.inf)

    def halves(self, family: int) -> Array:
        """Half the simultaneous 95 % intervals of all pairs of so many arms."""
        criticals = np.empty(self.shared.shape)
        for own in (False, True):
            judged = (self.shared >= OWN) == own
            for df in np.unique(self.degrees[judged]):
                criticals[judged & (self.degrees == df)] = critical(family, int(df), own)
        return np.asarray(criticals * self.errors)

    def at(self, arm: str, other: str) -> tuple[int, int]:
        """The place of a pair."""
        return self.arms.index(arm), self.arms.index(other)


def fit(observations: Sequence[Observation]) -> Model | None:
    """None where there is nothing to fit."""
    if not observations:
        return None
    arms = {arm: place for place, arm in enumerate(sorted({one.arm for one in observations}))}
    sessions = {one.session: 0 for one in observations}
    sessions = {session: place for place, session in enumerate(sessions)}
    logs = np.full((len(sessions), len(arms)), math.nan)
    for one in observations:
        logs[sessions[one.session], arms[one.arm]] = math.log(one.value)
    return fit_table(logs, tuple(arms))


def fit_table(logs: Array, arms: tuple[str, ...] = ()) -> Model:
    """Of log(value) by session and arm, NaN where one does not count.

    The sessions' part is taken out beforehand (Frisch, Waugh, Lovell), which leaves an equation for
    each arm. What no session connects has an origin of its own and is never compared.
    """
    there = ~np.isnan(logs)
    weights, y, k = there.astype(float), np.where(there, logs, 0.0), logs.shape[-1]
    across = np.swapaxes(weights, -1, -2)
    shared, share = across @ weights, weights / np.fmax(weights.sum(-1, keepdims=True), 1)
    normal = np.eye(k) * shared - across @ share
    inverse = np.linalg.pinv(normal, hermitian=True)
    centred = weights * (y - (share * y).sum(-1, keepdims=True))
    effects = (inverse @ centred.sum(-2)[..., None])[..., 0]
    levels = (share * (y - effects[..., None, :])).sum(-1, keepdims=True)  # of the sessions
    connected = np.eye(k) - inverse @ normal > 1e-6  # 1 / the size of a pair's common set, or 0
    within = weights @ connected > 0  # by session and arm: of the set that this arm is in
    squares = ((weights * (y - effects[..., None, :] - levels)) ** 2).sum(-2)
    counts, sets = weights.sum(-2), (1 / connected.sum(-1)).sum(-1)
    df = np.round(counts.sum(-1) - there.any(-1).sum(-1) - k + sets).astype(int)
    each = counts * (df / counts.sum(-1))[..., None]  # its share of the degrees of freedom
    with np.errstate(invalid="ignore", divide="ignore"):  # no degrees of freedom: NaN
        sd, sds = np.sqrt(squares.sum(-1) / df), np.sqrt(squares / each)
    return Model(
        arms=arms,
        means=effects + (levels * within).sum(-2) / np.fmax(within.sum(-2), 1),
        counts=counts.astype(int),
        sds=sds,
        sd=np.where(df > 0, sd, math.nan),
        df=df,
        shared=np.round(shared).astype(int),
        pair_sds=_pair_sds(logs),
    )


def _pair_sds(logs: Array) -> Array:
    """NaN where fewer than two sessions have both."""
    differences = logs[..., :, None] - logs[..., None, :]
    there = ~np.isnan(differences)
    count, known = there.sum(-3), np.where(there, differences, 0.0)
    mean = known.sum(-3) / np.fmax(count, 1)
    squares = (np.where(there, known - mean[..., None, :, :], 0.0) ** 2).sum(-3)
    return np.where(count > 1, np.sqrt(squares / np.fmax(count - 1, 1) / 2), math.nan)


@cache
def critical(family: int, df: int, own: bool) -> float:
    """How many standard errors a difference among so many arms must exceed, at 5 % for all pairs.

    Of one noise for all it is the studentized range's quantile by the root of two (Tukey, Kramer).
    Where each pair has a noise of its own that errs too often, and the studentized maximum modulus
    is right (Dunnett 1980, T3): the quantile of the greatest of so many deviates, one sd for all.
    """
    if not own:
        return float(scipy.stats.studentized_range.ppf(0.95, family, df)) / math.sqrt(2)
    pairs, chi = family * (family - 1) // 2, scipy.stats.chi(df, scale=1 / math.sqrt(df))
    least, most = chi.ppf(1e-12), chi.isf(1e-12)

    def beyond(quantile: float) -> float:
        def of(sd: Array) -> Array:
            return chi.pdf(sd) * (2 * scipy.special.ndtr(quantile * sd) - 1) ** pairs

        # 200 points give ten digits of so smooth a function; chi.expect takes sixty times as long.
        within, _ = scipy.integrate.fixed_quad(of, least, most, n=200)
        return float(within) - 0.95

    return float(scipy.optimize.brentq(beyond, 1.0, 100.0))


@cache
def student(probability: float, df: float) -> float:
    """The quantile of Student's t; as scipy.stats has it, which takes a second to load."""
    return float(scipy.special.stdtrit(df, probability))
