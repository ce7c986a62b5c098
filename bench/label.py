"""The short name of an arm: its stack, and what differs from what is set for every arm."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.arm import Arm, Settings


def label_of(stack: str, settings: Settings, defaults: Settings) -> str:
    """A short name of an arm: the stack, and what differs; no character that a path cannot hold."""
    differing = ",".join(_differing(stack, settings, defaults))
    return re.sub(r"[^\w.=,@+-]+", "-", f"{stack}@{differing}" if differing else stack)


def _differing(stack: str, settings: Settings, defaults: Settings) -> Iterator[str]:
    """As it may be written, but of a path only the name that tells most."""
    if settings.folder:
        folder = Path(settings.folder)
        yield f"folder={_name(str(folder.parent if folder.name == stack else folder))}"
    for name in ("workers", "threads", "database", "journal_mode"):
        value = getattr(settings, name)
        if value != getattr(defaults, name):
            yield f"{name}={value}"
    if settings.pool:
        yield f"threads={settings.pool}"
    if settings.requirements != defaults.requirements:
        yield f"requirements={_name(settings.requirements)}"
    for package in settings.packages:
        yield f"with={package if '==' in package else _name(package)}"
    if settings.python:
        yield f"python={_name(settings.python)}"
    for name, value in settings.variables:
        yield f"env.{name}={value}"


def _name(path: str) -> str:
    """Of a file or folder: its last part that is not what all of its kind are called."""
    parts = [part for part in Path(path).resolve().parts if part not in ("/", "bin")]
    telling = [part for part in parts if not re.fullmatch(r"python[\d.]*t?", part)]
    return (telling or parts or [path])[-1]


def unique(label: str, found: Sequence[Arm]) -> str:
    """With a number where another arm has this label: two paths may end alike."""
    label, taken = label[:100], {arm.label for arm in found}
    numbered = (f"{label}~{number}" for number in range(2, 1000))
    return label if label not in taken else next(one for one in numbered if one not in taken)
