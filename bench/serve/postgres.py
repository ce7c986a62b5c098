"""PostgreSQL for one arm: a server of its own, or a database on one that is there."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil
import psycopg

from bench import Mistake
from bench.host.processes import cpu_seconds_of_all, find_process, held_bytes
from bench.serve.start import READY_SECONDS, last_error


@dataclass(frozen=True)
class Postgres:
    """A server that answers, with an empty database for one arm."""

    url: str  # of that database, as the app gets it
    process: int | None  # the server's first; None where it cannot be seen from here
    shared: str | None = None  # the database's name, on a server that other arms use too

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
