"""All cells of one plan, in order: each kept as soon as it is measured, and again if it must be."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from bench import Mistake
from bench.host.machine import Partition, describe_host, describe_machine
from bench.keep.pins import digest_of_git, pins_of
from bench.keep.plan import PlannedCell, draw_plan
from bench.keep.store import (
    SCHEMA,
    Cell,
    create_campaign,
    digest,
    keep_what_is_there,
    new_cell,
    note,
    read_cell,
    read_plan,
    remove_if_empty,
    write_json,
)
from bench.measure.session import Setting, measure_cell
from bench.measure.validity import THRESHOLDS
from bench.progress import Say
from bench.serve.stacks import Stack

ATTEMPTS = 3  # a cell that does not count is measured again at the end of its block, twice at most


@dataclass(frozen=True)
class Campaign:
    """What a person asked for, with what this machine has for it."""

    stacks: list[Stack]  # that are compared
    controls: list[Stack]  # arms that judge the campaign itself
    runs: int
    requirements: str
    setting: Setting
    cpus: Partition

    @property
    def arms(self) -> list[Stack]:
        return [*self.stacks, *self.controls]


@dataclass(frozen=True)
class Underway:
    """A campaign that is being measured."""

    campaign: Campaign
    folder: Path
    plan: dict[str, Any]
    say: Say


def run_campaign(campaign: Campaign, out: Path, say: Say) -> Path:
    """Measure every cell of a new plan; the folder under out that holds them all."""
    seed = random.SystemRandom().randrange(2**32)
    cells = draw_plan([stack.name for stack in campaign.arms], campaign.runs, seed)
    plan = {
        "seed": seed,
        "stacks": [stack.name for stack in campaign.stacks],
        "controls": [stack.name for stack in campaign.controls],
        "dose_turns": max((stack.dose_turns or 0 for stack in campaign.controls), default=None),
        "runs": campaign.runs,
        "attempts": ATTEMPTS,
        "thresholds": THRESHOLDS,
        "conditions": _conditions(campaign),
        "pins": pins_of(campaign.arms, _prepare(campaign, say), campaign.setting.k6.path),
        "cells": [asdict(cell) for cell in cells],
    }
    folder = create_campaign(out, plan, campaign.setting.profile.path)
    with _kept(folder):
        _measure(campaign, folder, say)
    return folder


def resume_campaign(campaign: Campaign, folder: Path, say: Say) -> None:
    """Measure what a campaign still lacks; a Mistake where something is not as it was planned."""
    plan = read_plan(folder)
    now = {
        "conditions": _conditions(campaign),
        "pins": pins_of(campaign.arms, _prepare(campaign, say), campaign.setting.k6.path),
        "thresholds": THRESHOLDS,
    }
    changed = [name for part in now for name in _differing(plan[part], now[part])]
    if changed:
        raise Mistake(f"{folder.name} cannot go on: since its plan changed {', '.join(changed)}")
    keep_what_is_there(folder)
    note(folder, "resumed")
    with _kept(folder):
        _measure(campaign, folder, say)


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """A folder with a finished cell outlives everything, and who stops it is told how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if any(folder.glob("cells/*/cell.json")):
            kept = "the cells that were finished are kept"
            raise KeyboardInterrupt(f"; {kept}; --resume {folder} goes on") from stop
        raise
    finally:
        remove_if_empty(folder)


def _prepare(campaign: Campaign, say: Say) -> dict[str, str]:
    """What exactly will be served, by stack."""
    served = {}
    for stack in campaign.arms:
        say(f"{stack.name}: set up", 0)
        served[stack.name] = campaign.setting.engine.prepare(stack)
    return served


def _measure(campaign: Campaign, folder: Path, say: Say) -> None:
    """Block after block; in each, what does not count is measured again when all had their turn."""
    plan = read_plan(folder)
    profile = replace(campaign.setting.profile, path=folder / "profile.json")
    campaign = replace(campaign, setting=replace(campaign.setting, profile=profile))
    underway = Underway(campaign, folder, plan, say)
    cells = [PlannedCell(**cell) for cell in plan["cells"]]
    hopeless: set[str] = set()  # stacks that used up their attempts: no endless repeat
    for _, block in groupby(cells, lambda cell: cell.block):
        todo = {cell: {scenario.name for scenario in profile.scenarios} for cell in block}
        for attempt in range(1, plan["attempts"] + 1):
            for cell, lacking in todo.items():
                if attempt == 1 or (lacking and cell.stack not in hopeless):
                    got = _attempt(underway, cell, attempt)
                    lacking -= {scenario for scenario in lacking if got.is_valid(scenario)}
        hopeless |= {cell.stack for cell, lacking in todo.items() if lacking}
    note(folder, "ended")


def _attempt(underway: Underway, cell: PlannedCell, attempt: int) -> Cell:
    """The cell as it was measured, now or before the campaign was resumed."""
    campaign, folder, plan = underway.campaign, underway.folder, underway.plan
    name = cell.name if attempt == 1 else f"{cell.name}.{attempt}"
    kept = folder / "cells" / name / "cell.json"
    if not kept.exists():
        tell = _tell(underway, cell, attempt)
        stack = next(stack for stack in campaign.arms if stack.name == cell.stack)
        now = pins_of(campaign.arms, plan["pins"]["served"], campaign.setting.k6.path)
        with new_cell(folder, name) as unfinished:
            note(folder, "begun", cell=name)
            started = datetime.now(UTC)
            changed = _differing(plan["pins"], now)
            measured = measure_cell(stack, campaign.setting, unfinished, tell, changed)
            ended = datetime.now(UTC)
            record = {
                "schema": SCHEMA,
                **asdict(cell),
                "attempt": attempt,
                "started": started.isoformat(),
                "ended": ended.isoformat(),
                "seconds": (ended - started).total_seconds(),
                "plan_sha256": digest(folder / "plan.json"),
                "conditions": {**plan["conditions"], "python": measured["served"]["python"]},
                "host": describe_host(),
                "source": digest_of_git(),
                **measured,
                "files": {path.name: digest(path) for path in sorted(unfinished.iterdir())},
            }
            write_json(unfinished / "cell.json", record)
    return read_cell(kept)


def _tell(underway: Underway, cell: PlannedCell, attempt: int) -> Callable[[str], None]:
    """A cell's own way to tell: it names the step, and the rest is known here."""
    campaign, plan = underway.campaign, underway.plan
    steps = ["start", "warmup", *(scenario.name for scenario in campaign.setting.profile.scenarios)]
    number = next(i for i, planned in enumerate(plan["cells"]) if planned == asdict(cell))
    again = f" (attempt {attempt})" if attempt > 1 else ""

    def tell(step: str) -> None:
        note(underway.folder, step, cell=cell.name, attempt=attempt)
        done = (number + steps.index(step) / len(steps)) / len(plan["cells"])
        underway.say(f"run {cell.block} of {campaign.runs}, {cell.stack}{again}: {step}", done)

    return tell


def _conditions(campaign: Campaign) -> dict[str, Any]:
    """What must be equal in two cells that are compared, merged or drawn into one figure."""
    setting = campaign.setting
    profile = setting.profile
    journal = {"journal_mode": setting.journal_mode} if setting.journal_mode else {}
    return {
        "engine": setting.engine.name,
        "profile": {"name": profile.name, "sha256": digest(profile.path)},
        "database": {**setting.engine.database, **journal, "rows": profile.rows},
        "machine": describe_machine(),
        "cpus": {side: sorted(of) if of else None for side, of in asdict(campaign.cpus).items()},
        "requirements": campaign.requirements,
        "workers": setting.workers,
        "threads": setting.threads,
        "k6": setting.k6.version,
    }


def _differing(planned: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """The names of what is not as planned; those of a part with the part's name before them."""
    names = []
    for key in sorted({*planned, *found}):
        a, b = planned.get(key), found.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            names += [f"{key} of {name}" for name in sorted({*a, *b}) if a.get(name) != b.get(name)]
        elif a != b:
            names.append(key)
    return names
