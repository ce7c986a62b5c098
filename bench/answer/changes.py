"""A comparison of two checkouts as it is shown: a table, CSV, Markdown, and its last lines."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table

from bench.answer.slower import Change, Verdict
from bench.answer.stats import UNITS
from bench.answer.tables import number
from bench.keep.record import Origin, Plan

COLUMNS = ("scenario", "stack", "before", "after", "times as long", "95 % interval", "")
CSV = (
    *("scenario", "stack", "unit", "before", "after"),
    *("ratio", "low_95", "high_95", "verdict"),
)


def changes_table(changes: Sequence[Change]) -> Table:
    """A line a stack and scenario."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for place, title in enumerate(COLUMNS):
        table.add_column(title, justify="right" if 2 <= place <= 5 else "left", no_wrap=True)
    for change in changes:
        table.add_row(*_cells(change))
    return table


def write_changes(changes: Sequence[Change], path: Path) -> None:
    """The same with all digits; empty where nothing is known."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV)
        for change in changes:
            numbers = [change.before, change.after, change.ratio, change.low, change.high]
            shown = [value if value is not None and _known(change) else "" for value in numbers]
            unit = UNITS[change.scenario]
            writer.writerow([change.scenario, change.stack, unit, *shown, change.word])


def markdown(changes: Sequence[Change], lines: Sequence[str], plan: Plan) -> str:
    """For the summary of a job, or a comment on a change."""
    rows = [[*COLUMNS[:-1], "verdict"], ["---"] * len(COLUMNS), *map(_cells, changes)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    sides = "\n".join(f"- {line}" for line in sides_told(plan))
    return f"{table}\n\n{sides}\n" + "".join(f"- {line}\n" for line in lines)


def sides_told(plan: Plan) -> Iterator[str]:
    """What was compared with what."""
    for side in ("before", "after"):
        origins = [arm.origin for arm in plan.arms.values() if arm.side == side and arm.origin]
        if origins:
            yield f"{side}: {_told(origins[0])}"


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


def _told(origin: Origin) -> str:
    commit = f", commit {origin.commit[:12]}" if origin.commit else ""
    return f"{origin.given}{commit}" + ", with changes that are in no commit" * bool(origin.dirty)


def _cells(change: Change) -> list[str]:
    unit = UNITS[change.scenario]
    shown = ["none" if v is None else f"{number(v)} {unit}" for v in (change.before, change.after)]
    told = [_ratio(change.ratio), f"{_ratio(change.low)} to {_ratio(change.high)}"]
    if not _known(change):
        told = ["", ""]
    return [change.scenario, change.stack, *shown, *told, change.word]


def _known(change: Change) -> bool:
    return math.isfinite(change.error)


def _ratio(value: float) -> str:
    """Three digits after the point; as many more as it takes not to look like 1 where it is not."""
    for digits in range(3, 9):
        text = f"{value:.{digits}f}"
        if float(text) != 1 or value == 1:
            return text
    return text
