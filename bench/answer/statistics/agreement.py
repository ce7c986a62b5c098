"""Do campaigns of equal conditions agree: did an arm move by more than the noise within them says?

Where intervals are honest, the sum of the squares follows the chi square distribution, and seldom
is above its limit.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import scipy

from bench.answer.answer import Agreement, Interval, Shift
from bench.answer.report import Report
from bench.answer.statistics.model import Array, Model, fit, student
from bench.answer.statistics.stats import UNITS

CONFIDENCE = 0.95


def agreement_of(first: Report, second: Report) -> Agreement | None:
    """None where they do not share two arms that were compared in a scenario."""
    shifts = [shift for scenario in UNITS for shift in _shifts(first, second, scenario)]
    sums = [moved([first, second], scenario) for scenario in UNITS]
    squares, df = sum(sum_ for sum_, _ in sums), sum(freedom for _, freedom in sums)
    if not shifts:
        return None
    return Agreement(
        first=first.selection.campaigns[0],
        second=second.selection.campaigns[0],
        shifts=shifts,
        squares=squares,
        df=df,
        limit=limit_of(df),
        told=against_chance(squares, df),
    )


def moved(reports: Sequence[Report], scenario: str) -> tuple[float, int]:
    """How far arms moved against all arms, in squares of what noise makes, and chi square's df.

    Each log mean less that of all arms of its campaign; of two campaigns an arm's part is the
    squared difference by s1²/S1 + s2²/S2 (s: the noise of the arm, S: its sessions).
    """
    found = _told(reports, scenario)
    if found is None:
        return 0.0, 0
    _, means, variances = found
    weights = 1 / variances
    centre = (weights * means).sum(axis=0) / weights.sum(axis=0)
    squares = float((weights * (means - centre) ** 2).sum())
    return squares, (means.shape[0] - 1) * (means.shape[1] - 1)


def limit_of(df: int) -> float:
    """Which a sum of squares exceeds in 5 of 100 cases."""
    return float(scipy.stats.chi2.ppf(CONFIDENCE, df))


def against_chance(squares: float, df: int) -> str:
    """35.5 of 28, within 41.3 (95% by chance)."""
    limit = limit_of(df)
    within = "within" if squares <= limit else "BEYOND"
    return f"{squares:.1f} of {df}, {within} {limit:.1f} ({CONFIDENCE:.0%} by chance)"


def _told(reports: Sequence[Report], scenario: str) -> tuple[list[str], Array, Array] | None:
    """By campaign and arm the log means against all arms of it, and the variances of log means."""
    models: list[Model | None] = []
    for report in reports:
        of_arms = [one for one in report.observations(scenario) if one.arm in report.arms]
        models.append(fit(of_arms))
    told = [model for model in models if model]
    # Of an arm with one session alone no noise is known.
    known = [{a for a, sd in zip(m.arms, m.sds, strict=True) if sd > 0} for m in told]
    arms = set.intersection(*known) if known else set()
    if len(told) < len(reports) or len(arms) < 2:
        return None
    at = [[model.arms.index(arm) for arm in sorted(arms)] for model in told]
    means = np.array([model.means[places] for model, places in zip(told, at, strict=True)])
    means -= means.mean(axis=1, keepdims=True)
    variances = np.array(
        [m.sds[places] ** 2 / m.counts[places] for m, places in zip(told, at, strict=True)]
    )
    return sorted(arms), means, variances


def _shifts(first: Report, second: Report, scenario: str) -> Iterator[Shift]:
    """A Welch interval for each arm, so wide (Šidák) that all of the scenario hold together."""
    found = _told([first, second], scenario)
    if found is None:
        return
    arms, means, variances = found
    count = len(arms)
    both = variances.sum(axis=0)
    # An arm is told against the mean of all, of which it is one.
    of_shift = both * (1 - 2 / count) + both.sum() / count**2
    sessions = [_sessions(report, scenario, arms) for report in (first, second)]
    alone = CONFIDENCE ** (1 / count)
    for place, arm in enumerate(arms):
        parts = [(variances[n, place], sessions[n][place] - 1) for n in range(2)]
        df = both[place] ** 2 / sum(variance**2 / max(of, 1) for variance, of in parts)
        half = student((1 + alone) / 2, df) * math.sqrt(of_shift[place])
        shift = means[1, place] - means[0, place]
        times, low, high = (math.exp(x) for x in (shift, shift - half, shift + half))
        yield Shift(scenario=scenario, arm=arm, times=times, interval=Interval(low=low, high=high))


def _sessions(report: Report, scenario: str, arms: Sequence[str]) -> list[int]:
    counted = [one.arm for one in report.observations(scenario)]
    return [counted.count(arm) for arm in arms]
