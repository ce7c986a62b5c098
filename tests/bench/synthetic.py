"""Campaigns made up in the store's own format, so that what reads results needs no measuring."""

import json
import math
import random
from dataclasses import asdict, replace

from bench import ROOT
from bench.keep.plan import draw_plan
from bench.keep.store import digest
from bench.keep.summary import TIMES
from bench.measure.k6 import NOTHING
from bench.measure.probe import Probe
from bench.measure.profile import SCENARIOS, load_profile
from bench.measure.validity import THRESHOLDS, Evidence
from bench.serve.stacks import DOSED

STACKS = ("django_drf", "fastapi_sqlalchemy", "fastapi_sqlite", "flask_sqlalchemy", "flask_sqlite")
PROFILE = ROOT / "k6" / "profiles" / "standard.json"
LOADS = {scenario.name: scenario for scenario in load_profile("standard").scenarios}
WHEN = "2025-11-21T12:00:00+00:00"
CONDITIONS = {
    "engine": "local",
    "profile": {"name": "standard", "sha256": digest(PROFILE)},
    "database": {"kind": "sqlite", "journal_mode": "wal", "rows": 1500},
    "machine": {
        "cpu": "A CPU",
        "cpus": 2,
        "memory_gib": 8,
        "system": "Linux",
        "kernel": "6.1",
        "architecture": "x86_64",
    },
    "cpus": {"server": [0], "k6": [1]},
    "requirements": "today",
    "workers": 2,
    "threads": 2,
    "k6": "v2.2.0",
    "python": "3.14.0",
}
HOST = {
    "cpu_quota": None,
    "memory_limit": None,
    "governor": None,
    "hypervisor": False,
    "swap_bytes": 0,
    "load_average": 0.5,
    "processes": 100,
    "booted": WHEN,
}
SERVED = {
    "python": "3.14.0",
    "implementation": "CPython",
    "compiler": "GCC",
    "configured": "",
    "sqlite": "3.50.0",
    "pragmas": {"journal_mode": "wal", "synchronous": 2},
    "packages": {"gunicorn": "23.0.0"},
    "database_filesystem": "ext4",
    "environment": "an environment",
}
COMMITS = {
    "1": {"a_second": 3000.0, "median_ms": 0.3},
    "4": {"a_second": 2000.0, "median_ms": 1.5},
}
# Of the minute of a measurement that nothing disturbed.
MACHINE = {
    "seconds": 10.1,
    "clock_step_s": 0.0,
    "steal_share": 0.0,
    "foreign_share": 0.001,
    "swapped_bytes": 0,
    "throttled": 0,
    "server_throttled": 0,
    "server_cpu_s": 9.5,
}
INVALID = {"code": "steal", "why": "other virtual machines had 2.0% of the CPUs", "suspect": False}
SUSPECT = {"code": "steal", "why": "other virtual machines had 0.5% of the CPUs", "suspect": True}
BYTES = 150  # of an answer
DOSE_S = 3.8e-6  # a tenth of what a hello of 2 ms costs here
# As in k6/lib/summary.js.
GRID = [
    *range(0, 90),
    *(90 + n / 4 for n in range(32)),
    *((9800 + 5 * n) / 100 for n in range(38)),
    *((9990 + n) / 100 for n in range(11)),
]


def measurement(
    requests=1000, seconds=2.0, mean_ms=8.0, cpu_s=0.5, problems=(), users=10, k6_cpu_s=0.5
):
    """One scenario of one cell, as cell.json has it."""
    hard = any(not problem["suspect"] for problem in problems)
    load = asdict(NOTHING) | {
        "exit_status": 0,
        "requests": requests,
        "iterations": requests,
        "seconds": seconds,
        "bytes_received": BYTES * requests,
        "cpu_s": k6_cpu_s,
    }
    if mean_ms is not None:
        load |= {"mean_ms": mean_ms, "max_ms": 1.5 * mean_ms}
        load |= {"iteration_mean_ms": mean_ms + 0.01, "iteration_max_ms": 1.5 * mean_ms + 0.01}
    return {
        "status": "invalid" if hard else "suspect" if problems else "valid",
        "problems": list(problems),
        "unobservable": [],
        "users": users,
        "in_flight": min(users, 4),
        "probe_bytes": BYTES,
        "load": load,
        "server": {
            "cpu_s": cpu_s,
            "worker_cpu_s": None if cpu_s is None else [0.6 * cpu_s, 0.4 * cpu_s],
            "peak_bytes": 100_000_000,
            "same_workers": True,
            "bench_cpu_s": 0.01,
        },
        "machine": MACHINE | {"seconds": seconds, "server_cpu_s": cpu_s},
    }


def in_closed_loop(scenario, ms, server_busy=0.95, k6_busy=0.5, problems=()):
    """What the standard profile gives where a request takes so long and each has one CPU."""
    load = LOADS[scenario]
    requests = load.iterations or round(load.users * load.seconds * 1000 / ms)
    seconds = round(requests * ms / load.users) / 1000
    busy = server_busy * seconds, k6_busy * seconds
    return measurement(requests, seconds, ms, busy[0], problems, load.users, busy[1])


def summary(load):
    """k6's own of this load; the times lie evenly between half the mean and one and a half."""
    mean, count = load["mean_ms"], load["requests"]
    times = {"count": count, "avg": mean, "min": mean / 2, "med": mean, "max": load["max_ms"]}
    longest = load["iteration_max_ms"]
    return {
        "testRunDurationMs": round(load["seconds"] * 1000),
        "metrics": {
            "http_reqs": {"count": count},
            "http_req_failed": {"passes": load["failed"], "fails": count - load["failed"]},
            "iterations": {"count": load["iterations"]},
            "dropped_iterations": {"count": load["dropped"]},
            "data_received": {"count": load["bytes_received"]},
            "iteration_duration": {"avg": load["iteration_mean_ms"], "max": longest},
            TIMES: times | {"grid": {"p": GRID, "ms": [mean * (0.5 + p / 100) for p in GRID]}},
        },
    }


def evidence(scenario, load, **changed):
    """What is known of a measurement with which nothing is wrong but what is changed."""
    probe = Probe(round(load.bytes_received / max(load.requests, 1)) or 1, None)
    warmup = replace(NOTHING, exit_status=0, requests=100)
    clean = Evidence(scenario, load, probe, None, True, MACHINE, (), warmup)
    return replace(clean, **changed)


def noisy(sd=0.02, **factors):
    """2 ms times a stack's factor, with noise that is the same every time."""

    def ms(stack, run, scenario, attempt):
        chance = random.Random(f"{stack}, {run}, {scenario}, {attempt}")
        return 2.0 * factors.get(stack, 1.0) * math.exp(chance.gauss(0, sd))

    return ms


def campaign(
    results,
    name,
    stacks=("flask_sqlite",),
    runs=1,
    invalid=(),
    scenarios=SCENARIOS,
    *,
    suspect=(),
    attempts=None,
    controls=(),
    ms=lambda stack, run, scenario, attempt: 2.0 * run,
    server_busy=0.95,
    k6_busy=0.5,
    commits=COMMITS,
    dose_s=DOSE_S,
    **changed,
):
    """A finished campaign's folder; run n took 2 n ms, and changed replaces conditions.

    invalid and suspect hold (stack, run, scenario), or that and the one attempt that is meant.
    attempts has the number of them by (stack, run) where there is more than one.
    """
    folder = results / name
    profile = json.loads(PROFILE.read_text())
    profile["scenarios"] = {scenario: profile["scenarios"][scenario] for scenario in scenarios}
    write(folder / "profile.json", profile)
    named = {"name": "standard", "sha256": digest(folder / "profile.json")}
    conditions = CONDITIONS | {"profile": named} | changed
    cells = draw_plan([*stacks, *controls], runs, seed=1)
    plan = {
        "schema": 2,
        "started": WHEN,
        "seed": 1,
        "stacks": list(stacks),
        "controls": list(controls),
        "dose_turns": 1000 if controls else None,
        "runs": runs,
        "attempts": 3,
        "thresholds": THRESHOLDS,
        "conditions": {key: value for key, value in conditions.items() if key != "python"},
        "pins": {
            "k6 binary": "0" * 64,
            "harness": "0" * 64,
            "served": dict.fromkeys([*stacks, *controls], "an environment"),
            "sources": dict.fromkeys(stacks, "0" * 64),
        },
        "cells": [asdict(cell) for cell in cells],
    }
    write(folder / "plan.json", plan)
    plan_sha256 = digest(folder / "plan.json")

    def problems(*measured):
        found = ((invalid, INVALID), (suspect, SUSPECT))
        return [problem for those, problem in found if {measured[:3], measured} & set(those)]

    for cell in cells:
        stack, run = cell.stack, cell.block
        for attempt in range(1, 1 + (attempts or {}).get((stack, run), 1)):
            measured = {
                scenario: in_closed_loop(
                    scenario,
                    ms(stack, run, scenario, attempt),
                    server_busy,
                    k6_busy,
                    problems(stack, run, scenario, attempt),
                )
                for scenario in scenarios
            }
            record = {
                "schema": 2,
                **asdict(cell),
                "attempt": attempt,
                "started": WHEN,
                "ended": WHEN,
                "seconds": 100.0,
                "plan_sha256": plan_sha256,
                "conditions": conditions,
                "host": HOST,
                "source": {"commit": None, "dirty": None},
                "served": SERVED,
                "commits": commits,
                "dose_s": dose_s if stack == DOSED else None,
                "scenarios": measured,
            }
            write_cell(folder / "cells" / (cell.name + f".{attempt}" * (attempt > 1)), record)
    sign(folder)
    return folder


def write_cell(folder, record):
    """A cell's folder: k6's summaries, and beside them what this record says."""
    for scenario, measured in record["scenarios"].items():
        write(folder / f"{scenario}.json", summary(measured["load"]))
    files = {path.name: digest(path) for path in folder.iterdir() if path.name != "cell.json"}
    write(folder / "cell.json", record | {"files": files})


def sign(folder):
    """Write the journal of a campaign that has ended with what is there now."""
    cells = sorted(folder.glob("cells/*/cell.json"))
    events = [
        {"event": "planned", "sha256": digest(folder / "plan.json")},
        *({"event": "kept", "cell": c.parent.name, "sha256": digest(c)} for c in cells),
        {"event": "ended"},
    ]
    lines = [json.dumps(event | {"at": WHEN}) + "\n" for event in events]
    (folder / "journal.ndjson").write_text("".join(lines))


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
