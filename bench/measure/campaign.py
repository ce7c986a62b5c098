"""All sessions of one plan, in order: each kept as soon as it is measured, and more if need be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import Mistake
from bench.host.machine import describe_host
from bench.keep.pins import differing, digest_of_git
from bench.keep.record import Plan, PlannedSession, Session
from bench.keep.store import (
    RECORD,
    create_campaign,
    digest,
    keep_what_is_there,
    new_session,
    note,
    read_plan,
    read_session,
    remove_if_empty,
    source_path,
    write_record,
)
from bench.keep.values import wanted
from bench.measure.planning import Campaign, changes_since, make_plan
from bench.measure.session import measure_session
from bench.progress import Say
from bench.serve.variant import copy_stack


@dataclass(frozen=True)
class Underway:
    """A campaign that is being measured."""

    campaign: Campaign
    folder: Path
    plan: Plan
    say: Say


def run_campaign(campaign: Campaign, out: Path, say: Say) -> Path:
    """Measure every session of a new plan; the folder under out that holds them all."""
    plan = make_plan(campaign, say)
    folder = create_campaign(out, plan, campaign.setting.profile.path)
    with _kept(folder):
        for arm in campaign.arms:
            if arm.side:
                copy_stack(arm.folder, source_path(folder, arm.side, arm.stack))
        _measure(campaign, folder, say)
    return folder


def resume_campaign(campaign: Campaign, folder: Path, say: Say) -> None:
    """Measure what a campaign still lacks; a Mistake where something is not as it was planned."""
    changed = changes_since(read_plan(folder), campaign, say)
    if changed:
        raise Mistake(f"{folder.name} cannot go on: since its plan changed {', '.join(changed)}")
    keep_what_is_there(folder)
    note(folder, "resumed")
    with _kept(folder):
        _measure(campaign, folder, say)


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """A folder with a finished session outlives everything; who stops it is told how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if any(folder.glob(f"sessions/[!.]*/{RECORD}")):
            kept = "the sessions that were finished are kept"
            raise KeyboardInterrupt(f"; {kept}; --resume {folder} goes on") from stop
        raise
    finally:
        remove_if_empty(folder)


def _measure(campaign: Campaign, folder: Path, say: Say) -> None:
    """Session after session; what does not count is made good by more blocks at the end."""
    plan = read_plan(folder)
    profile = replace(campaign.setting.profile, path=folder / "profile.json")
    setting = replace(campaign.setting, profile=profile, seed=plan.seed)
    underway = Underway(replace(campaign, setting=setting), folder, plan, say)
    done = [_session(underway, session) for session in plan.sessions]
    for block in range(campaign.blocks + 1, campaign.blocks + plan.most_extra + 1):
        if not wanted(plan, done):
            break
        done += [_session(underway, session) for session in campaign.draw(block, plan.seed)]
    note(folder, "ended")


def _session(underway: Underway, session: PlannedSession) -> Session:
    """As it was measured, now or before the campaign was resumed."""
    campaign, folder, plan = underway.campaign, underway.folder, underway.plan
    kept = folder / "sessions" / session.name / RECORD
    if not kept.exists():
        changed = differing(plan.pins, campaign.pins(plan.pins.served))
        with new_session(folder, session.name) as unfinished:
            note(folder, "begun", session=session.name)
            started = datetime.now(UTC)
            measured = measure_session(
                session,
                campaign.by_label,
                campaign.setting,
                unfinished,
                _tell(underway, session),
                changed,
            )
            ended = datetime.now(UTC)
            record = Session(
                number=session.number,
                block=session.block,
                started=started.isoformat(),
                ended=ended.isoformat(),
                seconds=(ended - started).total_seconds(),
                plan_sha256=digest(folder / "plan.json"),
                host=describe_host(),
                source=digest_of_git(),
                commits=measured.commits,
                arms=measured.arms,
                scenarios=measured.scenarios,
                files={path.name: digest(path) for path in sorted(unfinished.iterdir())},
            )
            write_record(unfinished / RECORD, record)
    return read_session(kept)


def _tell(underway: Underway, session: PlannedSession) -> Callable[[str], None]:
    """A session's own way to tell: it names the step, and the rest is known here."""
    names = [scenario.name for scenario in underway.campaign.setting.profile.scenarios]
    steps, all_ = ["start", "warmup", *names], len(underway.plan.sessions)
    of = f"session {session.number} of {all_}"
    if session.number > all_:
        of = f"session {session.number}, added to {all_}"
    if len(session.arms) == 1:
        of += f", {session.arms[0]}"

    def tell(step: str) -> None:
        note(underway.folder, step, session=session.name)
        done = (session.number - 1 + steps.index(step) / len(steps)) / max(all_, session.number)
        underway.say(f"{of}: {step}", done)

    return tell
