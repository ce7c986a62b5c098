"""What a stack is: a folder beside this one that Gunicorn can serve and seed.py can fill."""

from dataclasses import dataclass
from pathlib import Path

from bench import ROOT, Mistake

REQUIREMENTS = {"today": "requirements.txt", "paper": "requirements-paper.txt"}


@dataclass(frozen=True)
class Stack:
    name: str
    folder: Path


def find_stacks(root: Path = ROOT) -> dict[str, Stack]:
    """Every stack under root by its name, in alphabetical order."""
    folders = sorted(path.parent for path in root.glob("*/gunicorn.conf.py"))
    return {folder.name: Stack(folder.name, folder) for folder in folders}


def choose_stacks(names: list[str] | None, root: Path = ROOT) -> list[Stack]:
    """The stacks of these names, or all; an unknown name is a Mistake."""
    stacks = find_stacks(root)
    for name in names or []:
        if name not in stacks:
            raise Mistake(f"there is no stack {name!r}; there are {', '.join(stacks)}")
    return [stacks[name] for name in dict.fromkeys(names or stacks)]
