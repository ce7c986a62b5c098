"""The engine `docker`: what it tells of running arms, and how little it asks Docker for that."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.request import urlopen

import psutil
import pytest

import bench.serve.docker
from bench import Mistake
from bench.arm import Arm, Settings
from bench.host.machine import cpu_seconds
from bench.serve import container, inside
from bench.serve.stacks import find_stacks

STACK = find_stacks()["flask_sqlite"]
ARMS = [Arm(f"with {n}", "flask_sqlite", STACK, Settings(workers=n)) for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def engine(docker_engine):
    engine = bench.serve.docker.docker_engine(None)
    try:
        for arm in ARMS:
            engine.prepare(arm)
    except Mistake as mistake:
        pytest.skip(f"no image can be built here: {mistake}")
    return engine


@pytest.fixture
def server(engine):
    with engine.serve(ARMS[1]) as server:
        wait_for_workers(server, 2)
        yield server


def wait_for_workers(server, count):
    """A worker answers before the others are there."""
    deadline = time.monotonic() + 30
    while len(server.workers()) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(server.workers()) == count


def seen_from_here(server):
    if server.container.first_process() is None:
        pytest.skip("its processes run in a virtual machine")


@pytest.fixture
def no_docker_program(monkeypatch):
    """From now on nobody may ask the engine anything."""

    def refuse(*arguments, **_):
        raise AssertionError(f"docker {' '.join(arguments)}")

    def forbid():
        monkeypatch.setattr(container, "docker", refuse)

    return forbid


def test_its_counters_are_read_without_the_docker_program(server, no_docker_program):
    seen_from_here(server)
    listed = server.container.execute("sh", "-c", "cat /proc/[0-9]*/comm").count("gunicorn")
    server.cpu_seconds(), server.throttled()  # the first time the container's place is looked up
    no_docker_program()
    workers = server.workers()
    assert len(workers) == 2 == listed - 1
    assert server.container.first_process() not in workers
    for pid, seconds in workers.items():
        assert psutil.Process(pid).ppid() == server.container.first_process()
        assert 0 < seconds <= cpu_seconds(pid)
    assert sum(server.workers().values()) < server.cpu_seconds()
    assert 2**20 < server.memory_bytes() <= server.peak_bytes()
    assert server.throttled() is not None


def test_files_that_the_system_keeps_in_memory_are_not_what_it_holds(server):
    seen_from_here(server)
    held = server.memory_bytes()
    server.container.execute("sh", "-c", "head -c 100000000 /dev/zero > /data/big")
    assert server.peak_bytes() > held + 50_000_000
    assert server.memory_bytes() < held + 50_000_000


def test_a_worker_that_dies_is_another_set_of_workers(server):
    before = server.workers()
    # Its own kill: ours would need to be root's.
    server.container.execute("python", "-c", KILL_A_WORKER)
    deadline = time.monotonic() + 30
    while server.workers().keys() == before.keys() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.workers().keys() != before.keys()


KILL_A_WORKER = """
import glob, os, signal
children = [path.split("/")[2] for path in glob.glob("/proc/[0-9]*/stat")
            if open(path).read().rpartition(")")[2].split()[1] == "1"]
os.kill(int(min(children, key=int)), signal.SIGKILL)
"""


def test_one_that_has_died_uses_nothing_and_raises_nothing(server):
    server.workers()
    subprocess.run(["docker", "kill", server.container.name], capture_output=True, check=True)
    assert (server.cpu_seconds(), server.workers()) == (0, {})
    assert (server.peak_bytes(), server.memory_bytes(), server.throttled()) == (None, None, None)
    assert "Listening at" in server.log()
    with pytest.raises(Mistake):
        inside.rows(server)


def test_arms_are_started_side_by_side_by_threads_each_with_its_settings_and_its_own_database(
    engine,
):
    with ExitStack() as running, ThreadPoolExecutor(len(ARMS)) as pool:

        def start(arm):
            server = running.enter_context(engine.serve(arm))
            server.seed(arm.settings.workers, "wal")
            return server

        servers = list(pool.map(start, ARMS))
        assert len({server.container.name for server in servers}) == len(ARMS)
        for server, arm in zip(servers, ARMS, strict=True):
            wait_for_workers(server, arm.settings.workers)
            with urlopen(f"{server.url}/items/", timeout=30) as answer:
                assert len(json.load(answer)) == arm.settings.workers
            said = inside.describe(server)
            assert said.image == server.image
            assert (said.image_bytes or 0) > 0
    left = container.docker("ps", "--all", "--format={{.Names}}").split()
    assert not {server.container.name for server in servers} & set(left)
