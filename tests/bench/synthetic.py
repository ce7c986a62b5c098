"""Campaigns made up in the store's own format, so that what reads results needs no measuring."""

import json

CONDITIONS = {
    "engine": "local",
    "profile": {"name": "quick", "sha256": "0" * 64},
    "database": {"kind": "sqlite", "journal_mode": "wal", "rows": 1500},
    "machine": {"cpu": "A CPU", "cpus": 2, "memory_gib": 8, "system": "Linux"},
    "cpus": {"server": [0], "k6": [1]},
    "requirements": "today",
    "workers": 2,
    "threads": 2,
    "k6": "v2.2.0",
    "python": "3.14.0",
}
SCENARIOS = ("hello", "echo", "list", "get", "create", "update", "delete")
PROBLEM = {"code": "failed", "why": "3 of 1000 requests failed"}


def measurement(requests=1000, seconds=2.0, mean_ms=8.0, cpu_s=0.5, problems=()):
    """One scenario of one cell, as cell.json has it."""
    load = {"requests": requests, "seconds": seconds, "mean_ms": mean_ms}
    return {"load": load, "server": {"cpu_s": cpu_s}, "problems": list(problems)}


def campaign(
    results, name, stacks=("flask_sqlite",), runs=1, invalid=(), scenarios=SCENARIOS, **changed
):
    """A finished campaign's folder; run n took 2 n ms, and changed replaces conditions.

    invalid holds (stack, run, scenario), each of which gets a problem.
    """
    folder = results / name
    cells = [
        (run, place, stack) for run in range(1, runs + 1) for place, stack in enumerate(stacks)
    ]
    for run, place, stack in cells:
        measured = {
            scenario: measurement(
                mean_ms=2.0 * run,
                requests=1000 * run,
                problems=[PROBLEM] if (stack, run, scenario) in invalid else [],
            )
            for scenario in scenarios
        }
        cell = {"schema": 1, "block": run, "position": place + 1, "stack": stack, "started": name}
        cell |= {"conditions": CONDITIONS | changed, "scenarios": measured}
        write(folder / "cells" / f"{run}-{place + 1}-{stack}" / "cell.json", cell)
    write(folder / "plan.json", {"schema": 1, "stacks": list(stacks), "cells": cells})
    return folder


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
