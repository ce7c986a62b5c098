"""A PostgreSQL server for one cell: a private cluster, or a database on a server that is there."""

import itertools
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from bench import Mistake
from bench.host.leftovers import is_left, mark, owner
from bench.host.machine import cpu_seconds, pinned
from bench.serve.start import READY_SECONDS, free_port, last_error

NAME = "bench_"  # how the name of a database begins that is not to outlive its run
STOP_SECONDS = 20
numbers = itertools.count(1)


@dataclass(frozen=True)
class Postgres:
    """A server that answers, with an empty database for one cell."""

    url: str  # of that database, as the app gets it
    process: int | None  # the server's first; None where it cannot be seen from here

    def cpu_seconds(self) -> float | None:
        """CPU time of all its processes, also of connections that were closed meanwhile."""
        tree = self._tree()
        if not tree:
            return None
        ended = tree[0].cpu_times()  # of its children only what it has seen the end of
        there = sum(cpu_seconds(process.pid) or 0.0 for process in tree)
        return there + float(ended.children_user + ended.children_system)

    def memory_bytes(self) -> int | None:
        """What all its processes hold now, what they share counted once (Linux's PSS)."""
        held = []
        for process in self._tree():
            try:
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
            except OSError:
                return None
            held += [line for line in rollup.splitlines() if line.startswith("Pss:")]
        return sum(int(line.split()[1]) for line in held) * 1024 if held else None

    def _tree(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self.process or -1)
            return [first, *first.children()]
        except (psutil.Error, ValueError):
            return []


@contextmanager
def private_cluster(
    folder: Path, cpus: frozenset[int] | None, *settings: str
) -> Iterator[Postgres]:
    """Start the installed PostgreSQL on a free port of loopback, its files in this folder.

    settings are added to the defaults (`fsync=off`). None installed is a Mistake.
    """
    make_cluster(folder)
    with serve_cluster(folder, free_port(), cpus, *settings) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE items")
        yield replace(server, url=server.url.removesuffix("postgres") + "items")


@contextmanager
def serve_cluster(
    folder: Path, port: int, cpus: frozenset[int] | None, *settings: str
) -> Iterator[Postgres]:
    """Start a server on the private cluster that is in this folder; afterwards it has stopped."""
    log = folder / "postgres.log"
    of_ours = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=")
    options = [part for setting in (*of_ours, *settings) for part in ("-c", setting)]
    with log.open("ab") as output, pinned(cpus):
        process = subprocess.Popen(
            [find_binaries() / "postgres", "-D", folder / "postgres", *options],
            cwd="/",
            env={**os.environ, **mark()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches the bench alone, which then stops it
            **_account(),
        )
    secret = (folder / "password").read_text().strip()
    url = f"postgresql://bench:{secret}@127.0.0.1:{port}/postgres"
    try:
        running, said = lambda: process.poll() is None, lambda: log.read_text(errors="replace")
        wait_until_it_answers(url, running, said)
        yield Postgres(url, process.pid)
    finally:
        process.send_signal(signal.SIGINT)  # "fast": it ends every connection, and then itself
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def database_on(server: str) -> Iterator[Postgres]:
    """An empty database of its own on the server of this URL; afterwards it is dropped."""
    name = f"{NAME}{owner(os.getpid()).replace('-', '_')}_{next(numbers)}"
    # It stays connected under this name, by which the runs of other machines see that it lives.
    with closing(_connected(server, name)) as living:
        try:
            _drop_leftovers(living)
            living.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise Mistake(f"--database-url: {' '.join(str(error).split())}") from error
        try:
            process = _first_process(server, living)
            yield Postgres(urlunsplit(urlsplit(server)._replace(path=f"/{name}")), process)
        finally:
            with _connected(server) as connection:
                _drop(connection, name)


def describe_server(url: str) -> dict[str, str]:
    """What must be equal in two campaigns that share a figure, of a server that is there."""
    with _connected(url) as connection:
        version = connection.info.parameter_status("server_version") or "unknown"
    return {"kind": "postgresql", "server": "given", "version": version.split()[0]}


def describe_cluster() -> dict[str, str]:
    """The same of a private cluster."""
    said = subprocess.run(
        [find_binaries() / "postgres", "--version"], text=True, capture_output=True, check=True
    )
    return {"kind": "postgresql", "server": "private cluster", "version": said.stdout.split()[2]}


def wait_until_it_answers(url: str, is_running: Callable[[], bool], log: Callable[[], str]) -> None:
    """Return when a connection is taken; one that ends, or takes none in time, is a Mistake."""
    deadline, said = time.monotonic() + READY_SECONDS, "nothing"
    while time.monotonic() < deadline:
        if not is_running():
            raise Mistake(f"PostgreSQL does not start: {last_error(log())}")
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            said = " ".join(str(error).split())
            time.sleep(0.05)
    raise Mistake(f"PostgreSQL takes no connection within {READY_SECONDS} s: {said}")


def find_binaries() -> Path:
    """The folder of the installed server's programs; not all of them are on PATH everywhere."""
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")  # Debian and what comes of it
    newest = sorted(versions, key=lambda path: float(path.parts[-3]))
    if not newest:
        raise Mistake(
            "no PostgreSQL is installed; install it, name a server by --database-url,"
            " or take --engine docker"
        )
    return newest[-1].parent


def make_cluster(folder: Path) -> None:
    """Make an empty cluster in this folder; a Mistake where PostgreSQL is absent or cannot."""
    data, password, owner_of = folder / "postgres", folder / "password", _account()
    password.write_text(f"{secrets.token_hex(8)}\n")  # else another's server would let us in
    data.mkdir()
    if owner_of:
        folder.chmod(0o711)  # to be passed through
        for path in (data, password):
            os.chown(path, owner_of["user"], owner_of["group"])
    options = ["--username=bench", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
    command = [
        str(find_binaries() / "initdb"),
        f"--pgdata={data}",
        f"--pwfile={password}",
        *options,
    ]
    done = subprocess.run(command, cwd="/", text=True, capture_output=True, check=False, **owner_of)
    if done.returncode:
        hint = "; name a server by --database-url, or take --engine docker"
        raise Mistake(f"PostgreSQL makes no cluster: {last_error(done.stderr)}{hint}")


def _account() -> dict[str, Any]:
    """Whom the server runs as where this process is root's: PostgreSQL refuses that."""
    if os.getuid():
        return {}
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    account = accounts.get("postgres") or accounts["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _connected(url: str, name: str | None = None) -> psycopg.Connection:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10, application_name=name)
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        raise Mistake(f"--database-url: {said}") from error


def _first_process(url: str, connection: psycopg.Connection) -> int | None:
    """The number of the server's first process, where the server is on this machine."""
    if urlsplit(url).hostname not in ("127.0.0.1", "::1", "localhost"):
        return None
    try:
        first = psutil.Process(connection.info.backend_pid).parent()
        return first.pid if first and first.name().startswith("postgres") else None
    except psutil.Error:
        return None  # in a container, perhaps: its numbers are not ours


def _drop_leftovers(connection: psycopg.Connection) -> None:
    """Drop the databases of runs that are gone."""
    names = connection.execute(
        "SELECT datname FROM pg_database WHERE NOT EXISTS"
        " (SELECT FROM pg_stat_activity WHERE application_name = pg_database.datname)"
    ).fetchall()
    for (name,) in names:
        if re.fullmatch(rf"{NAME}\d+_\d+_\d+", name):
            process, second, _ = name.removeprefix(NAME).split("_")
            if is_left(f"{process}-{second}"):
                _drop(connection, name)


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
