"""A claim as data: a sentence, its kind, and what would make it true. It holds no verdict."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from bench import Mistake
from bench.keep.record import Record

Kind = Literal[
    "arithmetic", "ordering", "size", "equality", "absolute", "universal", "mechanism", "fact"
]
WITHIN = 0.05  # a tolerance, where a part names none
# Verdicts: by a text's own numbers, of what can be looked up, and by a campaign.
FOLLOWS, NOT, DEPENDS = "follows", "does not follow", "depends on the reading"
UNKNOWN, OPEN = "no number", "open"
TRUE, FALSE, UNKNOWABLE = "true", "false", "unknowable"
CONFIRMED, SMALL, EQUAL = "confirmed", "confirmed, but by less than 5 %", "practically equal"
CONTRADICTED, UNRESOLVED, UNMEASURED = "contradicted", "not resolved", "not measured"
BOUNDS = ("about", "at_least", "at_most")
JUDGED = ("holds", "readings", "cannot", "value", "experiment", "package", "component", "tabled")


class Part(Record, frozen=True, kw_only=True):
    """One condition: an order, a size or an equality in a scenario, or a formula of numbers."""

    order: str | None = None  # a scenario, as size and equal
    size: str | None = None
    equal: str | None = None
    number: str | None = None  # a formula of published numbers
    faster: list[str] | str = []
    than: list[str] = []
    slower: str | None = None
    arms: list[str] = []
    about: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    within: float = WITHIN

    @property
    def scenario(self) -> str | None:
        """None for a formula."""
        return self.order or self.size or self.equal

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Who is said to be faster than whom, or as fast."""
        if self.size:
            return [(str(self.faster), str(self.slower))]
        if self.equal:
            return [(self.arms[0], self.arms[1])]
        return [(fast, slow) for fast in self.faster for slow in self.than]

    def allows(self, low: float, high: float) -> bool | None:
        """Whether what lies between two values is as it says; None where it may be either."""
        least = self.at_least if self.at_least is not None else -float("inf")
        most = self.at_most if self.at_most is not None else float("inf")
        if self.about is not None:
            least, most = self.about * (1 - self.within), self.about * (1 + self.within)
        if low >= least and high <= most:
            return True
        return False if high < least or low > most else None


class Claim(Record, frozen=True, kw_only=True):
    """A sentence of a text, and what would make it true."""

    section: str
    quote: str
    kind: Kind
    holds: list[Part] = []  # all of them
    readings: dict[str, list[Part]] = {}  # where a sentence can be read in several ways
    exceptions: int = 0  # parts that need not hold
    cannot: str | None = None  # why it is not checked
    scenario: str | None = None  # of an absolute value, with stack and value
    stack: str | None = None
    value: float | None = None
    experiment: str | None = None  # of a mechanism: which one would judge it
    alternative: str | None = None  # what else would explain it
    ruled_out: Part | None = None  # a number of the same text that speaks against it
    package: str | None = None  # of a fact: that this version of it can be installed
    version: str | None = None
    component: str | None = None  # a stack of ours that shows it, by this text in its files
    has: str | None = None
    tabled: list[str] = []  # what a table of the text would have to name
    expected: str | None = None  # what it says, and what was seen where that can be looked up
    seen: str | None = None
    objection: str | None = None  # what an author would say to a verdict against it

    @property
    def read(self) -> dict[str, list[Part]]:
        """Its readings by name; one without a name where there is but one."""
        return self.readings or ({"": self.holds} if self.holds else {})


@dataclass(frozen=True)
class Verdict:
    word: str
    why: str  # what decided it


@dataclass(frozen=True)
class Judged:
    """A claim with its verdicts."""

    claim: Claim
    own: Verdict | None  # by its own numbers, or by what can be looked up
    ours: dict[str, Verdict]  # by campaign

    @property
    def is_against(self) -> bool:
        """Whether anything speaks against it."""
        words = [self.own.word if self.own else "", *(one.word for one in self.ours.values())]
        return any(word in (NOT, FALSE, CONTRADICTED) for word in words)

    @property
    def is_contradicted(self) -> bool:
        """By a campaign."""
        return any(one.word == CONTRADICTED for one in self.ours.values())

    @property
    def differs(self) -> bool:
        """Whether campaigns say different things of it; how far a value is off always differs."""
        words = {one.word for one in self.ours.values()} - {UNMEASURED}
        return len(words) > 1 and self.claim.kind != "absolute"

    @property
    def holds_everywhere(self) -> bool:
        """It follows, and whatever campaign could say something confirms it."""
        words = {one.word for one in self.ours.values()} - {UNMEASURED}
        follows = self.own is None or self.own.word == FOLLOWS
        return follows and bool(words) and words <= {CONFIRMED, SMALL, *self._equal}

    @property
    def _equal(self) -> set[str]:
        return {EQUAL} if self.claim.kind == "equality" else set()


class Claims(Record, frozen=True, kw_only=True):
    claim: list[Claim]


def read_claims(path: Path) -> list[Claim]:
    """A Mistake where a row does not say what would make it true, or why that is not checked."""
    try:
        claims = msgspec.toml.decode(path.read_bytes(), type=Claims).claim
    except (OSError, msgspec.DecodeError) as error:
        raise Mistake(f"{path} cannot be read: {error}") from error
    for number, claim in enumerate(claims, start=1):
        if not any((*(getattr(claim, name) for name in JUDGED), claim.expected)):
            raise Mistake(f"{path}: claim {number} says neither what makes it true nor why not")
        for parts in claim.read.values():
            for part in parts:
                _must_be_whole(f"{path}: claim {number}", part)
    return claims


def _must_be_whole(where: str, part: Part) -> None:
    kinds = [kind for kind in ("order", "size", "equal", "number") if getattr(part, kind)]
    bounds = [bound for bound in BOUNDS if getattr(part, bound) is not None]
    whole = {
        "order": bool(part.faster and part.than),
        "size": bool(part.faster and part.slower and bounds),
        "equal": len(part.arms) == 2,
        "number": bool(bounds) and _is_formula(part.number or ""),
    }
    if len(kinds) != 1 or not whole[kinds[0]]:
        raise Mistake(f"{where}: a part is an order, a size, an equality or a number, and whole")


def _is_formula(text: str) -> bool:
    return bool(re.fullmatch(r"[\w\s.()+*/-]+", text))
