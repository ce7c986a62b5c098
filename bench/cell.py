"""The procedure: one stack, one fresh server, one fresh database, every scenario once, in order.

This is section 3.3 of the paper, from top to bottom; a profile says how long and how many.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
        return run_scenario(
            k6, scenario, profile.path, server.url, k6_cpus, folder / f"{scenario}.json"
        )

    say("start")
    with engine.serve(stack) as server:
        try:
            time.sleep(profile.pauses["settle"])
            server.seed(profile.rows, profile.journal_mode)
            time.sleep(profile.pauses["seeded"])
            load("warmup")
            time.sleep(profile.pauses["warm"])

            measured: dict[str, Any] = {}
            rows = server.rows()
            for scenario in profile.scenarios:
                if measured:
                    time.sleep(profile.pauses["between"])
                if scenario.name in profile.reseed:
                    server.seed(profile.rows, profile.journal_mode)
                    rows = server.rows()
                measured[scenario.name], rows = _measure(scenario, profile, server, rows, load)
            return {"served": server.describe(), "scenarios": measured}
        finally:
            (folder / "server.log").write_text(server.log())


def _measure(
    scenario: Scenario,
    profile: Profile,
    server: Server,
    before: list[Row],
    load: Callable[[str], Load],
) -> tuple[dict[str, Any], list[Row]]:
    """What one scenario gave and cost and why it may not count, and the rows that it left."""
    workers, cpu_seconds = server.workers(), server.cpu_seconds()
    result = load(scenario.name)
    used, same_workers = server.cpu_seconds() - cpu_seconds, server.workers() == workers
    after = server.rows()
    acknowledged = result.requests - result.failed
    differs = disagreement(scenario.name, profile, before, after, acknowledged)
    measured = {
        "load": asdict(result),
        "server": {
            "cpu_s": used if same_workers else None,  # a process that ended took its count along
            "peak_bytes": server.peak_bytes(),
        },
        "problems": [asdict(p) for p in problems_of(scenario, result, differs, same_workers)],
    }
    return measured, after
