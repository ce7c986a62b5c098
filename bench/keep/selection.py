"""Which campaigns may stand in one figure: the newest of each arm, under equal conditions."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench import Mistake
from bench.keep.record import Conditions, Served
from bench.keep.store import OlderSchema, find_campaigns, read_campaign
from bench.keep.values import Measured, Part

# Of PostgreSQL's settings: what a commit promises, and what its memory holds.
PROMISES = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers")


@dataclass(frozen=True)
class Selection:
    """What answers are computed from."""

    parts: tuple[Part, ...]  # never empty; a campaign is in one part at most

    @property
    def interleaved(self) -> bool:
        """All from one campaign: only then may arms be compared."""
        return len(self.parts) == 1

    @property
    def campaigns(self) -> list[str]:
        return sorted(part.campaign.name for part in self.parts)

    @property
    def conditions(self) -> Conditions:
        return self.parts[0].plan.conditions

    @property
    def arms(self) -> list[str]:
        """Those that are compared."""
        return sorted(arm for part in self.parts for arm in part.arms if arm in part.plan.compared)

    @property
    def controls(self) -> list[str]:
        return [arm for part in self.parts for arm in part.arms if arm in part.plan.controls]

    @property
    def scenarios(self) -> list[str]:
        """In the order in which they were measured."""
        every = [session for part in self.parts for session in part.sessions]
        return list(dict.fromkeys(scenario for session in every for scenario in session.scenarios))

    def measured(self, scenario: str) -> list[Measured]:
        """All that is there, whether it counts or not."""
        return [one for part in self.parts for one in part.measured(scenario)]

    def counted(self, scenario: str) -> list[Measured]:
        return [one for one in self.measured(scenario) if one.counts]


def select_campaigns(folders: Sequence[Path]) -> Selection:
    """All sessions of these campaigns; a Mistake where their conditions differ, or there is none.

    Where they are more than one, their controls are left out: each judges its own campaign alone.
    """
    folders = sorted({folder.resolve() for folder in folders})
    parts = []
    for folder in folders:
        plan, sessions = read_campaign(folder)
        arms = plan.compared if len(folders) > 1 else [*plan.arms]
        if sessions:
            parts.append(Part(folder, plan, tuple(sessions), tuple(arms)))
    if not parts:
        raise Mistake(f"no finished session in {', '.join(map(str, folders))}")
    differing = list(dict.fromkeys(_differing(parts)))
    if differing:
        names = " and ".join(part.campaign.name for part in parts)
        raise Mistake(f"{names} cannot share a figure: they differ in {', '.join(differing)}")
    return Selection(tuple(parts))


def select_newest(results: Path) -> Selection:
    """Of each arm the newest campaign in which it counts, all under the newest's conditions."""
    campaigns, older = _read_all(results)
    chosen: dict[str, Part] = {}
    for whole in campaigns:
        for arm in whole.plan.compared:
            part = Part(whole.campaign, whole.plan, whole.sessions, (arm,))
            if (
                arm not in chosen
                and _counts(part)
                and not any(_differing([*chosen.values(), part]))
            ):
                chosen[arm] = part
    folders = {part.campaign for part in chosen.values()}
    if not chosen:
        raise older or Mistake(f"no valid result in {results}; `nox -s bench` makes some")
    if len(folders) == 1:
        return select_campaigns([*folders])  # with its controls
    parts = []
    for whole in reversed(campaigns):
        arms = [arm for arm in sorted(chosen) if chosen[arm].campaign == whole.campaign]
        if arms:
            parts.append(Part(whole.campaign, whole.plan, whole.sessions, tuple(arms)))
    return Selection(tuple(parts))


def _read_all(results: Path) -> tuple[list[Part], Mistake | None]:
    """Every campaign with a session, the newest first; and why an older one is left out."""
    parts, older = [], None
    for folder in find_campaigns(results):
        try:
            plan, sessions = read_campaign(folder)
        except OlderSchema as mistake:
            older = mistake
            continue
        if sessions:
            parts.append(Part(folder, plan, tuple(sessions), tuple(plan.arms)))
    # By the time in the plan: the name may be anything, and reference-… comes after every date.
    return sorted(parts, key=lambda part: part.plan.started, reverse=True), older


def _counts(part: Part) -> bool:
    """Whether its arm counts at least once in each scenario in which it was measured."""
    scenarios = {scenario for session in part.sessions for scenario in session.scenarios}
    found = [[one.counts for one in part.measured(scenario)] for scenario in scenarios]
    return any(found) and all(any(counts) for counts in found if counts)


def _differing(parts: Sequence[Part]) -> Iterator[str]:
    """The names of what is not equal where it must be."""
    seen: dict[Hashable, Any] = {}
    for part in parts:
        for name, of, value in _conditions(part):
            if seen.setdefault((name, of), value) != value:
                yield name


def _conditions(part: Part) -> Iterator[tuple[str, Hashable, Any]]:
    """What must be equal: its name, to what of the same kind, and what it is here."""
    plan = part.plan
    for name, value in msgspec.structs.asdict(plan.conditions).items():
        yield name, "conditions", value
    compared = [msgspec.structs.asdict(plan.arms[arm].settings) for arm in plan.compared]
    for name in compared[0] if compared else ():
        yield name, "settings", {settings[name] for settings in compared}
    for arm in part.arms:
        yield f"what {arm} is", arm, plan.arms[arm]
        for session in part.sessions:
            if arm in session.arms:
                served, settings = session.arms[arm].served, plan.arms[arm].settings
                yield "python", settings, served.python
                yield f"packages of {arm}", arm, served.packages
                for name, value in _database(served).items():
                    yield f"database's {name}", settings, value


def _database(served: Served) -> dict[str, Any]:
    """What a commit promises and where it goes: never equal by chance, never to be mixed."""
    settings = served.postgresql or {}
    return {
        "synchronous": (served.pragmas or {}).get("synchronous"),
        "filesystem": served.database_filesystem,
        **{name: settings.get(name) for name in PROMISES},
    }
