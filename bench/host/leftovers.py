"""What a run leaves that was killed: found by the mark that everything a bench starts bears."""

import os
import shutil
from functools import cache

import psutil

from bench import CACHE

# The name of an environment variable of processes, and, with dots, of a label of containers.
OWNER = "PYTHON_WEB_FRAMEWORKS_MEASURED_OWNER"


@cache
def owner(pid: int) -> str:
    """A process, told from a later one of the same number by the second in which it started."""
    try:
        return f"{pid}-{psutil.Process(pid).create_time():.0f}"
    except psutil.NoSuchProcess:
        return "nobody"


def mark() -> dict[str, str]:
    """What the environment of a process must hold that is not to outlive this one."""
    return {OWNER: owner(os.getpid())}


def folder_prefix() -> str:
    """How the name of a folder in the cache must begin that is not to outlive this process."""
    return f"serve-{owner(os.getpid())}-"


def is_left(mark: str) -> bool:
    """Whether the process that set this mark is gone."""
    return mark != owner(int(mark.partition("-")[0]))


def stop_leftovers(mine: bool = False) -> None:
    """End the processes, and remove the folders, of runs that are gone; on request one's own too.

    A signal may come between the start of a process and the note that there is one: so a run that
    ends looks for its own once more.
    """
    stop_processes(mine)
    for folder in CACHE.glob("serve-*-*-*"):
        if _is_to_go(folder.name.removeprefix("serve-").rpartition("-")[0], mine):
            shutil.rmtree(folder, ignore_errors=True)


def stop_processes(mine: bool = False) -> None:
    """The same of processes alone: whoever waits for one of them need wait no longer."""
    ended = []
    for process in psutil.process_iter():
        try:
            found = process.environ().get(OWNER)
            if found and _is_to_go(found, mine) and process.pid != os.getpid():
                process.kill()
                ended.append(process)
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or somebody else's
    psutil.wait_procs(ended, timeout=10)


def _is_to_go(mark: str, mine: bool) -> bool:
    return is_left(mark) or (mine and mark == owner(os.getpid()))
