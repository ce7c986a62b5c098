"""A running app, whatever runs it: where it answers, what it uses, what its database holds."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from bench.serve.postgres import Postgres
from bench.serve.stacks import Stack

SQLITE = {"kind": "sqlite"}


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

    @property
    def database(self) -> Postgres | None:
        """The server of its database; None of SQLite, which works inside of the app."""

    def seed(self, rows: int, journal_mode: str | None) -> None:
        """Make the database anew with this many items; a seed.py that fails is a Mistake."""

    def python(self, program: str, *arguments: str) -> Any:
        """What a program prints as JSON, run by the app's own interpreter in its environment."""

    def cpu_seconds(self) -> float:
        """CPU time that the app's processes have used since they started."""

    def peak_bytes(self) -> int | None:
        """The most memory the app's processes have held so far; None where it cannot be read."""

    def workers(self) -> dict[int, float | None]:
        """The processes that serve, and each one's CPU seconds; None where they cannot be read."""

    def throttled(self) -> int | None:
        """How often a CPU quota has stopped the app; None where the system does not tell."""

    def log(self) -> str:
        """What the app has printed so far."""

    def describe(self) -> dict[str, Any]:
        """What the engine knows of how the app is served."""


@dataclass(frozen=True)
class Serving:
    """How every app of a campaign is served, whatever runs it."""

    requirements: str  # the name of the file with the versions
    cpus: frozenset[int] | None
    workers: int = 2
    threads: int = 2
    database: str = "sqlite"
    database_url: str | None = None  # of a PostgreSQL server that is there; else one is started

    @property
    def options(self) -> str:
        """Of Gunicorn."""
        return f"--workers={self.workers} --threads={self.threads}"


@dataclass(frozen=True)
class Engine:
    """One way to run a stack: first everything that takes long, then as often as wanted, serve."""

    name: str
    prepare: Callable[[Stack], str]  # gives what exactly will be served: an image's id, or a lock's
    serve: Callable[[Stack], AbstractContextManager[Server]]  # afterwards nothing of it is left
    # What must be equal of the database in two results that are compared.
    database: dict[str, str] = field(default_factory=SQLITE.copy)
