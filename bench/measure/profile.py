"""What a profile is: how long and how many, read from the same file as the k6 scripts do.

Together, all arms of a session are up at the same time and take turns. Alone is the paper's way: a
session has one arm, its loads are k6's own executors, to the letter, with the paper's pauses and
its warm-up. What else follows from that is decided where `together` is asked for.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import ROOT, Mistake
from bench.measure.load.turns import Turns, count, must_be_known, read_turns

FOLDER = ROOT / "k6" / "profiles"
SCENARIOS = ("hello", "echo", "list", "get", "create", "update", "delete")
EXECUTORS = ("constant-vus", "shared-iterations", "per-vu-iterations")
PAUSES = ("settle", "seeded", "warm", "between")
KNOWN = (
    *("about", "arms", "sessions", "sessions_of_one_arm", "rows", "journal_mode", "pauses"),
    *("reseed", "warmup", "scenarios", "turns"),
)
OF_WARMUP = ("exec", "startTime")
OF_A_LOAD = ("executor", "vus", "duration", "iterations", "maxDuration")


@dataclass(frozen=True)
class Scenario:
    """A load: users for a time (seconds), or users who do a number of iterations (then no time)."""

    name: str
    users: int
    seconds: float | None  # where an arm is alone, as iterations
    iterations: int | None
    turns: Turns | None = None  # where the arms are together

    @property
    def runs(self) -> int:
        return self.turns.runs if self.turns else 1


@dataclass(frozen=True)
class Profile:
    name: str
    path: Path
    together: bool
    sessions: int
    sessions_of_one_arm: int
    rows: int
    journal_mode: str
    pauses: dict[str, float]  # seconds; all 0 where arms are together
    reseed: frozenset[str]
    warmup_seconds: float  # where an arm is alone
    warmup: Turns | None  # where they are together
    warmup_users: int
    request_timeout_ms: int
    scenarios: tuple[Scenario, ...]

    @property
    def fixed_seconds(self) -> float:
        """Seconds of an arm's session alone that the profile fixes: its waits and its windows."""
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


def must_have(profile: Profile, scenarios: Sequence[str]) -> None:
    """A Mistake where one of these scenarios is none of the profile's."""
    known = [scenario.name for scenario in profile.scenarios]
    for name in scenarios:
        if name not in known:
            raise Mistake(f"{profile.name} has no scenario {name!r}; it has {', '.join(known)}")


def narrow(profile: Profile, scenarios: Sequence[str], folder: Path) -> Profile:
    """The same with these scenarios alone, in a file of its own in folder, as k6 reads it too."""
    data = json.loads(profile.path.read_text())
    for part in ("scenarios", "turns"):
        left_out = {*SCENARIOS} - {*scenarios}
        data[part] = {key: of for key, of in data.get(part, {}).items() if key not in left_out}
    data["reseed"] = [name for name in data["reseed"] if name in scenarios]
    path = folder / f"{profile.name}.json"
    path.write_text(json.dumps(data, indent=1))
    return load_profile(str(path))


def _profile(path: Path, data: dict[str, Any]) -> Profile:
    if data["arms"] not in ("together", "alone"):
        raise ValueError("arms is together or alone")
    must_be_known(data, KNOWN)
    must_be_known(data.get("pauses", {}), PAUSES)
    must_be_known(data.get("turns", {}), ("request_timeout_ms", "warmup", *SCENARIOS))
    together = data["arms"] == "together"
    turns = data["turns"] if together else {}
    unknown = {*data["scenarios"], *data["reseed"]} - set(SCENARIOS)
    if unknown:
        raise ValueError(f"there is no scenario {', '.join(sorted(unknown))}")
    scenarios = tuple(
        _scenario(name, options, (turns[name] or {}) if together else None)
        for name, options in data["scenarios"].items()
    )
    if not scenarios:
        raise ValueError("it names no scenario")
    sessions = count(data, "sessions")
    warmup = Turns(1, 1, counted_ms=count(turns["warmup"], "ms")) if together else None
    profile = Profile(
        name=path.stem,
        path=path,
        together=together,
        sessions=sessions,
        sessions_of_one_arm=count(data, "sessions_of_one_arm") if together else sessions,
        rows=count(data, "rows"),
        journal_mode=data["journal_mode"],
        pauses={pause: 0.0 if together else _pause(data["pauses"], pause) for pause in PAUSES},
        reseed=frozenset(data["reseed"]),
        warmup_seconds=sum(_of_warmup(n, o).seconds or 0 for n, o in data["warmup"].items()),
        warmup=warmup,
        warmup_users=count(turns["warmup"], "vus") if together else 0,
        request_timeout_ms=count(turns, "request_timeout_ms") if together else 0,
        scenarios=scenarios,
    )
    if profile.journal_mode not in ("delete", "wal"):
        raise ValueError("journal_mode is delete or wal")
    for scenario in scenarios:
        _check(scenario, profile.rows)
    return profile


def _scenario(name: str, options: dict[str, Any], turns: dict[str, Any] | None = None) -> Scenario:
    """What k6 makes of a scenario's options; what it would refuse is refused here, at once."""
    must_be_known(options, OF_A_LOAD)
    executor, users = options["executor"], count(options, "vus")
    if executor not in EXECUTORS:
        raise ValueError(f"{name}'s executor is none of {', '.join(EXECUTORS)}")
    in_turns = None if turns is None else read_turns(name, turns)
    if executor == "constant-vus":
        seconds = _seconds(options["duration"])
        if seconds < 1:
            raise ValueError(f"{name}'s window is shorter than 1s, the least that k6 takes")
        return Scenario(name, users, seconds, None, in_turns)
    iterations = count(options, "iterations") * (users if executor == "per-vu-iterations" else 1)
    if iterations < users:
        raise ValueError(f"{name} has fewer iterations than users")
    return Scenario(name, users, None, iterations, in_turns)


def _of_warmup(name: str, options: dict[str, Any]) -> Scenario:
    """A load that says whose requests it makes, and when it begins."""
    return _scenario(name, {key: options[key] for key in options if key not in OF_WARMUP})


def _check(scenario: Scenario, rows: int) -> None:
    turns = scenario.turns
    if scenario.name == "update" and rows % scenario.users:
        # Each user updates items of its own, so that the last price of each is known.
        raise ValueError(f"update's {scenario.users} users cannot share {rows} rows evenly")
    if turns and turns.stagger_ms * scenario.users > turns.connect_ms:
        raise ValueError(f"{scenario.name}'s connect_ms does not do for all of its users")
    if scenario.name == "delete":
        most = turns.runs * turns.rounds * turns.requests if turns else scenario.iterations or 0
        if scenario.users != 1 or not 0 < most <= rows:
            raise ValueError(f"delete is 1 user and at most {rows} iterations, an item each")


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
