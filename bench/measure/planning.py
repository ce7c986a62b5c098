"""What a campaign is asked for, and the plan that is frozen before its first measurement."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from bench import ROOT, Mistake
from bench.arm import Arm
from bench.keep.pins import differing, digest_of_folder, pins_of
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
)
from bench.keep.store import digest
from bench.keep.thresholds import THRESHOLDS
from bench.measure.standing import Setting
from bench.progress import Say


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

    def pins(self, served: dict[str, str]) -> Pins:
        """Of what would be measured now; served: what exactly each arm is, from prepare."""
        folders = {arm.label: arm.folder for arm in self.arms}
        return pins_of(folders, served, self.setting.k6.path)

    def draw(self, block: int, seed: int) -> list[PlannedSession]:
        """The sessions of a pass over all arms."""
        return draw_block(list(self.by_label), block, seed, self.setting.profile.together)


def make_plan(campaign: Campaign, say: Say) -> Plan:
    """Set all arms up, and say what will be measured in which order, of what, by which rules."""
    seed, databases = _seed(), campaign.setting.databases(campaign.arms)
    conditions = campaign.setting.conditions(databases)
    return Plan(
        question=campaign.question,
        started=datetime.now(UTC).isoformat(),
        seed=seed,
        arms=_planned(campaign, conditions, databases),
        sessions=[
            session
            for block in range(1, campaign.blocks + 1)
            for session in campaign.draw(block, seed)
        ],
        most_extra=campaign.blocks // 2,
        claims={path.name: digest(path) for path in sorted((ROOT / "paper").glob("*claims.toml"))},
        thresholds=THRESHOLDS,
        conditions=conditions,
        pins=campaign.pins(_prepare(campaign, say)),
    )


def changes_since(plan: Plan, campaign: Campaign, say: Say) -> list[str]:
    """Set all arms up again, and name what is not as the plan says."""
    databases = campaign.setting.databases(campaign.arms)
    conditions = campaign.setting.conditions(databases)
    return [
        *differing(plan.conditions, conditions),
        *differing(plan.arms, _planned(campaign, conditions, databases)),
        *differing(plan.pins, campaign.pins(_prepare(campaign, say))),
        *differing(plan.thresholds, THRESHOLDS),
    ]


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


def _seed() -> int:
    return random.SystemRandom().randrange(2**32)


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
