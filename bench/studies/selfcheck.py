"""Whether this machine and its k6 can be believed: stubs whose delay and count are known."""

import argparse
import math
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from bench import Mistake
from bench.answer.statistics.model import OWN, critical, fit_table
from bench.host.disturbance import Window, disturbance, read_counters
from bench.host.leftovers import stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import Partition, cpu_seconds, partition_cpus
from bench.host.memory import for_k6
from bench.keep.load import load_of
from bench.keep.plan import draw_turns
from bench.keep.record import Disturbance, Load
from bench.measure.load.k6 import K6, find_k6
from bench.measure.load.run import run_k6
from bench.measure.load.turns import told_to_k6
from bench.measure.profile import Profile, load_profile
from bench.progress import Say, show_progress
from bench.studies.stub import DELAY_MS, answered, serve_stub

LATEST_MS = 22.0  # for an answer that the stub sends after 20 ms
SESSIONS = 6
EQUALS = ("a", "b", "c", "d", "e")  # arms, as many as there are stacks
TOO_NOISY = 0.08  # sd of equal arms: a campaign of standard would tell no difference below 9 %


@dataclass(frozen=True)
class Equals:
    """What equal stubs gave: by session, and in it by stub."""

    rates: list[list[float]]  # requests a second
    costs: list[list[float]]  # CPU seconds a request
    disturbed: list[Disturbance]  # by session


def check_this_machine(arguments: argparse.Namespace) -> None:
    """Print what is found; a Mistake where it speaks against measuring here."""
    with hold_machine(), show_progress(Console()) as say:
        stop_leftovers()
        told, against = check_machine(find_k6(arguments.k6), partition_cpus(2), say)
    for line in told:
        print(line)
    if against:
        raise Mistake(f"this machine carries no claim: {'; '.join(against)}")


def check_machine(k6: K6, cpus: Partition, say: Say) -> tuple[list[str], list[str]]:
    """What was found, a line each; and of that what speaks against believing this machine."""
    told, against = [], []
    profile = load_profile("standard")
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "load.json"
        say("a known delay", 0)
        load, count = _load_stub(k6, cpus, summary, profile)
        mean = load.mean_ms or 0.0
        told.append(
            f"delay   {mean:.2f} ms measured of {DELAY_MS:.0f} ms, {load.requests} requests"
        )
        if not DELAY_MS <= mean <= LATEST_MS:
            against.append(f"k6 measures a delay of {DELAY_MS:.0f} ms as {mean:.2f} ms")
        told.append(f"count   {load.requests} counted by k6 of {count} answered")
        if load.requests != count or load.failed:
            against.append("k6 does not count what was answered")
        equals = _measure_equals(k6, cpus, summary, profile, say)
    for what, values in (("throughput", equals.rates), ("CPU", equals.costs)):
        sd = float(fit_table(np.log(values)).sd)
        told.append(
            f"noise   {what} of {len(EQUALS)} equal arms in turns differs by {sd:.1%} (sd):"
            f" {profile.sessions} sessions can tell {_told_apart(sd, profile.sessions):.0%} at best"
        )
        if what == "throughput" and sd > TOO_NOISY:
            against.append(f"equal work differs by {sd:.0%}: no claim can be carried")
    for name in ("steal", "foreign"):
        shares = [getattr(found, f"{name}_share") for found in equals.disturbed]
        worst = "not told" if None in shares else f"at most {max(shares):.2%} of the CPUs"
        told.append(f"{name:7} {worst}")
    return told, against


def _told_apart(sd: float, sessions: int) -> float:
    """From which difference on a pair is told apart, if its noise is this."""
    own = sessions >= OWN
    df = (sessions - 1) * (1 if own else len(EQUALS) - 1)
    return math.expm1(critical(len(EQUALS), df, own) * sd * math.sqrt(2 / sessions))


def _measure_equals(k6: K6, cpus: Partition, summary: Path, profile: Profile, say: Say) -> Equals:
    """A campaign in small: in each session fresh stubs, which take turns in one run of hello."""
    found = Equals([], [], [])
    for session in range(1, SESSIONS + 1):
        say(f"session {session} of {SESSIONS}", session / (1 + SESSIONS))
        with ExitStack() as running:
            stubs = {name: running.enter_context(serve_stub(cpus, 0)) for name in EQUALS}
            urls = {name: url for name, (_, url) in stubs.items()}
            used = {name: -(cpu_seconds(stub.pid) or 0.0) for name, (stub, _) in stubs.items()}
            before = read_counters()
            loads, k6_cpu_s = _load_in_turns(k6, cpus, summary, profile, urls, session)
            for name, (stub, _) in stubs.items():
                used[name] += cpu_seconds(stub.pid) or 0.0
            window = Window(before, read_counters(), sum(used.values()), k6_cpu_s)
        found.rates.append([loads[name].counted / loads[name].counted_s for name in EQUALS])
        found.costs.append([used[name] / loads[name].requests for name in EQUALS])
        found.disturbed.append(disturbance([window]))
    return found


def _load_in_turns(
    k6: K6, cpus: Partition, summary: Path, profile: Profile, urls: dict[str, str], session: int
) -> tuple[dict[str, Load], float]:
    """What k6 tells of each stub, and its CPU seconds."""
    (scenario,) = (one for one in profile.scenarios if one.name == "hello")
    if scenario.turns is None:
        raise Mistake(f"{profile.path} has no turns of hello")
    drawn = draw_turns(EQUALS, scenario.turns.rounds, 0, session, "hello", 1)
    timeout, none_done = profile.request_timeout_ms, dict.fromkeys(urls, 0)
    turns = told_to_k6(scenario.turns, urls, scenario.users, drawn, 1, timeout, none_done)
    ran = run_k6(k6, "hello", profile.path, summary, cpus.k6, turns=turns, memory=for_k6())
    told = [ran.summary] if ran.summary else []
    loads = {name: load_of(told, name, scenario.users, None) for name in urls}
    if not all(load.counted for load in loads.values()):
        raise Mistake(f"k6 measures nothing here; it ended with status {ran.exit_status}")
    return loads, ran.cpu_s


def _load_stub(k6: K6, cpus: Partition, summary: Path, profile: Profile) -> tuple[Load, int]:
    """What k6 tells of a stub that is alone, and how many requests that has answered."""
    with serve_stub(cpus, DELAY_MS) as (stub, url):
        ran = run_k6(k6, "get", profile.path, summary, cpus.k6, url=url, arm="stub")
        told = [ran.summary] if ran.summary else []
        return load_of(told, "stub", 1, None), answered(stub)
