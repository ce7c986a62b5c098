"""Did a change make it slower? One decision over all ratios of a comparison, after to before.

It errs in 5 of 100 comparisons, however many ratios are looked at (Holm 1979). Each is judged by
its own noise alone: that of others would add power, at the price of this promise.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import scipy  # which loads scipy.stats, two seconds of work, when it is first used

from bench.answer.report import Report
from bench.answer.statistics.comparison import EQUAL
from bench.answer.statistics.model import LEAST, Model, student
from bench.answer.statistics.stats import UNITS
from bench.keep.record import Plan

ERROR = 0.05  # of a whole comparison
POWER = 0.80  # "in 4 of 5"


@dataclass(frozen=True)
class Change:
    """What one stack takes in one scenario, after against before; more than 1 is slower."""

    stack: str
    scenario: str
    before: float | None  # in the unit of the scenario; None where no session counts
    after: float | None
    ratio: float  # of times
    low: float  # 95 %, for all ratios of the comparison together
    high: float
    error: float  # standard error of log(ratio); infinite where too few sessions count
    df: int
    bounded: tuple[str, ...]  # sides that k6 held back

    @property
    def word(self) -> str:
        if self.hidden:
            return "k6 at its limit"
        if not math.isfinite(self.error):
            return "not resolved"
        if self.low > 1 or self.high < 1:
            less = max(self.ratio, 1 / self.ratio) < 1 + EQUAL
            return ("slower" if self.low > 1 else "faster") + (", but by less than 5 %" * less)
        within = -math.log1p(EQUAL) < math.log(self.low) and math.log(self.high) < math.log1p(EQUAL)
        return "practically equal" if within else "not resolved"

    @property
    def hidden(self) -> bool:
        """Whether a slow-down might not show: k6 held back what the app can do afterwards."""
        return "after" in self.bounded


@dataclass(frozen=True)
class Verdict:
    slower: tuple[Change, ...]  # by more than was allowed
    untold: tuple[Change, ...]  # of which nothing can be said
    found_from: float  # the slow-down that this comparison would have found in 4 of 5: 0.12 is 12 %


def changes(report: Report, plan: Plan) -> list[Change]:
    """Of every stack in every scenario, with intervals that hold for all of them together."""
    pairs = _pairs(plan)
    there = [
        (stack, scenario)
        for scenario in UNITS
        if scenario in report.selection.scenarios
        for stack in pairs
    ]
    family = len(there)
    return [_change(report, *pairs[stack], stack, scenario, family) for stack, scenario in there]


def judge(found: Sequence[Change], allowed: float) -> Verdict:
    """Whether anything is slower by more than allowed: 0.05 is 5 %."""
    known = [change for change in found if math.isfinite(change.error) and not change.hidden]
    slower = [known[place] for place in holm([_p(change, allowed) for change in known])]
    detectable = [_found_from(change, allowed, len(known)) for change in known]
    untold = tuple(change for change in found if change not in known)
    return Verdict(tuple(slower), untold, max(detectable, default=math.inf))


def holm(p: Sequence[float], error: float = ERROR) -> Iterator[int]:
    """The places of what is rejected, so that one wrong rejection or more happens in `error`."""
    order = sorted(range(len(p)), key=lambda place: (math.isnan(p[place]), p[place]))
    for rank, place in enumerate(order):
        if not p[place] <= error / (len(p) - rank):
            return
        yield place


def lines_of(changes: Sequence[Change], verdict: Verdict, allowed: float) -> Iterator[str]:
    """What was decided, and from which slow-down on this comparison would have found one."""
    for change in verdict.slower:
        yield f"slower by more than {allowed:.0%}: {change.stack} in {change.scenario}"
    if not verdict.slower and len(verdict.untold) < len(changes):
        yield f"nothing is slower by more than {allowed:.0%}, as far as this comparison can tell"
    for change in verdict.untold:
        why = "too few sessions count"
        if change.hidden:
            why = (
                "k6 is at its limit, a slow-down might not show: leave it out, or give k6 more CPUs"
            )
        yield f"not told: {change.stack} in {change.scenario}: {why}"
    if math.isfinite(verdict.found_from):
        yield f"it would have found a slow-down of {verdict.found_from:.0%} or more in 4 of 5 cases"


def _pairs(plan: Plan) -> dict[str, tuple[str, str]]:
    """By stack the labels of its two sides."""
    sides: dict[str, dict[str, str]] = {}
    for label, arm in plan.arms.items():
        if arm.side:
            sides.setdefault(arm.stack, {})[arm.side] = label
    return {stack: (of["before"], of["after"]) for stack, of in sorted(sides.items())}


def _change(
    report: Report, before: str, after: str, stack: str, scenario: str, family: int
) -> Change:
    results = {result.arm: result for result in report.results if result.scenario == scenario}
    model, log, error, df = report.model(scenario), 0.0, math.inf, 1
    if model and {before, after} <= {*model.arms}:
        log, error, df = _told(model, after, before)
    each = 1 - (1 - ERROR) ** (1 / family)  # Šidák
    half = student(1 - each / 2, df) * error if math.isfinite(error) else math.inf
    values = [results[arm].value if arm in results else None for arm in (before, after)]
    limited = zip(("before", "after"), (before, after), strict=True)
    return Change(
        stack=stack,
        scenario=scenario,
        before=values[0].geometric if values[0] else None,
        after=values[1].geometric if values[1] else None,
        ratio=math.exp(log),
        low=math.exp(log - half),
        high=math.exp(log + half) if math.isfinite(half) else math.inf,
        error=error,
        df=df,
        bounded=tuple(
            side for side, arm in limited if arm in results and results[arm].limiter.is_lower_bound
        ),
    )


def _told(model: Model, after: str, before: str) -> tuple[float, float, int]:
    """log(after / before), its standard error, that one's degrees of freedom."""
    at = model.at(after, before)
    sessions, difference = int(model.shared[at]), float(model.differences[at])
    if sessions < LEAST:
        return difference, math.inf, 1
    return difference, float(model.pair_sds[at]) * math.sqrt(2 / sessions), sessions - 1


def _p(change: Change, allowed: float) -> float:
    """How often a change that makes it slower by just what is allowed would look this slow."""
    beyond = math.log(change.ratio) - math.log1p(allowed)
    if not change.error:
        return 0.0 if beyond > 0 else 1.0
    return float(scipy.stats.t.sf(beyond / change.error, change.df))


def _found_from(change: Change, allowed: float, family: int) -> float:
    """The least slow-down that is found in 4 of 5, were it the only one among so many ratios."""
    needed = scipy.stats.t.isf(ERROR / family, change.df)

    def misses(shift: float) -> float:
        return float(scipy.stats.nct.cdf(needed, change.df, shift)) - (1 - POWER)

    shift = scipy.optimize.brentq(misses, 0.0, 4 * needed + 10)
    return math.expm1(math.log1p(allowed) + float(shift) * change.error)
