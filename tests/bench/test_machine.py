"""The machine: what it says of itself, who gets which of its CPUs, and who used them."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import msgspec
import psutil
import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, sets

from bench import Mistake
from bench.host.machine import (
    Partition,
    cpu_seconds,
    describe_host,
    describe_machine,
    partition_cpus,
    pinned,
)
from bench.host.memory import GIB, available_bytes, for_k6, must_fit
from bench.host.processes import family, find_process, held_bytes
from bench.keep.record import Host, Machine

can_pin = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU can be pinned")
unhurried = settings(deadline=None, database=None)
# Numbers that no machine has, so that none of them is told to share a core with another.
some_cpus = sets(integers(100_000, 100_063), min_size=2)


def partition(cpus, workers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "sched_getaffinity", lambda _: set(cpus), raising=False)
        return partition_cpus(workers)


@unhurried
@given(cpus=some_cpus, workers=integers(1, 16))
def test_server_and_k6_never_share_a_cpu_and_get_as_many(cpus, workers):
    part = partition(cpus, workers)
    assert part.server and not part.server & part.k6
    assert part.server | part.k6 <= cpus
    assert len(part.server) == len(part.k6) == min(workers, len(cpus) // 2)


def test_of_two_cpus_each_gets_one():
    assert partition({0, 1}, workers=2) == Partition(frozenset({0}), frozenset({1}))


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_one_cpu_is_not_parted(workers):
    assert partition({0}, workers) == Partition(None, None)


def test_where_cpus_cannot_be_pinned_none_is_parted(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert partition_cpus(2) == Partition(None, None)


@can_pin
def test_only_what_is_started_inside_is_pinned():
    before = os.sched_getaffinity(0)
    one = frozenset({max(before)})
    ask = [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"]
    with pinned(one):
        inside = subprocess.check_output(ask, text=True).strip()
    assert inside == str(set(one))
    assert os.sched_getaffinity(0) == before


@can_pin
def test_a_failure_inside_leaves_nothing_pinned():
    before = os.sched_getaffinity(0)
    with pytest.raises(RuntimeError), pinned(frozenset({max(before)})):
        raise RuntimeError
    assert os.sched_getaffinity(0) == before


@can_pin
def test_what_one_thread_starts_is_not_pinned_by_another():
    cpus = sorted(os.sched_getaffinity(0))
    ask, inside = [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"], Barrier(2)

    def started_on(part):
        with pinned(part):
            inside.wait(10)  # both are, at the same time
            return subprocess.check_output(ask, text=True).strip()

    parts = [frozenset({cpus[0]}), frozenset({cpus[-1]})]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(started_on, parts)) == [str(set(part)) for part in parts]
    assert os.sched_getaffinity(0) == set(cpus)


def test_nothing_is_pinned_where_cpus_are_not_parted(monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    with pinned(None):
        pass


def test_a_machine_says_the_same_of_itself_every_time():
    said = describe_machine()
    assert said == describe_machine()
    assert msgspec.json.decode(msgspec.json.encode(said), type=Machine) == said
    assert said.cpus == os.cpu_count()
    assert all(msgspec.structs.astuple(said))


def test_cpu_time_of_a_process_grows_as_it_works():
    used = cpu_seconds(os.getpid())
    total = sum(range(1_000_000))
    assert total and cpu_seconds(os.getpid()) > used > 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is counted in ticks")
def test_cpu_time_is_told_more_finely_than_in_ticks():
    times = {cpu_seconds(os.getpid()) for _ in range(10)}
    assert len(times) == 10
    assert max(times) - min(times) < 0.01


def test_a_process_that_has_ended_has_no_cpu_time():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert cpu_seconds(process.pid) is None


def test_a_host_says_what_else_may_explain_a_result():
    said = describe_host()
    assert msgspec.json.decode(msgspec.json.encode(said), type=Host) == said
    assert said.processes > 0


# Memory


def with_memory(monkeypatch, total, available):
    told = SimpleNamespace(total=total * GIB, available=available * GIB)
    monkeypatch.setattr("psutil.virtual_memory", lambda: told)


def test_memory_that_is_available_is_no_more_than_there_is():
    assert 0 < available_bytes() < psutil.virtual_memory().total


def test_arms_that_do_not_fit_together_are_a_mistake_in_one_line(monkeypatch):
    with_memory(monkeypatch, total=16, available=8)  # k6 keeps 3 of it
    must_fit([GIB, GIB // 2], to_start=5)
    small = "memory is too small for 8 arms .* 6 more and k6 need 9.0 GiB, .* 8.0 GiB are"
    with pytest.raises(Mistake, match=small):
        must_fit([GIB, GIB // 2], to_start=6)


def test_what_is_left_for_k6_is_a_quarter_of_a_small_machine(monkeypatch):
    with_memory(monkeypatch, total=4, available=3)
    assert for_k6() == GIB
    must_fit([GIB // 2], to_start=4)
    with pytest.raises(Mistake, match=" 5 more and k6 need 3.5 GiB, and 3.0 GiB are"):
        must_fit([GIB // 2], to_start=5)


def test_arms_that_leave_too_little_for_k6_are_refused_also_when_all_have_started(monkeypatch):
    with_memory(monkeypatch, total=16, available=2)
    with pytest.raises(Mistake, match="memory is too small for one arm: k6 needs 3.0 GiB"):
        must_fit([GIB], to_start=0)


def test_arms_of_which_nothing_is_told_are_not_refused(monkeypatch):
    with_memory(monkeypatch, total=16, available=4)
    must_fit([None, None], to_start=100)


# Processes


def test_of_a_process_that_is_gone_there_is_no_family():
    process = subprocess.Popen([sys.executable, "-c", ""])
    found = find_process(process.pid)
    process.wait()
    assert family(found) == family(find_process(process.pid)) == family(find_process(None)) == []
    assert held_bytes([]) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_two_processes_share_is_counted_once():
    big = "import os, sys; b = bytes(range(256)) * 2**18; p = os.fork(); print(flush=True); "
    wait = "sys.stdin.read(); p and os.wait()"
    with subprocess.Popen(
        [sys.executable, "-c", big + wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        for _ in range(2):
            process.stdout.readline()
        both = family(find_process(process.pid))
        assert len(both) == 2
        resident = [one.memory_info().rss for one in both]
        assert min(resident) > 2**26
        assert 2**26 < held_bytes(both) < 2**27
        process.stdin.close()
