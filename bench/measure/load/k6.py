"""The load generator: which k6 it is, and how the pinned one is built where there is none."""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import CACHE, ROOT, Mistake
from bench.serve.environment import find_uv

K6_FOLDER = ROOT / "k6"
OLDEST_K6 = (1, 1)
OLDEST_GO = (1, 25)


@dataclass(frozen=True)
class K6:
    path: Path
    version: str


def tell_k6(arguments: argparse.Namespace) -> None:
    """Print where it is; it is built first, where there is none."""
    print(find_k6().path)


def find_k6(path: str | None = None) -> K6:
    """The k6 at this path; else the one on PATH, else the pinned one, built where it is missing.

    No k6 and no way to build it, or one that is too old, is a Mistake.
    """
    candidate = shutil.which(path or "k6")
    if path and not candidate:
        raise Mistake(f"there is no program {path}")
    candidate = candidate or str(build_k6())
    return K6(Path(candidate).resolve(), _version(candidate))


def built_k6() -> Path:
    """Where the pinned k6 is built to; another pin is another file. k6/run.sh knows it too."""
    pin = hashlib.sha256((K6_FOLDER / "go.sum").read_bytes()).hexdigest()[:12]
    return CACHE / f"k6-{pin}"


def build_k6() -> Path:
    """Build the pinned k6 unless it is there, with the machine's Go or the package index's."""
    target = built_k6()
    if target.exists():
        return target
    print("building the pinned k6, once; it takes a minute or two", file=sys.stderr, flush=True)
    CACHE.mkdir(exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}")
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly",
    }
    command = [_find_go(), "build", "-trimpath", "-o", str(unfinished), "go.k6.io/k6/v2"]
    build = subprocess.run(
        command, cwd=K6_FOLDER, env=environment, text=True, capture_output=True, check=False
    )
    if build.returncode:
        raise Mistake(f"k6 does not build: {_last_line(build.stderr)}")
    os.replace(unfinished, target)
    return target


def _version(path: str) -> str:
    try:
        said = subprocess.run(
            [path, "version"], text=True, capture_output=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Mistake(f"{path} is no k6: {error}") from error
    found = re.search(r"v(\d+)\.(\d+)\.\d+\S*", said.stdout)
    if not found:
        raise Mistake(f"{path} is no k6: it says {said.stdout.strip()[:80]!r} of its version")
    if tuple(map(int, found.groups())) < OLDEST_K6:
        raise Mistake(f"{path} is k6 {found[0]}, too old: 1.1 or newer is needed")
    return found[0]


def _find_go() -> str:
    go = shutil.which("go")
    if go:
        said = subprocess.run([go, "version"], text=True, capture_output=True, check=False).stdout
        found = re.search(r"go(\d+)\.(\d+)", said)
        if found and tuple(map(int, found.groups())) >= OLDEST_GO:
            return go
    environment = CACHE / "go"
    sync = ["sync", "--quiet", "--frozen", "--only-group", "go", "--directory", str(ROOT)]
    install = subprocess.run(
        [find_uv(), *sync], env=os.environ | {"UV_PROJECT_ENVIRONMENT": str(environment)},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    if install.returncode:
        why = _last_line(install.stderr)
        raise Mistake(f"there is no k6, and no Go 1.25 to build it ({why}); name one by --k6")
    return str(environment / "bin" / "go")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]
