"""What a campaign says in the end: a table, summary.csv, and what does not count and why."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bench.stats import UNITS, Summary, cpu_per_1000, summarise, value_of
from bench.store import Cell


@dataclass(frozen=True)
class Result:
    """A stack in a scenario, over all runs that are there."""

    stack: str
    scenario: str
    attempted: int
    value: Summary | None  # in the unit of the scenario; None where no run is valid
    cpu_s_per_1000: Summary | None


def results_of(cells: Sequence[Cell]) -> list[Result]:
    """Of every stack in every scenario that was measured, in the paper's order of scenarios."""
    results = []
    for scenario in UNITS:
        for stack in sorted({cell.stack for cell in cells}):
            of_stack = [c for c in cells if c.stack == stack and scenario in c.scenarios]
            valid = [c.scenarios[scenario] for c in of_stack if c.is_valid(scenario)]
            values = [value_of(scenario, measured) for measured in valid]
            costs = [cpu_per_1000(measured) for measured in valid]
            if of_stack:
                results.append(
                    Result(stack, scenario, len(of_stack), summarise(values), summarise(costs))
                )
    return results


def results_table(cells: Sequence[Cell]) -> Table:
    """A line a stack and scenario: the mean and range of the runs, the CPU, how many count."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("scenario")
    table.add_column("stack")
    for title in ("mean", "least", "most", "CPU s/1000", "valid"):
        table.add_column(title, justify="right")
    scenario = ""
    for result in results_of(cells):
        title = (
            "" if result.scenario == scenario else f"{result.scenario}, {UNITS[result.scenario]}"
        )
        if title and scenario:
            table.add_section()
        scenario = result.scenario
        table.add_row(title, result.stack, *_numbers(result))
    return table


def _numbers(result: Result) -> list[str]:
    value, cost = result.value, result.cpu_s_per_1000
    shown = [number(x) for x in (value.mean, value.low, value.high)] if value else ["none", "", ""]
    valid = len(value.values) if value else 0
    count = f"{valid} of {result.attempted}"
    return [
        *shown,
        number(cost.mean) if cost else "",
        count if valid == result.attempted else f"[red]{count}[/red]",
    ]


def number(value: float) -> str:
    """Three significant digits, or all before the point: 4,783 and 67.4 and 0.213."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:#.3g}"


def problems(cells: Sequence[Cell]) -> Iterator[str]:
    """A line for each measurement that does not count, with all reasons."""
    for cell in cells:
        for scenario, measured in cell.scenarios.items():
            reasons = [f"{problem['code']}: {problem['why']}" for problem in measured["problems"]]
            if reasons:
                yield f"{cell.stack}, run {cell.block}, {scenario}: {'; '.join(reasons)}"


def write_summary(cells: Sequence[Cell], path: Path) -> None:
    """The numbers of the figures, a line a stack and scenario; empty where none is valid."""
    columns = ["scenario", "unit", "stack", "runs_attempted", "runs_valid", "mean", "min", "max"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*columns, "server_cpu_s_per_1000_requests"])
        for result in results_of(cells):
            value, cost = result.value, result.cpu_s_per_1000
            numbers = (
                (len(value.values), value.mean, value.low, value.high) if value else (0, "", "", "")
            )
            unit = UNITS[result.scenario]
            writer.writerow(
                [
                    result.scenario,
                    unit,
                    result.stack,
                    result.attempted,
                    *numbers,
                    cost.mean if cost else "",
                ]
            )
