"""Is a turn fair? Thirds of long turns compared with one another, and turns with arms alone.

A long turn in three equal parts: an arm that gains or loses by what was before its turn, or by what
is cut off at its end, has other rates in the first or last third than in the middle of it. Then the
profile's own turns of get and update, and in random order among them each arm alone for some
seconds in the same session. Each difference is less that of all arms, since the machine's speed is
all arms' alike; Holm's procedure (1979) holds over all comparisons together.
"""

import argparse
import csv
import math
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy
from rich.console import Console

from bench import CACHE
from bench.arm import Arm, Settings
from bench.host.leftovers import folder_prefix, stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import partition_cpus
from bench.keep.record import ScenarioRecord
from bench.keep.summary import read_summary
from bench.measure.load.k6 import find_k6
from bench.measure.load.turns import Turns
from bench.measure.profile import Scenario, load_profile
from bench.measure.scenario import Underway, measure_scenario
from bench.measure.session import ready
from bench.measure.standing import Setting, Standing, seed, working
from bench.progress import show_progress
from bench.serve.choose import choose_engine
from bench.serve.stacks import choose_stacks
from bench.studies.kept import must_hold_files

LONG_MS = 3000
THIRDS = ("first", "last")  # each against the middle
ALONE = ("get", "update")
Key = tuple[str, str, str]  # what is compared, scenario, arm
Values = dict[Key, list[float]]  # a difference of logarithms a session


@dataclass(frozen=True)
class Judged:
    """A comparison over all sessions: by how much turns, or a third, make an arm seem slower."""

    key: Key
    count: int
    mean: float  # of log(time a request), against all arms
    low: float  # 95 %, by itself
    high: float
    p: float  # adjusted over all comparisons


def judge_turns(arguments: argparse.Namespace) -> None:
    """Measure for so many minutes; print a table, and keep each session's values and the table."""
    must_hold_files(arguments.out)
    settings = Settings()
    arms = [Arm(name, name, folder) for name, folder in choose_stacks(None).items()]
    CACHE.mkdir(exist_ok=True)
    found: Values = defaultdict(list)
    console, until = Console(width=None if sys.stdout.isatty() else 120), 60 * arguments.minutes
    with hold_machine(), tempfile.TemporaryDirectory(dir=CACHE, prefix=folder_prefix()) as folder:
        stop_leftovers()
        cpus = partition_cpus(settings.workers)
        engine = choose_engine(arguments, cpus.server)
        profile = load_profile("standard")
        setting = Setting(profile, engine, find_k6(arguments.k6), cpus)
        for arm in arms:
            engine.prepare(arm)
        started, number = time.monotonic(), 0
        with show_progress(console) as say:
            while not number or (number + 1) / number * (time.monotonic() - started) < until:
                number += 1
                say(f"session {number}", (time.monotonic() - started) / until)
                for key, value in _session(number, arms, setting, Path(folder)):
                    found[key].append(value)
    judged = holm(found)
    _keep(found, judged, arguments.out)
    for line in table(judged):
        print(line)


def _session(
    number: int, arms: Sequence[Arm], setting: Setting, folder: Path
) -> Iterator[tuple[Key, float]]:
    with ready(arms, setting, folder, lambda step: None) as up:
        for scenario in setting.profile.scenarios:
            if scenario.name in setting.profile.reseed:
                seed(up.arms, setting)
            long = replace(scenario, turns=_long(scenario))
            yield from _thirds(_measure(long, up.arms, setting, number, folder)[1], scenario.name)
        for name in ALONE:
            (scenario,) = (one for one in setting.profile.scenarios if one.name == name)
            seed(up.arms, setting)
            yield from _against_alone(scenario, up.arms, setting, number, folder)


def _long(scenario: Scenario) -> Turns:
    """One turn an arm, in three slices; of requests six times as many where it takes no time."""
    turns = scenario.turns
    assert turns
    if turns.requests:
        counted = 6 * (turns.requests - turns.not_counted)
        requests = turns.not_counted + counted - counted % 3
        return replace(turns, runs=1, rounds=1, requests=requests, slices=3)
    return replace(turns, runs=1, rounds=1, counted_ms=LONG_MS, slices=3)


def _measure(
    scenario: Scenario, arms: Sequence[Standing], setting: Setting, session: int, folder: Path
) -> tuple[ScenarioRecord, Path]:
    of = Underway(scenario, arms, setting, session, folder, ())
    record, _ = measure_scenario(of, time.monotonic())
    return record, folder / f"{scenario.name}-1.json"


def _thirds(summary: Path, scenario: str) -> Iterator[tuple[Key, float]]:
    """First and last third against the middle, of each arm's turn, against all arms."""
    turns = read_summary(summary).turns
    assert turns
    times: dict[str, dict[str, float]] = {third: {} for third in THIRDS}
    for place, arm in enumerate(turns.order):
        if place in turns.void:
            continue
        count = turns.count[3 * place : 3 * place + 3]
        mean = turns.mean_ms[3 * place : 3 * place + 3]
        part = [
            ms or math.nan if turns.requests else 1 / n if n else math.nan
            for n, ms in zip(count, mean, strict=True)
        ]
        times["first"][arm], times["last"][arm] = (math.log(part[at] / part[1]) for at in (0, 2))
    for third, of in times.items():
        yield from _against_all(of, third, scenario)


def _against_alone(
    scenario: Scenario, arms: Sequence[Standing], setting: Setting, session: int, folder: Path
) -> Iterator[tuple[Key, float]]:
    """log(time a request) in turns less that alone, of the same servers in random order."""
    assert scenario.turns
    alone = replace(scenario, turns=replace(scenario.turns, runs=1, rounds=1, counted_ms=LONG_MS))
    turns = replace(scenario, turns=replace(scenario.turns, rounds=max(3, scenario.turns.rounds)))
    steps: list[tuple[Scenario, list[Standing]]] = [(turns, list(arms))]
    steps += [(alone, [one]) for one in arms]
    random.Random(f"{session}, {scenario.name}").shuffle(steps)
    took: dict[bool, dict[str, float]] = {True: {}, False: {}}
    for step, of in steps:
        if scenario.name == "update":
            seed(of, setting)  # an ORM writes no price that a row has already
        record, _ = _measure(step, working(of), setting, session, folder)
        for arm, measured in record.arms.items():
            load = measured.load
            if load.counted and not load.failed:
                took[len(of) > 1][arm] = math.log(load.counted_s / load.counted)
    both = took[True].keys() & took[False].keys()
    yield from _against_all(
        {a: took[True][a] - took[False][a] for a in both}, "turns", scenario.name
    )


def _against_all(of: dict[str, float], what: str, scenario: str) -> Iterator[tuple[Key, float]]:
    known = {arm: value for arm, value in of.items() if math.isfinite(value)}
    if len(known) > 1:
        mean = sum(known.values()) / len(known)
        for arm, value in sorted(known.items()):
            yield (what, scenario, arm), value - mean


def holm(found: Values) -> list[Judged]:
    """Each comparison's t interval, and its p value by Holm's step-down over all of them."""
    judged = []
    for key, values in found.items():
        n, mean = len(values), float(np.mean(values))
        if n > 1:
            error = float(np.std(values, ddof=1)) / math.sqrt(n)
            half = float(scipy.stats.t.ppf(0.975, n - 1)) * error
            p = 2 * float(scipy.stats.t.sf(abs(mean) / error, n - 1)) if error else 1.0
            judged.append(Judged(key, n, mean, mean - half, mean + half, p))
    adjusted, least = [], 0.0
    for place, one in enumerate(sorted(judged, key=lambda one: one.p)):
        least = max(least, min(1.0, one.p * (len(judged) - place)))
        adjusted.append(replace(one, p=least))
    return sorted(adjusted, key=lambda one: one.key)


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """As Markdown, a line each; what is beyond chance is in bold."""
    yield "| compared | scenario | arm | sessions | seems slower by | 95 % | p, of all |"
    yield "|---|---|---|---|---|---|---|"
    for one in judged:
        compared, scenario, arm = one.key
        mean = f"{math.expm1(one.mean):+.1%}"
        shown = f"**{mean}**" if one.p < 0.05 else mean
        interval = f"{math.expm1(one.low):+.1%} to {math.expm1(one.high):+.1%}"
        told = f"{one.count} | {shown} | {interval} | {one.p:.2f}"
        yield f"| {compared} | {scenario} | {arm} | {told} |"


def _keep(found: Values, judged: Sequence[Judged], out: Path) -> None:
    with (out / "turns.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["compared", "scenario", "arm", "session", "difference_of_logs"])
        for key, values in sorted(found.items()):
            writer.writerows([*key, place, f"{v:.5f}"] for place, v in enumerate(values, start=1))
    (out / "turns.md").write_text("\n".join(table(judged)) + "\n")
