"""What only the app's own interpreter can tell, by programs for its `python -c`: JSON comes out."""

import msgspec

from bench.keep.record import Canary, Served
from bench.serve.server import Row, Server


def rows(server: Server) -> list[Row]:
    """Every row of the table in order of id, read from the database itself."""
    return [Row(*row) for row in server.python(ROWS)]


def describe(server: Server) -> Served:
    """Interpreter, packages and database, as the app has them, and what its engine adds."""
    return msgspec.convert({**server.python(DESCRIBE), **server.describe()}, Served)


def commits(server: Server, writers: int, journal_mode: str | None) -> Canary:
    """What one commit costs where the database lies, with so many writers at the same time.

    Each writer inserts and commits for half a second, in a database of its own, or on PostgreSQL
    in a table of its own: `a_second` of all, and the `median_ms` of one, waiting included. It is
    to a write what a speed limit is to a car.
    """
    if journal_mode is None:
        return msgspec.convert(server.python(POSTGRES_COMMITS, str(writers)), Canary)
    return msgspec.convert(server.python(COMMITS, str(writers), journal_mode), Canary)


def dose_seconds(server: Server) -> float:
    """CPU seconds that the dosed control adds to a request, the mean of those that it metered."""
    return float(server.python(DOSE))


ROWS = """
import json, os

url = os.environ["DATABASE_URL"]
if url.startswith("sqlite"):
    import sqlite3
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
else:
    import psycopg
    connection = psycopg.connect(url)
query = "SELECT id, name, description, price, in_stock FROM items ORDER BY id"
print(json.dumps(connection.execute(query).fetchall()))
"""

DESCRIBE = """
import importlib.metadata, json, os, platform, re, sqlite3, sysconfig

def sqlite(database):
    filesystem, longest = None, -1
    if os.path.exists("/proc/mounts"):
        for line in open("/proc/mounts"):
            place, kind = line.split()[1:3]
            place = re.sub(r"\\\\(\\d{3})", lambda octal: chr(int(octal[1], 8)), place)
            parts = len([part for part in place.split("/") if part])
            # Of two at one place the later one lies on the other.
            if (database + "/").startswith(place.rstrip("/") + "/") and parts >= longest:
                filesystem, longest = kind, parts
    connection = sqlite3.connect(database)
    pragmas = ["journal_mode", "synchronous", "page_size", "cache_size", "wal_autocheckpoint"]
    return {
        "sqlite": sqlite3.sqlite_version,
        "pragmas": {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas},
        "database_filesystem": filesystem,
    }

def postgresql(url):
    import psycopg
    # What a commit promises, what memory there is, and whatever is not as it comes.
    query = (
        "SELECT name, current_setting(name) FROM pg_settings WHERE source <> 'default'"
        " AND context <> 'internal' OR name IN ('server_version', 'fsync', 'synchronous_commit',"
        " 'full_page_writes', 'wal_level', 'shared_buffers', 'max_connections', 'autovacuum',"
        " 'checkpoint_timeout', 'max_wal_size') ORDER BY name"
    )
    left_out = {"config_file", "data_directory", "hba_file", "ident_file", "application_name"}
    settings = dict(psycopg.connect(url).execute(query).fetchall())
    return {"postgresql": {name: settings[name] for name in settings if name not in left_out}}

url = os.environ["DATABASE_URL"]
packages = {d.name: d.version for d in importlib.metadata.distributions()}
path = url.removeprefix("sqlite:///")
database = postgresql(url) if path == url else sqlite(os.path.abspath(path))
print(json.dumps({
    "python": platform.python_version(),
    "implementation": platform.python_implementation(),
    "compiler": platform.python_compiler(),
    "configured": sysconfig.get_config_var("CONFIG_ARGS"),
    "packages": dict(sorted(packages.items())),
    **database,
}))
"""

COMMITS = """
import json, os, sqlite3, statistics, sys, tempfile, threading, time

writers, mode = int(sys.argv[1]), sys.argv[2]
beside = os.path.dirname(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) or "."
took = []

def write(path, end):
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    while time.monotonic() < end or not took:
        started = time.perf_counter()
        connection.execute("INSERT INTO canary VALUES (?)", ("x" * 100,))
        took.append(time.perf_counter() - started)
    connection.close()

with tempfile.TemporaryDirectory(dir=beside) as folder:
    path = os.path.join(folder, "canary.db")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("CREATE TABLE canary (text)")
    started = time.monotonic()
    threads = [threading.Thread(target=write, args=(path, started + 0.5)) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    connection.close()
print(json.dumps({"a_second": len(took) / seconds, "median_ms": 1000 * statistics.median(took)}))
"""

POSTGRES_COMMITS = """
import json, os, psycopg, statistics, sys, threading, time

def connect():
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

took = []

def write(connection, end):
    while time.monotonic() < end or not took:
        started = time.perf_counter()
        connection.execute("INSERT INTO canary VALUES (%s)", ("x" * 100,))
        took.append(time.perf_counter() - started)
    connection.close()

with connect() as connection:
    connection.execute("CREATE TABLE canary (text text)")
    writers = [connect() for _ in range(int(sys.argv[1]))]
    started = time.monotonic()
    threads = [threading.Thread(target=write, args=(w, started + 0.5)) for w in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    connection.execute("DROP TABLE canary")
print(json.dumps({"a_second": len(took) / seconds, "median_ms": 1000 * statistics.median(took)}))
"""

DOSE = """
import os, statistics

with open(os.environ["DATABASE_URL"].removeprefix("sqlite:///") + ".dose") as told:
    print(statistics.fmean(map(float, told)))
"""
