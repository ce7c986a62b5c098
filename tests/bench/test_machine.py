"""The machine: what it says of itself, who gets which of its CPUs, and who used them."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, sets

from bench import ROOT
from bench.host.machine import (
    Partition,
    cpu_seconds,
    describe_host,
    describe_machine,
    partition_cpus,
    pinned,
)

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


def test_nothing_is_pinned_where_cpus_are_not_parted(monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    with pinned(None):
        pass


def test_a_machine_says_the_same_of_itself_every_time():
    said = describe_machine()
    assert said == describe_machine() == json.loads(json.dumps(said))
    assert said["cpus"] == os.cpu_count()
    assert all(said.values())


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
    assert said == json.loads(json.dumps(said))
    schema = json.loads((ROOT / "bench" / "keep" / "schema" / "cell-2.json").read_text())
    assert sorted(said) == sorted(schema["properties"]["host"]["required"])
    assert said["processes"] > 0
