"""All sessions of one plan, in order: each kept as soon as it is measured, and more if need be."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import ROOT, Mistake
from bench.arm import Arm
from bench.host.machine import describe_host
from bench.keep.pins import differing, digest_of_folder, digest_of_git, pins_of
from bench.keep.plan import draw_block
from bench.keep.record import (
    Conditions,
    Database,
    Origin,
    Pins,
    Plan,
    PlannedArm,
    PlannedSession,
    Question,
    Session,
)
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
from bench.keep.thresholds import THRESHOLDS
from bench.keep.values import wanted
from bench.measure.session import measure_session
from bench.measure.standing import Setting
from bench.progress import Say
from bench.serve.variant import copy_stack


@dataclass(frozen=True)
class Campaign:
    """What a person asked for, with what this machine has for it."""

    arms: Sequence[Arm]  # with those that judge the campaign itself
    blocks: int  # passes over all arms
    setting: Setting
    origins: Mapping[str, Origin] = field(default_factory=dict)  # by label, of what was copied
    equal: bool = False  # whether two arms may be the same
    question: Question = "which is fastest"

    @property
    def by_label(self) -> dict[str, Arm]:
        return {arm.label: arm for arm in self.arms}


@dataclass(frozen=True)
class Underway:
    """A campaign that is being measured."""

    campaign: Campaign
    folder: Path
    plan: Plan
    say: Say


def run_campaign(campaign: Campaign, out: Path, say: Say) -> Path:
    """Measure every session of a new plan; the folder under out that holds them all."""
    seed, databases = _seed(), campaign.setting.databases(campaign.arms)
    conditions = campaign.setting.conditions(databases)
    plan = Plan(
        question=campaign.question,
        started=datetime.now(UTC).isoformat(),
        seed=seed,
        arms=_planned(campaign, conditions, databases),
        sessions=[
            session
            for block in range(1, campaign.blocks + 1)
            for session in _draw(campaign, block, seed)
        ],
        most_extra=campaign.blocks // 2,
        claims={path.name: digest(path) for path in sorted((ROOT / "paper").glob("*claims.toml"))},
        thresholds=THRESHOLDS,
        conditions=conditions,
        pins=_pins(campaign, _prepare(campaign, say)),
    )
    folder = create_campaign(out, plan, campaign.setting.profile.path)
    with _kept(folder):
        for arm in campaign.arms:
            if arm.side:
                copy_stack(arm.folder, source_path(folder, arm.side, arm.stack))
        _measure(campaign, folder, say)
    return folder


def resume_campaign(campaign: Campaign, folder: Path, say: Say) -> None:
    """Measure what a campaign still lacks; a Mistake where something is not as it was planned."""
    plan, databases = read_plan(folder), campaign.setting.databases(campaign.arms)
    conditions = campaign.setting.conditions(databases)
    changed = [
        *differing(plan.conditions, conditions),
        *differing(plan.arms, _planned(campaign, conditions, databases)),
        *differing(plan.pins, _pins(campaign, _prepare(campaign, say))),
        *differing(plan.thresholds, THRESHOLDS),
    ]
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


def _prepare(campaign: Campaign, say: Say) -> dict[str, str]:
    """What exactly will be served, by arm."""
    served: dict[str, str] = {}
    for arm in campaign.arms:
        say(f"{arm.label}: set up", 0)
        served[arm.label] = campaign.setting.engine.prepare(arm)
    if not campaign.equal:
        _must_differ([arm for arm in campaign.arms if not arm.control], served, campaign.setting)
    return served


def _must_differ(arms: Sequence[Arm], served: Mapping[str, str], setting: Setting) -> None:
    """A Mistake where two arms are one: the same is served, from the same sources, as it is."""
    seen: dict[tuple[object, ...], str] = {}
    for arm in arms:
        mode = setting.journal_mode(arm)
        # What else is set is in what is served.
        run_with = msgspec.structs.replace(
            arm.settings, requirements="", packages=(), python=None, folder=None, journal_mode=mode
        )
        what = arm.stack, served[arm.label], digest_of_folder(arm.folder), run_with
        if seen.setdefault(what, arm.label) != arm.label:
            raise Mistake(f"{arm.label} is the same arm as {seen[what]}: all that it sets is there")


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
        done += [_session(underway, session) for session in _draw(campaign, block, plan.seed)]
    note(folder, "ended")


def _session(underway: Underway, session: PlannedSession) -> Session:
    """As it was measured, now or before the campaign was resumed."""
    campaign, folder, plan = underway.campaign, underway.folder, underway.plan
    kept = folder / "sessions" / session.name / RECORD
    if not kept.exists():
        changed = differing(plan.pins, _pins(campaign, plan.pins.served))
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


def _seed() -> int:
    return random.SystemRandom().randrange(2**32)


def _draw(campaign: Campaign, block: int, seed: int) -> list[PlannedSession]:
    return draw_block(list(campaign.by_label), block, seed, campaign.setting.profile.together)


def _planned(
    campaign: Campaign, conditions: Conditions, databases: Mapping[str, Database]
) -> dict[str, PlannedArm]:
    return {
        arm.label: PlannedArm(
            stack=arm.stack,
            settings=arm.settings,
            control=arm.control,
            dose_turns=arm.dose_turns,
            database=databases[arm.label] if conditions.database is None else None,
            side=arm.side,
            origin=campaign.origins.get(arm.label),
        )
        for arm in campaign.arms
    }


def _pins(campaign: Campaign, served: dict[str, str]) -> Pins:
    folders = {arm.label: arm.folder for arm in campaign.arms}
    return pins_of(folders, served, campaign.setting.k6.path)
