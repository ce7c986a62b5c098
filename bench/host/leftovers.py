"""What a run leaves that was killed: found by the mark that everything a bench starts bears.

Only what certainly was ours and certainly has no living owner is removed. Of a mark that was set in
another container, or before the machine was started anew, nobody can tell: that is left, and named.
"""

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

import psutil

from bench import CACHE

# The name of an environment variable of processes, and, with dots, of a label of containers.
OWNER = "PYTHON_WEB_FRAMEWORKS_MEASURED_OWNER"
Fate = Literal["mine", "living", "gone", "unknown"]


def owner(pid: int) -> str:
    """A process as a mark names it: its number, when it began, and where that number holds."""
    return f"{pid}-{_began(pid)}-{_here()}"


def fate(mark: str) -> Fate:
    """What has become of the process that set this mark."""
    pid, _, rest = mark.partition("-")
    if not pid.isdigit() or rest.partition("-")[2] != _here():
        return "unknown"
    if int(pid) == os.getpid():
        return "mine" if mark == owner(os.getpid()) else "gone"
    return "living" if mark == owner(int(pid)) else "gone"


def mark() -> dict[str, str]:
    """What the environment of a process must hold that is not to outlive this one."""
    return {OWNER: owner(os.getpid())}


def folder_prefix() -> str:
    """How the name of a folder in the cache must begin that is not to outlive this process."""
    return f"serve-{owner(os.getpid())}-"


def stop_leftovers() -> None:
    """End the processes, and remove the folders, of runs that are gone; name what nobody knows.

    For who holds the machine's lock.
    """
    unknown = [*_stop_processes("gone"), *_remove_folders("gone")]
    name_unknown(unknown)


def stop_mine() -> None:
    """The same of this run alone.

    A signal may come between the start of a process and the note that there is one: so a run that
    ends looks for its own once more.
    """
    stop_my_processes()
    _remove_folders("mine")


def stop_my_processes() -> None:
    """Whoever waits for one of them need wait no longer."""
    _stop_processes("mine")


def name_unknown(left: Iterable[str]) -> None:
    """Tell a person of what they may have to remove themselves."""
    for what in left:
        print(f"bench: left alone, for it is not known whose it is: {what}", file=sys.stderr)


def _stop_processes(of: Fate) -> list[str]:
    ended, unknown = [], []
    for process in psutil.process_iter():
        try:
            found = process.environ().get(OWNER)
            if not found or process.pid == os.getpid():
                continue
            if fate(found) == of:
                process.kill()
                ended.append(process)
            elif fate(found) == "unknown":
                unknown.append(f"process {process.pid} ({process.name()})")
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or somebody else's
    psutil.wait_procs(ended, timeout=10)
    return unknown


def _remove_folders(of: Fate) -> list[str]:
    unknown = []
    for folder in CACHE.glob("serve-*"):
        found = fate(folder.name.removeprefix("serve-").rpartition("-")[0])
        if found == of:
            shutil.rmtree(folder, ignore_errors=True)
        elif found == "unknown":
            unknown.append(f"folder {folder}")
    return unknown


def _began(pid: int) -> str:
    """A number that no later process of the same number has; empty where there is none."""
    try:
        if sys.platform == "linux":
            # In ticks since the machine's start: psutil's time moves with the clock that is set.
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        return f"{psutil.Process(pid).create_time():.0f}"
    except (OSError, psutil.Error):
        return ""


@cache
def _here() -> str:
    """This start of this machine and, on Linux, this PID namespace, as a short hash."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()
        place = boot + os.readlink("/proc/self/ns/pid")
    except OSError:
        place = f"{platform.node()} {psutil.boot_time():.0f}"
    return hashlib.sha256(place.encode()).hexdigest()[:8]
