"""What a stack is: a folder beside this one that Gunicorn can serve and seed.py can fill."""

import math
from pathlib import Path

from bench import ROOT, Mistake
from bench.arm import Arm

POOL = 40
REQUIREMENTS = {"today": "requirements.txt", "paper": "requirements-paper.txt"}


def find_stacks(root: Path = ROOT) -> dict[str, Path]:
    """The folder of every stack under root by its name, in alphabetical order."""
    folders = sorted(path.parent for path in root.glob("*/gunicorn.conf.py"))
    return {folder.name: folder for folder in folders}


def choose_stacks(
    names: list[str] | None, root: Path = ROOT, database: str = "sqlite"
) -> dict[str, Path]:
    """The folders of the stacks of these names, or of all that speak to this database.

    A name that is unknown, or of one that does not speak to it, is a Mistake.
    """
    stacks = find_stacks(root)
    able = [name for name in stacks if database == "sqlite" or speaks_postgres(stacks[name])]
    for name in names or []:
        if name not in stacks:
            raise Mistake(f"there is no stack {name!r}; there are {', '.join(stacks)}")
        if name not in able:
            raise Mistake(f"{name} speaks SQLite only; PostgreSQL speak {', '.join(able)}")
    return {name: stacks[name] for name in names or able}


def speaks_postgres(folder: Path) -> bool:
    """Whether a stack's DATABASE_URL may be one of PostgreSQL, as its requirements tell."""
    return "psycopg" in (folder / "requirements.in").read_text()


def in_flight(arm: Arm, scenario: str) -> float:
    """The most requests of a scenario that an arm works on at the same time.

    Gunicorn's threads do nothing for the Uvicorn worker: there a `def` route runs in a pool of
    40 threads a worker (anyio's default), and `async def`, hello and echo, has no such limit.
    """
    settings = (arm.folder / "gunicorn.conf.py").read_text()
    if 'worker_class = "uvicorn' not in settings:
        return arm.settings.workers * arm.settings.threads
    return math.inf if scenario in ("hello", "echo") else arm.settings.workers * POOL
