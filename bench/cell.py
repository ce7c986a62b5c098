"""The procedure: one stack, one fresh server, one fresh database, every scenario once, in order.

This is section 3.3 of the paper, from top to bottom; a profile says how long and how many.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import Mistake
from bench.ledger import disagreement
from bench.loadgen import K6, Load, run_scenario
from bench.profile import Profile, Scenario
from bench.server import Engine, Row, Server
from bench.stacks import Stack
from bench.validity import problems_of


def measure_cell(
    stack: Stack,
    profile: Profile,
    engine: Engine,
    k6: K6,
    k6_cpus: frozenset[int] | None,
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Measure a stack once; k6's summaries and the server's log go to folder.

    Gives what the server says of itself, and by scenario its load, its cost and its problems.
    """

    def load(scenario: str) -> Load:
        say(scenario)
        summary = folder / f"{scenario}.json"
        return run_scenario(k6, scenario, profile.path, server.url, k6_cpus, summary)

    say("start")
    started = time.monotonic()
    with engine.serve(stack) as server:
        try:
            _sleep_until(started + profile.pauses["settle"])
            server.seed(profile.rows, profile.journal_mode)
            rows, served = server.rows(), server.describe()
            if served["journal_mode"] != profile.journal_mode:
                raise Mistake(f"{stack.name}: seed.py left another journal mode than asked for")
            time.sleep(profile.pauses["seeded"])
            load("warmup")

            measured: dict[str, Any] = {}
            idle_since, pause = time.monotonic(), profile.pauses["warm"]
            for scenario in profile.scenarios:
                if scenario.name in profile.reseed:
                    server.seed(profile.rows, profile.journal_mode)
                    rows = server.rows()
                _sleep_until(idle_since + pause)
                result, cost = _measure(scenario, server, load)
                idle_since, pause = time.monotonic(), profile.pauses["between"]
                # What is checked is checked in the pause that the procedure has anyway.
                before, rows = rows, server.rows()
                measured[scenario.name] = _judge(scenario, profile, result, cost, before, rows)
            return {"served": served, "scenarios": measured}
        finally:
            (folder / "server.log").write_text(server.log())


def _measure(
    scenario: Scenario, server: Server, load: Callable[[str], Load]
) -> tuple[Load, dict[str, Any]]:
    """What k6 tells of one scenario, and what the server and the bench itself used meanwhile."""
    workers, server_cpu, bench_cpu = server.workers(), server.cpu_seconds(), time.process_time()
    result = load(scenario.name)
    bench_cpu, used = time.process_time() - bench_cpu, server.cpu_seconds() - server_cpu
    same_workers = server.workers() == workers
    return result, {
        "cpu_s": used if same_workers else None,  # a process that ended took its count along
        "peak_bytes": server.peak_bytes(),
        "same_workers": same_workers,
        "bench_cpu_s": bench_cpu,
    }


def _judge(
    scenario: Scenario,
    profile: Profile,
    result: Load,
    cost: dict[str, Any],
    before: list[Row],
    after: list[Row],
) -> dict[str, Any]:
    acknowledged = result.requests - result.failed
    differs = disagreement(scenario.name, profile, before, after, acknowledged)
    problems = problems_of(scenario, result, differs, cost["same_workers"])
    return {
        "load": asdict(result),
        "server": cost,
        "problems": [asdict(problem) for problem in problems],
    }


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
