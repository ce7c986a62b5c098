"""How a person writes an arm: flask_sqlite@workers=4,threads=1, a stack and what is different."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench import ROOT, Mistake
from bench.arm import CONTROLS, Arm, Settings
from bench.host.leftovers import OWNER
from bench.label import label_of, unique
from bench.serve.stacks import POOL, REQUIREMENTS, find_stacks, has_pool, speaks_postgres

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
OURS = {"DATABASE_URL", "GUNICORN_CMD_ARGS", "PATH", "HOME", "LANG", "TMPDIR", OWNER}  # said by us
NEEDED = ("gunicorn.conf.py", "seed.py", "requirements.txt", "requirements.in", "Dockerfile")
MOST = 256  # workers, or threads: more is a slip of the hand, and would take the machine down


@dataclass(frozen=True)
class Written:
    """One arm as it stands on the command line."""

    text: str
    stack: str
    given: tuple[tuple[str, str], ...]
    folder: Path

    def mistake(self, why: str) -> Mistake:
        return Mistake(f"{self.text}: {why}")


def read_arms(texts: Sequence[str], defaults: Settings, root: Path = ROOT) -> list[Arm]:
    """The arms of these texts; what they do not say is as in defaults.

    A Mistake where a text is none, or two of them are the same arm.
    """
    found: list[Arm] = []
    for text in texts:
        written = _split(text, root)
        settings = _settings(written, defaults, root)
        for arm in found:
            if (arm.folder.resolve(), arm.settings) == (written.folder.resolve(), settings):
                raise written.mistake(f"it is the same arm as {arm.label}")
        label = label_of(written.stack, settings, defaults)
        found.append(Arm(unique(label, found), written.stack, written.folder, settings))
    return found


def _split(text: str, root: Path) -> Written:
    stack, at, rest = text.partition("@")
    given = [part.partition("=") for part in rest.split(",")] if at else []
    for name, equals, value in given:
        if not (name and equals and (value or name.startswith("env."))):
            raise Mistake(f"{text}: {name + equals + value!r} is no SETTING=VALUE")
        if not value.isprintable():
            raise Mistake(f"{text!r}: a value has a character that cannot be printed")
    pairs = tuple((name, value) for name, _, value in given)
    return Written(text, stack, pairs, _folder(text, stack, dict(pairs).get("folder"), root))


def _folder(text: str, stack: str, elsewhere: str | None, root: Path) -> Path:
    stacks = find_stacks(root)
    if elsewhere is None:
        if stack not in stacks:
            raise Mistake(f"there is no stack {stack!r}; there are {', '.join(stacks)}")
        return stacks[stack]
    folder = Path(elsewhere)
    lacking = [name for name in NEEDED if not (folder / name).is_file()]
    if lacking:
        lacks = ", no ".join(lacking)
        raise Mistake(f"{text}: {elsewhere} is no stack's folder: it has no {lacks}")
    if not re.fullmatch(r"[A-Za-z0-9_]+", stack) or stack in CONTROLS:
        raise Mistake(f"{text}: {stack!r} is no name of a stack")
    return folder


def _settings(written: Written, defaults: Settings, root: Path) -> Settings:
    changes: dict[str, Any] = {}
    for name, value in written.given:
        read = READERS.get("env." if name.startswith("env.") else name)
        if read is None:
            known = ", ".join(READERS).replace("env.", "env.NAME")
            raise written.mistake(f"there is no setting {name!r}; there are {known}")
        for field, found in read(written, name.removeprefix("env."), value).items():
            if isinstance(found, tuple):
                found = (*changes.get(field, ()), *found)
            elif field in changes:
                raise written.mistake(f"{name} is said twice")
            changes[field] = found
    for field in ("packages", "variables"):
        changes[field] = tuple(sorted(changes.get(field, ())))
    _must_differ(written, changes)
    settings = msgspec.structs.replace(defaults, **changes)
    if settings.folder and written.folder.resolve() == (root / written.stack).resolve():
        settings = msgspec.structs.replace(settings, folder=None)
    _must_go_together(written, settings)
    return settings


def _must_differ(written: Written, changes: dict[str, Any]) -> None:
    """Nothing is said twice of one variable, or of one package."""
    for names in (
        [name for name, _ in changes["variables"]],
        [re.split("==", package)[0].lower() for package in changes["packages"]],
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise written.mistake(f"{', '.join(twice)} is said twice")


def _must_go_together(written: Written, settings: Settings) -> None:
    if settings.database == "postgres":
        if not speaks_postgres(written.folder):
            raise written.mistake("it speaks SQLite only")
        if settings.journal_mode:
            raise written.mistake("a journal mode is SQLite's")
        if settings.requirements == "paper":
            raise written.mistake(
                "PostgreSQL needs today's versions: the paper's take another driver"
            )


def _number(field: str) -> Callable[[Written, str, str], dict[str, Any]]:
    def read(written: Written, _: str, value: str) -> dict[str, Any]:
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= MOST):
            raise written.mistake(f"{field}={value}: it is a whole number from 1 to {MOST}")
        if field == "threads" and has_pool(written.folder):
            return {"pool": None if int(value) == POOL else int(value)}
        return {field: int(value)}

    return read


def _choice(field: str, *values: str) -> Callable[[Written, str, str], dict[str, Any]]:
    def read(written: Written, _: str, value: str) -> dict[str, Any]:
        if value not in values:
            raise written.mistake(f"{field}={value}: it is {' or '.join(values)}")
        return {field: value}

    return read


def _requirements(written: Written, _: str, value: str) -> dict[str, Any]:
    for name, file in REQUIREMENTS.items():
        own = written.folder / file
        if value == name or (own.exists() and Path(value).resolve() == own.resolve()):
            return {"requirements": name}
    if not Path(value).is_file():
        raise written.mistake(f"requirements={value}: it is {', '.join(REQUIREMENTS)} or a file")
    return {"requirements": value}


def _package(written: Written, _: str, value: str) -> dict[str, Any]:
    pinned = re.fullmatch(r"[A-Za-z0-9][\w.-]*(\[[\w,.-]+\])?==[\w.!+-]+", value)
    projects = ("pyproject.toml", "setup.py")
    if not pinned and not any((Path(value) / name).is_file() for name in projects):
        raise written.mistake(f"with={value}: it is NAME==VERSION, or the folder of a package")
    return {"packages": (value,)}


def _python(written: Written, _: str, value: str) -> dict[str, Any]:
    if value not in PYTHONS and not ("/" in value and Path(value).is_file()):
        known = ", ".join(PYTHONS)
        raise written.mistake(f"python={value}: it is {known} or an interpreter's path")
    return {"python": value}


def _variable(written: Written, name: str, value: str) -> dict[str, Any]:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise written.mistake(f"env.{name}: it is no name of a variable")
    if name in OURS:
        raise written.mistake(f"env.{name}: the bench itself sets it")
    return {"variables": ((name, value),)}


READERS: dict[str, Callable[[Written, str, str], dict[str, Any]]] = {
    "workers": _number("workers"),
    "threads": _number("threads"),
    "requirements": _requirements,
    "with": _package,
    "folder": lambda written, _, value: {"folder": value},
    "python": _python,
    "database": _choice("database", "sqlite", "postgres"),
    "journal_mode": _choice("journal_mode", "delete", "wal"),
    "env.": _variable,
}
