"""The engine `local` over a real stack: what it tells of it, and that nothing of it is left."""

import io
import json
import os
import re
import shutil
import socket
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec
import psutil
import pytest

import bench.serve.start
from bench import Mistake
from bench.arm import Arm, Settings
from bench.host.cgroups import throttled
from bench.host.leftovers import folder_prefix
from bench.keep.record import Database, Served
from bench.serve import inside
from bench.serve.local import local_engine
from bench.serve.server import Row
from bench.serve.stacks import find_stacks
from bench.serve.start import free_port

STACK = find_stacks()["flask_sqlite"]
ARM = Arm("flask_sqlite", "flask_sqlite", STACK)
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


@contextmanager
def serve(arm=ARM, cpus=None, **settings):
    """Serve; a worker answers before the others are there, so wait for all of them."""
    arm = replace(arm, settings=Settings(**settings))
    with local_engine(cpus).serve(arm) as server:
        deadline = time.monotonic() + 30
        while len(server.workers()) < arm.settings.workers and time.monotonic() < deadline:
            time.sleep(0.01)
        yield server


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture
def broken(tmp_path):
    """A copy of the stack whose app.py is changed."""

    def broken(old, new):
        folder = shutil.copytree(STACK, tmp_path / STACK.name)
        text = (folder / "app.py").read_text()
        assert text.count(old) == 1
        (folder / "app.py").write_text(text.replace(old, new))
        return replace(ARM, folder=folder)

    return broken


def get(server, path):
    with urlopen(server.url + path, timeout=30) as answer:
        return answer.read()


# What it tells


def test_it_answers_at_its_address_before_it_has_a_database(server):
    assert json.loads(get(server, "/hello")) == {"message": "Hello, World!"}
    assert urlsplit(server.url).hostname == "127.0.0.1"


def test_rows_that_are_not_there_are_a_mistake():
    with serve() as server, pytest.raises(Mistake, match="flask_sqlite: .*no such table: items"):
        inside.rows(server)


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_seeding_makes_the_rows_anew_in_the_journal_mode(journal_mode):
    with serve() as server:
        for count in (50, 30):
            server.seed(count, journal_mode)
            rows = inside.rows(server)
            assert [row.id for row in rows] == list(range(1, count + 1))
            assert rows[4] == Row(5, "Item 5", "What there is to say about item 5", 6.25, 0)
        assert len(json.loads(get(server, "/items/"))) == 30
        database = sqlite3.connect(server.folder / "items.db")
        assert database.execute("PRAGMA journal_mode").fetchone() == (journal_mode,)
        database.close()


def test_a_seed_that_fails_is_a_mistake_with_its_last_line(server):
    with pytest.raises(Mistake, match="flask_sqlite: seed.py fails: .*invalid choice: 'off'"):
        server.seed(30, "off")


def test_its_cpu_time_grows_with_what_it_is_asked(server):
    before = server.cpu_seconds()
    for _ in range(100):
        get(server, "/hello")
    assert server.cpu_seconds() > before > 0


@linux
def test_its_memory_is_that_of_all_its_processes(server):
    held = sum(psutil.Process(pid).memory_info().rss for pid in server.workers())
    assert held < server.peak_bytes() < 2**30


@linux
def test_what_it_holds_now_counts_what_its_processes_share_once(server):
    held = [psutil.Process(pid).memory_info().rss for pid in server.workers()]
    assert max(held) < server.memory_bytes() < server.peak_bytes()


def test_one_that_has_died_uses_nothing_and_raises_nothing():
    with serve() as server:
        processes = processes_of(server)
        for process in processes:
            process.kill()
        server.process.wait()
        psutil.wait_procs(processes, timeout=10)
        assert (server.cpu_seconds(), server.workers()) == (0, {})
        assert (server.peak_bytes(), server.memory_bytes()) == (None, None)
        with pytest.raises(Mistake, match="no such table"):
            inside.rows(server)


def test_what_two_results_must_have_in_common_of_the_database():
    said = local_engine(None).describe_database(Settings(), 1500, "wal")
    assert said == Database(kind="sqlite", rows=1500, journal_mode="wal")


def test_its_workers_and_threads_are_as_many_as_were_asked_for():
    with serve(workers=3, threads=4) as server:
        assert len(server.workers()) == 3
        assert server.process.pid not in server.workers()
        options = psutil.Process(server.process.pid).environ()["GUNICORN_CMD_ARGS"]
        assert options.endswith("--workers=3 --threads=4")


def test_a_worker_that_dies_is_another_set_of_workers():
    with serve() as server:
        before = server.workers()
        killed = psutil.Process(min(before))
        killed.kill()
        psutil.wait_procs([killed], timeout=30)
        assert server.workers().keys() != before.keys()


def test_its_log_is_what_it_prints(server):
    assert "Listening at" in server.log()


def test_it_tells_interpreter_packages_and_database(server):
    server.seed(1, "wal")
    said = inside.describe(server)
    assert msgspec.json.decode(msgspec.json.encode(said), type=Served) == said
    locked = re.search(r"^flask==(\S+)", (STACK / "requirements.txt").read_text(), re.M)
    assert said.packages["Flask"] == locked[1]
    assert said.python == ".".join(map(str, sys.version_info[:3]))
    assert said.sqlite and said.database_filesystem
    assert said.pragmas["journal_mode"] == "wal"


def test_it_tells_which_environment_it_runs_in(server):
    name = local_engine(None).prepare(ARM)
    assert inside.describe(server).environment == name
    assert (bench.CACHE / "environments" / name / "bin" / "gunicorn").exists()


def test_its_workers_tell_their_cpu_time_and_the_masters_comes_on_top(server):
    get(server, "/hello")
    used = server.workers().values()
    assert 0 < min(used)
    assert sum(used) < server.cpu_seconds()


@linux
def test_how_often_a_quota_stopped_it_is_what_the_bench_was_stopped(server):
    before, told, after = throttled(), server.throttled(), throttled()
    assert told == before or before <= told <= after  # a quota may stop us just now


# What only its own interpreter can tell


def test_a_program_runs_in_its_environment_and_gives_json(server):
    program = "import flask, json, os, sys; print(json.dumps([os.getcwd(), *sys.argv[1:]]))"
    assert server.python(program, "a", "b c") == [str(STACK), "a", "b c"]


def test_a_program_that_fails_is_a_mistake_with_its_last_line(server):
    with pytest.raises(Mistake, match="flask_sqlite: python -c fails: ValueError: no lamp$"):
        server.python("raise ValueError('no lamp')")


def test_what_a_commit_costs_is_measured_beside_the_database_and_leaves_nothing(server):
    server.seed(30, "delete")
    before = set(server.folder.iterdir())
    one, four = (inside.commits(server, writers, "delete") for writers in (1, 4))
    assert set(server.folder.iterdir()) == before
    assert len(inside.rows(server)) == 30
    for found in (one, four):
        assert min(found.a_second, found.median_ms) > 0
    assert one.a_second * one.median_ms < 2000  # a median is at most twice the mean


# What may not reach it


def test_of_the_callers_settings_none_changes_how_it_is_served(monkeypatch, tmp_path):
    (tmp_path / "validation.py").write_text("raise SystemExit('the wrong module')")
    for name, value in {
        "GUNICORN_CMD_ARGS": "--workers=1 --bind=127.0.0.1:1",
        "WEB_CONCURRENCY": "7",
        "PYTHONPATH": str(tmp_path),
        "PYTHONOPTIMIZE": "2",
        "DATABASE_URL": "sqlite:////none/items.db",
        "FLASK_DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "none",
    }.items():
        monkeypatch.setenv(name, value)
    with serve() as server:
        assert len(server.workers()) == 2
        server.seed(1, "delete")
        assert b"\n " not in get(server, "/items/")  # Flask indents where it debugs
        for pid in server.workers():
            environment = psutil.Process(pid).environ()
            assert not {"WEB_CONCURRENCY", "PYTHONPATH", "PYTHONOPTIMIZE"} & set(environment)
            file = environment["DATABASE_URL"].removeprefix("sqlite:///")
            assert (server.arm.folder / file).resolve() == (server.folder / "items.db").resolve()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU can be pinned")
def test_it_runs_on_its_cpus_and_nobody_else_does():
    before = os.sched_getaffinity(0)
    one = {max(before)}
    with serve(cpus=frozenset(one)) as server:
        for pid in {*server.workers(), server.process.pid}:
            assert os.sched_getaffinity(pid) == one
        assert os.sched_getaffinity(0) == before


# Afterwards


class Oops(Exception):
    """What a body raises."""


def nothing_is_left(server, processes):
    gone, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive
    assert not server.folder.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0


def processes_of(server):
    master = psutil.Process(server.process.pid)
    return [master, *master.children(recursive=True)]


def test_afterwards_nothing_of_it_is_left():
    with serve() as server:
        processes = processes_of(server)
        assert len(processes) == 3
    nothing_is_left(server, processes)


@pytest.mark.parametrize("exception", [Oops, KeyboardInterrupt])
def test_also_when_something_is_raised_nothing_is_left(exception):
    with pytest.raises(exception), serve() as server:
        processes = processes_of(server)
        raise exception
    nothing_is_left(server, processes)


def at_exit(action):
    """What makes an app do this when a worker of it ends."""
    return "app = Flask(", f"import atexit, time; atexit.register({action})\napp = Flask("


def test_it_is_asked_to_stop_and_may_end_in_good_order(broken, tmp_path):
    with serve(broken(*at_exit(f"open, {str(tmp_path / 'ended')!r}, 'w'"))):
        assert not (tmp_path / "ended").exists()
    assert (tmp_path / "ended").exists()


def test_one_that_does_not_stop_when_asked_to_is_killed(broken, monkeypatch):
    monkeypatch.setattr("bench.serve.local.STOP_SECONDS", 0.1)
    with serve(broken(*at_exit("time.sleep, 60"))) as server:
        processes = processes_of(server)
    nothing_is_left(server, processes)


def test_workers_that_outlive_their_master_are_killed(broken):
    with serve(broken(*at_exit("time.sleep, 60"))) as server:
        processes = processes_of(server)
        server.process.kill()
    nothing_is_left(server, processes)


def test_two_can_be_served_at_once(server):
    with serve() as other:
        assert other.port != server.port
        other.seed(1, "wal")
        server.seed(2, "wal")
        assert (len(inside.rows(other)), len(inside.rows(server))) == (1, 2)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU can be pinned")
def test_arms_are_started_side_by_side_by_threads_each_with_its_settings_and_its_own_database():
    before, environment = os.sched_getaffinity(0), dict(os.environ)
    one = frozenset({max(before)})
    engine = local_engine(one)
    arms = [
        Arm(f"with {workers}", "flask_sqlite", STACK, Settings(workers=workers))
        for workers in (1, 2, 3, 4)
    ]
    with ExitStack() as running, ThreadPoolExecutor(len(arms)) as pool:

        def start(arm):
            server = running.enter_context(engine.serve(arm))
            server.seed(arm.settings.workers, "wal")
            return server

        servers = list(pool.map(start, arms))
        assert (os.sched_getaffinity(0), dict(os.environ)) == (before, environment)
        assert len({server.url for server in servers}) == len(arms)
        deadline = time.monotonic() + 30
        for server, arm in zip(servers, arms, strict=True):
            workers = arm.settings.workers
            while len(server.workers()) < workers and time.monotonic() < deadline:
                time.sleep(0.01)
            assert len(server.workers()) == len(json.loads(get(server, "/items/"))) == workers
            for process in processes_of(server):
                assert os.sched_getaffinity(process.pid) == one
        processes = [process for server in servers for process in processes_of(server)]
    assert psutil.wait_procs(processes, timeout=10)[1] == []


def test_two_arms_are_never_given_the_same_port():
    with ThreadPoolExecutor(8) as pool:
        ports = list(pool.map(lambda _: free_port(), range(2000)))
    assert len(set(ports)) == len(ports)


# At its start


def caches():
    return set(bench.CACHE.glob(f"{folder_prefix()}*"))  # another worker of pytest has its own


def test_an_app_that_dies_at_its_start_is_a_mistake_with_its_last_word(broken):
    arm = broken("app = Flask(", "raise RuntimeError('no lamp')\napp = Flask(")
    before = caches()
    with pytest.raises(Mistake, match="^flask_sqlite does not start: RuntimeError: no lamp$"):
        with serve(arm):
            pass
    assert caches() <= before


@pytest.mark.parametrize("answer", ['{"message": "Goodbye!"}', "abort(500)"])
def test_an_app_that_never_says_hello_is_a_mistake_and_is_stopped(broken, monkeypatch, answer):
    monkeypatch.setattr(bench.serve.start, "READY_SECONDS", 1)
    arm = broken('return {"message": "Hello, World!"}', f"return {answer}")
    children = set(psutil.Process().children(recursive=True))
    with pytest.raises(Mistake, match="^flask_sqlite does not say hello within 1 s"):
        with serve(arm):
            pass
    assert set(psutil.Process().children(recursive=True)) <= children


def test_an_app_that_takes_a_connection_before_it_can_answer_is_waited_for(broken):
    slow = "threading.Event().wait(1.5 if next(first, False) else 0)"
    arm = broken("def hello():\n", f"def hello(first=iter([True])):\n    {slow}\n")
    with serve(arm, workers=1) as server:
        assert get(server, "/hello")


# Where a database lies


MOUNTS = r"""
overlay / overlay rw 0 0
/dev/a /x/data ext4 rw 0 0
/dev/b /x/with\040space btrfs rw 0 0
/dev/c /y ext4 rw 0 0
tmpfs /y tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("database", "kind"),
    [
        ("/x/data/items.db", "ext4"),
        ("/x/database/items.db", "overlay"),
        ("/x/with space/items.db", "btrfs"),
        ("/y/items.db", "tmpfs"),
    ],
)
def test_a_file_system_is_that_of_the_mount_that_holds_the_file(database, kind):
    program: dict = {}
    exec(inside.DESCRIBE.partition("def postgresql")[0], program)
    connection = SimpleNamespace(execute=lambda _: SimpleNamespace(fetchone=lambda: [0]))
    program["sqlite3"] = SimpleNamespace(sqlite_version="3", connect=lambda _: connection)
    program["open"] = lambda _: io.StringIO(MOUNTS.strip())
    assert program["sqlite"](database)["database_filesystem"] == kind
