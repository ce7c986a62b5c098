"""An arm's PostgreSQL: a cluster, a container or a database of its own, and nothing of it left."""

import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from bench import CACHE, Mistake
from bench.arm import Arm, Settings
from bench.host.leftovers import OWNER, owner, stop_leftovers
from bench.serve import inside
from bench.serve.databases import cluster as clusters
from bench.serve.databases.cluster import private_cluster
from bench.serve.databases.postgres import Postgres, cpu_seconds_of_servers, database_on
from bench.serve.docker import POSTGRES, docker_engine
from bench.serve.local import local_engine
from bench.serve.stacks import choose_stacks, find_stacks

NAME = "flask_sqlalchemy"
HERE = owner(os.getpid()).rpartition("-")[2]
ARM = Arm(NAME, NAME, find_stacks()[NAME], Settings(database="postgres"))


@pytest.fixture(scope="module", autouse=True)
def installed():
    try:
        clusters.find_binaries()
    except Mistake as mistake:
        pytest.skip(str(mistake))


@pytest.fixture
def folder():
    # Not in pytest's folders, which only their owner may pass: PostgreSQL never runs as root.
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
        yield Path(folder)


@pytest.fixture
def cluster(folder):
    with private_cluster(folder, None) as server:
        yield server


def databases(server):
    with psycopg.connect(server.url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


# A private cluster


def test_a_cluster_answers_with_an_empty_database(cluster):
    with psycopg.connect(cluster.url) as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_a_cluster_stops_and_takes_its_connections_along(folder):
    with private_cluster(folder, None) as server:
        connection = psycopg.connect(server.url)
        processes = [psutil.Process(server.process), *psutil.Process(server.process).children()]
    assert psutil.wait_procs(processes, timeout=10)[1] == []
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_what_a_closed_connection_has_used_still_counts(cluster):
    before = cluster.cpu_seconds()
    with psycopg.connect(cluster.url) as connection:
        connection.execute("SELECT count(*) FROM generate_series(1, 1000000)")
        backend = psutil.Process(connection.info.backend_pid)
        used = backend.cpu_times()
    psutil.wait_procs([backend], timeout=10)
    a_tick = 0.01  # in which the system counts what has ended
    assert cluster.cpu_seconds() - before >= used.user + used.system - 2 * a_tick > 0


def test_memory_counts_what_is_shared_once(cluster):
    first, resident = psutil.Process(cluster.process), 0
    for process in [first, *first.children()]:
        with suppress(psutil.NoSuchProcess):  # that of the last connection may just be ending
            resident += process.memory_info().rss
    assert 0 < cluster.memory_bytes() < resident


def test_a_server_that_cannot_be_seen_is_not_counted():
    unseen = Postgres("postgresql://elsewhere/items", None)
    assert (unseen.cpu_seconds(), unseen.memory_bytes()) == (None, None)


def test_what_its_processes_hold_is_asked_of_who_knows_it_where_they_do_not_tell_everybody():
    assert Postgres("postgresql://elsewhere/items", None, held=lambda: 5).memory_bytes() == 5


def test_no_postgresql_is_a_mistake(folder, monkeypatch):
    monkeypatch.setattr(clusters.shutil, "which", lambda name: None)
    monkeypatch.setattr(clusters.Path, "glob", lambda path, pattern: [])
    with pytest.raises(Mistake, match="no PostgreSQL is installed; install it, name a server"):
        with private_cluster(folder, None):
            pass


def test_a_cluster_that_does_not_start_is_a_mistake(folder):
    with pytest.raises(Mistake, match="PostgreSQL does not start: .*shared_buffers"):
        with private_cluster(folder, None, "shared_buffers=much"):
            pass


def test_a_cluster_of_a_run_that_was_killed_is_ended_by_the_next(folder):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        with private_cluster(folder, None) as server:
            os.write(write, f"{server.process}\n".encode())
            signal.pause()
    os.close(write)  # else a child that fails is waited for without end
    with os.fdopen(read) as told:
        left = psutil.Process(int(told.readline()))
    children = left.children()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert left.is_running() and OWNER in left.environ()
    stop_leftovers()
    assert psutil.wait_procs([left, *children], timeout=10)[1] == []


# A server that is there


def test_an_arm_gets_a_database_that_is_dropped_afterwards(cluster):
    before = databases(cluster)
    with database_on(cluster.url) as fresh:
        (name,) = databases(cluster) - before
        assert fresh.url.endswith(f"/{name}")
        assert fresh.process == cluster.process
        connected = psycopg.connect(fresh.url)
    assert databases(cluster) == before
    with pytest.raises(psycopg.OperationalError):
        connected.execute("SELECT 1")


def test_a_database_of_a_run_that_was_killed_is_dropped_by_the_next(cluster):
    gone = subprocess.Popen(["true"])
    gone.wait()
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE bench_{gone.pid}_1_{HERE}_1")
        connection.execute("CREATE DATABASE bench_of_mine")
    before = databases(cluster)
    with database_on(cluster.url):
        pass
    assert before - databases(cluster) == {f"bench_{gone.pid}_1_{HERE}_1"}


def test_a_database_of_a_run_in_another_container_is_left_alone(cluster):
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench_1_1_00000000_1")
    with database_on(cluster.url):
        pass
    assert "bench_1_1_00000000_1" in databases(cluster)


def test_a_database_of_a_run_on_another_machine_is_left_alone(cluster):
    gone = subprocess.Popen(["true"])
    gone.wait()
    name = f"bench_{gone.pid}_1_{HERE}_1"
    with psycopg.connect(cluster.url, autocommit=True, application_name=name) as living:
        living.execute(f"CREATE DATABASE {name}")
        with database_on(cluster.url):
            pass
        assert name in databases(cluster)


def test_databases_are_made_side_by_side_and_what_is_left_is_dropped_once(cluster):
    gone = subprocess.Popen(["true"])
    gone.wait()
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE bench_{gone.pid}_1_{HERE}_1")
    before = databases(cluster)
    with ExitStack() as running, ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(lambda url: running.enter_context(database_on(url)), [cluster.url] * 4)
        )
        assert len(databases(cluster) - before) == len({fresh.url for fresh in made}) == 4
        assert before - databases(cluster) == {f"bench_{gone.pid}_1_{HERE}_1"}


def test_on_a_shared_server_each_database_is_paid_for_by_itself_and_the_server_once(cluster):
    with database_on(cluster.url) as one, database_on(cluster.url) as other:
        with psycopg.connect(one.url) as busy, psycopg.connect(other.url):
            before, of_other = one.cpu_seconds(), other.cpu_seconds()
            busy.execute("SELECT count(*) FROM generate_series(1, 3000000)")
            used = psutil.Process(busy.info.backend_pid).cpu_times()
            assert one.cpu_seconds() - before >= 0.5 * (used.user + used.system) > 0
            assert other.cpu_seconds() - of_other < 0.1 * (one.cpu_seconds() - before)
            assert one.memory_bytes() < cluster.memory_bytes()
            server = cluster.server_cpu_seconds()
            assert server <= cpu_seconds_of_servers([one, None, other]) < 1.5 * server
    unseen = Postgres("postgresql://elsewhere/items", None)
    assert cpu_seconds_of_servers([cluster, unseen]) is None


def test_a_user_who_may_not_make_a_database_is_a_mistake_in_one_line(cluster):
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'secret'")
    with pytest.raises(Mistake, match="^--database-url: permission denied to create database$"):
        with database_on(f"postgresql://guest:secret@{cluster.url.rpartition('@')[2]}"):
            pass


def test_a_server_that_is_not_there_is_a_mistake_in_one_line():
    url = "postgresql://bench:secret@127.0.0.1:1/items"
    with pytest.raises(Mistake, match="--database-url: .*[Cc]onnection refused") as mistake:
        local_engine(None, url)
    assert "\n" not in str(mistake.value)
    assert "secret" not in str(mistake.value)


# Served


@contextmanager
def served(kind):
    make = {"local": local_engine, "docker": docker_engine}[kind]
    engine = make(None)
    engine.prepare(ARM)
    with engine.serve(ARM) as server:
        yield engine, server


@pytest.fixture(params=["local", "docker"])
def kind(request):
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
        image = subprocess.run(["docker", "image", "inspect", POSTGRES], capture_output=True)
        if image.returncode:
            pytest.skip(f"there is no image {POSTGRES}, and it may not be pullable here")
    return request.param


def test_a_stack_is_served_on_a_database_of_its_own(kind):
    with served(kind) as (engine, server):
        about = engine.describe_database(ARM.settings, 1500, None)
        assert (about.kind, about.rows, about.journal_mode) == ("postgresql", 1500, None)
        server.seed(5, None)
        assert [row.id for row in inside.rows(server)] == [1, 2, 3, 4, 5]
        said = inside.describe(server)
        assert said.postgresql["server_version"].startswith(about.version)
        assert (said.postgresql["fsync"], said.packages["psycopg"][:2]) == ("on", "3.")
        assert said.sqlite is None
        commits = inside.commits(server, 2, None)
        assert commits.a_second > 0 < commits.median_ms
        assert [row.id for row in inside.rows(server)] == [1, 2, 3, 4, 5]
        assert server.database.cpu_seconds() > 0
        assert 0 < server.database.memory_bytes() < server.memory_bytes()
        first = server.database.process
    deadline = time.monotonic() + 10
    while psutil.pid_exists(first) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not psutil.pid_exists(first)
    assert not list(CACHE.glob(f"serve-{os.getpid()}-*"))


def test_only_stacks_that_speak_postgresql_are_chosen_for_it():
    chosen = choose_stacks(None, database="postgres")
    assert list(chosen) == [
        "django_drf",
        "fastapi_sqlalchemy",
        "flask_sqlalchemy",
    ]
    with pytest.raises(Mistake, match="flask_sqlite speaks SQLite only; PostgreSQL speak django"):
        choose_stacks(["flask_sqlite"], database="postgres")
