"""How noisy a campaign was: from which difference on it tells, and what must not be concluded."""

import math
from collections.abc import Iterator
from statistics import median, stdev

import numpy as np

from bench.answer.report import Report
from bench.answer.statistics.stats import UNITS, cpu_per_1000
from bench.keep.thresholds import THRESHOLDS

CPU_VARIES = 0.03  # above that the line says what it can still tell
ELSEWHERE = THRESHOLDS["elsewhere"]


def noise_lines(report: Report) -> Iterator[str]:
    """How much sessions of one arm differ, and from which difference on two arms can be told."""
    for scenario in dict.fromkeys(result.scenario for result in report.results):
        costs = [r.cpu_s_per_1000 for r in report.results if r.scenario == scenario]
        told = [of for of in costs if of and of.mean and len(of.values) > 1]
        variations = [stdev(of.values) / of.mean for of in told]
        if not variations:
            continue
        variation = median(variations)
        line = f"{scenario:8} CPU s/1000 varies by {variation:.1%} from session to session"
        comparison = report.comparisons.get(scenario)
        if comparison and variation > CPU_VARIES:
            least = least_difference(report, scenario)
            line += f": tells arms apart from {least:.0%} on" if least else ""
        if comparison:
            widths = [pair.high / pair.ratio - 1 for pair in comparison.pairs]
            least = median(width for width in widths if math.isfinite(width))
            line += f"; {UNITS[scenario]} by {comparison.sd:.1%}: tells arms apart"
            line += f" from {least:.1%} on"
        yield line


def least_difference(report: Report, scenario: str) -> float | None:
    """Of CPU: what the median two arms must differ by in this campaign to be told apart."""
    model = report.model(scenario, cpu_per_1000)
    of = [place for place, arm in enumerate(model.arms) if arm in report.arms] if model else []
    if model is None or len(of) < 2:
        return None
    halves = model.halves(len(of))[np.ix_(of, of)][np.triu_indices(len(of), 1)]
    known = halves[np.isfinite(halves)]
    return math.expm1(float(np.median(known))) if known.size else None


def turn_lines(report: Report) -> Iterator[str]:
    """Whether anything was wrong with the turns that the numbers themselves do not show."""
    void = sum(result.void for result in report.results)
    if void:
        yield f"void: {void} turns do not count: one began while a user still waited elsewhere"
    away = [r for r in report.results if (r.elsewhere or 0) > ELSEWHERE]
    if away:
        named = ", ".join(f"{r.arm} in {r.scenario} {r.elsewhere:.0%}" for r in away)
        yield f"users elsewhere: of their counted time their counted requests do not fill: {named}"


def not_to_conclude(report: Report) -> str:
    """The line under the table."""
    if not report.selection.interleaved:
        return "The arms did not take turns in one campaign: this ranks nothing."
    if len(report.arms) == 1:
        return "One arm, one machine, a closed loop: nothing is said of others, or of tails."
    if not report.comparisons:
        return "Too few sessions, or too few valid ones: no rank; it shows that all of it works."
    if any(arm.side for part in report.selection.parts for arm in part.plan.arms.values()):
        return (
            "In 5 of 100 such comparisons something is called slower or faster that is not. One"
            " machine, a closed loop: nothing is said of yours or of tails."
        )
    families = len(report.comparisons)
    return (
        "Of arms that are alike 5 of 100 scenarios rank one above another, which is wrong: in"
        f" {1 - 0.95**families:.0%} of campaigns one or more of {families} scenarios would. One"
        " machine, a closed loop: nothing is said of yours or of tails."
    )
