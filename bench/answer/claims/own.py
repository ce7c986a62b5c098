"""What a text's own numbers say of its sentences."""

from collections.abc import Sequence

from bench.answer.claims.claim import (
    DEPENDS,
    FOLLOWS,
    NOT,
    OPEN,
    UNKNOWN,
    WITHIN,
    Claim,
    Part,
    Verdict,
)
from bench.answer.claims.published import Numbers, evaluate, times_of
from bench.answer.shown.numbers import number, times


def by_own_numbers(claim: Claim, numbers: Numbers) -> Verdict | None:
    """None where the text has no numbers that could say anything."""
    if claim.kind == "fact":
        return None
    if claim.kind == "mechanism":
        return _of_mechanism(claim, numbers)
    if claim.value is not None or not claim.read:  # it is the published number itself, or no number
        return None
    found = {
        name: _of_parts(parts, claim.exceptions, numbers) for name, parts in claim.read.items()
    }
    known = {name: verdict for name, verdict in found.items() if verdict.word != UNKNOWN}
    found = known or found
    words = {verdict.word for verdict in found.values()}
    if len(words) == 1:
        word = words.pop()
        return Verdict(word, "; ".join(dict.fromkeys(v.why for v in found.values())))
    return Verdict(DEPENDS, "; ".join(f"{name}: {v.word}, {v.why}" for name, v in found.items()))


def _of_mechanism(claim: Claim, numbers: Numbers) -> Verdict:
    """A cause is open; but another number of the same text may rule it out."""
    if claim.ruled_out is None:
        return Verdict(OPEN, "a cause, without an experiment")
    holds, why = _holds(claim.ruled_out, numbers)
    return Verdict(NOT, f"against it: {why}") if holds else Verdict(OPEN, why)


def _of_parts(parts: Sequence[Part], exceptions: int, numbers: Numbers) -> Verdict:
    """All must hold, but for so many exceptions; what does not is named."""
    found = [_holds(part, numbers) for part in parts]
    failed = [why for holds, why in found if holds is False]
    if len(failed) > exceptions:
        return Verdict(NOT, ", ".join(failed))
    if any(holds is None for holds, _ in found):
        return Verdict(UNKNOWN, ", ".join(why for holds, why in found if holds is None))
    kept = ", ".join(why for holds, why in found if holds)
    return Verdict(FOLLOWS, kept + (f"; but for {', '.join(failed)}" if failed else ""))


def _holds(part: Part, numbers: Numbers) -> tuple[bool | None, str]:
    """And the numbers that say so."""
    if part.number:
        value = evaluate(part.number, numbers)
        if value is None:
            return None, f"{part.number} is not known"
        return part.allows(value, value), f"{part.number} = {number(value)}"
    told = []
    for faster, slower in part.pairs:
        ratio = times_of(numbers, str(part.scenario), faster, slower)
        if ratio is None:
            return None, f"{part.scenario} of {faster} or {slower} is not known"
        told.append((_agrees(part, ratio), f"{slower} {times(ratio)} times {faster}"))
    failed = [why for agrees, why in told if not agrees]
    shown = failed or [why for _, why in told]
    return not failed, f"{part.scenario}: {', '.join(shown)}"


def _agrees(part: Part, ratio: float) -> bool:
    if part.size:
        return bool(part.allows(ratio, ratio))
    if part.equal:
        return 1 / (1 + WITHIN) <= ratio <= 1 + WITHIN
    return ratio > 1
