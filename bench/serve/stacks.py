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

    @property
    def speaks_postgres(self) -> bool:
        """Whether its DATABASE_URL may be one of PostgreSQL, as its requirements tell."""
        return "psycopg" in (self.folder / "requirements.in").read_text()

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


def choose_stacks(
    names: list[str] | None, root: Path = ROOT, database: str = "sqlite"
) -> list[Stack]:
    """The stacks of these names, or all that speak to this database.

    A name that is unknown, or of one that does not speak to it, is a Mistake.
    """
    stacks = find_stacks(root)
    able = {s.name: s for s in stacks.values() if database == "sqlite" or s.speaks_postgres}
    for name in names or []:
        if name not in stacks:
            raise Mistake(f"there is no stack {name!r}; there are {', '.join(stacks)}")
        if name not in able:
            raise Mistake(f"{name} speaks SQLite only; PostgreSQL speak {', '.join(able)}")
    return [able[name] for name in dict.fromkeys(names or able)]
