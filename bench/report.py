"""What a campaign says in the end: tables, CSV files, what does not count, what not to conclude."""

import csv
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.comparison import Comparison, Observation, compare, fit, planned_ratio, tukey
from bench.limiter import Limiter, limiter_of
from bench.stacks import CONTROLLED, DOSED, SAME
from bench.stats import (
    UNITS,
    Summary,
    cpu_per_1000,
    is_shown,
    judged_value,
    merged_percentile,
    summarise,
    value_of,
)
from bench.store import Cell, counted, response_times

PERCENTILES = (50, 90, 95, 99, 99.9)
CONTROLS = (SAME, DOSED)


@dataclass(frozen=True)
class Result:
    """A stack in a scenario, over all runs that are there."""

    stack: str
    scenario: str
    attempted: int
    blocks: int
    value: Summary | None  # in the unit of the scenario; None where no run is valid
    cpu_s_per_1000: Summary | None
    suspect: int
    in_flight: int
    limiter: Limiter
    percentiles: dict[float, float]  # ms, over the requests of all valid runs; only what they carry
    rank: tuple[int, int] | None  # from best to worst possible
    interval: tuple[float, float] | None  # 95 %, with what all stacks of a block share removed


@dataclass(frozen=True)
class Report:
    """Of cells that were measured under equal conditions; compared only where interleaved."""

    cells: Sequence[Cell]
    interleaved: bool = True

    @cached_property
    def results(self) -> list[Result]:
        """Of every stack in every scenario that was measured, in the paper's order of scenarios."""
        stacks = sorted({cell.stack for cell in self.cells} - set(CONTROLS))
        every = [(scenario, stack) for scenario in UNITS for stack in stacks]
        return [
            self._result(stack, scenario)
            for scenario, stack in every
            if any(cell.stack == stack and scenario in cell.scenarios for cell in self.cells)
        ]

    @cached_property
    def comparisons(self) -> dict[str, Comparison]:
        """By scenario; none where the stacks did not take turns or the runs are too few."""
        if not self.interleaved:
            return {}
        ranked = {cell.stack for cell in self.cells} - set(CONTROLS)
        found = {
            scenario: compare(self.observations(scenario), sorted(ranked)) for scenario in UNITS
        }
        return {scenario: comparison for scenario, comparison in found.items() if comparison}

    def observations(self, scenario: str, of: Any = None) -> list[Observation]:
        """The value by which stacks are compared, or of(measured), of every cell that counts."""
        found = []
        for cell in counted(self.cells, scenario):
            measured = cell.scenarios[scenario]
            value = of(measured) if of else judged_value(scenario, measured)
            if value:
                position = cell.position if cell.attempt == 1 else 0
                found.append(Observation(cell.stack, cell.block, position, value))
        return found

    def _result(self, stack: str, scenario: str) -> Result:
        of_stack = [c for c in self.cells if c.stack == stack and scenario in c.scenarios]
        valid = counted(of_stack, scenario)
        measured = [cell.scenarios[scenario] for cell in valid]
        value = summarise([value_of(scenario, m) for m in measured])
        comparison = self.comparisons.get(scenario)
        interval = None
        if value and value.geometric and comparison and stack in comparison.spread:
            spread = comparison.spread[stack]
            interval = value.geometric / spread, value.geometric * spread
        first = of_stack[0].scenarios[scenario]
        return Result(
            stack=stack,
            scenario=scenario,
            attempted=len(of_stack),
            blocks=len({(cell.campaign, cell.block) for cell in of_stack}),
            value=value,
            cpu_s_per_1000=summarise([cpu_per_1000(m) for m in measured]),
            suspect=sum(m["status"] == "suspect" for m in measured),
            in_flight=first["in_flight"],
            limiter=limiter_of(
                scenario, measured, [c.commits for c in valid], of_stack[0].conditions
            ),
            percentiles=_percentiles(valid, scenario, first["users"]),
            rank=comparison.ranks.get(stack) if comparison else None,
            interval=interval,
        )


def _percentiles(cells: Iterable[Cell], scenario: str, users: int) -> dict[float, float]:
    runs = [response_times(cell, scenario) for cell in cells]
    count = sum(run.count for run in runs)
    shown = [p for p in PERCENTILES if runs and is_shown(p, count, users)]
    return {p: merged_percentile(runs, p) for p in shown}


def results_table(report: Report) -> Table:
    """A line a stack and scenario: how fast, how sure, what limited it, how many runs count."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for title in ("median", "95 % interval", "rank", "CPU s/1000", "in flight", "valid"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("limited by", no_wrap=True)
    scenario = ""
    for result in report.results:
        if result.scenario != scenario:
            scenario = result.scenario
            table.add_row(f"[bold]{scenario}[/bold], {UNITS[scenario]}")
        table.add_row(f"  {result.stack}", *_shown(result))
    return table


def _shown(result: Result) -> list[str]:
    value, cost = result.value, result.cpu_s_per_1000
    valid = len(value.values) if value else 0
    count = f"{valid} of {result.attempted}" + f", {result.suspect}?" * bool(result.suspect)
    return [
        bound(result) + number(value.median) if value else "none",
        " to ".join(map(number, result.interval)) if result.interval else "",
        ranks(result.rank),
        number(cost.mean) if cost else "",
        str(result.in_flight),
        count if valid == result.blocks else f"[red]{count}[/red]",
        result.limiter.name,
    ]


def bound(result: Result) -> str:
    """What stands before a value that k6 itself limited: the stack might do better."""
    if not result.limiter.is_lower_bound:
        return ""
    return "≥ " if UNITS[result.scenario] == "requests/s" else "≤ "


def ranks(rank: tuple[int, int] | None) -> str:
    """1, or 2-3 where the runs cannot tell."""
    return "" if rank is None else "-".join(map(str, sorted(set(rank))))


def number(value: float) -> str:
    """Three significant digits, or all before the point: 4,783 and 67.4 and 0.213."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:#.3g}"


def noise_lines(report: Report) -> Iterator[str]:
    """How much runs of one stack differ, and from which difference on that can be told apart."""
    for scenario, comparison in report.comparisons.items():
        stacks = len(comparison.ranks)
        costs = fit(report.observations(scenario, cpu_per_1000))
        variations = [
            _variation(r.cpu_s_per_1000) for r in report.results if r.scenario == scenario
        ]
        known = [variation for variation in variations if variation is not None]
        line = f"{scenario:8} noise {comparison.sd:.1%}: resolves {_resolves(comparison):.0%}"
        if known and costs:
            cpu = statistics.median(known)
            least = math.expm1(
                tukey(stacks, costs.df) * costs.sd * math.sqrt(2 / min(costs.counts))
            )
            line += f"; CPU s/1000 varies by {cpu:.1%}" + (
                f": resolves {least:.0%}" if cpu > 0.03 else ""
            )
        yield line


def _resolves(comparison: Comparison) -> float:
    """The least difference between two stacks of this campaign that would be called one."""
    widths = [math.log(pair.high / pair.ratio) for pair in comparison.pairs]
    return math.expm1(statistics.median(widths))


def _variation(of: Summary | None) -> float | None:
    """The coefficient of variation over the runs."""
    if of is None or len(of.values) < 2:
        return None
    return statistics.stdev(of.values) / of.mean


def control_lines(report: Report) -> Iterator[str]:
    """What the control arms say of this campaign: equal arms look equal, more work is found."""
    if not report.interleaved or not set(CONTROLS) <= {cell.stack for cell in report.cells}:
        return
    distances = []
    for scenario in UNITS:
        model = fit(report.observations(scenario))
        if model and {SAME, CONTROLLED} <= set(model.stacks):
            difference, error = model.difference(SAME, CONTROLLED)
            distances.append(difference / error)
    if distances:
        pooled = math.sqrt(sum(z * z for z in distances) / len(distances))
        each = ", ".join(f"{z:+.1f}" for z in distances)
        yield f"A/A: {pooled:.2f} standard errors apart over all scenarios ({each}); expected: 1"
    yield _dose_line(report)


def _dose_line(report: Report) -> str:
    """One comparison that was planned: hello's CPU with the dose, divided by that without."""
    model = fit(report.observations("hello", cpu_per_1000))
    doses = [c.dose_s for c in counted(report.cells, "hello") if c.stack == DOSED and c.dose_s]
    plain = summarise(
        [
            cpu_per_1000(c.scenarios["hello"])
            for c in counted(report.cells, "hello")
            if c.stack == CONTROLLED
        ]
    )
    if not (
        model and doses and plain and plain.geometric and {DOSED, CONTROLLED} <= set(model.stacks)
    ):
        return "dose: NOT JUDGED: too few valid runs"
    ratio, low, high = planned_ratio(model, DOSED, CONTROLLED)
    dose = 1 + 1000 * statistics.median(doses) / plain.geometric
    found = "found" if low > 1 else "NOT FOUND"
    held = "holds" if low <= dose <= high else "DOES NOT HOLD"
    interval = f"{ratio:.3f} ({low:.3f} to {high:.3f})"
    return f"dose: {found}: hello needs {interval} times the CPU; {held} the dose, {dose:.3f}"


def not_to_conclude(report: Report) -> str:
    """The line under the table."""
    if not report.interleaved:
        return "The stacks were not measured in turn: this ranks nothing."
    if not report.comparisons:
        return (
            "One run, or too few valid ones: no interval, no rank; it shows that all of it works."
        )
    families = len(report.comparisons)
    return (
        f"Ranks err in 5 % of scenarios: in {1 - 0.95**families:.0%} of campaigns of {families} at"
        " least one is wrong. One machine, a closed loop: nothing is said of yours or of tails."
    )


def problems(cells: Sequence[Cell]) -> Iterator[str]:
    """A line for each measurement that does not count, or may not, with all reasons."""
    for cell in cells:
        for scenario, measured in cell.scenarios.items():
            reasons = [f"{problem['code']}: {problem['why']}" for problem in measured["problems"]]
            if reasons:
                where = f"{cell.stack}, run {cell.block}, attempt {cell.attempt}, {scenario}"
                yield f"{measured['status']}: {where}: {'; '.join(reasons)}"


def missing(plan: dict[str, Any], cells: Sequence[Cell]) -> list[str]:
    """The planned measurements that no attempt gave."""
    scenarios = dict.fromkeys(name for cell in cells for name in cell.scenarios)
    there = {(cell.block, cell.stack, name) for name in scenarios for cell in counted(cells, name)}
    planned = [(cell["block"], cell["stack"]) for cell in plan["cells"]]
    if not scenarios:
        return [f"{stack}, run {block}" for block, stack in planned]
    return [
        f"{stack}, run {block}, {name}"
        for block, stack in planned
        for name in scenarios
        if (block, stack, name) not in there
    ]


def write_summary(report: Report, path: Path) -> None:
    """The numbers of the figures, a line a stack and scenario; empty where none is valid."""
    columns = ["scenario", "unit", "stack", "runs_attempted", "runs_valid", "runs_suspect"]
    columns += ["mean", "median", "min", "max", "geometric_mean", "low_95", "high_95"]
    columns += ["interval_low", "interval_high", "rank_best", "rank_worst"]
    columns += [
        "server_cpu_s_per_1000_requests",
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
                blocks = "{} to {}".format(*pair.blocks) if pair.blocks else ""
                numbers = [pair.ratio, pair.low, pair.high]
                writer.writerow([scenario, pair.faster, pair.slower, *numbers, pair.word, blocks])
