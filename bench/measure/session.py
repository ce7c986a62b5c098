"""The procedure of one session, from top to bottom: what a doubter reads first.

Fresh servers of all its arms, each with a fresh database, all up at the same time; then every
scenario once (scenario.py): in it k6 runs a few times, and in each run all arms take turns. Where a
profile has its arms alone (the paper's procedure, its section 3.3) a session has one arm, and the
profile's pauses.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import Mistake
from bench.arm import Arm
from bench.host.memory import for_k6
from bench.keep.load import load_of
from bench.keep.record import ArmStart, Canary, PlannedSession, ScenarioRecord, Served
from bench.measure.load.run import Ran, run_k6
from bench.measure.load.turns import told_to_k6
from bench.measure.scenario import WRITES, Underway, measure_scenario
from bench.measure.standing import Setting, Standing, seed, start, working
from bench.serve import inside
from bench.serve.variant import locks_told

IDLE_SECONDS = 1.0  # for which nobody asks anything


@dataclass(frozen=True)
class Measured:
    """What a session gave."""

    commits: dict[str, Canary]
    arms: dict[str, ArmStart]
    scenarios: dict[str, ScenarioRecord]


def measure_session(
    session: PlannedSession,
    arms: Mapping[str, Arm],
    setting: Setting,
    folder: Path,
    say: Callable[[str], None],
    changed: Sequence[str] = (),
) -> Measured:
    """Measure every arm of a session in every scenario; k6's summaries and all logs go to folder.

    changed names what is not as it was planned. An arm whose server dies loses the scenarios that
    are left, not the others'; one that does not even start, or that does not fit into memory, is a
    Mistake.
    """
    profile = setting.profile
    with ready([arms[label] for label in session.arms], setting, folder, say) as up:
        idle_until = time.monotonic() + profile.pauses["warm"]
        scenarios = {}
        for scenario in profile.scenarios:
            say(scenario.name)
            if scenario.name in profile.reseed:
                seed(up.arms, setting)
            there = [one for one in up.arms if one.arm.takes_part(scenario.name)]
            if there:
                of = Underway(scenario, there, setting, session.number, folder, changed)
                scenarios[scenario.name], ended = measure_scenario(of, idle_until)
                # What is checked is checked in the pause that the procedure has anyway.
                idle_until = ended + profile.pauses["between"]
        for one in working(up.arms):
            if one.arm.dose_turns:
                with one.lost_if_it_fails():
                    one.dose_s = inside.dose_seconds(one.server)
        return Measured(up.commits, up.described(), scenarios)


@dataclass(frozen=True)
class Up:
    """All arms of a session, ready to be asked."""

    arms: Sequence[Standing]
    commits: dict[str, Canary]
    served: dict[str, Served]

    def described(self) -> dict[str, ArmStart]:
        """By arm, what the session knows of it beside what was measured."""
        return {
            one.arm.label: ArmStart(
                served=self.served[one.arm.label],
                memory_bytes=one.memory_bytes,
                idle_cpu=one.idle_cpu,
                dose_s=one.dose_s,
                commits=one.commits,
            )
            for one in self.arms
        }


@contextmanager
def ready(
    arms: Sequence[Arm], setting: Setting, folder: Path, say: Callable[[str], None]
) -> Iterator[Up]:
    """Fresh servers, each with a fresh database, warm; in the end all have stopped."""
    profile = setting.profile
    say("start")
    started = time.monotonic()
    with ExitStack() as running:
        there = start(arms, setting, running)
        running.callback(_keep_logs, there, folder)
        commits = _look_at_commits(there, setting)
        sleep_until(started + profile.pauses["settle"])
        seed(there, setting)
        _must_be_seeded(there)
        seeded = time.monotonic()
        served = {one.arm.label: _describe(one) for one in there}
        _must_have_journal_mode(there, setting, served)
        sleep_until(seeded + profile.pauses["seeded"])
        say("warmup")
        _warm_up(there, setting, folder)
        if profile.together:
            seed(there, setting)  # the warm-up has written
            _look_at_idle(working(there))
        yield Up(there, commits, served)


def _look_at_idle(arms: Sequence[Standing]) -> None:
    """What each uses while nobody asks: later that is taken off what it uses beside its turns."""
    before = [one.server.cpu_seconds() for one in arms]
    started = time.monotonic()
    time.sleep(IDLE_SECONDS)
    for one, used in zip(arms, before, strict=True):
        seconds = time.monotonic() - started
        one.idle_cpu = max(0.0, one.server.cpu_seconds() - used) / seconds


def _describe(one: Standing) -> Served:
    served = inside.describe(one.server)
    if one.arm.settings.python is None:
        return served
    return msgspec.structs.replace(served, locks=locks_told(one.server.log()))


def _look_at_commits(arms: Sequence[Standing], setting: Setting) -> dict[str, Canary]:
    """What a commit costs on the first arm's database; an arm with another kind is told its own.

    By the number of writers that the write scenarios have at work.
    """
    kinds: dict[tuple[str, str | None], list[Standing]] = {}
    for one in arms:
        kinds.setdefault((one.arm.settings.database, setting.journal_mode(one.arm)), []).append(one)
    first, *others = [(alike, _commits(alike, setting)) for alike in kinds.values()]
    for alike, commits in others:
        for one in alike:
            one.commits = commits
    return first[1]


def _commits(alike: Sequence[Standing], setting: Setting) -> dict[str, Canary]:
    scenarios = [scenario for scenario in setting.profile.scenarios if scenario.name in WRITES]
    writers = sorted({one.in_flight(scenario) for one in alike for scenario in scenarios})
    server, mode = alike[0].server, setting.journal_mode(alike[0].arm)
    return {str(number): inside.commits(server, number, mode) for number in writers}


def _warm_up(arms: Sequence[Standing], setting: Setting, folder: Path) -> None:
    """Ask every arm before it counts; where arms are together, on every route.

    What goes wrong is noted by arm: then nothing of this session counts for it.
    """
    there = working(arms)
    ran = _run_warmup(there, setting, folder / "warmup-1.json")
    for one in there:
        load = load_of([ran.summary] if ran.summary else [], one.arm.label, 1, None)
        if ran.exit_status or load.failed or not load.requests:
            failed = f"{load.failed} requests failed, k6 ended with {ran.exit_status}"
            one.warmup = failed


def _run_warmup(there: Sequence[Standing], setting: Setting, summary: Path) -> Ran:
    profile = setting.profile
    program = setting.k6, "warmup", profile.path, summary, setting.cpus.k6
    if profile.warmup is None:
        (one,) = there
        return run_k6(*program, url=one.server.url, arm=one.arm.label)
    urls = {one.arm.label: one.server.url for one in there}
    drawn = (), list(urls)
    users, timeout = profile.warmup_users, profile.request_timeout_ms
    turns = told_to_k6(profile.warmup, urls, users, drawn, 1, timeout, dict.fromkeys(urls, 0))
    return run_k6(*program, turns=turns, memory=for_k6())


def _must_be_seeded(arms: Sequence[Standing]) -> None:
    """One that cannot even be filled at its start is a Mistake, as one that does not start."""
    for one in arms:
        if one.lost:
            raise Mistake(one.lost)


def _must_have_journal_mode(
    arms: Sequence[Standing], setting: Setting, served: Mapping[str, Served]
) -> None:
    for one in arms:
        found = (served[one.arm.label].pragmas or {}).get("journal_mode")
        if found != setting.journal_mode(one.arm):
            raise Mistake(f"{one.arm.label}: seed.py left another journal mode than asked for")


def _keep_logs(arms: Sequence[Standing], folder: Path) -> None:
    for one in arms:
        try:
            log = one.server.log()
        except Mistake as mistake:
            log = f"there is no log: {mistake}\n"
        (folder / f"{one.arm.label}.server.log").write_text(log)


def sleep_until(moment: float) -> None:
    """A moment of the clock that nobody sets; it may have passed."""
    time.sleep(max(0.0, moment - time.monotonic()))
