"""What a campaign says of a sentence: by ratios with their intervals, never by means alone."""

from collections.abc import Iterator, Sequence
from statistics import median

import scipy

from bench.answer.answer import Answer, Ratio
from bench.answer.claims.claim import (
    CONFIRMED,
    CONTRADICTED,
    DEPENDS,
    EQUAL,
    SMALL,
    UNMEASURED,
    UNRESOLVED,
    Claim,
    Part,
    Verdict,
)
from bench.answer.claims.published import Numbers, times_of
from bench.answer.shown.numbers import span, times
from bench.answer.statistics.stats import as_time

# Of several parts the first of these that one of them is.
WORST = (CONTRADICTED, EQUAL, UNMEASURED, UNRESOLVED, SMALL, CONFIRMED)


def by_campaign(claim: Claim, answers: Sequence[Answer], numbers: Numbers) -> Verdict | None:
    """None where no campaign could say anything. answers: of one campaign, or of its parts."""
    if claim.kind in ("fact", "arithmetic", "mechanism"):
        return None
    if claim.value is not None:
        return _of_value(claim, answers, numbers)
    found = {
        name: _of_parts([p for p in parts if not p.number], claim.exceptions, answers, numbers)
        for name, parts in claim.read.items()
        if any(not part.number for part in parts)
    }
    if not found:
        return None
    words = {verdict.word for verdict in found.values()}
    why = "; ".join(dict.fromkeys(verdict.why for verdict in found.values()))
    if len(words) == 1 or words == {CONFIRMED, SMALL}:
        return Verdict(min(words, key=WORST.index), why)
    return Verdict(DEPENDS, "; ".join(f"{name}: {v.word}, {v.why}" for name, v in found.items()))


def _of_parts(
    parts: Sequence[Part], exceptions: int, answers: Sequence[Answer], numbers: Numbers
) -> Verdict:
    """The worst of them, but for so many exceptions; whatever decided it is named."""
    by_part = [_of_part(part, answers, numbers) for part in parts]
    found = [verdict for of in by_part for verdict in of]
    of_part = [min(of, key=lambda verdict: WORST.index(verdict.word)) for of in by_part]
    failed = [verdict for verdict in of_part if verdict.word in (CONTRADICTED, EQUAL)]
    if 0 < len(failed) <= exceptions:
        others = [verdict for verdict in of_part if verdict not in failed]
        word = min((verdict.word for verdict in others), key=WORST.index, default=CONFIRMED)
        return Verdict(word, "but for " + ", ".join(verdict.why for verdict in failed))
    word = min((verdict.word for verdict in found), key=WORST.index)
    return Verdict(word, ", ".join(verdict.why for verdict in found if verdict.word == word))


def _of_part(part: Part, answers: Sequence[Answer], numbers: Numbers) -> list[Verdict]:
    return [_of_pair(part, *pair, answers, numbers) for pair in part.pairs]


def _of_pair(
    part: Part, faster: str, slower: str, answers: Sequence[Answer], numbers: Numbers
) -> Verdict:
    ratio = next(_ratios(str(part.scenario), {faster, slower}, answers), None)
    if ratio is None or ratio.interval is None:
        return Verdict(UNMEASURED, f"{part.scenario}: {faster}, {slower}")
    why = f"{part.scenario}: {ratio.slower} {times(ratio.times)} times {ratio.faster}"
    why += f" ({span(ratio.interval)})"
    if part.size:
        is_reversed = ratio.word.startswith("faster") and ratio.faster != faster
        if is_reversed and (times_of(numbers, part.size, faster, slower) or 1) > 1:
            return Verdict(CONTRADICTED, why)  # "slightly slower", and was: that is slower
        return Verdict(_word_of_size(part, ratio, slower), why)
    if part.equal:
        words = {"faster by": CONTRADICTED, "faster, but by less than 5 %": SMALL}
        return Verdict(words.get(ratio.word, ratio.word), why)
    if ratio.word.startswith("faster") and ratio.faster != faster:
        return Verdict(CONTRADICTED, why)
    words = {"faster by": CONFIRMED, "faster, but by less than 5 %": SMALL}
    return Verdict(words.get(ratio.word, ratio.word), why)


def _word_of_size(part: Part, ratio: Ratio, slower: str) -> str:
    """By where the interval lies; the other way round where the other one is the slower."""
    assert ratio.interval is not None
    low, high = ratio.interval.low, ratio.interval.high
    if ratio.slower != slower:
        low, high = 1 / high, 1 / low
    if ratio.bound:
        high = float("inf")  # k6 held the faster one back
    return {True: CONFIRMED, False: CONTRADICTED, None: UNRESOLVED}[part.allows(low, high)]


def _ratios(scenario: str, arms: set[str], answers: Sequence[Answer]) -> Iterator[Ratio]:
    for answer in answers:
        for found in answer.scenarios:
            if found.name == scenario:
                yield from (r for r in found.ratios if {r.faster, r.slower} == arms)


def _of_value(claim: Claim, answers: Sequence[Answer], numbers: Numbers) -> Verdict:
    """A value of another machine is not repeated: its place among the others may be.

    One scale a scenario, the median of ours by theirs; then how far this one is off, the greatest
    that one is off, and Kendall's tau of the two orders.
    """
    scenario = str(claim.scenario)
    ours = {
        value.arm: value.value
        for answer in answers
        for found in answer.scenarios
        if found.name == scenario
        for value in found.values
        if value.value
    }
    theirs = numbers.of(scenario)
    both = sorted(ours.keys() & theirs.keys())
    if claim.stack not in both or len(both) < 3:
        return Verdict(UNMEASURED, "")
    pairs = [(as_time(scenario, ours[arm]), as_time(scenario, theirs[arm])) for arm in both]
    scale = median(mine / other for mine, other in pairs)
    off = {arm: mine / other / scale for arm, (mine, other) in zip(both, pairs, strict=True)}
    farthest = max(both, key=lambda arm: max(off[arm], 1 / off[arm]))
    tau = float(scipy.stats.kendalltau(*zip(*pairs, strict=True)).statistic)
    why = f"tau {tau:.2f}, farthest off {farthest} {times(off[farthest])} times"
    return Verdict(f"{times(off[claim.stack])} times its place", why)
