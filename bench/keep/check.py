"""Whether a campaign's measurements can be believed: complete, unmixed, unaltered, of this schema.

Every line begins with what is wrong: incomplete, mixed or altered. Whether what was drawn from them
is what they give stands in bench/commands/quotable.py.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from bench import Mistake
from bench.keep.check_session import Against, faults_of_session
from bench.keep.plan import draw_block
from bench.keep.record import Plan, PlannedSession, Session
from bench.keep.store import (
    digest,
    read_campaign,
    read_journal,
    read_plan,
    read_session,
    session_files,
)
from bench.keep.thresholds import THRESHOLDS
from bench.keep.values import wanted

UNREADABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError),
)


class _Profile(msgspec.Struct):
    """What a check needs of a profile."""

    arms: Literal["together", "alone"]
    scenarios: dict[str, dict[str, Any]]
    turns: dict[str, Any] = {}


def faults(folder: Path) -> list[str]:
    """What is wrong with a campaign, a line each; whatever cannot be read is a fault as well."""
    try:
        plan = read_plan(folder)
        profile = msgspec.json.decode((folder / "profile.json").read_bytes(), type=_Profile)
        together = profile.arms == "together"
        against = Against(
            plan=plan,
            plan_sha256=digest(folder / "plan.json"),
            allowed={one.number: one for one in _allowed(plan, together)},
            scenarios=profile.scenarios,
            turns=profile.turns if together else {},
        )
        found = [*_of_plan(folder, plan, together), *_of_sessions(folder, against)]
        return found or list(_of_extra_blocks(*read_campaign(folder), together))
    except Mistake as mistake:
        return [str(mistake)]
    except UNREADABLE as error:
        return [f"{folder} cannot be read: {type(error).__name__}: {error}"]


def find_remains(results: Path) -> list[Path]:
    """Every folder that is a campaign, or what is left of one, of an older version too."""
    parts = ("plan.json", "journal.ndjson", "sessions", "cells")
    return sorted({path.parent for part in parts for path in results.glob(f"*/{part}")})


def _of_plan(folder: Path, plan: Plan, together: bool) -> Iterator[str]:
    journal = read_journal(folder)
    if not journal or journal[-1]["event"] != "ended":
        yield "incomplete: the journal does not end with its end"
    if not journal or journal[0].get("sha256") != digest(folder / "plan.json"):
        yield "altered: plan.json is not what the journal notes"
    if digest(folder / "profile.json") != plan.conditions.profile.sha256:
        yield "altered: profile.json is not what was planned"
    names = sorted({*THRESHOLDS, *plan.thresholds})
    other = [name for name in names if plan.thresholds.get(name) != THRESHOLDS.get(name)]
    if other:
        yield f"altered: plan.json has other thresholds: {', '.join(other)}"
    blocks = range(1, 1 + _blocks(plan))
    if not plan.sessions or plan.sessions != _draw(plan, blocks, together):
        yield "altered: its order is not the one that its seed draws"


def _of_sessions(folder: Path, against: Against) -> Iterator[str]:
    journal = read_journal(folder)
    kept = {event["session"]: event["sha256"] for event in journal if event["event"] == "kept"}
    there = {path.parent.name: path for path in session_files(folder)}
    for name in sorted({*kept, *there}):
        if name not in there:
            yield f"incomplete: {name} was measured and is gone"
        elif kept.get(name) != digest(there[name]):
            yield f"altered: {name}/session.json is not what the journal notes"
        else:
            try:
                session = read_session(there[name])
            except Mistake as mistake:
                yield f"incomplete: {mistake}"
            else:
                yield from faults_of_session(there[name].parent, session, against)
    for planned in against.plan.sessions:
        if planned.name not in there:
            yield f"incomplete: {planned.name} was planned and not measured"
    for path in sorted((folder / "sessions").iterdir()):
        if path.name not in there and not path.name.startswith("."):
            yield f"altered: sessions/{path.name} is no session"


def _of_extra_blocks(plan: Plan, sessions: Sequence[Session], together: bool) -> Iterator[str]:
    """What does not count is replaced by whole blocks, and nothing else adds one."""
    there, last = {session.number: session for session in sessions}, _blocks(plan)
    for block in range(last + 1, last + plan.most_extra + 1):
        before = [session for session in sessions if session.block < block]
        needed = bool(wanted(plan, before))
        for added in _draw(plan, [block], together):
            if needed and added.number not in there:
                yield f"incomplete: {added.name} was to be added and was not measured"
            elif added.number in there and not needed:
                yield f"mixed: {added.name} was added, and nothing was lacking"


def _allowed(plan: Plan, together: bool) -> list[PlannedSession]:
    last = _blocks(plan)
    return plan.sessions + _draw(plan, range(last + 1, last + plan.most_extra + 1), together)


def _draw(plan: Plan, blocks: Sequence[int], together: bool) -> list[PlannedSession]:
    drawn = [draw_block(list(plan.arms), block, plan.seed, together) for block in blocks]
    return [session for block in drawn for session in block]


def _blocks(plan: Plan) -> int:
    return max((session.block for session in plan.sessions), default=0)
