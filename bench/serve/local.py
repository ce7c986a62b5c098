"""The engine `local`: a virtual environment from the stack's own lock, and the same Gunicorn."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench import CACHE, Mistake
from bench.host.disturbance import own_throttled
from bench.host.leftovers import folder_prefix, mark
from bench.host.machine import cpu_seconds, peak_bytes, pinned
from bench.serve.environment import environment
from bench.serve.postgres import (
    Postgres,
    database_on,
    describe_cluster,
    describe_server,
    private_cluster,
)
from bench.serve.server import SQLITE, Engine, Serving
from bench.serve.stacks import Stack
from bench.serve.start import free_port, last_error, wait_until_ready

STOP_SECONDS = 10
KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")  # of the environment


@dataclass
class LocalServer:
    stack: Stack
    python_path: Path
    folder: Path  # the run's own, for its database and its log
    port: int
    serving: Serving
    database: Postgres | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "server.log").open("wb") as log, pinned(self.serving.cpus):
            self.process = subprocess.Popen(
                [self.python_path.with_name("gunicorn")],
                cwd=self.stack.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the bench alone, which then stops it
            )
        running = self.process
        wait_until_ready(self.stack.name, self.port, lambda: running.poll() is None, self.log)

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
        return sum(cpu_seconds(process.pid) or 0 for process in self._processes())

    def peak_bytes(self) -> int | None:
        peaks = [peak_bytes(process.pid) for process in self._processes()]
        return None if None in peaks else sum(peak or 0 for peak in peaks)

    def workers(self) -> dict[int, float | None]:
        return {process.pid: cpu_seconds(process.pid) for process in self._processes()[1:]}

    def throttled(self) -> int | None:
        return own_throttled()  # the app is in the bench's own control group

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def describe(self) -> dict[str, Any]:
        return {"environment": self.python_path.parents[1].name}

    def _run(self, failure: str, *arguments: str) -> str:
        """What the app's own Python prints, in the stack's folder."""
        with pinned(self.serving.cpus):
            done = subprocess.run(
                [self.python_path, *arguments], cwd=self.stack.folder, env=self._environment(),
                text=True, capture_output=True, check=False,
            )  # fmt: skip
        if done.returncode:
            raise Mistake(f"{self.stack.name}: {failure}: {last_error(done.stderr)}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        # None of the caller's other variables, such as FLASK_DEBUG, may change what is measured.
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        file = f"sqlite:///{self.folder / 'items.db'}"
        return {
            **kept,
            **mark(),
            "DATABASE_URL": self.database.url if self.database else file,
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{self.port} {self.serving.options}",
        }

    def _processes(self) -> list[psutil.Process]:
        """Gunicorn's master, then its workers; none when it is gone."""
        try:
            master = psutil.Process(self.process.pid if self.process else 0)
            return [master, *master.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def local_engine(serving: Serving) -> Engine:
    """Serves from virtual environments."""
    if serving.database_url:
        described = describe_server(serving.database_url)
    else:
        described = SQLITE if serving.database == "sqlite" else describe_cluster()

    @contextmanager
    def serve(stack: Stack) -> Iterator[LocalServer]:
        python = environment(stack.folder, serving.requirements)
        # Not in the system's folder for temporary files: that may be in memory, where a commit is
        # free.
        with (
            tempfile.TemporaryDirectory(prefix=folder_prefix(), dir=CACHE) as folder,
            ExitStack() as running,
        ):
            beside = None
            if serving.database_url:
                beside = running.enter_context(database_on(serving.database_url))
            elif serving.database != "sqlite":
                beside = running.enter_context(private_cluster(Path(folder), serving.cpus))
            server = LocalServer(stack, python, Path(folder), free_port(), serving, beside)
            running.callback(server.stop)
            server.start()
            yield server

    return Engine(
        name="local",
        prepare=lambda stack: environment(stack.folder, serving.requirements).parents[1].name,
        serve=serve,
        database=described,
    )
