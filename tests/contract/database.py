"""The database under a stack: a SQLite file, or one on a PostgreSQL server."""

import contextlib
import itertools
import sqlite3
from pathlib import Path

import psycopg

TRACED = Path(__file__).with_name("traced")
numbers = itertools.count(1)


class File:
    """A SQLite file."""

    kind = "sqlite"
    TYPES = ("text", "real", "integer")

    def __init__(self, path):
        self.path = path
        self.pristine = path.with_suffix(".pristine")
        self.sql_file = path.with_suffix(".sql")
        self.watcher = self.version = None
        self.environment = {
            "DATABASE_URL": f"sqlite:///{path}",
            "PYTHONPATH": str(TRACED),
            "SQL_LOG": str(self.sql_file),
        }

    def connect(self):
        return sqlite3.connect(self.path, timeout=30)

    def query(self, sql):
        with contextlib.closing(self.connect()) as db, db:
            return db.execute(sql).fetchall()

    def types(self):
        """Of every name, price and in_stock that is kept."""
        return self.query(
            "SELECT DISTINCT typeof(name), typeof(price), typeof(in_stock) FROM items"
        )

    def keep(self):
        """Remember the database as it is now."""
        copy(self.path, self.pristine)

    def restore(self):
        """Put back the database that was kept, under the running server."""
        copy(self.pristine, self.path)

    def untouched(self):
        """Has nobody written to the database since this was last asked?"""
        if not self.watcher:
            self.watcher = sqlite3.connect(self.path)
        before, self.version = self.version, self.watcher.execute("PRAGMA data_version").fetchone()
        return self.version == before

    def statements(self):
        """Every SQL statement and CONNECT since the server or its seed.py first started."""
        return self.sql_file.read_text().splitlines()

    def close(self):
        if self.watcher:
            self.watcher.close()


def copy(source, target):
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target, timeout=30)) as new,
    ):
        new.execute("PRAGMA synchronous = OFF")  # of this connection: a test's copy may be lost
        old.backup(new)


class OnServer:
    """A database of its own on a PostgreSQL server, whose log tells every statement."""

    kind = "postgresql"
    TYPES = ("character varying", "double precision", "boolean")
    SETTINGS = (
        *("fsync=off", "autovacuum=off"),  # a test's rows may be lost; nobody else may write
        *("log_statement=all", "log_connections=on", "log_line_prefix=%d "),
    )

    def __init__(self, cluster, log_file):
        self.name = f"stack{next(numbers)}"
        self.log_file = log_file
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")
        self.url = cluster.url.rpartition("/")[0] + f"/{self.name}"
        self.environment = {"DATABASE_URL": self.url}
        self.watcher = psycopg.connect(self.url, autocommit=True)
        self.next_transaction = None

    def query(self, sql):
        cursor = self.watcher.execute(sql)
        return cursor.fetchall() if cursor.description else []

    def types(self):
        columns = ", ".join(f"pg_typeof({name})::text" for name in ("name", "price", "in_stock"))
        return self.query(f"SELECT DISTINCT {columns} FROM items")

    def keep(self):
        self.query("CREATE TABLE pristine AS TABLE items")

    def restore(self):
        """Ids go on after the last that was kept."""
        self.query(
            "TRUNCATE items; INSERT INTO items (id, name, description, price, in_stock)"
            " SELECT id, name, description, price, in_stock FROM pristine ORDER BY id;"
            " SELECT setval(pg_get_serial_sequence('items', 'id'), max(id)) FROM items"
        )

    def untouched(self):
        """A transaction gets a number when it first writes."""
        before = self.next_transaction
        ((self.next_transaction,),) = self.query("SELECT pg_snapshot_xmax(pg_current_snapshot())")
        return self.next_transaction == before

    def statements(self):
        lines = self.log_file.read_text(errors="replace").splitlines()
        told = [line.removeprefix(f"{self.name} ") for line in lines if line.startswith(self.name)]
        return [statement for line in told if (statement := said(line))]

    def close(self):
        self.watcher.close()


def said(line):
    """The statement that a line of PostgreSQL's log tells of, or CONNECT."""
    if line.startswith("LOG:  connection authorized"):
        return "CONNECT"
    kind, colon, statement = line.removeprefix("LOG:  ").partition(": ")
    return statement if kind == "statement" or kind.startswith("execute ") else None
