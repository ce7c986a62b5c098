"""What a stack is: a folder beside this one that Gunicorn can serve and seed.py can fill."""

import math
from dataclasses import dataclass
from pathlib import Path

from bench import ROOT, Mistake

POOL = 40
# Two arms that judge a campaign: this stack under another name, and with more to do.
CONTROLLED = "flask_sqlite"
CONTROLS = SAME, DOSED = ("control_same", "control_dosed")
REQUIREMENTS = {"today": "requirements.txt", "paper": "requirements-paper.txt"}


@dataclass(frozen=True)
class Stack:
    name: str
    folder: Path
    dose_turns: int | None = None  # of the loop that the dosed control runs in each request

    def in_flight(self, scenario: str, workers: int, threads: int) -> float:
        """The most requests of a scenario that are worked on at the same time.

        Gunicorn's threads do nothing for the Uvicorn worker: there a `def` route runs in a pool of
        40 threads a worker (anyio's default), and `async def`, hello and echo, has no such limit.
        """
        settings = (self.folder / "gunicorn.conf.py").read_text()
        if 'worker_class = "uvicorn' not in settings:
            return workers * threads
        return math.inf if scenario in ("hello", "echo") else workers * POOL


def find_stacks(root: Path = ROOT) -> dict[str, Stack]:
    """Every stack under root by its name, in alphabetical order."""
    folders = sorted(path.parent for path in root.glob("*/gunicorn.conf.py"))
    return {folder.name: Stack(folder.name, folder) for folder in folders}


def choose_stacks(names: list[str] | None, root: Path = ROOT) -> list[Stack]:
    """The stacks of these names, or all; an unknown name is a Mistake."""
    stacks = find_stacks(root)
    for name in names or []:
        if name not in stacks:
            raise Mistake(f"there is no stack {name!r}; there are {', '.join(stacks)}")
    return [stacks[name] for name in dict.fromkeys(names or stacks)]
