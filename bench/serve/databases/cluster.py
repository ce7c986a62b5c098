"""A private cluster: the installed PostgreSQL, started for one arm, with files of its own."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from bench import Mistake
from bench.host.leftovers import mark
from bench.host.machine import pinned
from bench.keep.record import Database
from bench.serve.databases.postgres import Postgres, wait_until_it_answers
from bench.serve.start import free_port, last_error

STOP_SECONDS = 20


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


def describe_cluster(rows: int) -> Database:
    """What must be equal in two results that are compared."""
    said = subprocess.run(
        [find_binaries() / "postgres", "--version"], text=True, capture_output=True, check=True
    )
    version = said.stdout.split()[2]
    return Database(kind="postgresql", rows=rows, server="private cluster", version=version)


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
