"""What a choice of ours costs: CPU for a request, divided by what another choice needs, in turn."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import Mistake
from bench.cell import measure_cell
from bench.loadgen import K6, run_scenario
from bench.machine import Partition
from bench.profile import Profile
from bench.server import Engine
from bench.stacks import Stack
from bench.stats import cpu_per_1000

Costs = dict[str, list[float]]  # by scenario, a ratio a round


@dataclass(frozen=True)
class Bench:
    """With what a cost is measured."""

    stack: Stack
    profile: Profile
    rounds: int
    k6: K6
    cpus: Partition
    folder: Path  # for what k6 writes
    say: Callable[[str, float], None]

    @property
    def scenarios(self) -> list[str]:
        return [scenario.name for scenario in self.profile.scenarios]


def compare_scripts(bench: Bench, engine: Engine) -> Costs:
    """k6's own CPU for a request: our script's, divided by that of the smallest script for it."""
    ratios: Costs = {scenario: [] for scenario in bench.scenarios}
    engine.prepare(bench.stack)
    with engine.serve(bench.stack) as server:

        def cpu_per_request(script: str) -> float:
            server.seed(bench.profile.rows, bench.profile.journal_mode)
            summary = bench.folder / "load.json"
            load = run_scenario(
                bench.k6, script, bench.profile.path, server.url, bench.cpus.k6, summary
            )
            return load.cpu_s / load.requests

        for number in range(bench.rounds):
            for place, scenario in enumerate(ratios):
                done = (number + place / len(ratios)) / bench.rounds
                bench.say(f"round {number + 1} of {bench.rounds}, {scenario}", done)
                scripts = [scenario, f"smallest/{scenario}"]
                # Which is the first changes, so that neither always finds what the other left.
                cost = {name: cpu_per_request(name) for name in scripts[:: 1 if number % 2 else -1]}
                ratios[scenario].append(cost[scenario] / cost[f"smallest/{scenario}"])
    return ratios


def compare_engines(bench: Bench, engine: Engine, other: Engine) -> Costs:
    """The server's CPU for a request under the one engine, divided by that under the other.

    A measurement that does not count is a Mistake: the ratio would compare something else.
    """
    ratios: Costs = {scenario: [] for scenario in bench.scenarios}
    for each in (engine, other):
        each.prepare(bench.stack)
    for number in range(bench.rounds):
        cost = {}
        for place, each in enumerate([engine, other][:: 1 if number % 2 else -1]):
            done = (number + place / 2) / bench.rounds
            bench.say(f"round {number + 1} of {bench.rounds}, {each.name}", done)
            cost[each.name] = _cpu_of_cell(bench, each)
        for scenario in ratios:
            ratios[scenario].append(cost[engine.name][scenario] / cost[other.name][scenario])
    return ratios


def _cpu_of_cell(bench: Bench, engine: Engine) -> dict[str, float]:
    cell = measure_cell(
        bench.stack, bench.profile, engine, bench.k6, bench.cpus.k6, bench.folder, lambda step: None
    )
    costs = {}
    for scenario, measured in cell["scenarios"].items():
        cost = cpu_per_1000(measured)
        if measured["problems"] or cost is None:
            raise Mistake(f"{engine.name}, {scenario} is not valid: {measured['problems']}")
        costs[scenario] = cost
    return costs
