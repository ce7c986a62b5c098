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


def has_pool(folder: Path) -> bool:
    """Whether `def` routes run in a pool that Gunicorn's threads do nothing for: Uvicorn's do."""
    return 'worker_class = "uvicorn' in (folder / "gunicorn.conf.py").read_text()


def lock_of(arm: Arm) -> Path:
    """The file with the versions that an arm has."""
    own = REQUIREMENTS.get(arm.settings.requirements)
    return arm.folder / own if own else Path(arm.settings.requirements)


def in_flight(arm: Arm, scenario: str) -> float:
    """The most requests of a scenario that an arm works on at the same time.

    Of FastAPI that is a pool of threads a worker (40 is anyio's default); what is `async def`,
    hello and echo, has no such limit.
    """
    if not has_pool(arm.folder):
        return arm.settings.workers * arm.settings.threads
    if scenario in ("hello", "echo"):
        return math.inf
    return arm.settings.workers * (arm.settings.pool or POOL)
