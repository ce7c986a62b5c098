"""The engine `local`: a virtual environment from the stack's own lock, and the same Gunicorn."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench import CACHE, Mistake
from bench.arm import Arm, Settings
from bench.host.cgroups import throttled
from bench.host.leftovers import folder_prefix, mark
from bench.host.machine import cpu_seconds, peak_bytes, pinned
from bench.host.processes import cpu_seconds_of_all, family, find_process, held_bytes
from bench.keep.record import Database
from bench.serve.databases.cluster import describe_cluster, private_cluster
from bench.serve.databases.postgres import Postgres, database_on, describe_server
from bench.serve.environment import environment_of
from bench.serve.server import Engine, describe_sqlite, gunicorn_options
from bench.serve.start import (
    affinities,
    free_port,
    last_error,
    must_be_pinned,
    wait_until_ready,
)

STOP_SECONDS = 10
KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")  # of the environment


@dataclass
class LocalServer:
    arm: Arm
    python_path: Path
    folder: Path  # its own, for its database and its log
    port: int
    cpus: frozenset[int] | None
    command: Sequence[str] = ("gunicorn",)  # of the environment's programs
    database: Postgres | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        program, *options = self.command
        with (self.folder / "server.log").open("wb") as log, pinned(self.cpus):
            self.process = subprocess.Popen(
                [self.python_path.with_name(program), *options],
                cwd=self.arm.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the bench alone, which then stops it
            )
        running = self.process
        wait_until_ready(self.arm.label, self.port, lambda: running.poll() is None, self.log)

    def stop(self) -> None:
        if self.process is None:
            return
        try:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)  # whatever is left of its group
            except ProcessLookupError:
                pass
            self.process.wait()

    def seed(self, rows: int, journal_mode: str | None) -> None:
        mode = ("--journal-mode", journal_mode) if journal_mode else ()
        self._run("seed.py fails", "seed.py", str(rows), *mode)

    def python(self, program: str, *arguments: str) -> Any:
        return json.loads(self._run("python -c fails", "-c", program, *arguments))

    def cpu_seconds(self) -> float:
        return cpu_seconds_of_all(self._processes())

    def peak_bytes(self) -> int | None:
        peaks = [peak_bytes(process.pid) for process in self._processes()]
        known = [peak for peak in peaks if peak is not None]
        return sum(known) if known and len(known) == len(peaks) else None

    def memory_bytes(self) -> int | None:
        held = [held_bytes(self._processes())]
        if self.database:
            held.append(self.database.memory_bytes())
        known = [bytes for bytes in held if bytes is not None]
        return sum(known) if len(known) == len(held) else None

    def workers(self) -> dict[int, float | None]:
        return {process.pid: cpu_seconds(process.pid) for process in self._processes()[1:]}

    def throttled(self) -> int | None:
        return throttled()  # the app is in the bench's own control group

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def describe(self) -> dict[str, Any]:
        return {"environment": self.python_path.parents[1].name}

    def _run(self, failure: str, *arguments: str) -> str:
        """What the app's own Python prints, in the stack's folder."""
        with pinned(self.cpus):
            done = subprocess.run(
                [self.python_path, *arguments], cwd=self.arm.folder, env=self._environment(),
                text=True, capture_output=True, check=False,
            )  # fmt: skip
        if done.returncode:
            raise Mistake(f"{self.arm.label}: {failure}: {last_error(done.stderr)}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        # None of the caller's other variables, such as FLASK_DEBUG, may change what is measured.
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        # Relative, since a path is no URL: the folder of this repository may have a %, # or ?.
        database = self.folder.resolve() / "items.db"
        file = f"sqlite:///{os.path.relpath(database, self.arm.folder.resolve())}"
        bind = f"--bind=127.0.0.1:{self.port}"
        return {
            **kept,
            **dict(self.arm.settings.variables),
            **mark(),
            "DATABASE_URL": self.database.url if self.database else file,
            "GUNICORN_CMD_ARGS": f"{bind} {gunicorn_options(self.arm.settings)}",
        }

    def _processes(self) -> list[psutil.Process]:
        """Gunicorn's master, then its workers; none when it is gone."""
        return family(find_process(self.process.pid if self.process else None))


def local_engine(
    cpus: frozenset[int] | None,
    database_url: str | None = None,
    downloads: bool = False,
    command: Callable[[Arm, int], Sequence[str]] = lambda arm, port: ["gunicorn"],
    of_postgres: Sequence[str] = (),
) -> Engine:
    """Serves from virtual environments, on these CPUs.

    Where an arm has PostgreSQL, its database is on the server of this URL, else in a private
    cluster, which of_postgres sets up. downloads: whether an interpreter that is not here may be
    fetched. command: what serves an arm on a port, where that is another server.
    """

    def python_of(arm: Arm) -> Path:
        return environment_of(arm, downloads)

    @contextmanager
    def serve(arm: Arm) -> Iterator[LocalServer]:
        python = python_of(arm)
        # Not in the system's folder for temporary files: that may be in memory, where a commit is
        # free.
        with (
            tempfile.TemporaryDirectory(prefix=folder_prefix(), dir=CACHE) as folder,
            ExitStack() as running,
        ):
            beside = None
            if arm.settings.database == "postgres":
                beside = running.enter_context(
                    database_on(database_url)
                    if database_url
                    else private_cluster(Path(folder), cpus, *of_postgres)
                )
            port = free_port()
            served_by = command(arm, port)
            server = LocalServer(arm, python, Path(folder), port, cpus, served_by, beside)
            running.callback(server.stop)
            server.start()
            must_be_pinned(arm.label, affinities(server.workers()), cpus)
            yield server

    def describe_database(settings: Settings, rows: int, journal_mode: str | None) -> Database:
        if settings.database == "sqlite":
            return describe_sqlite(rows, journal_mode)
        return describe_server(database_url, rows) if database_url else describe_cluster(rows)

    if database_url:
        describe_server(database_url, 0)  # now, not when the first arm starts: is it there?
    return Engine("local", lambda arm: python_of(arm).parents[1].name, serve, describe_database)
