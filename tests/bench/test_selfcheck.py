"""The self-check: a stub whose delay and count are known, under the real k6."""

import json
import math
from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_fields
from synthetic import MACHINE

import bench.studies.selfcheck
import bench.studies.stub
from bench import Mistake
from bench.host.machine import Partition
from bench.measure.load.k6 import find_k6
from bench.measure.profile import FOLDER, load_profile

ANYWHERE = Partition(None, None)


@pytest.fixture(scope="module")
def k6():
    return find_k6()


@pytest.fixture
def check(k6, tmp_path, monkeypatch):
    """Check this machine with as little as can be: two sessions of short turns."""
    profile = json.loads((FOLDER / "quick.json").read_text())
    few = {"executor": "shared-iterations", "vus": 5, "iterations": 50}
    short = {"runs": 1, "rounds": 3, "connect_ms": 50, "stagger_ms": 2, "gap_ms": 100}
    short |= {"lead_in_ms": 50, "counted_ms": 100, "lead_out_ms": 20}
    profile["scenarios"] |= {"hello": few, "get": few}
    profile["turns"] |= {"hello": short}
    path = tmp_path / "few.json"
    path.write_text(json.dumps(profile))
    monkeypatch.setattr(
        bench.studies.selfcheck, "load_profile", lambda name: load_profile(str(path))
    )
    monkeypatch.setattr(bench.studies.selfcheck, "SESSIONS", 2)

    def check():
        done = []
        told, against = bench.studies.selfcheck.check_machine(
            k6, ANYWHERE, lambda text, part: done.append(part)
        )
        assert done == sorted(done)
        return {line.split()[0]: line for line in told}, against

    return check


def test_what_the_stub_answered_is_what_k6_counts(check):
    told, against = check()
    assert told["count"] == "count   50 counted by k6 of 50 answered"
    assert "k6 does not count what was answered" not in against
    assert list(told) == ["delay", "count", "noise", "steal", "foreign"]
    assert " of 5 equal arms in turns differs by " in told["noise"]
    assert " ms measured of 20 ms, 50 requests" in told["delay"]


def test_a_count_that_k6_does_not_have_speaks_against_the_machine(check, monkeypatch):
    stub = bench.studies.stub.STUB
    assert stub.count("answered += 1") == 1
    monkeypatch.setattr(bench.studies.stub, "STUB", stub.replace("answered += 1", "answered += 2"))
    told, against = check()
    assert told["count"] == "count   50 counted by k6 of 100 answered"
    assert "k6 does not count what was answered" in against


def test_a_delay_that_k6_does_not_measure_speaks_against_the_machine(check, monkeypatch):
    stub = bench.studies.stub.STUB
    assert stub.count("asyncio.sleep(delay)") == 1
    monkeypatch.setattr(
        bench.studies.stub, "STUB", stub.replace("sleep(delay)", "sleep(delay * 5)")
    )
    _, against = check()
    assert any(line.startswith("k6 measures a delay of 20 ms as ") for line in against)


def test_a_k6_that_fails_is_a_mistake(k6, tmp_path):
    broken = tmp_path / "k6"
    broken.write_text("#!/bin/sh\nexit 107\n")
    broken.chmod(0o755)
    with pytest.raises(Mistake, match="k6 measures nothing here; it ended with status 107"):
        bench.studies.selfcheck.check_machine(
            replace(k6, path=broken), ANYWHERE, lambda text, part: None
        )


# By session and stub; that a whole session is slower does not matter.
EVEN = [[100.0, 104.0, 100.0, 102.0, 101.0], [50.0, 51.0, 50.0, 52.0, 50.0]]
UNEVEN = [[100.0, 140.0, 100.0, 80.0, 120.0], [100.0, 80.0, 130.0, 100.0, 90.0]]


@pytest.mark.parametrize(("rates", "carries"), [(EVEN, True), (UNEVEN, False)])
def test_equal_work_that_differs_much_speaks_against_the_machine(
    check, monkeypatch, rates, carries
):
    disturbed = [replace_fields(MACHINE, steal_share=None, foreign_share=0.0123)] * 2
    found = bench.studies.selfcheck.Equals(rates, [[0.001] * 5] * 2, disturbed)
    monkeypatch.setattr(bench.studies.selfcheck, "_measure_equals", lambda *_: found)
    told, against = check()
    assert carries == (not [line for line in against if "no claim can be carried" in line])
    assert told["steal"] == "steal   not told"
    assert told["foreign"] == "foreign at most 1.23% of the CPUs"


def test_what_can_be_told_apart_shrinks_with_the_sessions():
    told_apart = bench.studies.selfcheck._told_apart
    # Of 20 sessions: 3.13, the studentized maximum modulus of 10 pairs and 19 degrees of freedom,
    # times the standard error of a difference.
    assert told_apart(0.05, 20) == pytest.approx(
        math.expm1(3.13 * 0.05 * (2 / 20) ** 0.5), rel=0.01
    )
    assert told_apart(0.05, 5) > 1.5 * told_apart(0.05, 20)
