"""Files that are there whole or not, and whose content is what its type says or a Mistake."""

import hashlib
import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bench import Mistake
from bench.keep.record import SCHEMA, Plan, Session

DIGITS = 6  # of a number that is measured: more it does not carry
OLDER = (1, 2)  # schemas that versions before this one have written
Kept = TypeVar("Kept", Plan, Session)


class OlderSchema(Mistake):
    """A campaign that an older version of this project has measured."""


class _Marked(msgspec.Struct):
    """What a file says of itself before anything else is believed."""

    schema: Any = None


def write_record(path: Path, record: Any) -> None:
    """Write all of it as JSON or nothing: a reader, or a crash, never meets half a file."""
    text = msgspec.json.encode(rounded(msgspec.to_builtins(record)))
    unfinished = path.with_name(f".{path.name}")
    try:
        with unfinished.open("wb") as file:
            file.write(msgspec.json.format(text, indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror}") from error


def read_kept(path: Path, kind: type[Kept]) -> Kept:
    """A plan or a session; a Mistake where it is another schema's, or lacks or adds something."""
    try:
        text = path.read_bytes()
        schema = msgspec.json.decode(text, type=_Marked).schema
        if type(schema) is int and schema == SCHEMA:
            return msgspec.json.decode(text, type=kind)
    except (OSError, ValueError, RecursionError) as error:
        raise Mistake(f"{path} cannot be read: {error}") from error
    found = f"{path} has schema {schema}; this version reads {SCHEMA}"
    if schema in OLDER:
        raise OlderSchema(f"{found}, an older one of this project (in its git history) reads that")
    raise Mistake(found)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rounded(data: Any) -> Any:
    """Every number of it with the digits that it carries: more would be another machine's."""
    if isinstance(data, float):
        return float(f"{data:.{DIGITS}g}")
    if isinstance(data, dict):
        return {key: rounded(value) for key, value in data.items()}
    return [rounded(value) for value in data] if isinstance(data, list) else data
