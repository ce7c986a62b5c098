"""An experiment's tables, as Markdown: what was counted, taken by each variant, and compared."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import geometric_mean

from bench.answer.shown.markdown import as_cell
from bench.answer.shown.numbers import number
from bench.studies.experiment.contrasts import UNRESOLVED, UNTOLD, Told
from bench.studies.experiment.experiment import Experiment
from bench.studies.experiment.measuring import Row

SHOWN = {
    "cpu_us": "CPU, µs",
    "database_us": "database's CPU, µs",
    "ms": "ms",
    "per_s": "requests/s",
}
SIGNS = {"cpu_us": "µs", "database_us": "µs", "ms": "ms", "per_s": "/s"}


def table_of_variants(rows: Sequence[Row]) -> Iterator[str]:
    """A row a variant and scenario: means over the sessions that count, and how many these are."""
    values: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(dict)
    failed: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        if not row.session or row.what not in SHOWN:
            continue
        key = row.part, row.load, row.variant
        known = values[key].setdefault(row.what, [])
        if row.problem:
            failed[key] += row.what == "ms"
        else:
            known.append(row.value)
    there = [what for what in SHOWN if any(of.get(what) for of in values.values())]
    yield f"| part | variant | {' | '.join(SHOWN[what] for what in there)} | sessions |"
    yield f"|---|---|{'---|' * len(there)}---|"
    for key, of in values.items():
        cells = [number(geometric_mean(of[what])) if of.get(what) else "" for what in there]
        part, load, variant = key
        place = part if part == load else f"{part}, {load}"
        counted = len(of.get("ms", []))
        lacking = f" of {counted + failed[key]}" if failed[key] else ""
        yield f"| {place} | {as_cell(variant)} | {' | '.join(cells)} | {counted}{lacking} |"


def table_of_counts(rows: Sequence[Row], experiment: Experiment) -> Iterator[str]:
    """What was counted beforehand of what is varied; nothing where nothing was."""
    asked = list(dict.fromkeys(one.what for one in experiment.varied))
    firsts = {part.name: part.loads[0].label for part in experiment.parts}
    counts: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in rows:
        if not row.session and row.what in asked:
            is_first = row.load == firsts.get(row.part)
            place = row.part if is_first else f"{row.part}, {row.load}"
            counts[place, row.variant][row.what] = row.value
    if not counts:
        return
    yield f"| part | variant | {' | '.join(what.replace('_', ' ') for what in asked)} |"
    yield f"|---|---|{'---|' * len(asked)}"
    for (part, variant), of in counts.items():
        cells = [f"{of[what]:.4g}" if what in of else "" for what in asked]
        yield f"| {part} | {as_cell(variant)} | {' | '.join(cells)} |"


def table_of_contrasts(told: Sequence[Told]) -> Iterator[str]:
    """A row a contrast: the value with its interval, and what is excluded by it."""
    yield "| compared | found | interval | else it would be | that is |"
    yield "|---|---|---|---|---|"
    for one in told:
        contrast = one.contrast
        cells = [contrast.name, *_value(one), _shown(contrast.other, one, bare=True), word(one)]
        yield f"| {' | '.join(as_cell(cell) for cell in cells)} |"


def word(one: Told) -> str:
    """Excluded, or how many sessions might tell."""
    if one.word == UNRESOLVED and one.needed:
        return f"{one.word}; some {one.needed:,} sessions might tell"
    return one.word


def shown_of(one: Told) -> str:
    """1.43 times (1.31 to 1.56)."""
    value, interval = _value(one)
    return f"{value} ({interval})"


def _value(one: Told) -> tuple[str, str]:
    if one.word == UNTOLD:
        return UNTOLD, f"{one.sessions} sessions"
    low, high = (_shown(value, one, bare=True) for value in (one.low, one.high))
    return _shown(one.value, one), f"{low} to {high}"


def _shown(value: float, one: Told, bare: bool = False) -> str:
    """1.43 times, or -12.3 µs; bare: without its sign."""
    if one.contrast.scale == "ratio":
        return f"{value:.2f}" if bare else f"{value:.2f} times"
    sign = SIGNS[one.contrast.what]
    if sign == "µs" and max(abs(one.low), abs(one.high)) >= 1000:
        value, sign = value / 1000, "ms"
    text = f"{value:+.1f}" if abs(value) < 99.95 else f"{value:+,.0f}"
    return text if bare else f"{text} {sign}"
