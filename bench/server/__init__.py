"""A running app, whatever runs it: where it answers, what it uses, what its database holds."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from bench.stacks import Stack


class Row(NamedTuple):
    id: int
    name: str
    description: str
    price: float
    in_stock: int


class Server(Protocol):
    @property
    def url(self) -> str:
        """Where the app answers, without a slash at the end."""

    def seed(self, rows: int, journal_mode: str) -> None:
        """Make the database anew with this many items; a seed.py that fails is a Mistake."""

    def rows(self) -> list[Row]:
        """Every row of the table in order of id, read from the database itself."""

    def cpu_seconds(self) -> float:
        """CPU time that the app's processes have used since they started."""

    def peak_bytes(self) -> int | None:
        """The most memory the app's processes have held so far; None where it cannot be read."""

    def workers(self) -> frozenset[int]:
        """The processes that serve, to notice one that died."""

    def log(self) -> str:
        """What the app has printed so far."""

    def describe(self) -> dict[str, Any]:
        """What a result must say of how it was served: interpreter, packages, database."""


@dataclass(frozen=True)
class Engine:
    """One way to run a stack: first everything that takes long, then as often as wanted, serve."""

    name: str
    prepare: Callable[[Stack], object]
    serve: Callable[[Stack], AbstractContextManager[Server]]  # afterwards nothing of it is left
