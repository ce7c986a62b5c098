"""How an arm stands in a session: its server, what its database holds, and whether it was lost."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from bench import Mistake
from bench.arm import Arm
from bench.host.leftovers import stop_my_processes
from bench.host.machine import Partition, describe_machine
from bench.host.memory import must_fit
from bench.keep.files import digest
from bench.keep.record import Canary, Conditions, Cpus, Database, ProfilePin
from bench.measure.load.k6 import K6
from bench.measure.profile import Profile, Scenario
from bench.serve.server import Engine, Row, Server
from bench.serve.stacks import in_flight
from bench.serve.start import given_up

T = TypeVar("T")
AT_WORK = "side by side"  # how the names of threads begin that do something for an arm


@dataclass(frozen=True)
class Setting:
    """With what, and under which profile, sessions are measured."""

    profile: Profile
    engine: Engine
    k6: K6
    cpus: Partition
    seed: int = 0  # of the plan: it draws the order of the turns

    def journal_mode(self, arm: Arm) -> str | None:
        """Of the database's file; None where the database is no file."""
        if arm.settings.database != "sqlite":
            return None
        return arm.settings.journal_mode or self.profile.journal_mode

    def databases(self, arms: Sequence[Arm]) -> dict[str, Database]:
        """What every arm's is, by label; of each kind its engine is asked once."""
        kinds: dict[tuple[str, str | None], Database] = {}
        for arm in arms:
            kind = arm.settings.database, self.journal_mode(arm)
            if kind not in kinds:
                described = self.engine.describe_database
                kinds[kind] = described(arm.settings, self.profile.rows, kind[1])
        return {arm.label: kinds[arm.settings.database, self.journal_mode(arm)] for arm in arms}

    def conditions(self, databases: Mapping[str, Database]) -> Conditions:
        """What must be equal in two sessions that are compared."""
        profile, cpus = self.profile, self.cpus
        first, *others = databases.values()
        return Conditions(
            engine=self.engine.name,
            profile=ProfilePin(name=profile.name, sha256=digest(profile.path)),
            database=first if all(one == first for one in others) else None,
            machine=describe_machine(),
            cpus=Cpus(
                server=sorted(cpus.server) if cpus.server else None,
                k6=sorted(cpus.k6) if cpus.k6 else None,
            ),
            k6=self.k6.version,
        )


@dataclass
class Standing:
    """An arm whose server is up, until it is lost: then it is measured no more in this session."""

    arm: Arm
    server: Server
    memory_bytes: int | None = None  # held after its start
    idle_cpu: float | None = None  # CPU seconds a second while nobody asks
    dose_s: float | None = None
    commits: dict[str, Canary] | None = None  # where its database is not the first arm's
    rows: list[Row] | None = None  # what the database holds, where that is known
    deleted: int = 0  # of the shuffled ids, since the database was made anew
    warmup: str | None = None  # what went wrong in it
    lost: str | None = None  # why

    def in_flight(self, scenario: Scenario) -> int:
        return int(min(scenario.users, in_flight(self.arm, scenario.name)))

    @contextmanager
    def lost_if_it_fails(self) -> Iterator[None]:
        """A Mistake inside means that the server, or its database, is gone."""
        try:
            yield
        except Mistake as mistake:
            self.lost = self.lost or str(mistake)


def working(arms: Iterable[Standing]) -> list[Standing]:
    """Those that are not lost."""
    return [one for one in arms if not one.lost]


def side_by_side(act: Callable[[T], None], of: Iterable[T]) -> None:
    """Do it for all, as many at a time as there are CPUs; an exception is raised in the end.

    Who stops the bench does not wait for a program that hangs: what was started is ended.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix=AT_WORK) as pool:
        try:
            for doing in [pool.submit(act, one) for one in of]:
                doing.result()
        except KeyboardInterrupt:  # perhaps in submit: then only a thread tells of what was begun
            given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
            while any(thread.name.startswith(AT_WORK) for thread in threading.enumerate()):
                stop_my_processes()
                time.sleep(0.1)
            given_up.clear()
            raise


def start(arms: Sequence[Arm], setting: Setting, running: ExitStack) -> list[Standing]:
    """Fresh servers, side by side as far as the CPUs go; a Mistake where memory does not do."""
    there: dict[str, Standing] = {}
    stacks = {arm.label: ExitStack() for arm in arms}
    running.callback(side_by_side, ExitStack.close, stacks.values())

    def start_one(arm: Arm) -> None:
        server = stacks[arm.label].enter_context(setting.engine.serve(arm))
        there[arm.label] = Standing(arm, server, server.memory_bytes())

    at_once = len(setting.cpus.server or ()) + 1
    for first in range(0, len(arms), at_once):
        side_by_side(start_one, arms[first : first + at_once])
        must_fit([one.memory_bytes for one in there.values()], len(arms) - len(there))
    return [there[arm.label] for arm in arms]


def seed(arms: Sequence[Standing], setting: Setting) -> None:
    """Every database anew, side by side."""

    def anew(one: Standing) -> None:
        with one.lost_if_it_fails():
            one.server.seed(setting.profile.rows, setting.journal_mode(one.arm))
        one.rows, one.deleted = None, 0

    side_by_side(anew, working(arms))
