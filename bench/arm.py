"""An arm: what is compared, a stack under settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

# Two arms that judge a campaign: this stack under another label, and with more to do.
CONTROLLED = "flask_sqlite"
CONTROLS = SAME, DOSED = ("control_same", "control_dosed")
CONTROLLED_SCENARIOS = ("hello", "get")  # in which the controls take their turns


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a deployment chooses."""

    requirements: Literal["today", "paper"] = "today"  # which lock, so which versions
    workers: int = 2  # of Gunicorn
    threads: int = 2  # of a worker that has them
    database: Literal["sqlite", "postgres"] = "sqlite"


@dataclass(frozen=True)
class Arm:
    label: str  # unique in a campaign
    stack: str
    folder: Path  # the stack's, or a copy of it
    settings: Settings = Settings()
    control: bool = False  # whether it judges the campaign and is not compared itself
    dose_turns: int | None = None  # of the loop that the dosed control runs in each request

    def takes_part(self, scenario: str) -> bool:
        return not self.control or scenario in CONTROLLED_SCENARIOS
