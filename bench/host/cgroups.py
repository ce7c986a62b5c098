"""CPU quotas of control groups: of a process's own group and of all that it lies in."""

import re
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def throttled(process: int | str = "self") -> int | None:
    """How often a quota has stopped a process, its own group's or one above; None: not told.

    In a container the groups above it cannot be seen: then that nothing is counted says nothing.
    """
    folders = groups(process)
    counted = [throttled_in(_read(folder / "cpu.stat") or "") for folder in folders]
    known = [count for count in counted if count is not None]
    # The outermost group of version 2 has no quota of its own: one that has lies in others.
    is_hidden = bool(folders) and (folders[-1] / "cpu.max").exists()
    return sum(known) if known and (any(known) or not is_hidden) else None


def throttled_in(cpu_stat: str) -> int | None:
    """From a group's cpu.stat."""
    found = re.search(r"^nr_throttled (\d+)$", cpu_stat, re.MULTILINE)
    return int(found[1]) if found else None


def quota(process: int | str = "self") -> str | None:
    """The innermost quota that limits a process, as its file has it; else what says: none."""
    texts = [
        text
        for folder in groups(process)
        if (text := _read(folder / "cpu.max") or _read(folder / "cpu.cfs_quota_us"))
    ]
    limits = [text for text in texts if not text.startswith(("max", "-1"))]
    return next(iter(limits or texts), None)


def groups(process: int | str = "self") -> list[Path]:
    """The folders of a process's group for CPUs and of those around it, the innermost first."""
    lines = (_read(f"/proc/{process}/cgroup") or "").splitlines()
    paths = {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}
    first = [path for names, path in paths.items() if "cpu" in names.split(",")]
    # Version 1 where it has the CPUs, else 2. Who looks from another group sees paths with "..".
    top, path = (CGROUPS / "cpu", first[0]) if first else (CGROUPS, paths.get("", "/.."))
    if ".." in Path(path).parts or not top.is_dir():
        return []
    innermost = top / path.lstrip("/")
    around = [innermost, *innermost.parents]
    return [folder for folder in around[: around.index(top) + 1] if folder.is_dir()]


def _read(path: str | Path) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
