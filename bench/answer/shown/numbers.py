"""How numbers and names are written, wherever they are shown."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from bench.answer.answer import Interval, Value

# Ratios that an axis may name, from the finest on, and how far apart they must be, in per cent.
STEPS = (
    (0.98, 0.99, 1, 1.01, 1.02),
    (0.95, 1, 1.05, 1.1),
    (0.8, 0.9, 1, 1.1, 1.2, 1.3),
    (0.6, 0.8, 1, 1.25, 1.5, 1.75, 2),
    (0.5, 0.7, 1, 1.5, 2, 3),
    (0.125, 0.25, 0.5, 1, 2, 4, 8),
    (0.0625, 0.25, 1, 4, 16),
    (0.01, 0.1, 1, 10, 100),
)
GAP = 22


def number(value: float) -> str:
    """Three significant digits, or all before the point: 4,783 and 67.4 and 0.213."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:#.3g}"


def times(value: float, digits: int = 2) -> str:
    """1.43, or as many digits more as it takes not to look like 1 where it is not."""
    for more in range(digits, 9):
        text = f"{value:.{more}f}"
        if float(text) != 1 or value == 1:
            return text
    return text


def span(interval: Interval) -> str:
    """1.12 to 1.81: what is above 1 never reads as 1."""
    return f"{times(interval.low)} to {times(interval.high)}"


def shown(value: Value, unit: str) -> str:
    """Of an arm, with the sign of a bound: ≥ 17,491 requests/s."""
    if value.value is None:
        return "none"
    sign = {"at least": "≥ ", "at most": "≤ ", None: ""}[value.bound]
    return f"{sign}{number(value.value)} {unit}"


def rank(of: Interval | None) -> str:
    """1, or 2-3 where the sessions cannot tell."""
    return "" if of is None else "-".join(f"{place:.0f}" for place in sorted({of.low, of.high}))


def of_sessions(value: Value) -> str:
    """How many sessions count, of those that were measured; with ? how many are suspect."""
    return f"{value.counted} of {value.attempted}" + f", {value.suspect}?" * bool(value.suspect)


def inert(cell: Any) -> Any:
    """A cell that a spreadsheet would take for a formula, with a ' before it."""
    dangerous = isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{cell}" if dangerous else cell


def percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}".replace(".0%", "%")


def short(labels: Sequence[str]) -> dict[str, str]:
    """By label a name without what all of them have in common; one label alone stays as it is."""
    parts = {label: _parts(label) for label in labels}
    common = _common(labels)
    names = {
        label: " ".join(part for part in of if part not in common) or of[0]
        for label, of in parts.items()
    }
    return names if len(set(names.values())) == len(names) else {label: label for label in labels}


def in_common(labels: Sequence[str]) -> str:
    """What short() leaves out, to be said once."""
    names, parts = short(labels), _parts(labels[0])
    shed = any(name != " ".join(_parts(label)) for label, name in names.items())
    return " ".join(part for part in parts if part in _common(labels)) if shed else ""


def _common(labels: Sequence[str]) -> set[str]:
    return set.intersection(*(set(_parts(one)) for one in labels)) if len(labels) > 1 else set()


def _parts(label: str) -> list[str]:
    stack, _, settings = label.partition("@")
    return [stack, *(part for part in settings.split(",") if part)]


class Axis:
    """A logarithmic axis from 0 to 100 %, on which 1 has a place: ratios are read from it."""

    def __init__(self, ratios: Sequence[float]) -> None:
        logs = [math.log(ratio) for ratio in ratios if ratio > 0 and math.isfinite(ratio)]
        low, high = min([0.0, *logs]), max([0.0, *logs])
        room = max(high - low, math.log(1.1))
        self.low, self.high = low - 0.08 * room, low + 1.08 * room

    def place(self, ratio: float) -> str:
        """In per cent, cut at the ends."""
        if ratio <= 0:
            return "0"
        share = (math.log(ratio) - self.low) / (self.high - self.low)
        return f"{100 * min(1.0, max(0.0, share)):.1f}"

    @property
    def ticks(self) -> list[float]:
        """Round ratios that lie on it, as many as can be read side by side; 1 is one of them."""
        for steps in STEPS:
            there = [tick for tick in steps if 4 <= float(self.place(tick)) <= 92]
            places = [float(self.place(tick)) for tick in there]
            if len(there) > 1 and all(b - a >= GAP for a, b in pairwise(places)):
                return there
        return [1]

    def is_near(self, tick: float) -> bool:
        """Whether it is too near to 1 to be named as well where a page is narrow."""
        away = abs(float(self.place(tick)) - float(self.place(1)))
        return tick != 1 and (away < 2 * GAP or tick != self.ticks[-1])
