"""Leftovers: what dead runs have started ends; what others run, and oneself, goes on."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from bench import ROOT
from bench.host.leftovers import OWNER, folder_prefix, mark, owner, stop_leftovers

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@contextmanager
def running(**environment):
    """A process that does nothing, for a minute at most."""
    process = subprocess.Popen(SLEEP, env=os.environ | environment)
    try:
        running = psutil.Process(process.pid)
        while not running.environ():  # it has one a moment after it has begun
            time.sleep(0.001)
        yield running
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.host.leftovers.CACHE", tmp_path)
    return tmp_path


@contextmanager
def started_by(owner, cache):
    """A process and a folder that bear an owner's mark; gives a way to ask if they are there."""
    folder = cache / f"serve-{owner}-x1y2z3"
    (folder / "inside").mkdir(parents=True)
    with running(**{OWNER: owner}) as process:
        yield lambda: (process.is_running(), folder.exists())


def an_ended_process():
    with running() as process:
        return f"{process.pid}-{process.create_time():.0f}"


def one_of_the_same_number_before():
    return f"{os.getpid()}-1000000000"


@pytest.mark.parametrize("dead", [an_ended_process, one_of_the_same_number_before])
@pytest.mark.parametrize("mine", [False, True])
def test_what_a_dead_one_has_left_is_removed(cache, dead, mine):
    with started_by(dead(), cache) as there:
        assert there() == (True, True)
        stop_leftovers(mine)
        assert there() == (False, False)


@pytest.mark.parametrize("mine", [False, True])
def test_what_a_living_other_has_started_goes_on(cache, mine):
    with running() as other, started_by(owner(other.pid), cache) as there:
        stop_leftovers(mine)
        assert there() == (True, True)


def test_ones_own_is_removed_on_request_only(cache):
    with started_by(mark()[OWNER], cache) as there:
        stop_leftovers()
        assert there() == (True, True)
        stop_leftovers(mine=True)
        assert there() == (False, False)


def test_what_bears_no_mark_goes_on(cache):
    (cache / "environments").mkdir()
    with running() as process:
        stop_leftovers(mine=True)
        assert process.is_running()
    assert os.listdir(cache) == ["environments"]


def test_the_folders_name_tells_its_owner(cache):
    assert folder_prefix() == f"serve-{mark()[OWNER]}-"
    (cache / f"{folder_prefix()}x1y2z3").mkdir()
    stop_leftovers(mine=True)
    assert os.listdir(cache) == []


BECOMES_MARKED = """
import os, sys
from bench.host.leftovers import mark

again = "from bench.host.leftovers import *; stop_leftovers(mine=True); print('still there')"
os.execve(sys.executable, [sys.executable, "-c", again], {**os.environ, **mark()})
"""


def test_a_process_that_bears_its_own_mark_does_not_end_itself(cache):
    done = subprocess.run(
        [sys.executable, "-c", BECOMES_MARKED], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "still there\n"), done.stderr
