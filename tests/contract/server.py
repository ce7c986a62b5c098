"""A stack, really served: a copy of its folder, its own database, Gunicorn on a Unix socket."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import httpx2

ROWS = 1500
LAMP = {"name": "Lamp", "description": "It shines.", "price": 12.5, "in_stock": False}
LEFT_BEHIND = shutil.ignore_patterns("*.db*", "__pycache__", ".venv")  # of a person who tried it
TRACED = Path(__file__).with_name("traced")


@contextlib.contextmanager
def copied(stack, python):
    """A stack in a folder of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="stack-") as folder:
        yield Server(stack, python, Path(folder))


class Server:
    """One stack: `seed` it, serve it while `running`, `send` it requests, look into its file."""

    def __init__(self, stack, python, folder):
        # A copy: a stack must run from anywhere, and a test leaves nothing in the repository.
        self.folder = shutil.copytree(stack, folder / "app", ignore=LEFT_BEHIND)
        self.name = stack.name
        self.python = python
        self.database = folder / "items.db"
        self.pristine = folder / "pristine.db"
        self.socket = folder / "s"  # a short name: a socket's path has at most 107 bytes
        self.log_file = folder / "log"
        self.sql_file = folder / "sql"
        self.watcher = self.version = None
        self.environment = {
            "PATH": os.defpath,
            "HOME": "/nonexistent",  # a stack leans on nothing outside its folder
            "PYTHONPATH": str(TRACED),
            "SQL_LOG": str(self.sql_file),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "GUNICORN_CMD_ARGS": f"--bind=unix:{self.socket}",
        }
        transport = httpx2.HTTPTransport(uds=str(self.socket))
        self.client = httpx2.Client(base_url="http://stack", transport=transport, timeout=60)

    def seed(self, *arguments, **environment):
        """Run seed.py as a person would, and return what came of it."""
        return subprocess.run(
            [self.python, "seed.py", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    @contextlib.contextmanager
    def running(self):
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                [self.python.with_name("gunicorn")],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # one group, so that no worker is left behind
            )
        try:
            self.wait_until_ready(process)
            yield self
        finally:
            self.client.close()
            if self.watcher:
                self.watcher.close()
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait_until_ready(self, process):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            # Gunicorn accepts a connection before a worker can answer: time-outs are expected.
            with contextlib.suppress(httpx2.TransportError):
                if self.client.get("/hello", timeout=2).status_code == 200:
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.05)
                break
        raise AssertionError(f"{self.name} did not get ready:\n{self.log()}")

    def send(self, method, path, content=None):
        """Send these bytes to this path, neither tidied up, and return the answer."""
        headers = {} if content is None else {"Content-Type": "application/json"}
        target = {"target": path.encode()}
        return self.client.request(method, "/", content=content, headers=headers, extensions=target)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def complaints(self):
        return [line for line in self.log().splitlines() if "[INFO]" not in line]

    def statements(self):
        """Every SQL statement since the server or its seed.py first started."""
        return self.sql_file.read_text().splitlines()

    def untouched(self):
        """Has nobody written to the database since this was last asked?"""
        if not self.watcher:
            self.watcher = sqlite3.connect(self.database)
        before, self.version = self.version, self.watcher.execute("PRAGMA data_version").fetchone()
        return self.version == before

    def query(self, sql):
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as db, db:
            return db.execute(sql).fetchall()

    def rows(self):
        return self.query("SELECT id, name, description, price, in_stock FROM items ORDER BY id")

    def keep(self):
        """Remember the database as it is now."""
        copy(self.database, self.pristine)

    def restore(self):
        """Put back the database that was kept, under the running server."""
        copy(self.pristine, self.database)


def copy(source, target):
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target, timeout=30)) as new,
    ):
        new.execute("PRAGMA synchronous = OFF")  # of this connection: a test's copy may be lost
        old.backup(new)
