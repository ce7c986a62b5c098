"""What a profile is: how long and how many, read from the same file as the k6 scripts do."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import ROOT, Mistake

FOLDER = ROOT / "k6" / "profiles"
SCENARIOS = ("hello", "echo", "list", "get", "create", "update", "delete")
EXECUTORS = ("constant-vus", "shared-iterations", "per-vu-iterations")
PAUSES = ("settle", "seeded", "warm", "between")


@dataclass(frozen=True)
class Scenario:
    """A load: users for a time (seconds), or users who do a number of iterations (then no time)."""

    name: str
    users: int
    seconds: float | None
    iterations: int | None


@dataclass(frozen=True)
class Profile:
    name: str
    path: Path
    runs: int
    rows: int
    journal_mode: str
    pauses: dict[str, float]
    reseed: frozenset[str]
    warmup_seconds: float
    scenarios: tuple[Scenario, ...]

    @property
    def fixed_seconds(self) -> float:
        """Seconds of one cell that the profile itself fixes: its waits and its time windows."""
        waits = self.pauses["settle"] + self.pauses["seeded"] + self.pauses["warm"]
        between = self.pauses["between"] * (len(self.scenarios) - 1)
        windows = sum(scenario.seconds or 0 for scenario in self.scenarios)
        return waits + self.warmup_seconds + between + windows


def load_profile(name: str) -> Profile:
    """The profile of this name in k6/profiles or at this path; one that is none is a Mistake."""
    path = Path(name) if name.endswith(".json") else FOLDER / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(known.stem for known in FOLDER.glob("*.json")))
        raise Mistake(f"there is no profile {name!r}; there are {known}, or give a .json file")
    try:
        data = json.loads(path.read_text())
    except ValueError as error:
        raise Mistake(f"{path} is not JSON: {error}") from error
    try:
        return _profile(path.resolve(), data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"{error} is missing" if isinstance(error, KeyError) else error
        raise Mistake(f"{path} is no profile: {problem}") from error


def _profile(path: Path, data: dict[str, Any]) -> Profile:
    scenarios = tuple(_scenario(name, options) for name, options in data["scenarios"].items())
    if not scenarios:
        raise ValueError("it names no scenario")
    unknown = {scenario.name for scenario in scenarios} | set(data["reseed"])
    if unknown - set(SCENARIOS):
        raise ValueError(f"there is no scenario {', '.join(sorted(unknown - set(SCENARIOS)))}")
    profile = Profile(
        name=path.stem,
        path=path,
        runs=_count(data, "runs"),
        rows=_count(data, "rows"),
        journal_mode=data["journal_mode"],
        pauses={pause: _pause(data["pauses"], pause) for pause in PAUSES},
        reseed=frozenset(data["reseed"]),
        warmup_seconds=sum(_scenario(n, o).seconds or 0 for n, o in data["warmup"].items()),
        scenarios=scenarios,
    )
    if profile.journal_mode not in ("delete", "wal"):
        raise ValueError("journal_mode is delete or wal")
    for scenario in scenarios:
        _check(scenario, profile.rows)
    return profile


def _scenario(name: str, options: dict[str, Any]) -> Scenario:
    """What k6 makes of a scenario's options; what it would refuse is refused here, at once."""
    executor, users = options["executor"], _count(options, "vus")
    if executor not in EXECUTORS:
        raise ValueError(f"{name}'s executor is none of {', '.join(EXECUTORS)}")
    if executor == "constant-vus":
        seconds = _seconds(options["duration"])
        if seconds < 1:
            raise ValueError(f"{name}'s window is shorter than 1s, the least that k6 takes")
        return Scenario(name, users, seconds, iterations=None)
    iterations = _count(options, "iterations") * (users if executor == "per-vu-iterations" else 1)
    if iterations < users:
        raise ValueError(f"{name} has fewer iterations than users")
    return Scenario(name, users, seconds=None, iterations=iterations)


def _check(scenario: Scenario, rows: int) -> None:
    if scenario.name == "update" and rows % scenario.users:
        # Each user updates items of its own, so that the last price of each is known.
        raise ValueError(f"update's {scenario.users} users cannot share {rows} rows evenly")
    if scenario.name == "delete" and not (
        scenario.users == 1 and scenario.iterations and scenario.iterations <= rows
    ):
        raise ValueError(f"delete is 1 user and at most {rows} iterations, an item each")


def _count(data: dict[str, Any], key: str) -> int:
    number = data[key]
    if type(number) is not int or number < 1:
        raise ValueError(f"{key} is a whole number from 1 on")
    return number


def _pause(data: dict[str, Any], key: str) -> float:
    seconds = data[key]
    if type(seconds) not in (int, float) or not 0 <= seconds < math.inf:
        raise ValueError(f"{key} is a number of seconds, 0 or more")
    return float(seconds)


def _seconds(text: Any) -> float:
    """Seconds in k6's notation, such as 10s, 1m30s or 1500ms."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", str(text))
    if "".join(number + unit for number, unit in parts) != text or not parts:
        raise ValueError(f"{text!r} is no duration such as 10s")
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    return math.fsum(float(number) * units[unit] for number, unit in parts)
