"""Whether arms can take turns under a profile, and how long one session of them takes."""

from collections.abc import Iterator, Sequence

from bench import Mistake
from bench.arm import Arm
from bench.measure.profile import Profile, Scenario
from bench.measure.scenario import WRITES

KEEP_ALIVE = 75.0  # seconds, of every stack's server: then it closes a connection that is idle
FEW = 6  # arms; of more it is said beforehand how long they take
START_SECONDS, ARM_SECONDS = 35.0, 7.0  # of a session beside its turns: of all, and of each arm


def must_suit(arms: Sequence[Arm], profile: Profile) -> None:
    """A Mistake where arms cannot take turns: the numbers would say something else."""
    if not profile.together:
        return
    for arm in arms:
        mode = arm.settings.journal_mode or profile.journal_mode
        writes = [one.name for one in profile.scenarios if one.name in WRITES]
        if arm.settings.database == "sqlite" and mode == "delete" and writes:
            # Seen: 7.6 s in turns of 8 s, so that users would still wait when others' turn begins.
            raise Mistake(
                f"{arm.label}: with SQLite's DELETE journal a writer waits for longer than a turn;"
                f" measure it alone, --profile paper, or leave out {', '.join(writes)}"
            )
    for scenario in profile.scenarios:
        idle = _longest_wait(scenario, len(arms))
        if idle >= KEEP_ALIVE:
            raise Mistake(
                f"{len(arms)} arms are too many for {scenario.name}: one may wait {idle:.0f} s for"
                f" its next turn, and after {KEEP_ALIVE:.0f} s its users' connections are closed"
            )


def session_time(arms: Sequence[Arm], profile: Profile, sessions: int) -> Iterator[str]:
    """A line on how long many arms take; none of few."""
    if len(arms) > FEW and profile.together:
        seconds = START_SECONDS + len(arms) * ARM_SECONDS
        for scenario in profile.scenarios:
            if scenario.turns:
                seconds += scenario.runs * scenario.turns.run_seconds(len(arms))
        yield (
            f"{len(arms)} arms: a session takes about {seconds / 60:.1f} min,"
            f" the {sessions} of them {sessions * seconds / 60:.0f} min\n"
        )


def _longest_wait(scenario: Scenario, arms: int) -> float:
    """Seconds from an arm's first requests, or from a turn of one round, to its next turn."""
    turns = scenario.turns
    if turns is None:
        return 0.0
    others = (arms - 1) * turns.turn_ms
    connected = arms * turns.connect_ms + others
    return max(connected, 2 * others if turns.rounds > 1 else 0) / 1000
