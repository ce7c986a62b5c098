"""What a choice of ours costs: CPU for a request, divided by what another choice needs, in turn."""

import argparse
import math
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from bench import Mistake
from bench.answer.statistics.stats import cpu_per_1000, median_interval
from bench.arm import Arm, Settings
from bench.host.leftovers import stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import partition_cpus
from bench.host.memory import for_k6
from bench.keep.files import write_record
from bench.keep.record import PlannedSession
from bench.measure.load.k6 import find_k6
from bench.measure.load.run import Ran, run_k6
from bench.measure.load.turns import told_to_k6
from bench.measure.profile import Profile, Scenario, load_profile
from bench.measure.session import measure_session
from bench.measure.standing import Setting
from bench.progress import Say, show_progress
from bench.serve.docker import docker_engine
from bench.serve.local import local_engine
from bench.serve.server import Engine, Server
from bench.serve.stacks import find_stacks
from bench.studies.kept import about_machine, must_hold_files

LEAST_SECONDS = 3  # of a run of scripts that are compared
LEAST_REQUESTS = 1000  # where its turns are numbers of requests
Costs = dict[str, list[float]]  # by scenario, a ratio a round


def compare_costs(arguments: argparse.Namespace) -> None:
    """Print, for each scenario, the median ratio with its interval; keep that of every round."""
    scripts, settings = arguments.what == "scripts", Settings(requirements=arguments.requirements)
    must_hold_files(arguments.out)
    stack, k6 = "fastapi_sqlite" if scripts else "flask_sqlite", find_k6(arguments.k6)
    arm = Arm(stack, stack, find_stacks()[stack], settings)
    with hold_machine(), tempfile.TemporaryDirectory() as folder, show_progress(Console()) as say:
        stop_leftovers()
        cpus = partition_cpus(settings.workers)
        local = local_engine(cpus.server)
        setting = Setting(load_profile("quick"), local, k6, cpus)
        rounds = arguments.rounds, Path(folder), say
        if scripts:
            ratios = compare_scripts(arm, setting, *rounds)
        else:
            engines = {"docker": docker_engine(cpus.server), "local": local}
            ratios = compare_engines(arm, setting, engines, *rounds)
    machine = about_machine(k6=k6.version, requirements=settings.requirements)
    kept = {"stack": stack, "machine": machine, "ratios": ratios}
    write_record(arguments.out / f"cost-{arguments.what}.json", kept)
    for scenario, values in ratios.items():
        median, low, high = median_interval(values)
        print(f"{scenario:8} {median:.3f} ({low:.3f} to {high:.3f}), {len(values)} rounds")


def compare_scripts(arm: Arm, setting: Setting, rounds: int, folder: Path, say: Say) -> Costs:
    """k6's own CPU for a request: our script's, divided by that of the smallest script for it.

    Both with the tags of turns, ours in turns of the profile's, one after the other.
    """
    scenarios = setting.profile.scenarios
    ratios: Costs = {scenario.name: [] for scenario in scenarios}
    setting.engine.prepare(arm)
    with setting.engine.serve(arm) as server:
        for number in range(rounds):
            for place, scenario in enumerate(scenarios):
                name, done = scenario.name, (number + place / len(scenarios)) / rounds
                say(f"round {number + 1} of {rounds}, {name}", done)
                scripts = [name, f"smallest/{name}"]
                # Which is the first changes, so that neither always finds what the other left.
                cost = {
                    script: _k6_cpu_of_request(script, scenario, arm, server, setting, folder)
                    for script in scripts[:: 1 if number % 2 else -1]
                }
                ratios[name].append(cost[name] / cost[f"smallest/{name}"])
    return ratios


def _k6_cpu_of_request(
    script: str, scenario: Scenario, arm: Arm, server: Server, setting: Setting, folder: Path
) -> float:
    profile, urls = setting.profile, {arm.label: server.url}
    server.seed(profile.rows, setting.journal_mode(arm))
    turns = _turns_of(profile, scenario, arm.label, urls)
    program = setting.k6, script, profile.path, folder / "load.json", setting.cpus.k6
    ran = run_k6(*program, turns=turns, memory=for_k6())
    told = ran.summary.arms[arm.label] if ran.summary else None
    if not told or not told.requests or told.failed:
        raise Mistake(f"{script} is not valid: {told.failed if told else 'all'} requests failed")
    return _cpu_while_asking(ran) / told.requests


def _cpu_while_asking(ran: Ran) -> float:
    """k6's own CPU seconds without its start, and without the summary that it writes in the end."""
    if not ran.summary or ran.summary.began_ms is None or len(ran.clock) < 2:
        return ran.cpu_s
    ms, cpu_s = zip(*ran.clock, strict=True)
    began = ran.summary.began_ms
    first, last = np.interp([began, began + 1000 * ran.summary.seconds], ms, cpu_s)
    return float(last - first)


def _turns_of(
    profile: Profile, scenario: Scenario, label: str, urls: Mapping[str, str]
) -> dict[str, object]:
    """As many of the profile's turns as make a run that is long enough; all are the one arm's.

    Without the gaps between them: there users sleep, and nothing is counted.
    """
    if scenario.turns is None:
        raise Mistake(f"{profile.path} has no turns of {scenario.name}")
    turns = replace(scenario.turns, gap_ms=0)
    if turns.requests:
        count = math.ceil(LEAST_REQUESTS / turns.requests)
    else:
        count = math.ceil(1000 * LEAST_SECONDS / turns.turn_ms)
    drawn, none_done = ((), [label] * count), {label: 0}
    timeout = profile.request_timeout_ms
    return told_to_k6(turns, urls, scenario.users, drawn, 1, timeout, none_done)


def compare_engines(
    arm: Arm, setting: Setting, engines: Mapping[str, Engine], rounds: int, folder: Path, say: Say
) -> Costs:
    """The server's CPU for a request under the first engine, divided by that under the second.

    Each serves the arm, both take turns, and a round is a session. A measurement that does not
    count is a Mistake, and so are two versions of Python: the ratio would compare something else.
    """
    arms = {name: replace(arm, label=name) for name in engines}
    setting = replace(setting, engine=_each_its_own(engines))
    ratios: Costs = {scenario.name: [] for scenario in setting.profile.scenarios}
    for each in arms.values():
        setting.engine.prepare(each)
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}", (number - 1) / rounds)
        session = PlannedSession(number=number, block=number, arms=list(arms))
        cost = _cpu_of_session(session, arms, setting, folder)
        for scenario, values in ratios.items():
            first, second = (cost[name, scenario] for name in engines)
            values.append(first / second)
    return ratios


def _each_its_own(engines: Mapping[str, Engine]) -> Engine:
    """An engine that serves an arm by the engine that it is named for."""
    return replace(
        next(iter(engines.values())),
        name=" and ".join(engines),
        prepare=lambda arm: engines[arm.label].prepare(arm),
        serve=lambda arm: engines[arm.label].serve(arm),
    )


def _cpu_of_session(
    session: PlannedSession, arms: Mapping[str, Arm], setting: Setting, folder: Path
) -> dict[tuple[str, str], float]:
    """By arm and scenario, what 1,000 requests cost."""
    measured = measure_session(session, arms, setting, folder, lambda step: None)
    pythons = {name: start.served.python for name, start in measured.arms.items()}
    if len({python.rpartition(".")[0] for python in pythons.values()}) > 1:
        what = " and ".join(f"{name} runs {python}" for name, python in sorted(pythons.items()))
        raise Mistake(f"{what}: take --requirements paper, which has Python 3.11 on both sides")
    costs = {}
    for scenario, record in measured.scenarios.items():
        for name, result in record.arms.items():
            cost = cpu_per_1000(result)
            if not result.counts or not cost:
                why = "; ".join(f"{problem.code}: {problem.why}" for problem in result.problems)
                raise Mistake(f"{name}, {scenario}: {why or 'its CPU is not known'}")
            costs[name, scenario] = cost
    return costs
