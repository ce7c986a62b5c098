"""A copy of a stack's folder, for settings that no command line takes: the app stays as it is."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import Mistake
from bench.arm import Arm

NOT_COPIED = shutil.ignore_patterns("*.db", "*.db-*", "__pycache__", ".git", "node_modules")
CONFIG = "gunicorn.conf.py"

POOLED = '''"""The app, with {pool} threads for its `def` routes."""

from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from app import app

lifespan = app.router.lifespan_context  # where a loop runs, to which the threads' limit belongs


@asynccontextmanager
async def with_a_pool(app):
    current_default_thread_limiter().total_tokens = {pool}
    async with lifespan(app) as state:
        yield state


app.router.lifespan_context = with_a_pool
'''

TELLS = '''

def post_worker_init(worker):
    """What was imported by now may have switched the interpreter's lock on again."""
    import sys

    worker.log.info("interpreter's lock: %s", getattr(sys, "_is_gil_enabled", lambda: True)())
'''
TOLD = "interpreter's lock: "


def make_variants(arms: Sequence[Arm], folder: Path) -> list[Arm]:
    """The same arms; those that need one have a copy of their stack under folder."""
    return [_variant(arm, folder) if _needs_one(arm) else arm for arm in arms]


def locks_told(log: str) -> list[bool] | None:
    """By worker, whether the interpreter's lock is on; None where none says so."""
    told = [line.rpartition(TOLD)[2].strip() for line in log.splitlines() if TOLD in line]
    return [one == "True" for one in told] or None


def copy_stack(source: Path, target: Path) -> None:
    """Its sources, without what was made beside them."""
    shutil.copytree(source, target, ignore=NOT_COPIED, symlinks=True)


def serve_instead(folder: Path, module: str, text: str) -> None:
    """Let Gunicorn serve the app of this module in place of that of app.py, in a stack's copy."""
    config = folder / CONFIG
    said = config.read_text()
    if said.count('"app:app"') != 1:
        raise Mistake(f"{folder.name}/{CONFIG} does not name app:app: no variant can be made of it")
    (folder / f"{module}.py").write_text(text)
    config.write_text(said.replace('"app:app"', f'"{module}:app"'))


def _needs_one(arm: Arm) -> bool:
    return arm.settings.pool is not None or arm.settings.python is not None


def _variant(arm: Arm, folder: Path) -> Arm:
    copy = folder / "variants" / arm.label / arm.stack
    copy_stack(arm.folder, copy)
    if arm.settings.pool is not None:
        serve_instead(copy, "pooled", POOLED.format(pool=arm.settings.pool))
    if arm.settings.python is not None:
        config = copy / CONFIG
        if "post_worker_init" in config.read_text():
            raise Mistake(f"{arm.label}: the bench needs the post_worker_init of its {CONFIG}")
        config.write_text(config.read_text() + TELLS)
    return replace(arm, folder=copy)
