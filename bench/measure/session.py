"""The procedure: one stack, one fresh server, one fresh database, every scenario once, in order.

This is section 3.3 of the paper, from top to bottom; a profile says how long and how many.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import Mistake
from bench.host.disturbance import disturbance, read_counters
from bench.measure.k6 import K6, NOTHING, Load, run_scenario
from bench.measure.ledger import disagreement
from bench.measure.probe import probe
from bench.measure.profile import Profile, Scenario
from bench.measure.validity import Evidence, Problem, judge, status, unobservable
from bench.serve import inside
from bench.serve.postgres import Postgres
from bench.serve.server import Engine, Row, Server
from bench.serve.stacks import Stack

WRITES = ("create", "update", "delete")


@dataclass(frozen=True)
class Setting:
    """With what, and under which profile, cells are measured."""

    profile: Profile
    engine: Engine
    k6: K6
    k6_cpus: frozenset[int] | None
    workers: int
    threads: int

    @property
    def journal_mode(self) -> str | None:
        """Of the database's file; None where the database is no file."""
        return self.profile.journal_mode if self.engine.database["kind"] == "sqlite" else None

    def in_flight(self, stack: Stack, scenario: Scenario) -> int:
        """The most requests of a scenario that this stack works on at the same time."""
        most = stack.in_flight(scenario.name, self.workers, self.threads)
        return int(min(scenario.users, most))


@dataclass(frozen=True)
class Running:
    """A cell that is being measured."""

    setting: Setting
    stack: Stack
    server: Server
    folder: Path  # for k6's summaries and the server's log
    say: Callable[[str], None]

    def load(self, scenario: str) -> Load:
        self.say(scenario)
        setting, summary = self.setting, self.folder / f"{scenario}.json"
        return run_scenario(
            setting.k6, scenario, setting.profile.path, self.server.url, setting.k6_cpus, summary
        )


def measure_cell(
    stack: Stack,
    setting: Setting,
    folder: Path,
    say: Callable[[str], None],
    changed: Sequence[str] = (),
) -> dict[str, Any]:
    """Measure a stack once; k6's summaries and the server's log go to folder.

    Gives what the server says of itself, what a commit costs where its database lies, and by
    scenario its load, its cost and its problems. changed names what is not as it was planned.
    """
    profile, turns = setting.profile, stack.dose_turns
    say("start")
    started = time.monotonic()
    with setting.engine.serve(stack) as server:
        cell = Running(setting, stack, server, folder, say)
        try:
            commits = _commits(cell)
            _sleep_until(started + profile.pauses["settle"])
            server.seed(profile.rows, setting.journal_mode)
            seeded = time.monotonic()
            served = {**inside.describe(server), **server.describe()}
            if served.get("pragmas", {}).get("journal_mode") != setting.journal_mode:
                raise Mistake(f"{stack.name}: seed.py left another journal mode than asked for")
            _sleep_until(seeded + profile.pauses["seeded"])
            with ThreadPoolExecutor(1) as beside:
                # Under load, as in a request: a busy neighbour makes every loop take more CPU time.
                dose = beside.submit(inside.loop_seconds, server, turns) if turns else None
                warmup = cell.load("warmup")
            return {
                "served": served,
                "commits": commits,
                "dose_s": dose.result() if dose else None,
                "scenarios": _measure_scenarios(cell, warmup, changed),
            }
        finally:
            (folder / "server.log").write_text(_log(server))


def _measure_scenarios(cell: Running, warmup: Load, changed: Sequence[str]) -> dict[str, Any]:
    profile, server, measured = cell.setting.profile, cell.server, {}
    idle_until = time.monotonic() + profile.pauses["warm"]
    rows: list[Row] | None = None  # what the database holds, where that is known
    for scenario in profile.scenarios:
        try:
            if scenario.name in profile.reseed:
                server.seed(profile.rows, cell.setting.journal_mode)
                rows = None
            rows = inside.rows(server) if rows is None else rows
            sample = probe(scenario.name, server.url, rows)
            if scenario.name in WRITES:
                rows = inside.rows(server)  # the probe has written
            _sleep_until(idle_until)
            load, cost, machine, database = _load_between_counters(cell, scenario)
            # What is checked is checked in the pause that the procedure has anyway.
            idle_until = time.monotonic() + profile.pauses["between"]
            before, rows = rows, inside.rows(server)
            served = load.requests - load.failed
            differs = disagreement(scenario.name, profile, before, rows, served)
            same_workers = cost["same_workers"]
            evidence = Evidence(
                scenario, load, sample, differs, same_workers, machine, changed, warmup
            )
            measured[scenario.name] = {**_judged(cell, evidence, cost), **database}
        except Mistake as mistake:  # the server is gone: nothing of this scenario counts
            measured[scenario.name], rows = _lost(cell, scenario, mistake), None
    return measured


def _judged(cell: Running, evidence: Evidence, cost: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a measurement."""
    problems, scenario = judge(evidence), evidence.scenario
    return {
        "status": status(problems),
        "problems": [asdict(problem) for problem in problems],
        "unobservable": unobservable(evidence.machine),
        "users": scenario.users,
        "in_flight": cell.setting.in_flight(cell.stack, scenario),
        "probe_bytes": evidence.probe.bytes,
        "load": asdict(evidence.load),
        "server": cost,
        "machine": evidence.machine,
    }


def _log(server: Server) -> str:
    try:
        return server.log()
    except Mistake as mistake:
        return f"there is no log: {mistake}\n"


def _lost(cell: Running, scenario: Scenario, mistake: Mistake) -> dict[str, Any]:
    return {
        "status": "invalid",
        "problems": [asdict(Problem("server", str(mistake)))],
        "unobservable": [],
        "users": scenario.users,
        "in_flight": cell.setting.in_flight(cell.stack, scenario),
        "probe_bytes": 0,
        "load": asdict(NOTHING),
        "server": dict.fromkeys(("cpu_s", "worker_cpu_s", "peak_bytes", "bench_cpu_s"))
        | {"same_workers": False},
        "machine": {},
    }


def _load_between_counters(
    cell: Running, scenario: Scenario
) -> tuple[Load, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What k6 tells of one scenario, what server and bench used, what disturbed it.

    At last, where the database has a server of its own, what that used.
    """
    server, beside = cell.server, cell.server.database
    workers, quota, server_cpu = server.workers(), server.throttled(), server.cpu_seconds()
    beside_cpu = beside.cpu_seconds() if beside else 0.0
    machine, bench_cpu = read_counters(), time.process_time()  # last: reading the others costs CPU
    result = cell.load(scenario.name)
    bench_cpu, machine_after = time.process_time() - bench_cpu, read_counters()
    used, quota_after = server.cpu_seconds() - server_cpu, server.throttled()
    database = _used_beside(beside, beside_cpu)
    workers_after = server.workers()
    same = workers.keys() == workers_after.keys() != set()
    cpu_s = used if same else None  # a process that ended took its count along
    cost = {
        "cpu_s": cpu_s,
        "worker_cpu_s": _differences(workers, workers_after) if same else None,
        "peak_bytes": server.peak_bytes(),
        "same_workers": same,
        "bench_cpu_s": bench_cpu,
    }
    known = [cpu_s, bench_cpu, *(of["cpu_s"] for of in database.values())]
    ours = None if None in known else sum(known)
    disturbed = disturbance(machine, machine_after, ours, result.cpu_s)
    told = quota is not None and quota_after is not None
    disturbed["server_throttled"] = quota_after - quota if told else None  # type: ignore[operator]
    disturbed["server_cpu_s"] = cpu_s
    return result, cost, disturbed, database


def _used_beside(beside: Postgres | None, cpu_before: float | None) -> dict[str, Any]:
    """What the database's own server used; nothing where there is none."""
    if beside is None:
        return {}
    cpu = beside.cpu_seconds()
    used = None if cpu is None or cpu_before is None else cpu - cpu_before
    return {"database": {"cpu_s": used, "memory_bytes": beside.memory_bytes()}}


def _differences(
    before: dict[int, float | None], after: dict[int, float | None]
) -> list[float | None]:
    """CPU seconds of each worker, the busiest first: kept-alive connections spread unevenly."""
    used = [
        None if first is None or last is None else last - first
        for first, last in ((before[pid], after[pid]) for pid in before)
    ]
    return sorted(used, key=lambda seconds: -(seconds or 0))


def _commits(cell: Running) -> dict[str, Any]:
    """What a commit costs here, by the number of writers that the write scenarios have at work."""
    setting, mode = cell.setting, cell.setting.journal_mode
    scenarios = [scenario for scenario in setting.profile.scenarios if scenario.name in WRITES]
    writers = sorted({setting.in_flight(cell.stack, scenario) for scenario in scenarios})
    return {str(number): inside.commits(cell.server, number, mode) for number in writers}


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
