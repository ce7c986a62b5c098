"""Leftovers: what dead runs have started ends; what others run, and oneself, goes on."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from bench import ROOT
from bench.host.leftovers import (
    fate,
    folder_prefix,
    mark,
    owner,
    stop_leftovers,
    stop_mine,
)

OWNER = f"OWNER_OF_TEST_{os.getpid()}"
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
    """A folder, and a name of the mark, that no bench knows that another test lets run just now."""
    monkeypatch.setattr("bench.host.leftovers.CACHE", tmp_path)
    monkeypatch.setattr("bench.host.leftovers.OWNER", OWNER)
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
        return owner(process.pid)


def one_of_the_same_number_before():
    return f"{os.getpid()}-1-{HERE}"


def one_of_another_container():
    """The number that it had there may be another's here."""
    return f"{os.getpid()}-1-00000000"


def of_an_older_version():
    return "1-1700000000"


HERE = owner(os.getpid()).rpartition("-")[2]
GONE = [an_ended_process, one_of_the_same_number_before]
UNKNOWN = [one_of_another_container, of_an_older_version]


@pytest.mark.parametrize("dead", GONE)
def test_what_a_dead_one_has_left_is_removed(cache, dead):
    with started_by(dead(), cache) as there:
        stop_mine()
        assert there() == (True, True)
        stop_leftovers()
        assert there() == (False, False)


def test_what_a_living_other_has_started_goes_on(cache):
    with running() as other, started_by(owner(other.pid), cache) as there:
        assert fate(owner(other.pid)) == "living"
        stop_mine()
        stop_leftovers()
        assert there() == (True, True)


@pytest.mark.parametrize("mark", UNKNOWN)
def test_of_what_nobody_can_tell_whose_it_is_a_person_is_told_and_it_goes_on(cache, mark, capsys):
    with started_by(mark(), cache) as there:
        stop_mine()
        assert capsys.readouterr().err == ""
        stop_leftovers()
        assert there() == (True, True)
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if f"serve-{mark()}-x1y2z3" in line]
    assert all("bench: left alone, for it is not known whose it is: " in line for line in said)


def test_a_step_of_the_clock_makes_no_other_process_of_a_living_one(monkeypatch):
    before = owner(os.getpid())
    monkeypatch.setattr("psutil.boot_time", lambda: 1_000_000_000.0)
    assert (owner(os.getpid()), fate(before)) == (before, "mine")


def test_ones_own_is_removed_on_request_only(cache):
    with started_by(mark()[OWNER], cache) as there:
        stop_leftovers()
        assert there() == (True, True)
        stop_mine()
        assert there() == (False, False)


def test_what_bears_no_mark_goes_on(cache):
    (cache / "environments").mkdir()
    with running() as process:
        stop_mine()
        stop_leftovers()
        assert process.is_running()
    assert os.listdir(cache) == ["environments"]


def test_the_folders_name_tells_its_owner(cache):
    assert folder_prefix() == f"serve-{mark()[OWNER]}-"
    (cache / f"{folder_prefix()}x1y2z3").mkdir()
    stop_mine()
    assert os.listdir(cache) == []


BECOMES_MARKED = """
import os, sys
from bench.host.leftovers import mark

again = "from bench.host.leftovers import *; stop_mine(); print('still there')"
os.execve(sys.executable, [sys.executable, "-c", again], {**os.environ, **mark()})
"""


def test_a_process_that_bears_its_own_mark_does_not_end_itself(cache):
    done = subprocess.run(
        [sys.executable, "-c", BECOMES_MARKED], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "still there\n"), done.stderr
