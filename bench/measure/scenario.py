"""One scenario of a session: probe each arm, k6 runs with all arms in turns, compare the rows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.host.disturbance import Window, disturbance, read_counters
from bench.host.memory import for_k6
from bench.keep.load import load_of
from bench.keep.plan import draw_turns
from bench.keep.record import Disturbance, K6Run, Measurement, ScenarioRecord
from bench.keep.summary import Summary
from bench.measure.ledger import disagreement
from bench.measure.load.run import Ran, run_k6
from bench.measure.load.turns import told_to_k6
from bench.measure.probe import Probe, answers, probe
from bench.measure.profile import Scenario
from bench.measure.standing import Setting, Standing, working
from bench.measure.validity import Evidence, judge, status, unobservable
from bench.serve import inside
from bench.serve.databases.postgres import cpu_seconds_of_servers
from bench.serve.use import Used, database_use, grown, read, server_use, total, used_between

WRITES = ("create", "update", "delete")
NEVER_ASKED = Probe(0, "the server was lost before it could be asked")
UNTOLD = Disturbance(
    seconds=0.0,
    clock_step_s=0.0,
    steal_share=None,
    foreign_share=None,
    swapped_bytes=0,
    throttled=None,
)


@dataclass
class Underway:
    """A scenario that is being measured, and what is known of it so far."""

    scenario: Scenario
    arms: Sequence[Standing]
    setting: Setting
    session: int
    folder: Path
    changed: Sequence[str]  # what is not as it was planned
    probes: dict[str, Probe] = field(default_factory=dict)
    runs: list[K6Run] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)
    used: dict[str, list[Used]] = field(default_factory=dict)
    k6_cpu_s: dict[str, float] = field(default_factory=dict)
    disagreements: dict[str, str] = field(default_factory=dict)


def measure_scenario(of: Underway, idle_until: float) -> tuple[ScenarioRecord, float]:
    """What every arm gave, and when k6 ended. An arm that is lost meanwhile stands as invalid."""
    ended = time.monotonic()
    for one in working(of.arms):
        with one.lost_if_it_fails():
            _probe(of, one)
    time.sleep(max(0.0, idle_until - time.monotonic()))
    for run in range(1, of.scenario.runs + 1):
        there = working(of.arms)
        if there:
            ran = _run_between_counters(of, there, run)
            ended = time.monotonic()
            for one in there:
                with one.lost_if_it_fails():
                    _compare(of, one, ran, run)
    machine = disturbance(of.windows) if of.windows else UNTOLD
    measured = {one.arm.label: _measurement(of, one, machine) for one in of.arms}
    return ScenarioRecord(runs=of.runs, machine=machine, arms=measured), ended


def _probe(of: Underway, one: Standing) -> None:
    rows = inside.rows(one.server) if one.rows is None else one.rows
    of.probes[one.arm.label] = probe(of.scenario.name, one.server.url, rows)
    # A probe of these has written.
    one.rows = inside.rows(one.server) if of.scenario.name in WRITES else rows


def _run_between_counters(of: Underway, there: Sequence[Standing], run: int) -> Ran:
    """Let k6 run once; what it tells, and what all used meanwhile, is added to what is known."""
    databases = [one.server.database for one in there]
    before = {one.arm.label: read(one.server) for one in there}
    databases_before = cpu_seconds_of_servers(databases)
    machine, bench_cpu = read_counters(), time.process_time()  # last: reading the others costs CPU
    ran = _load(of, there, run)
    bench_cpu, machine_after = time.process_time() - bench_cpu, read_counters()
    seconds = machine_after.monotonic - machine.monotonic
    databases_cpu = grown(databases_before, cpu_seconds_of_servers(databases))
    known = [bench_cpu, databases_cpu]
    for one in there:
        idle_s = (one.idle_cpu or 0.0) * (seconds - _own_seconds(of, there, seconds))
        used = used_between(before[one.arm.label], read(one.server), idle_s)
        of.used.setdefault(one.arm.label, []).append(used)
        known.append(used.cpu_s)
    of.windows.append(Window(machine, machine_after, total(known), ran.cpu_s))
    of.runs.append(ran.record(bench_cpu))
    of.summaries += [ran.summary] if ran.summary else []
    for arm, cpu_s in ran.cpu_while_counted().items():
        of.k6_cpu_s[arm] = of.k6_cpu_s.get(arm, 0.0) + cpu_s
    return ran


def _own_seconds(of: Underway, there: Sequence[Standing], seconds: float) -> float:
    """For how long of a run an arm was asked."""
    turns = of.scenario.turns
    return turns.run_seconds(1) or seconds / len(there) if turns else seconds


def _load(of: Underway, there: Sequence[Standing], run: int) -> Ran:
    setting, scenario, turns = of.setting, of.scenario, of.scenario.turns
    summary = of.folder / f"{scenario.name}-{run}.json"
    program = setting.k6, scenario.name, setting.profile.path, summary, setting.cpus.k6
    urls = {one.arm.label: one.server.url for one in there}
    if turns is None:
        ((arm, url),) = urls.items()
        return run_k6(*program, url=url, arm=arm)
    drawn = draw_turns(list(urls), turns.rounds, setting.seed, of.session, scenario.name, run)
    deleted = {one.arm.label: one.deleted for one in there}
    timeout = setting.profile.request_timeout_ms
    told = told_to_k6(turns, urls, scenario.users, drawn, run, timeout, deleted)
    return run_k6(*program, turns=told, memory=for_k6())


def _compare(of: Underway, one: Standing, ran: Ran, run: int) -> None:
    """An arm's rows with what k6 says was acknowledged; an arm that no longer answers is lost.

    What only reads is compared once, after the last run.
    """
    scenario, label, before = of.scenario, one.arm.label, one.rows or []
    if ran.summary is None or label not in ran.summary.arms:
        one.rows = inside.rows(one.server)
        return
    told = ran.summary.arms[label]
    if told.failed and not answers(one.server.url):
        one.lost = f"it no longer answers, after {scenario.name}"
        return
    if scenario.name not in WRITES and run < scenario.runs:
        return
    one.rows = inside.rows(one.server)
    differs = disagreement(
        scenario.name,
        before,
        one.rows,
        told.requests - told.failed,
        seeded=of.setting.profile.rows,
        users=scenario.users,
        run=run,
        done=one.deleted,
    )
    if differs:
        of.disagreements.setdefault(label, differs)
    one.deleted += told.requests if scenario.name == "delete" else 0


def _measurement(of: Underway, one: Standing, machine: Disturbance) -> Measurement:
    """What is kept of an arm."""
    label, scenario, users = one.arm.label, of.scenario, of.scenario.users
    used, turns = of.used.get(label, []), of.scenario.turns
    load = load_of(of.summaries, label, users, of.k6_cpu_s.get(label))
    server = server_use(used, None if one.lost else one.server.peak_bytes())
    evidence = Evidence(
        scenario=scenario,
        runs=of.runs,
        planned_s=turns.run_seconds(len(of.arms)) if turns else scenario.seconds or 0.0,
        load=load,
        probe=of.probes.get(label, NEVER_ASKED),
        disagreement=of.disagreements.get(label),
        lost=one.lost,
        server=server,
        machine=machine,
        changed=of.changed,
        warmup=one.warmup,
    )
    problems = judge(evidence)
    return Measurement(
        status=status(problems),
        problems=problems,
        unobservable=unobservable(machine, server),
        users=users,
        in_flight=one.in_flight(scenario),
        probe_bytes=evidence.probe.bytes,
        load=load,
        server=server,
        database=database_use(used, one.server),
    )
