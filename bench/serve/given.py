"""A database of an arm's own on a PostgreSQL server that is there (`--database-url`)."""

import itertools
import os
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from bench import Mistake
from bench.host.leftovers import is_left, owner
from bench.keep.record import Database
from bench.serve.postgres import Postgres

NAME = "bench_"  # how the name of a database begins that is not to outlive its run
numbers = itertools.count(1)
one_at_a_time = threading.Lock()  # two that drop the same database would fail


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
        if re.fullmatch(rf"{NAME}\d+_\d+_\d+", name):
            process, second, _ = name.removeprefix(NAME).split("_")
            if is_left(f"{process}-{second}"):
                _drop(connection, name)


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
