"""All cells of one plan, in order, each kept as soon as it is measured."""

import hashlib
import random
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.cell import measure_cell
from bench.loadgen import K6
from bench.machine import Partition, describe_machine
from bench.plan import PlannedCell, draw_plan
from bench.profile import Profile
from bench.progress import Say
from bench.server import Engine
from bench.stacks import Stack
from bench.store import SCHEMA, create_campaign, new_cell, remove_if_empty, write_json


@dataclass(frozen=True)
class Campaign:
    """What a person asked for, with what this machine has for it."""

    stacks: list[Stack]
    profile: Profile
    runs: int
    requirements: str
    workers: int
    threads: int
    engine: Engine
    k6: K6
    cpus: Partition


def run_campaign(campaign: Campaign, out: Path, say: Say) -> Path:
    """Measure every cell of a new plan; the folder under out that holds them all."""
    for stack in campaign.stacks:
        say(f"{stack.name}: set up", 0)
        campaign.engine.prepare(stack)
    seed = random.SystemRandom().randrange(2**32)
    cells = draw_plan([stack.name for stack in campaign.stacks], campaign.runs, seed)
    conditions = _conditions(campaign)
    folder = create_campaign(
        out,
        {
            "seed": seed,
            "stacks": [stack.name for stack in campaign.stacks],
            "cells": [asdict(cell) for cell in cells],
            "conditions": conditions,
        },
    )
    try:
        for number, cell in enumerate(cells):
            tell = _tell(say, campaign, cell, number / len(cells))
            _run_cell(campaign, cell, conditions, folder, tell)
    finally:
        remove_if_empty(folder)
    return folder


def _run_cell(
    campaign: Campaign, cell: PlannedCell, conditions: dict[str, Any], folder: Path, say: Any
) -> None:
    stack = next(stack for stack in campaign.stacks if stack.name == cell.stack)
    with new_cell(folder, cell.name) as unfinished:
        started = datetime.now(UTC)
        measured = measure_cell(
            stack, campaign.profile, campaign.engine, campaign.k6, campaign.cpus.k6, unfinished, say
        )
        record = {
            "schema": SCHEMA,
            **asdict(cell),
            "started": started.isoformat(),
            "seconds": (datetime.now(UTC) - started).total_seconds(),
            "conditions": {**conditions, "python": measured["served"]["python"]},
            **measured,
        }
        write_json(unfinished / "cell.json", record)


def _tell(say: Say, campaign: Campaign, cell: PlannedCell, done: float) -> Any:
    """A cell's own way to tell: it names the step, and the rest is known here."""
    steps = ["start", "warmup", *(scenario.name for scenario in campaign.profile.scenarios)]
    share = 1 / (len(steps) * campaign.runs * len(campaign.stacks))
    return lambda step: say(
        f"run {cell.block} of {campaign.runs}, {cell.stack}: {step}",
        done + steps.index(step) * share,
    )


def _conditions(campaign: Campaign) -> dict[str, Any]:
    """What must be equal in two cells that are compared, merged or drawn into one figure."""
    profile, cpus = campaign.profile, campaign.cpus
    return {
        "engine": campaign.engine.name,
        "profile": {
            "name": profile.name,
            "sha256": hashlib.sha256(profile.path.read_bytes()).hexdigest(),
        },
        "database": {"kind": "sqlite", "journal_mode": profile.journal_mode, "rows": profile.rows},
        "machine": describe_machine(),
        "cpus": {side: sorted(of) if of else None for side, of in asdict(cpus).items()},
        "requirements": campaign.requirements,
        "workers": campaign.workers,
        "threads": campaign.threads,
        "k6": campaign.k6.version,
    }
