"""What our k6 scripts cost: CPU for a request, against the smallest script that sends the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.loadgen import K6, run_scenario
from bench.machine import Partition
from bench.profile import Profile
from bench.server import Engine
from bench.stacks import Stack
from bench.stats import median_interval


@dataclass(frozen=True)
class Cost:
    """Ours divided by the smallest: the median over the rounds and its 95 % interval."""

    scenario: str
    rounds: int
    median: float
    low: float
    high: float


def compare_scripts(
    stack: Stack,
    profile: Profile,
    rounds: int,
    engine: Engine,
    k6: K6,
    cpus: Partition,
    folder: Path,
    say: Callable[[str, float], None],
) -> list[Cost]:
    """Both scripts of every scenario in turn; which is the first changes from round to round."""
    ratios: dict[str, list[float]] = {scenario.name: [] for scenario in profile.scenarios}
    engine.prepare(stack)
    with engine.serve(stack) as server:

        def cpu_per_request(script: str) -> float:
            server.seed(profile.rows, profile.journal_mode)
            load = run_scenario(k6, script, profile.path, server.url, cpus.k6, folder / "load.json")
            return load.cpu_s / load.requests

        for number in range(rounds):
            for place, scenario in enumerate(ratios):
                say(f"round {number + 1} of {rounds}, {scenario}", (number + place / 7) / rounds)
                scripts = [scenario, f"smallest/{scenario}"]
                cost = {name: cpu_per_request(name) for name in scripts[:: 1 if number % 2 else -1]}
                ratios[scenario].append(cost[scripts[0]] / cost[scripts[1]])
    return [Cost(scenario, rounds, *median_interval(values)) for scenario, values in ratios.items()]
