"""Virtual environments of the stacks: one for each lock and interpreter, made once."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import CACHE, Mistake
from bench.serve.stacks import REQUIREMENTS


def environment(folder: Path, requirements: str = REQUIREMENTS["today"]) -> Path:
    """The Python of an environment that holds exactly this lock; made where it is missing."""
    lock = (folder / requirements).read_bytes()
    base = _base_python(requirements)
    name = hashlib.sha256(lock + base.encode() + sys.version.encode()).hexdigest()[:12]
    target = CACHE / "environments" / f"{folder.name}-{name}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
        try:
            here = str(unfinished)
            _uv(
                "venv",
                "--relocatable",
                "--clear",
                "--no-python-downloads",
                f"--python={base}",
                here,
            )
            python, lock_file = str(unfinished / "bin" / "python"), str(folder / requirements)
            _uv("pip", "install", f"--python={python}", "--require-hashes", "-r", lock_file)
            unfinished.rename(target)
        except OSError:
            if not target.exists():  # else another process was quicker, and made the same
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return target / "bin" / "python"


def _base_python(requirements: str) -> str:
    """The interpreter that runs the bench; for the paper's versions, which need it, Python 3.11."""
    if requirements == REQUIREMENTS["paper"] and sys.version_info[:2] != (3, 11):
        return "3.11"
    return sys.executable


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
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    raise Mistake(f"no environment for the stack: uv {arguments[0]}: {' '.join(lines[:3])}")
