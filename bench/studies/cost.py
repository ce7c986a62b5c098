"""What a choice of ours costs: CPU for a request, divided by what another choice needs, in turn."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench import Mistake
from bench.answer.stats import cpu_per_1000
from bench.measure.k6 import run_scenario
from bench.measure.session import Setting, measure_cell
from bench.serve.server import Engine
from bench.serve.stacks import Stack

Costs = dict[str, list[float]]  # by scenario, a ratio a round
Say = Callable[[str, float], None]


def compare_scripts(stack: Stack, setting: Setting, rounds: int, folder: Path, say: Say) -> Costs:
    """k6's own CPU for a request: our script's, divided by that of the smallest script for it."""
    profile = setting.profile
    ratios: Costs = {scenario.name: [] for scenario in profile.scenarios}
    setting.engine.prepare(stack)
    with setting.engine.serve(stack) as server:

        def cpu_per_request(script: str) -> float:
            server.seed(profile.rows, profile.journal_mode)
            summary = folder / "load.json"
            load = run_scenario(
                setting.k6, script, profile.path, server.url, setting.k6_cpus, summary
            )
            if not load.requests or load.failed:
                raise Mistake(f"{script} is not valid: {load.failed} requests failed")
            return load.cpu_s / load.requests

        for number in range(rounds):
            for place, scenario in enumerate(ratios):
                done = (number + place / len(ratios)) / rounds
                say(f"round {number + 1} of {rounds}, {scenario}", done)
                scripts = [scenario, f"smallest/{scenario}"]
                # Which is the first changes, so that neither always finds what the other left.
                cost = {name: cpu_per_request(name) for name in scripts[:: 1 if number % 2 else -1]}
                ratios[scenario].append(cost[scenario] / cost[f"smallest/{scenario}"])
    return ratios


def compare_engines(
    stack: Stack, setting: Setting, other: Engine, rounds: int, folder: Path, say: Say
) -> Costs:
    """The server's CPU for a request under the setting's engine, divided by that under the other.

    A measurement that does not count is a Mistake, and so are two versions of Python: the ratio
    would compare something else.
    """
    engines = [setting.engine, other]
    ratios: Costs = {scenario.name: [] for scenario in setting.profile.scenarios}
    for engine in engines:
        engine.prepare(stack)
    for number in range(rounds):
        cost: dict[str, dict[str, float]] = {}
        pythons = {}
        for place, engine in enumerate(engines[:: 1 if number % 2 else -1]):
            say(f"round {number + 1} of {rounds}, {engine.name}", (number + place / 2) / rounds)
            pythons[engine.name], cost[engine.name] = _cpu_of_cell(
                stack, replace(setting, engine=engine), folder
            )
        if len({python.rpartition(".")[0] for python in pythons.values()}) > 1:
            what = " and ".join(f"{name} runs {python}" for name, python in sorted(pythons.items()))
            raise Mistake(f"{what}: take --requirements paper, which has Python 3.11 on both sides")
        for scenario, values in ratios.items():
            values.append(cost[engines[0].name][scenario] / cost[engines[1].name][scenario])
    return ratios


def _cpu_of_cell(stack: Stack, setting: Setting, folder: Path) -> tuple[str, dict[str, float]]:
    """Its version of Python, and by scenario what 1,000 requests cost."""
    costs = {}
    measured = measure_cell(stack, setting, folder, lambda step: None)
    for scenario, result in measured["scenarios"].items():
        cost = cpu_per_1000(result)
        if result["status"] == "invalid" or cost is None:
            raise Mistake(f"{setting.engine.name}, {scenario}: {result['problems']}")
        costs[scenario] = cost
    return measured["served"]["python"], costs
