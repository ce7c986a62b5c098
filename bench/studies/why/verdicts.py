"""What experiments say of the causes that a text names: paper/mechanisms.toml has which does."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bench import Mistake
from bench.answer.claims.claim import (
    CONFIRMED,
    CONTRADICTED,
    OPEN,
    UNRESOLVED,
    Claim,
    Verdict,
)
from bench.keep.record import Record
from bench.studies.experiment.contrasts import UNTOLD, Told
from bench.studies.experiment.tables import shown_of


class Condition(Record, frozen=True, kw_only=True):
    """A contrast of an experiment, and what the cause would make of it."""

    experiment: str
    contrast: str
    at_least: float | None = None
    at_most: float | None = None


class Mechanism(Record, frozen=True, kw_only=True):
    """A sentence that names a cause: it holds where all of these do."""

    section: str
    quote: str
    holds: list[Condition]


class Mechanisms(Record, frozen=True, kw_only=True):
    mechanism: list[Mechanism]


def read_mechanisms(path: Path) -> list[Mechanism]:
    """A Mistake where it cannot be read."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Mechanisms).mechanism
    except (OSError, msgspec.DecodeError) as error:
        raise Mistake(f"{path} cannot be read: {error}") from error


def by_experiment(
    claim: Claim, mechanisms: Sequence[Mechanism], told: Mapping[str, Sequence[Told]]
) -> Verdict:
    """told: by experiment. A cause of which no experiment that is here says anything is open."""
    named = [m for m in mechanisms if (m.section, m.quote) == (claim.section, claim.quote)]
    conditions = [condition for mechanism in named for condition in mechanism.holds]
    found = [_of_condition(condition, told) for condition in conditions]
    if not found:
        return Verdict(OPEN, "")
    order = (CONTRADICTED, OPEN, UNRESOLVED, CONFIRMED)
    word = min((verdict.word for verdict in found), key=order.index)
    return Verdict(word, "; ".join(verdict.why for verdict in found if verdict.word == word))


def _of_condition(condition: Condition, told: Mapping[str, Sequence[Told]]) -> Verdict:
    of = told.get(condition.experiment, ())
    one = next((one for one in of if one.contrast.name == condition.contrast), None)
    if one is None and condition.experiment in told:
        raise Mistake(f"{condition.experiment} has no contrast {condition.contrast!r}")
    if one is None or one.word == UNTOLD:
        return Verdict(OPEN, f"for the experiment {condition.experiment}")
    least = -float("inf") if condition.at_least is None else condition.at_least
    most = float("inf") if condition.at_most is None else condition.at_most
    why = f"{condition.experiment}: {condition.contrast}: {shown_of(one)}"
    if one.low >= least and one.high <= most:
        return Verdict(CONFIRMED, why)
    if one.high < least or one.low > most:
        return Verdict(CONTRADICTED, why)
    return Verdict(UNRESOLVED, f"{why}; {_missing(one, least, most)}")


def _missing(one: Told, least: float, most: float) -> str:
    """What it would be if it were so, and how many sessions might tell."""
    scaled = math.log if one.contrast.scale == "ratio" else float
    borders = {"at least": least, "at most": most}
    inside = {word: at for word, at in borders.items() if one.low <= at <= one.high}
    distance = {word: abs(scaled(one.value) - scaled(at)) for word, at in inside.items()}
    word = min(distance, key=distance.__getitem__)
    it_would_be = f"if it were so, it would be {word} {inside[word]:.2f}"
    if not distance[word]:
        return it_would_be
    half = (scaled(one.high) - scaled(one.low)) / 2
    needed = math.ceil(one.sessions * (half / distance[word]) ** 2)
    return f"{it_would_be}; some {needed:,} sessions might tell"
