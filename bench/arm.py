"""An arm: what is compared, a stack under settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

# Two arms that judge a campaign: this stack under another label, and with more to do.
CONTROLLED = "flask_sqlite"
CONTROLS = SAME, DOSED = ("control_same", "control_dosed")
CONTROLLED_SCENARIOS = ("hello", "get")  # in which the controls take their turns
SideName = Literal["before", "after"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a deployment chooses; spelling.py says how a person writes it."""

    requirements: str = "today"  # which lock, so which versions: today, paper, or a file's path
    workers: int = 2  # of Gunicorn
    threads: int = 2  # of a worker that has them
    database: Literal["sqlite", "postgres"] = "sqlite"
    pool: int | None = None  # threads in which FastAPI runs its `def` routes; None: anyio's 40
    packages: tuple[str, ...] = ()  # in place of the lock's: name==version, or a folder
    folder: str | None = None  # of the stack, where it is not this repository's
    python: str | None = None  # 3.14, or an interpreter's path; None: the engine's own
    journal_mode: Literal["delete", "wal"] | None = None  # of SQLite; None: the profile's
    variables: tuple[tuple[str, str], ...] = ()  # of the app's environment


@dataclass(frozen=True)
class Arm:
    label: str  # unique in a campaign
    stack: str
    folder: Path  # the stack's, or a copy of it
    settings: Settings = Settings()
    control: bool = False  # whether it judges the campaign and is not compared itself
    dose_turns: int | None = None  # of the loop that the dosed control runs in each request
    side: SideName | None = None  # in a comparison of two checkouts

    def takes_part(self, scenario: str) -> bool:
        return not self.control or scenario in CONTROLLED_SCENARIOS
