"""The self-check: a stub whose delay and count are known, under the real k6."""

import json
from dataclasses import replace

import pytest

import bench.studies.selfcheck
from bench import Mistake
from bench.host.machine import Partition
from bench.measure.k6 import find_k6
from bench.measure.profile import FOLDER, load_profile

ANYWHERE = Partition(None, None)


@pytest.fixture(scope="module")
def k6():
    return find_k6()


@pytest.fixture
def check(k6, tmp_path, monkeypatch):
    """Check this machine with as little as can be: two windows of a few requests."""
    profile = json.loads((FOLDER / "quick.json").read_text())
    few = {"executor": "shared-iterations", "vus": 5, "iterations": 50}
    profile["scenarios"] |= {"hello": few, "get": few}
    path = tmp_path / "few.json"
    path.write_text(json.dumps(profile))
    monkeypatch.setattr(
        bench.studies.selfcheck, "load_profile", lambda name: load_profile(str(path))
    )
    monkeypatch.setattr(bench.studies.selfcheck, "WINDOWS", 2)

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
    assert " ms measured of 20 ms, 50 requests" in told["delay"]


def test_a_count_that_k6_does_not_have_speaks_against_the_machine(check, monkeypatch):
    stub = bench.studies.selfcheck.STUB
    assert stub.count("answered += 1") == 1
    monkeypatch.setattr(
        bench.studies.selfcheck, "STUB", stub.replace("answered += 1", "answered += 2")
    )
    told, against = check()
    assert told["count"] == "count   50 counted by k6 of 100 answered"
    assert "k6 does not count what was answered" in against


def test_a_delay_that_k6_does_not_measure_speaks_against_the_machine(check, monkeypatch):
    stub = bench.studies.selfcheck.STUB
    assert stub.count("asyncio.sleep(delay)") == 1
    monkeypatch.setattr(
        bench.studies.selfcheck, "STUB", stub.replace("sleep(delay)", "sleep(delay * 5)")
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


@pytest.mark.parametrize(("rates", "carries"), [([100.0, 104.0], True), ([100.0, 140.0], False)])
def test_equal_work_that_differs_much_speaks_against_the_machine(
    check, monkeypatch, rates, carries
):
    found = rates, [0.001, 0.001], {"steal": None, "foreign": 0.0123}
    monkeypatch.setattr(bench.studies.selfcheck, "_equal_windows", lambda *_: found)
    told, against = check()
    assert carries == (not [line for line in against if "no claim can be carried" in line])
    assert told["steal"] == "steal   not told"
    assert told["foreign"] == "foreign at most 1.23% of the CPUs"
