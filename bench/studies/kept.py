"""What a study keeps in a file, beside what it prints: on which machine it was, above all."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from bench.host.machine import describe_machine


def must_hold_files(folder: Path) -> None:
    """An OSError now, not when all is measured, where no file can be kept in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()


def about_machine(**more: Any) -> dict[str, Any]:
    """This machine, and what else two results must have in common."""
    return {**msgspec.structs.asdict(describe_machine()), **more}
