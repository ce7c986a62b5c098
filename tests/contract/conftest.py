"""Whatever asks for a `server` runs once per stack and set of versions, against real Gunicorn."""

import sys
from pathlib import Path

import pytest
from server import ROWS, copied

from bench import Mistake
from bench.environment import environment
from bench.stacks import REQUIREMENTS, find_stacks


def pytest_addoption(parser):
    parser.addoption("--stack", action="append", metavar="FOLDER", help="instead of all of them")
    parser.addoption("--versions", action="append", choices=REQUIREMENTS, help="instead of both")


def pytest_generate_tests(metafunc):
    if "stack" in metafunc.fixturenames:
        option = metafunc.config.getoption
        given = [Path(folder).resolve() for folder in option("--stack", None) or []]
        folders = given or [stack.folder for stack in find_stacks().values()]
        cases = [
            pytest.param((folder, versions), id=f"{folder.name}-{versions}")
            for versions in option("--versions", None) or REQUIREMENTS
            for folder in folders
        ]
        metafunc.parametrize("stack", cases, indirect=True, scope="session")


@pytest.fixture(scope="session")
def stack(request):
    """A stack's folder and the Python of its environment."""
    folder, versions = request.param
    try:
        return folder, environment(folder, REQUIREMENTS[versions])
    except Mistake as mistake:
        if versions == "paper" and sys.version_info[:2] != (3, 11):
            pytest.skip(f"the paper's versions need Python 3.11: {mistake}")
        raise


@pytest.fixture(scope="session")
def running(stack):
    with copied(*stack) as server:
        seeded(server)
        with server.running():
            yield server


@pytest.fixture(scope="session")
def running_in_wal(stack):
    with copied(*stack) as server:
        seeded(server, "--journal-mode", "wal")
        with server.running():
            yield server


@pytest.fixture(scope="session")
def reference():
    """The stack that the others are compared with."""
    folder = find_stacks()["flask_sqlite"].folder
    with copied(folder, environment(folder)) as server:
        seeded(server)
        with server.running():
            yield server


def seeded(server, *options):
    done = server.seed(ROWS, *options)
    assert done.returncode == 0, done.stderr
    server.keep()


@pytest.fixture
def server(running):
    """A running stack, its database as it was seeded."""
    running.restore()
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
