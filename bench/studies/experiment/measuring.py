"""Measuring an experiment: sessions in which all variants take turns, and what each gave."""

import csv
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from bench import Mistake
from bench.answer.statistics.stats import cpu_per_1000, database_cpu_per_1000
from bench.arm import Arm
from bench.keep.record import Measurement
from bench.measure.profile import FOLDER, Profile, Scenario, load_profile
from bench.measure.scenario import Underway, measure_scenario
from bench.measure.session import ready
from bench.measure.standing import Setting, seed
from bench.measure.together import must_suit
from bench.progress import Say
from bench.studies.experiment.arms import make_arms
from bench.studies.experiment.counting import count, must_vary, tell_database
from bench.studies.experiment.experiment import Experiment, Load, Part

MEASURED = ("requests", "cpu_us", "database_us", "ms", "per_s", "server_s", "counted_s")


@dataclass(frozen=True)
class Row:
    """A line of an experiment's file: one number of one variant. Session 0: counted beforehand."""

    part: str
    load: str
    variant: str
    session: int
    what: str
    value: float
    problem: str = ""  # why it does not count


def measure(
    experiment: Experiment, setting: Setting, folder: Path, say: Say, sessions: int | None = None
) -> Iterator[Row]:
    """All that is counted and measured. A Mistake where what is varied does not vary.

    sessions: of each part, in place of its own.
    """
    parts = experiment.parts
    if experiment.dosed:
        parts = experiment.dosed(lambda part: _trial(part, setting, folder))
    if sessions:
        parts = [replace(part, sessions=sessions) for part in parts]
    total, done = sum(part.sessions for part in parts), 0
    for part in parts:
        arms, of_part = _ready(part, setting, folder)
        say(f"{experiment.name}, {part.name}: counting", done / total)
        counts = count(part, arms, of_part, experiment.varied)
        must_vary(experiment, part, counts)
        for (variant, label), told in counts.items():
            for what, value in told.items():
                yield Row(part.name, label, variant, 0, what, value)
        for number in range(1, part.sessions + 1):
            say(f"{experiment.name}, {part.name}, session {number}", done / total)
            yield from _session(part, number, arms, of_part, folder)
            done += 1


def _ready(part: Part, setting: Setting, folder: Path) -> tuple[list[Arm], Setting]:
    profile = profile_of(part, folder)
    arms = make_arms(part, folder)
    of_loads = replace(profile, scenarios=tuple(_scenario(load, profile) for load in part.loads))
    must_suit(arms, of_loads)
    for arm in arms:
        setting.engine.prepare(arm)
    return arms, replace(setting, profile=profile)


def profile_of(part: Part, folder: Path) -> Profile:
    """`standard` with a part's scenarios alone, in a file that k6 reads too: it has the rows."""
    data = json.loads((FOLDER / "standard.json").read_text())
    names = list(dict.fromkeys(load.scenario for load in part.loads))
    data["scenarios"] = {name: data["scenarios"][name] for name in names}
    kept = ("request_timeout_ms", "warmup", *names)
    data["turns"] = {name: data["turns"][name] for name in kept}
    data["reseed"] = [name for name in names if name in {*data["reseed"], *part.reseed}]
    data["sessions"] = part.sessions
    path = folder / f"{part.name}.json"
    path.write_text(json.dumps(data, indent=1))
    return load_profile(str(path))


def _session(
    part: Part, number: int, arms: Sequence[Arm], setting: Setting, folder: Path
) -> Iterator[Row]:
    """As bench.measure.session has it; but a scenario may come again, with other users."""
    forgiven = {variant.name: variant.forgiven for variant in part.variants}
    with ready(arms, setting, folder, lambda step: None) as up:
        for load in part.loads:
            scenario = _scenario(load, setting.profile)
            if scenario.name in setting.profile.reseed:
                seed(up.arms, setting)
            if load.sql:
                for one in up.arms:
                    tell_database(one.server, load)
                    one.rows = None  # it may have changed them
            of = Underway(scenario, up.arms, setting, number, folder, ())
            record, _ = measure_scenario(of, time.monotonic())
            for variant, result in record.arms.items():
                problem = _problem(result, forgiven[variant])
                for what, value in _values(result).items():
                    yield Row(part.name, load.label, variant, number, what, value, problem)


def _scenario(load: Load, profile: Profile) -> Scenario:
    """The profile's, with a load's users and turns."""
    (standard,) = (one for one in profile.scenarios if one.name == load.scenario)
    assert standard.turns
    return replace(standard, users=load.users, turns=replace(standard.turns, **load.turns))


def _problem(result: Measurement, forgiven: frozenset[str]) -> str:
    """Why a measurement does not count; what is only suspect does."""
    return "; ".join(
        f"{problem.code}: {problem.why}"
        for problem in result.problems
        if not problem.suspect and problem.code not in forgiven
    )


def _values(result: Measurement) -> dict[str, float]:
    """What MEASURED names: of all requests the CPU, of those that are counted the time."""
    load, cpu, database = result.load, cpu_per_1000(result), database_cpu_per_1000(result)
    known = {
        "requests": load.requests,
        "cpu_us": None if cpu is None else 1000 * cpu,
        "database_us": None if database is None else 1000 * database,
        "ms": 1000 * result.users * load.counted_s / load.counted if load.counted else None,
        "per_s": load.counted / load.counted_s if load.counted_s else None,
        "server_s": result.server.cpu_s,
        "counted_s": load.counted_s,
    }
    return {what: float(value) for what, value in known.items() if value is not None}


def _trial(part: Part, setting: Setting, folder: Path) -> Mapping[tuple[str, str], float]:
    """µs of CPU a request, by variant and load, of one session that is not kept."""
    folder = folder / "trial"
    folder.mkdir(exist_ok=True)
    arms, of_part = _ready(part, setting, folder)
    rows = list(_session(part, 1, arms, of_part, folder))
    for row in rows:
        if row.problem:
            raise Mistake(f"the trial of {part.name} does not count: {row.variant}: {row.problem}")
    return {(row.variant, row.load): row.value for row in rows if row.what == "cpu_us"}


def write_rows(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(Row)])
        for row in rows:
            cells = asdict(row) | {"value": f"{row.value:.6g}"}
            writer.writerow(cells.values())


def read_rows(path: Path) -> list[Row]:
    """A Mistake where it is no such file."""
    with suppress(OSError, ValueError, KeyError, TypeError), path.open(newline="") as file:
        return [
            Row(**line | {"session": int(line["session"]), "value": float(line["value"])})  # type: ignore[arg-type]
            for line in csv.DictReader(file)
        ]
    raise Mistake(f"{path} is no file of an experiment")
