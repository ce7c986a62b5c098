"""Whether a session is what was planned, and what is counted in it what k6 itself wrote."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench.keep.files import digest
from bench.keep.load import load_of
from bench.keep.plan import draw_turns
from bench.keep.record import (
    Load,
    Measurement,
    Plan,
    PlannedSession,
    ScenarioRecord,
    Session,
)
from bench.keep.summary import Summary, Turns, read_summary
from bench.keep.values import takes_part

CLOSE = 1e-5  # what is kept is rounded


@dataclass(frozen=True)
class Against:
    """What a campaign's sessions are held against."""

    plan: Plan
    plan_sha256: str
    allowed: Mapping[int, PlannedSession]  # by number, those that may be added too
    scenarios: Mapping[str, dict[str, Any]]  # the profile's
    turns: Mapping[str, dict[str, Any]]  # by scenario; none where arms are alone


def faults_of_session(folder: Path, session: Session, against: Against) -> Iterator[str]:
    """What is wrong with it, a line each."""
    name, planned = folder.name, against.allowed.get(session.number)
    if session.plan_sha256 != against.plan_sha256:
        yield f"mixed: {name} was measured under another plan"
    found = {path.name: digest(path) for path in folder.iterdir() if path.name != "session.json"}
    for file in sorted({*found, *session.files}):
        if found.get(file) != session.files.get(file):
            yield f"altered: {name}/{file} is not what its session.json notes"
    if planned is None or planned.block != session.block or {*session.arms} - {*planned.arms}:
        yield f"mixed: {name} is not in the plan"
    elif planned.name != name:
        yield f"altered: {name} says that it is {planned.name}"
    else:
        yield from _of_arms(name, session, against)
        yield from _of_scenarios(folder, session, planned, against)


def _of_arms(name: str, session: Session, against: Against) -> Iterator[str]:
    for arm, start in session.arms.items():
        served = start.served.image or start.served.environment
        if served != against.plan.pins.served.get(arm):
            yield f"mixed: {arm} of {name} was not served from what was planned"


def _of_scenarios(
    folder: Path, session: Session, planned: PlannedSession, against: Against
) -> Iterator[str]:
    taking = {
        scenario: {arm for arm in planned.arms if takes_part(against.plan, arm, scenario)}
        for scenario in against.scenarios
    }
    expected = {scenario for scenario, arms in taking.items() if arms}
    for scenario in sorted(expected ^ set(session.scenarios)):
        yield f"incomplete: {folder.name} and the profile do not both have {scenario}"
    for scenario, record in session.scenarios.items():
        for arm in sorted(taking.get(scenario, set()) ^ set(record.arms)):
            yield f"incomplete: {folder.name}, {scenario} and the plan do not both have {arm}"
        if scenario in expected:
            yield from _of_scenario(folder, session, scenario, record, against)


def _of_scenario(
    folder: Path, session: Session, scenario: str, record: ScenarioRecord, against: Against
) -> Iterator[str]:
    name, turns = f"{folder.name}, {scenario}", against.turns.get(scenario, {})
    some_count = any(measured.counts for measured in record.arms.values())
    if some_count and len(record.runs) != turns.get("runs", 1):
        yield f"incomplete: {name} has {len(record.runs)} of {turns.get('runs', 1)} runs"
    summaries: list[Summary] = []
    for run, kept in enumerate(record.runs, start=1):
        try:
            summary = read_summary(folder / f"{scenario}-{run}.json")
        except (OSError, ValueError) as error:
            if some_count:
                yield f"incomplete: {name}: k6's summary of run {run} cannot be read: {error}"
            continue
        summaries.append(summary)
        if not _same(kept.seconds, summary.seconds) or kept.dropped != summary.dropped:
            yield f"altered: {name}: run {run} differs from k6's summary in seconds or dropped"
        drawn = against.plan.seed, session.number, scenario, run
        if bool(turns) != bool(summary.turns):
            yield f"mixed: {name}: arms are together in the profile or in run {run}, not in both"
        elif summary.turns:
            yield from _of_turns(f"{name}, run {run}", summary, summary.turns, turns, drawn)
    for arm, measured in record.arms.items():
        yield from _of_measurement(f"{name}, {arm}", arm, measured, summaries)
        if measured.users != against.scenarios[scenario].get("vus"):
            yield f"altered: {name}, {arm} has not the users of the profile"


def _of_turns(
    name: str,
    summary: Summary,
    turns: Turns,
    planned: Mapping[str, Any],
    drawn: tuple[int, int, str, int],
) -> Iterator[str]:
    """Those who still answered took turns as the seed draws it, for as long as the profile says."""
    connect, order = draw_turns(list(summary.arms), planned["rounds"], *drawn)
    if turns.order != order or turns.connect != (connect if turns.connect_ms else []):
        yield f"altered: {name}: the turns' order is not the one that the seed draws"
    told = msgspec.structs.asdict(turns)
    parts = [part for part in planned if part in told and planned[part] != told[part]]
    if parts:
        yield f"altered: {name} differs from the profile in {', '.join(parts)}"


def _of_measurement(
    name: str, arm: str, measured: Measurement, summaries: list[Summary]
) -> Iterator[str]:
    """What is counted must be what k6 itself wrote, and the status what its problems say."""
    hard = any(not problem.suspect for problem in measured.problems)
    status = "invalid" if hard else "suspect" if measured.problems else "valid"
    if measured.status != status:
        yield f"altered: {name} is called {measured.status}, its problems say {status}"
    if status != "invalid":
        if not all(arm in summary.arms for summary in summaries):
            yield f"incomplete: {name} was not in every run of k6"
        load = load_of(summaries, arm, measured.users, measured.load.k6_cpu_s)
        differing = _differing(measured.load, load)
        if differing:
            yield f"altered: {name} differs from k6's summaries in {', '.join(differing)}"


def _differing(kept: Load, summed: Load) -> list[str]:
    fields = kept.__struct_fields__
    return [field for field in fields if not _same(getattr(kept, field), getattr(summed, field))]


def _same(kept: float | None, summed: float | None) -> bool:
    if kept is None or summed is None:
        return kept is summed
    return math.isclose(kept, summed, rel_tol=CLOSE, abs_tol=1e-9)
