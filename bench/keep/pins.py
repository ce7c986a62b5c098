"""What must not change between a campaign's plan and its last session, each by a hash."""

import hashlib
import os
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from bench import ROOT
from bench.keep.record import Pins, Source

MADE = {"__pycache__", "node_modules", ".git", ".venv"}  # not sources


def pins_of(folders: Mapping[str, Path], served: dict[str, str], k6: Path) -> Pins:
    """Hashes of k6, of what measures, and of each arm's folder; served: image or environment."""
    return Pins(
        k6_binary=_digest_of_program(k6, k6.stat().st_mtime_ns),
        harness=_digest_of(ROOT, [ROOT / "bench", ROOT / "k6"]),
        served=served,
        sources={arm: digest_of_folder(folder) for arm, folder in folders.items()},
    )


def digest_of_git() -> Source:
    """The commit, and whether anything is not committed; None for both outside of git."""
    try:
        # Not that of a repository around this folder, as where this is an unpacked archive.
        if Path(_git("rev-parse", "--show-toplevel")).resolve() != ROOT.resolve():
            return Source(commit=None, dirty=None)
        # Whatever a person's own settings leave out of it.
        settings = ("-c", "core.excludesFile=", "-c", "core.fsmonitor=false")
        changed = _git(*settings, "status", "--porcelain", "--untracked-files=normal")
        return Source(commit=_git("rev-parse", "HEAD"), dirty=bool(changed))
    except (OSError, subprocess.CalledProcessError):
        return Source(commit=None, dirty=None)


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments],
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def digest_of_folder(folder: Path) -> str:
    """Of the names and contents of all source files in it, wherever it lies."""
    return _digest_of(folder, [folder])


def _digest_of(root: Path, folders: Iterable[Path]) -> str:
    """Of the names and contents of all source files."""
    total = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(root)
        if not MADE & set(name.parts) and not path.suffix.startswith(".db"):
            total.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


@cache
def _digest_of_program(path: Path, changed: int) -> str:
    """Read again only where the file's time says that it changed: k6 has 50 MB."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differing(planned: Any, found: Any) -> list[str]:
    """The names of what is not as planned; those of a part with the part's name before them."""
    a, b = msgspec.to_builtins(planned), msgspec.to_builtins(found)
    names = []
    for key in sorted({*a, *b}):
        one, other = a.get(key), b.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            parts = sorted(part for part in {*one, *other} if one.get(part) != other.get(part))
            names += [f"{key} of {part}" for part in parts]
        elif one != other:
            names.append(key.replace("_", " "))
    return names
