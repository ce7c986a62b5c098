"""How much turns, k6 runs and sessions differ, and what a design of so many of each would tell.

Of a campaign whose scenarios have several runs and rounds. What all arms of a round share is taken
out first; what is left of an arm is a nested random effect: session, run in it, turn in that
(Kalibera & Jones, Rigorous benchmarking in reasonable time, ISMM 2013, section 7).
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.answer.statistics.model import critical
from bench.keep.record import Plan
from bench.keep.store import read_campaign, summary_path
from bench.keep.summary import Turns, read_summary
from bench.measure.profile import Scenario, load_profile

K6_START = 0.6  # seconds that a run takes beside its turns
DESIGNS = ((20, 1, 8), (20, 3, 1), (20, 3, 2), (20, 3, 3), (20, 2, 2), (4, 1, 2), (4, 1, 3))
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Noise:
    """Sd of log(an arm's value against all arms') that each level adds; 0 where none is seen."""

    turn: float
    run: float
    session: float

    def half_width(self, sessions: int, runs: int, rounds: int, arms: int) -> float:
        """Of the simultaneous intervals of all pairs, as a factor less 1."""
        variance = self.session**2 + self.run**2 / runs + self.turn**2 / (runs * rounds)
        own = sessions >= 10
        df = sessions - 1 if own else (sessions - 1) * (arms - 1)
        return math.expm1(critical(arms, df, own) * math.sqrt(2 * variance / sessions))


def tell_noise(arguments: argparse.Namespace) -> None:
    """Print, for each scenario, the noise of the three levels, then what designs would tell."""
    plan, _ = read_campaign(arguments.campaign)
    profile = load_profile(str(arguments.campaign / "profile.json"))
    arms = len(plan.compared)
    print("| scenario | turn | k6 run | session | " + " | ".join(map(_name, DESIGNS)) + " |")
    print("|---|" + "---|" * (3 + len(DESIGNS)))
    for scenario in profile.scenarios:
        table = list(logs(arguments.campaign, plan, scenario))
        noise = components(table)
        if noise:
            told = [_told(noise, design, scenario, arms) for design in DESIGNS]
            levels = [f"{sd:.1%}" for sd in (noise.turn, noise.run, noise.session)]
            print(f"| {scenario.name} | " + " | ".join(levels + told) + " |")
    print("sd of an arm against all; then half-widths of designs, with the seconds of a session")


def _name(design: tuple[int, int, int]) -> str:
    return " x ".join(map(str, design))


def _told(noise: Noise, design: tuple[int, int, int], scenario: Scenario, arms: int) -> str:
    sessions, runs, rounds = design
    turns = scenario.turns
    assert turns
    seconds = runs * (K6_START + arms * (turns.connect_ms + rounds * turns.turn_ms) / 1000)
    return f"{noise.half_width(sessions, runs, rounds, arms):.1%}, {seconds:.0f} s"


def logs(campaign: Path, plan: Plan, scenario: Scenario) -> Iterator[tuple[int, int, Array]]:
    """Session, run and log(time a request) by round and arm, less the mean of each round."""
    _, sessions = read_campaign(campaign)
    for session in sessions:
        record = session.scenarios.get(scenario.name)
        for run in range(1, 1 + len(record.runs) if record else 1):
            path = summary_path(campaign, session.number, scenario.name, run)
            turns = read_summary(path).turns
            if turns and not turns.void:
                yield session.number, run, _by_round(turns, plan.compared)


def _by_round(turns: Turns, arms: list[str]) -> Array:
    rounds: dict[str, list[float]] = defaultdict(list)
    for place, arm in enumerate(turns.order):
        part = slice(place * turns.slices, (place + 1) * turns.slices)
        count = sum(turns.count[part])
        mean = sum(
            n * (ms or 0.0) for n, ms in zip(turns.count[part], turns.mean_ms[part], strict=True)
        )
        value = mean / count if turns.requests else 1 / count
        rounds[arm].append(math.log(value))
    table = np.array([rounds[arm] for arm in arms]).T
    return np.asarray(table - table.mean(axis=1, keepdims=True))


def components(table: list[tuple[int, int, Array]]) -> Noise | None:
    """By the analysis of variance of what is balanced; None where a level has less than two."""
    sessions: dict[int, list[Array]] = defaultdict(list)
    for session, _, values in table:
        sessions[session].append(values)
    runs = max((len(of) for of in sessions.values()), default=0)
    whole = [np.array(of) for of in sessions.values() if len(of) == runs]
    if len(whole) < 2:
        return None
    x = np.array(whole)  # session, run, round, arm
    count, runs, rounds, arms = x.shape
    scale = arms / (arms - 1)  # less the mean of all arms, each has lost a part of its variance
    within = x - x.mean(axis=2, keepdims=True)
    turn = scale * (within**2).sum() / max(1, count * runs * (rounds - 1) * arms)
    of_run = x.mean(axis=2)
    between = of_run - of_run.mean(axis=1, keepdims=True)
    ms_run = scale * rounds * (between**2).sum() / max(1, count * (runs - 1) * arms)
    of_session = of_run.mean(axis=1)
    apart = of_session - of_session.mean(axis=0, keepdims=True)
    ms_session = scale * rounds * runs * (apart**2).sum() / ((count - 1) * arms)
    run = max(0.0, ms_run - turn) / rounds if runs > 1 else 0.0
    below = ms_run if runs > 1 else turn
    session = max(0.0, ms_session - below) / (rounds * runs)
    return Noise(math.sqrt(turn), math.sqrt(run), math.sqrt(session))
