"""Virtual environments of the stacks: one for each lock, interpreter and replaced package."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

from bench import CACHE, Mistake
from bench.arm import Arm
from bench.keep.pins import digest_of_folder
from bench.serve.stacks import REQUIREMENTS, lock_of

MOST_SAID = 300  # characters of uv's own words


def environment_of(arm: Arm, downloads: bool = False) -> Path:
    """That of an arm's settings."""
    lock, settings = str(lock_of(arm).resolve()), arm.settings
    base = settings.python or _base_python(settings.requirements == "paper")
    try:
        return environment(arm.folder, lock, base, settings.packages, downloads)
    except Mistake as mistake:
        raise Mistake(f"{arm.label}: {mistake}") from mistake


def environment(
    folder: Path,
    requirements: str = REQUIREMENTS["today"],
    python: str | None = None,
    packages: Sequence[str] = (),
    downloads: bool = False,
) -> Path:
    """The Python of an environment that holds exactly this lock, but for these packages.

    It is made where it is missing. downloads: whether an interpreter that is not here is fetched.
    """
    lock = folder / requirements
    base = python or _base_python(requirements == REQUIREMENTS["paper"])
    told = [lock.read_bytes(), base.encode(), sys.version.encode(), *map(_told, packages)]
    digest = hashlib.sha256(b"".join(told)).hexdigest()
    target = CACHE / "environments" / f"{folder.name}-{digest[:12]}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
        try:
            _make(unfinished, lock, base, packages, downloads)
            unfinished.rename(target)
        except OSError:
            if not target.exists():  # else another process was quicker, and made the same
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return target / "bin" / "python"


def _make(folder: Path, lock: Path, base: str, packages: Sequence[str], downloads: bool) -> None:
    fetch = [] if downloads else ["--no-python-downloads"]
    _uv("venv", "--relocatable", "--clear", *fetch, f"--python={base}", str(folder))
    python = f"--python={folder / 'bin' / 'python'}"
    _uv("pip", "install", python, "--require-hashes", "-r", str(lock))
    if packages:
        given = (one if "==" in one else str(Path(one).resolve()) for one in packages)
        _uv("pip", "install", python, *given)
        _uv("pip", "check", python)  # whether what the lock has goes with them


def _told(package: str) -> bytes:
    """What an environment with it depends on."""
    return (package if "==" in package else digest_of_folder(Path(package))).encode()


def _base_python(paper: bool) -> str:
    """The interpreter that runs the bench; for the paper's versions, which need it, Python 3.11."""
    return "3.11" if paper and sys.version_info[:2] != (3, 11) else sys.executable


def find_uv() -> str:
    """The uv on PATH, else the one beside this Python, which need not be on PATH."""
    return shutil.which("uv") or str(Path(sys.executable).with_name("uv"))


def _uv(*arguments: str) -> None:
    """Without a person's own settings; where that fails, with them: they may name a mirror."""
    for settings in (["--no-config"], []):
        command = [find_uv(), "--quiet", *settings, *arguments]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        if not done.returncode:
            return
    said = textwrap.shorten(done.stderr, MOST_SAID, placeholder=" …")  # uv breaks lines as it likes
    step = " ".join(arguments[:2] if arguments[0] == "pip" else arguments[:1])
    raise Mistake(f"its environment cannot be made: uv {step}: {said}")
