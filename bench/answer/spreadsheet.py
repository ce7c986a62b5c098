"""The numbers of the figures as CSV files, with all that a spreadsheet could want of them."""

import csv
from pathlib import Path
from typing import Any

from bench.answer.comparison import MOST_BLOCKS
from bench.answer.report import PERCENTILES, Report, Result
from bench.answer.stats import UNITS


def write_summary(report: Report, path: Path) -> None:
    """The numbers of the figures, a line a stack and scenario; empty where none is valid."""
    columns = ["scenario", "unit", "stack", "runs_attempted", "runs_valid", "runs_suspect"]
    columns += ["mean", "median", "min", "max", "geometric_mean", "low_95", "high_95"]
    columns += ["interval_low", "interval_high", "rank_best", "rank_worst"]
    columns += [
        "server_cpu_s_per_1000_requests",
        "database_cpu_s_per_1000_requests",
        "limited_by",
        "server_busy",
        "k6_busy",
        "in_flight",
    ]
    columns += [f"p{p}_ms" for p in PERCENTILES]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for result in report.results:
            writer.writerow(_row(result))


def _row(result: Result) -> list[Any]:
    value, cost, limiter = result.value, result.cpu_s_per_1000, result.limiter
    beside = result.database_cpu_s_per_1000
    numbers: list[Any] = [""] * 7
    if value:
        numbers = [value.mean, value.median, value.low, value.high, value.geometric or ""]
        numbers += value.interval or ("", "")
    return [
        result.scenario,
        UNITS[result.scenario],
        result.stack,
        result.attempted,
        len(value.values) if value else 0,
        result.suspect,
        *numbers,
        *(result.interval or ("", "")),
        *(result.rank or ("", "")),
        cost.mean if cost else "",
        beside.mean if beside else "",
        limiter.name,
        *("" if busy is None else busy for busy in (limiter.server_busy, limiter.k6_busy)),
        result.in_flight,
        *(result.percentiles.get(p, "") for p in PERCENTILES),
    ]


def write_pairs(report: Report, path: Path) -> None:
    """Every pair of stacks in every scenario, with its word."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            [
                "scenario",
                "faster",
                "slower",
                "ratio",
                "low_95",
                "high_95",
                "verdict",
                "blocks_needed",
            ]
        )
        for scenario, comparison in report.comparisons.items():
            for pair in comparison.pairs:
                blocks = _blocks(*pair.blocks) if pair.blocks else ""
                numbers = [pair.ratio, pair.low, pair.high]
                writer.writerow([scenario, pair.faster, pair.slower, *numbers, pair.word, blocks])


def _blocks(least: int, most: int) -> str:
    shown = f"{most} or more" if most == MOST_BLOCKS else str(most)
    return shown if least == most else f"{least} to {shown}"
