"""The numbers of the figures as CSV files, with all that a spreadsheet could want of them."""

import csv
from pathlib import Path

from bench.answer.comparison import MOST_SESSIONS
from bench.answer.report import PERCENTILES, Report, Result
from bench.answer.stats import UNITS

Field = str | int | float
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


def write_summary(report: Report, path: Path) -> None:
    """The numbers of the figures, a line an arm and scenario; empty where none is valid.

    A run is a session here, as it was when these columns got their names.
    """
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SUMMARY)
        for result in report.results:
            writer.writerow(_row(result))


def _row(result: Result) -> list[Field]:
    value, cost, limiter = result.value, result.cpu_s_per_1000, result.limiter
    beside = result.database_cpu_s_per_1000
    numbers: list[Field] = [""] * 7
    if value:
        numbers = [value.mean, value.median, value.low, value.high, value.geometric]
        numbers += value.interval or ("", "")
    return [
        result.scenario,
        UNITS[result.scenario],
        result.arm,
        result.attempted,
        len(value.values) if value else 0,
        result.suspect,
        *numbers,
        *(result.interval or ("", "")),
        *(result.rank or ("", "")),
        cost.geometric if cost else "",
        beside.geometric if beside else "",
        limiter.name,
        *(_known(busy) for busy in (limiter.server_busy, limiter.k6_busy)),
        result.in_flight,
        *(result.percentiles.get(p, "") for p in PERCENTILES),
        _known(result.elsewhere),
        result.void,
        _known(result.busiest),
    ]


def _known(number: float | None) -> Field:
    return "" if number is None else number


def write_pairs(report: Report, path: Path) -> None:
    """Every pair of arms in every scenario, with its word; a block is a session."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PAIRS)
        for scenario, comparison in report.comparisons.items():
            for pair in comparison.pairs:
                needed = _needed(*pair.sessions) if pair.sessions else ""
                numbers = [pair.ratio, pair.low, pair.high]
                writer.writerow([scenario, pair.faster, pair.slower, *numbers, pair.word, needed])


def _needed(least: int, most: int) -> str:
    shown = f"{most} or more" if most == MOST_SESSIONS else str(most)
    return shown if least == most else f"{least} to {shown}"
