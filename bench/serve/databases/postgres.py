"""PostgreSQL for one arm: a server of its own, or a database on one that is there."""

import itertools
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from bench import Mistake
from bench.host.leftovers import fate, owner
from bench.host.processes import cpu_seconds_of_all, find_process, held_bytes
from bench.keep.record import Database
from bench.serve.start import READY_SECONDS, given_up, last_error

NAME = "bench_"  # how the name of a database begins that is not to outlive its run
numbers = itertools.count(1)
one_at_a_time = threading.Lock()  # two that drop the same database would fail


@dataclass(frozen=True)
class Postgres:
    """A server that answers, with an empty database for one arm."""

    url: str  # of that database, as the app gets it
    process: int | None  # the server's first; None where it cannot be seen from here
    shared: str | None = None  # the database's name, on a server that other arms use too
    held: Callable[[], int | None] | None = None  # asks who knows what the server's processes hold

    def cpu_seconds(self) -> float | None:
        """CPU time of all its processes, also of connections that were closed meanwhile.

        On a shared server that of the connections to this database which there are now.
        """
        if self.shared:
            tree = self._tree()
            return cpu_seconds_of_all(self._connections(tree)) if tree else None
        return self.server_cpu_seconds()

    def server_cpu_seconds(self) -> float | None:
        """That of the whole server, whoever uses it."""
        tree = self._tree()
        if not tree:
            return None
        try:
            ended = tree[0].cpu_times()  # of its children only what it has seen the end of
        except psutil.Error:
            return None
        return cpu_seconds_of_all(tree) + float(ended.children_user + ended.children_system)

    def memory_bytes(self) -> int | None:
        """What all its processes hold now; on a shared server those of this database alone."""
        if self.held:
            return self.held()
        tree = self._tree()
        return held_bytes(self._connections(tree) if self.shared else tree)

    def _tree(self) -> list[psutil.Process]:
        first = find_process(self.process)
        try:
            return [first, *first.children()] if first else []
        except psutil.Error:
            return []

    def _connections(self, tree: Iterable[psutil.Process]) -> list[psutil.Process]:
        """A connection's process names its user and its database: `postgres: bench items …`."""
        found = []
        for process in tree:
            try:
                title = " ".join(process.cmdline()).split()
            except psutil.Error:
                continue
            if title[2:3] == [self.shared]:
                found.append(process)
        return found


def cpu_seconds_of_servers(databases: Iterable[Postgres | None]) -> float | None:
    """CPU time of these databases' servers, each counted once; None where one cannot be seen."""
    servers = {database.process: database for database in databases if database}
    used = [database.server_cpu_seconds() for database in servers.values()]
    known = [seconds for seconds in used if seconds is not None]
    return sum(known) if len(known) == len(used) else None


def wait_until_it_answers(url: str, is_running: Callable[[], bool], log: Callable[[], str]) -> None:
    """Return when a connection is taken; one that ends, or takes none in time, is a Mistake."""
    deadline, said = time.monotonic() + READY_SECONDS, "nothing"
    while time.monotonic() < deadline and not given_up.is_set():
        if not is_running():
            raise Mistake(f"PostgreSQL does not start: {last_error(log())}")
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            said = " ".join(str(error).split())
            time.sleep(0.05)
    raise Mistake(f"PostgreSQL takes no connection within {READY_SECONDS} s: {said}")


@contextmanager
def database_on(server: str) -> Iterator[Postgres]:
    """An empty database of its own on the server of this URL; afterwards it is dropped."""
    name = f"{NAME}{owner(os.getpid()).replace('-', '_')}_{next(numbers)}"
    # It stays connected under this name, by which the runs of other machines see that it lives.
    with closing(_connected(server, name)) as living:
        try:
            with one_at_a_time:
                _drop_leftovers(living)
                living.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise Mistake(f"--database-url: {' '.join(str(error).split())}") from error
        try:
            process = _first_process(server, living)
            url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
            yield Postgres(url, process, shared=name)
        finally:
            with _connected(server) as connection:
                _drop(connection, name)


def describe_server(url: str, rows: int) -> Database:
    """What must be equal in two results that are compared."""
    with _connected(url) as connection:
        version = connection.info.parameter_status("server_version") or "unknown"
    return Database(kind="postgresql", rows=rows, server="given", version=version.split()[0])


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
        if re.fullmatch(rf"{NAME}\d+_\d+_[0-9a-f]+_\d+", name):
            mark = name.removeprefix(NAME).rpartition("_")[0].replace("_", "-")
            if fate(mark) == "gone":
                _drop(connection, name)


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
