"""What a campaign says in the end: of each stack in each scenario how fast, how sure, and why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bench.answer.comparison import Comparison, Observation, compare
from bench.answer.limiter import Limiter, limiter_of
from bench.answer.stats import (
    UNITS,
    Summary,
    cpu_per_1000,
    database_cpu_per_1000,
    is_shown,
    judged_value,
    merged_percentile,
    summarise,
    value_of,
)
from bench.keep.store import Cell, counted, response_times
from bench.serve.stacks import CONTROLS

PERCENTILES = (50, 90, 95, 99, 99.9)


@dataclass(frozen=True)
class Result:
    """A stack in a scenario, over all runs that are there."""

    stack: str
    scenario: str
    attempted: int
    blocks: int
    value: Summary | None  # in the unit of the scenario; None where no run is valid
    cpu_s_per_1000: Summary | None
    database_cpu_s_per_1000: Summary | None  # where the database has a server of its own
    suspect: int
    in_flight: int
    limiter: Limiter
    percentiles: dict[float, float]  # ms, over the requests of all valid runs; only what they carry
    rank: tuple[int, int] | None  # from best to worst possible
    interval: tuple[float, float] | None  # 95 %; where it is ranked, less what a block shares


@dataclass(frozen=True)
class Report:
    """Of cells that were measured under equal conditions; compared only where interleaved."""

    cells: Sequence[Cell]
    interleaved: bool = True

    @cached_property
    def results(self) -> list[Result]:
        """Of every stack in every scenario that was measured, in the paper's order of scenarios."""
        every = [(scenario, stack) for scenario in UNITS for stack in self.stacks]
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
        found = {}
        for scenario in UNITS:
            limiters = {stack: self._limiter(stack, scenario) for stack in self.stacks}
            bounded = {stack for stack, limiter in limiters.items() if limiter.is_lower_bound}
            found[scenario] = compare(self.observations(scenario), self.stacks, bounded)
        return {scenario: comparison for scenario, comparison in found.items() if comparison}

    @property
    def stacks(self) -> list[str]:
        return sorted({cell.stack for cell in self.cells} - set(CONTROLS))

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

    def _blocks(self, scenario: str) -> set[int]:
        """In which any stack that is compared has a value."""
        return {c.block for c in counted(self.cells, scenario) if c.stack in self.stacks}

    def _limiter(self, stack: str, scenario: str) -> Limiter:
        valid = [cell for cell in counted(self.cells, scenario) if cell.stack == stack]
        measured, commits = [c.scenarios[scenario] for c in valid], [c.commits for c in valid]
        return limiter_of(scenario, measured, commits, self.cells[0].conditions)

    def _result(self, stack: str, scenario: str) -> Result:
        of_stack = [c for c in self.cells if c.stack == stack and scenario in c.scenarios]
        valid = counted(of_stack, scenario)
        measured = [cell.scenarios[scenario] for cell in valid]
        value = summarise([value_of(scenario, m) for m in measured])
        comparison = self.comparisons.get(scenario)
        interval = value.interval if value else None  # of its own runs, where it stands alone
        if value and value.geometric and comparison and stack in comparison.spread:
            spread = comparison.spread[stack]
            interval = value.geometric / spread, value.geometric * spread
            if {cell.block for cell in valid} != self._blocks(scenario):
                interval = None  # its mean has not in it what the blocks that it lacks were like
        first = of_stack[0].scenarios[scenario]
        return Result(
            stack=stack,
            scenario=scenario,
            attempted=len(of_stack),
            blocks=len({(cell.campaign, cell.block) for cell in of_stack}),
            value=value,
            cpu_s_per_1000=summarise([cpu_per_1000(m) for m in measured]),
            database_cpu_s_per_1000=summarise([database_cpu_per_1000(m) for m in measured]),
            suspect=sum(m["status"] == "suspect" for m in measured),
            in_flight=first["in_flight"],
            limiter=self._limiter(stack, scenario),
            percentiles=_percentiles(valid, scenario, first["users"]),
            rank=comparison.ranks.get(stack) if comparison else None,
            interval=interval,
        )


def _percentiles(cells: Iterable[Cell], scenario: str, users: int) -> dict[float, float]:
    runs = [response_times(cell, scenario) for cell in cells]
    count = sum(run.count for run in runs)
    shown = [p for p in PERCENTILES if runs and is_shown(p, count, users)]
    return {p: merged_percentile(runs, p) for p in shown}


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
