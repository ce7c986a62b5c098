"""A running app, whatever runs it: where it answers, what it uses, what its database holds."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from bench.arm import Arm, Settings
from bench.keep.record import Database
from bench.serve.databases.postgres import Postgres


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
        """CPU time that the app's processes have used since they started; 0 when it is gone."""

    def peak_bytes(self) -> int | None:
        """The most memory the app's processes have held so far; None where it cannot be read."""

    def memory_bytes(self) -> int | None:
        """What the app, with a database server of its own, holds now; None where not told."""

    def workers(self) -> dict[int, float | None]:
        """The processes that serve, and each one's CPU seconds; None where they cannot be read."""

    def throttled(self) -> int | None:
        """How often a CPU quota has stopped the app; None where the system does not tell."""

    def log(self) -> str:
        """What the app has printed so far."""

    def describe(self) -> dict[str, Any]:
        """What the engine alone knows of how the app is served; inside.describe has it all."""


@dataclass(frozen=True)
class Engine:
    """One way to run arms: first everything that takes long, then as often as wanted, serve.

    Arms may be served side by side, each by a thread of its own.
    """

    name: str
    prepare: Callable[[Arm], str]  # gives what exactly will be served: an image's id, or a lock's
    serve: Callable[[Arm], AbstractContextManager[Server]]  # afterwards nothing of it is left
    # What must be equal of the database in two results that are compared: of an arm's settings,
    # with so many rows, in this journal mode of SQLite.
    describe_database: Callable[[Settings, int, str | None], Database]


def gunicorn_options(settings: Settings) -> str:
    """On Gunicorn's command line."""
    return f"--workers={settings.workers} --threads={settings.threads}"


def describe_sqlite(rows: int, journal_mode: str | None) -> Database:
    """SQLite works inside of the app: its version is told by inside.describe."""
    return Database(kind="sqlite", rows=rows, journal_mode=journal_mode)
