"""Whatever asks for a `server` runs once per stack, set of versions and database, really served."""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from server import ROWS, copied

from bench import Mistake
from bench.serve.databases.cluster import private_cluster
from bench.serve.environment import environment
from bench.serve.stacks import REQUIREMENTS, find_stacks, speaks_postgres
from database import OnServer

DATABASES = ("sqlite", "postgresql")


class Case(NamedTuple):
    folder: Path
    python: Path  # of its environment
    versions: str
    database: str


def pytest_addoption(parser):
    parser.addoption("--stack", action="append", metavar="FOLDER", help="instead of all of them")
    parser.addoption("--versions", action="append", choices=REQUIREMENTS, help="instead of both")
    parser.addoption("--writing-seconds", type=int, default=2, help="of test_killed_worker.py")
    parser.addoption("--database", action="append", choices=DATABASES, help="instead of both")


def pytest_generate_tests(metafunc):
    if "stack" in metafunc.fixturenames:
        option = metafunc.config.getoption
        given = [Path(folder).resolve() for folder in option("--stack", None) or []]
        folders = given or list(find_stacks().values())
        databases = option("--database", None) or DATABASES
        cases = []
        for versions in option("--versions", None) or REQUIREMENTS:
            for folder in folders:
                if "sqlite" in databases:  # by these names tests/conftest.py deals tests to workers
                    name = f"{folder.name}-{versions}"
                    cases.append(pytest.param((folder, versions, "sqlite"), id=name))
                # The paper's SQLAlchemy takes another driver for PostgreSQL.
                able = versions == "today" and speaks_postgres(folder)
                if "postgresql" in databases and able:
                    name = f"{folder.name}-{versions}-postgresql"
                    cases.append(pytest.param((folder, versions, "postgresql"), id=name))
        metafunc.parametrize("stack", cases, indirect=True, scope="session")


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL server of the tests' own, with its log."""
    try:
        # Not in pytest's folders, which only their owner may pass: PostgreSQL never runs as root.
        with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
            with private_cluster(Path(folder), None, *OnServer.SETTINGS) as server:
                yield server, Path(folder) / "postgres.log"
    except Mistake as mistake:
        if "is installed" not in str(mistake):
            raise
        pytest.skip(str(mistake))


@pytest.fixture(scope="session")
def stack(request):
    """A stack, with these versions, on this database."""
    folder, versions, database = request.param
    try:
        return Case(folder, environment(folder, REQUIREMENTS[versions]), versions, database)
    except Mistake as mistake:
        if versions == "paper" and sys.version_info[:2] != (3, 11):
            pytest.skip(f"the paper's versions need Python 3.11: {mistake}")
        raise


@pytest.fixture(scope="session")
def running(stack, request):
    on_server = stack.database == "postgresql"
    database = OnServer(*request.getfixturevalue("cluster")) if on_server else None
    with copied(stack.folder, stack.python, database) as server:
        seeded(server)
        with server.running():
            yield server


@pytest.fixture(scope="session")
def running_in_wal(stack):
    if stack.database != "sqlite":
        pytest.skip("a journal mode is SQLite's")
    with copied(stack.folder, stack.python) as server:
        seeded(server, "--journal-mode", "wal")
        with server.running():
            yield server


@pytest.fixture(scope="session")
def reference():
    """The stack that the others are compared with."""
    folder = find_stacks()["flask_sqlite"]
    with copied(folder, environment(folder)) as server:
        seeded(server)
        with server.running():
            yield server


def seeded(server, *options):
    done = server.seed(ROWS, *options)
    assert done.returncode == 0, done.stderr
    server.database.keep()


@pytest.fixture
def server(running):
    """A running stack, its database as it was seeded."""
    running.database.restore()
    return running


@pytest.fixture
def client(server):
    return server.client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.failed and "running" in item.funcargs:
        report.sections.append(("the server's log", item.funcargs["running"].log()[-5000:]))
    return report
