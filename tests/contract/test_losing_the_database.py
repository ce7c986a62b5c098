"""A database that cannot be reached: 5xx as JSON, no hang; and when it returns, all is well."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from server import LAMP, copied

from bench import Mistake
from bench.serve.databases.cluster import make_cluster, serve_cluster
from bench.serve.environment import environment
from bench.serve.stacks import find_stacks, speaks_postgres
from bench.serve.start import free_port
from database import OnServer

STACKS = find_stacks()
ON_POSTGRES = [name for name, folder in STACKS.items() if speaks_postgres(folder)]
EVERY_ROUTE = [
    ("GET", "/items/", None),
    ("GET", "/items/1", None),
    ("POST", "/items/", LAMP),
    ("PUT", "/items/1", LAMP),
    ("DELETE", "/items/2", None),
]


@pytest.fixture(scope="module")
def folder():
    """A PostgreSQL cluster that nobody serves yet."""
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
        try:
            make_cluster(Path(folder))
        except Mistake as mistake:
            if "is installed" not in str(mistake):
                raise
            pytest.skip(str(mistake))
        yield Path(folder)


@pytest.mark.parametrize("name", ON_POSTGRES)
def test_a_database_server_that_stops_and_returns(name, folder):
    port, stack = free_port(), STACKS[name]
    with ExitStack() as running:
        with serve_cluster(folder, port, None, *OnServer.SETTINGS) as cluster:
            database = OnServer(cluster, folder / "postgres.log")
            served = copied(stack, environment(stack), database)
            server = running.enter_context(served)
            assert server.seed(10).returncode == 0
            running.enter_context(server.running())
            answers = crowd(server, EVERY_ROUTE[:2] * 20)  # every worker has a connection
            assert {answer.status_code for answer in answers} == {200}
        for answer in crowd(server, EVERY_ROUTE * 8):
            assert_is_server_error(answer)
        assert server.client.get("/hello").status_code == 200
        with serve_cluster(folder, port, None, *OnServer.SETTINGS):
            answers = crowd(server, EVERY_ROUTE[:4] * 10)
            assert {answer.status_code for answer in answers} == {200, 201}


def test_a_sqlite_file_that_stays_locked_and_is_freed():
    # All stacks at the same time: each waits for 30 seconds.
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        servers = [stack.enter_context(served_on_a_file(each)) for each in STACKS.values()]
        with locked(servers):
            waiting = [pool.submit(crowd, server, EVERY_ROUTE[2:3]) for server in servers]
            for answers in waiting:
                assert_is_server_error(answers.result()[0])
        for server in servers:
            assert server.client.post("/items/", json=LAMP).status_code == 201
            assert [row[0] for row in server.rows()] == [1, 2, 3, 4]


@contextmanager
def served_on_a_file(stack):
    with copied(stack, environment(stack)) as server:
        assert server.seed(3).returncode == 0
        with server.running():
            yield server


@contextmanager
def locked(servers):
    """Nobody else can write to these servers' files."""
    with ExitStack() as held:
        for server in servers:
            connection = held.enter_context(closing(server.database.connect()))
            connection.execute("BEGIN IMMEDIATE")
        yield


def crowd(server, requests):
    """Send these requests, ten at a time; return the answers in their order."""
    alone = {"Connection": "close"}  # Uvicorn drops a connection on which it has answered 500
    with ThreadPoolExecutor(10) as pool:
        sent = [
            pool.submit(server.client.request, *each[:2], json=each[2], headers=alone)
            for each in requests
        ]
        return [future.result() for future in sent]


def assert_is_server_error(answer):
    assert 500 <= answer.status_code < 600
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()
