"""A stack, really served: a copy of its folder, a database, Gunicorn on a Unix socket."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import httpx2

from database import File

ROWS = 1500
LAMP = {"name": "Lamp", "description": "It shines.", "price": 12.5, "in_stock": False}
LEFT_BEHIND = shutil.ignore_patterns("*.db*", "__pycache__", ".venv")  # of a person who tried it


@contextlib.contextmanager
def copied(stack, python, database=None):
    """A stack in a folder of its own, which is gone afterwards; by default on a file in it."""
    with tempfile.TemporaryDirectory(prefix="stack-") as folder:
        yield Server(stack, python, Path(folder), database or File(Path(folder) / "items.db"))


class Server:
    """One stack: `seed` it, serve it while `running`, `send` it requests."""

    def __init__(self, stack, python, folder, database):
        # A copy: a stack must run from anywhere, and a test leaves nothing in the repository.
        self.folder = shutil.copytree(stack, folder / "app", ignore=LEFT_BEHIND)
        self.name = stack.name
        self.python = python
        self.database = database
        self.socket = folder / "s"  # a short name: a socket's path has at most 107 bytes
        self.log_file = folder / "log"
        self.process = None
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(folder / "none"),  # a stack leans on nothing outside its folder
            **database.environment,
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
            process = self.process = subprocess.Popen(
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
            self.database.close()
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

    def rows(self):
        return self.database.query(
            "SELECT id, name, description, price, in_stock FROM items ORDER BY id"
        )
