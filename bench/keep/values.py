"""Values as answers want them: of which arm, in which session, and which planned ones lack."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.arm import CONTROLLED_SCENARIOS
from bench.keep.record import Measurement, Plan, Session

HOPELESS = 3  # an arm that is invalid in its first sessions, so many, is not waited for


@dataclass(frozen=True)
class Measured:
    """One arm in one scenario of one session."""

    campaign: Path
    session: Session
    arm: str
    scenario: str
    measurement: Measurement

    @property
    def block(self) -> tuple[str, int]:
        """What it shares with others: the campaign, and which pass over all arms it was."""
        return self.campaign.name, self.session.block

    @property
    def counts(self) -> bool:
        return self.measurement.counts


@dataclass(frozen=True)
class Part:
    """A campaign, or what is taken from it: the sessions of some of its arms."""

    campaign: Path
    plan: Plan
    sessions: tuple[Session, ...]
    arms: tuple[str, ...]

    def measured(self, scenario: str) -> Iterator[Measured]:
        """All that is there of these arms, session by session, whether it counts or not."""
        for session in self.sessions:
            for arm in self.arms:
                measurement = session.measured(arm, scenario)
                if measurement:
                    yield Measured(self.campaign, session, arm, scenario, measurement)


def takes_part(plan: Plan, arm: str, scenario: str) -> bool:
    """Controls judge a campaign by some scenarios only."""
    return not plan.arms[arm].control or scenario in CONTROLLED_SCENARIOS


def missing(plan: Plan, sessions: Sequence[Session]) -> list[str]:
    """Which arms count in fewer sessions than planned, a line for each scenario."""
    return [
        f"{arm}{f', {scenario}' * bool(scenario)}: {counted} of {planned} sessions count"
        for arm, scenario, counted, planned in lacks(plan, sessions)
    ]


def lacks(plan: Plan, sessions: Sequence[Session]) -> list[tuple[str, str, int, int]]:
    """The same as arm, scenario ("" where none was measured), sessions that count, of how many."""
    scenarios = dict.fromkeys(name for session in sessions for name in session.scenarios)
    if not scenarios:
        return [(arm, "", 0, _planned(plan, arm)) for arm in plan.arms]
    return [
        (arm, scenario, sum(found), _planned(plan, arm))
        for arm, scenario, found in _found(plan, sessions, scenarios)
        if sum(found) < _planned(plan, arm)
    ]


def wanted(plan: Plan, sessions: Sequence[Session]) -> list[tuple[str, str]]:
    """Arms and scenarios for which one more block is to be added; none: the campaign is done.

    By what counts, never by what a value was. Sessions are those of the blocks that are complete.
    """
    scenarios = dict.fromkeys(name for session in sessions for name in session.scenarios)
    return [
        (arm, scenario)
        for arm, scenario, found in _found(plan, sessions, scenarios)
        if sum(found) < _planned(plan, arm) and (len(found) < HOPELESS or any(found[:HOPELESS]))
    ]


def _found(
    plan: Plan, sessions: Sequence[Session], scenarios: Iterable[str]
) -> Iterator[tuple[str, str, list[bool]]]:
    """Of every arm and scenario, whether it counts in each of its sessions, in their order."""
    ordered = sorted(sessions, key=lambda session: session.number)
    for arm in plan.arms:
        of_arm = [session for session in ordered if _is_in(session, arm)]
        for scenario in scenarios:
            if takes_part(plan, arm, scenario):
                there = [session.measured(arm, scenario) for session in of_arm]
                yield arm, scenario, [bool(one and one.counts) for one in there]


def _is_in(session: Session, arm: str) -> bool:
    """Also one that was lost before it could say how it is served."""
    return arm in session.arms or any(arm in one.arms for one in session.scenarios.values())


def _planned(plan: Plan, arm: str) -> int:
    return sum(arm in session.arms for session in plan.sessions)
