"""An answer as the CSV files beside the figures, with all that a spreadsheet could want of it."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.answer.answer import Answer, Interval, Ratio, ScenarioAnswer, Value
from bench.answer.shown.numbers import inert
from bench.keep.files import rounded

MOST_SESSIONS = 1000  # as many as that, or more
PERCENTILES = ("50", "90", "95", "99", "99.9")
Field = str | int | float | None  # None: an empty cell
SUMMARY = (
    *("scenario", "unit", "arm", "runs_attempted", "runs_valid", "runs_suspect"),
    *("mean", "median", "min", "max", "geometric_mean", "low_95", "high_95"),
    *("interval_low", "interval_high", "rank_best", "rank_worst"),
    *("server_cpu_s_per_1000_requests", "database_cpu_s_per_1000_requests"),
    *("limited_by", "server_busy", "k6_busy", "in_flight"),
    *(f"p{p}_ms" for p in PERCENTILES),
    *("users_elsewhere", "void_turns", "busiest_worker"),
)
PAIRS = ("scenario", "faster", "slower", "ratio", "low_95", "high_95", "verdict", "blocks_needed")
CHANGES = (
    *("scenario", "stack", "unit", "before", "after"),
    *("ratio", "low_95", "high_95", "verdict"),
)


def write_tables(answer: Answer, out: Path) -> None:
    """All of them, in that folder."""
    out.mkdir(parents=True, exist_ok=True)
    write_summary(answer, out / "summary.csv")
    write_pairs(answer, out / "pairs.csv")
    if answer.changes:
        write_changes(answer, out / "changes.csv")


def write_summary(answer: Answer, path: Path) -> None:
    """The numbers of the figures, a line an arm and scenario; empty where none is valid.

    A run is a session here, as it was when these columns got their names.
    """
    rows = (
        _row(scenario, value)
        for scenario in answer.scenarios
        for value in sorted(scenario.values, key=lambda value: value.arm)
    )
    _write(path, SUMMARY, rows)


def write_pairs(answer: Answer, path: Path) -> None:
    """Every pair of arms in every scenario, with its word; a block is a session."""
    rows = (
        (
            *(scenario.name, ratio.faster, ratio.slower, ratio.times, *_ends(ratio.interval)),
            *(ratio.word, _needed(ratio)),
        )
        for scenario in answer.scenarios
        for ratio in scenario.ratios
    )
    _write(path, PAIRS, rows)


def write_changes(answer: Answer, path: Path) -> None:
    """Of a comparison of two checkouts, every ratio; empty where nothing is known."""
    rows = (
        (
            *(change.scenario, change.stack, change.unit, change.before, change.after),
            change.times if change.interval else None,
            *_ends(change.interval),
            change.word,
        )
        for change in answer.changes
    )
    _write(path, CHANGES, rows)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Field]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([inert(cell) for cell in rounded([*row])] for row in rows)


def _row(scenario: ScenarioAnswer, value: Value) -> list[Field]:
    return [
        *(scenario.name, scenario.unit, value.arm),
        *(value.attempted, value.counted, value.suspect),
        *(value.arithmetic, value.median, value.least, value.greatest, value.value),
        *_ends(value.own),
        *_ends(value.less_shared),
        *(int(place) if place is not None else None for place in _ends(value.rank)),
        *(value.cpu_s_per_1000, value.database_cpu_s_per_1000),
        *(value.limiter, value.server_busy, value.k6_busy, value.in_flight),
        *(value.percentiles.get(p) for p in PERCENTILES),
        *(value.elsewhere, value.void, value.busiest),
    ]


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)


def _needed(ratio: Ratio) -> str:
    if ratio.sessions is None:
        return ""
    least, most = int(ratio.sessions.low), int(ratio.sessions.high)
    shown = f"{most} or more" if most == MOST_SESSIONS else str(most)
    return shown if least == most else f"{least} to {shown}"
