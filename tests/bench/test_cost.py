"""What a choice of ours costs: one ratio a round, in turn, of measurements that count."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from msgspec.structs import replace as changed
from synthetic import INVALID, MACHINE, SCENARIOS, SERVED, SUSPECT, measurement

from bench import Mistake
from bench.arm import CONTROLLED, Arm
from bench.host.machine import Partition
from bench.keep.record import ArmStart, ScenarioRecord
from bench.keep.summary import ArmSummary, Summary, Times
from bench.measure.load.run import Ran
from bench.measure.profile import load_profile
from bench.measure.session import Measured
from bench.measure.standing import Setting
from bench.serve.server import Engine
from bench.serve.stacks import find_stacks
from bench.studies.cost import LEAST_SECONDS, compare_engines, compare_scripts

ARM = Arm(CONTROLLED, CONTROLLED, find_stacks()[CONTROLLED])
served = []  # by which engine, and which arm


def engine(name):
    @contextmanager
    def serve(arm):
        served.append((name, arm.label))
        yield SimpleNamespace(url="http://127.0.0.1:1", seed=lambda rows, journal_mode: None)

    return Engine(name=name, prepare=lambda arm: name, serve=serve, describe_database=None)


SETTING = Setting(load_profile("quick"), engine("local"), None, Partition(None, None))


def ignore(text, done):
    assert 0 <= done < 1


# Our k6 scripts against the smallest


@pytest.fixture
def scripts(monkeypatch, tmp_path):
    """Compare for so many rounds; a request of ours costs 3 ms of CPU, of the smallest 2 ms."""
    asked = []

    def compare(rounds, summary=True, **told):
        def run(k6, script, profile, path, cpus, *, turns, memory):
            asked.append((script, turns))
            cpu_s = 0.2 if script.startswith("smallest/") else 0.3
            # By its clock k6 has used 0.05 s before it asks, and does so after it has asked.
            clock = ((0.0, 0.0), (1000.0, 0.05), (4000.0, 0.05 + cpu_s), (4500.0, 0.1 + cpu_s))
            return Ran(0, summary_of(**told) if summary else None, cpu_s + 0.1, None, clock)

        monkeypatch.setattr("bench.studies.cost.run_k6", run)
        return compare_scripts(ARM, SETTING, rounds, tmp_path, ignore), asked

    return compare


def summary_of(**told):
    times = Times(count=100, avg=1.0, min=1.0, med=1.0, max=1.0, ms=[])
    counts = {"requests": 100, "failed": 0, "iterations": 100, "bytes_received": 100} | told
    of_arm = ArmSummary(times=times, iteration_mean_ms=1.0, iteration_max_ms=1.0, **counts)
    return Summary(began_ms=1000.0, seconds=3.0, dropped=0, grid=[], arms={ARM.label: of_arm})


def test_a_script_is_divided_by_the_smallest_for_the_same_requests(scripts):
    ratios, _ = scripts(3)
    assert tuple(ratios) == SCENARIOS
    assert [ratio for values in ratios.values() for ratio in values] == pytest.approx([1.5] * 21)


def test_what_k6_costs_to_start_and_to_end_is_in_no_request(scripts):
    assert scripts(1)[0]["hello"] == pytest.approx([0.3 / 0.2])  # not 0.4 / 0.3


def test_which_script_is_the_first_changes_from_round_to_round(scripts):
    asked = [script for script, _ in scripts(2)[1]]
    assert asked[:2] == ["smallest/hello", "hello"]
    assert asked[14:16] == ["hello", "smallest/hello"]


def test_both_scripts_are_told_of_the_same_turns_which_are_the_profiles_and_enough(scripts):
    _, asked = scripts(1)
    told = dict(asked)
    for scenario in SETTING.profile.scenarios:
        turns, planned = told[scenario.name], scenario.turns
        assert turns == told[f"smallest/{scenario.name}"]
        assert turns["users"] == scenario.users
        assert (turns["gap_ms"], turns["counted_ms"]) == (0, planned.counted_ms)
        assert set(turns["order"]) == set(turns["arms"]) == {ARM.label}
        seconds = len(turns["order"]) * (planned.turn_ms - planned.gap_ms) / 1000
        requests = len(turns["order"]) * planned.requests
        assert seconds >= LEAST_SECONDS or 1000 <= requests <= SETTING.profile.rows


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"failed": 1}])
def test_a_script_whose_requests_fail_is_a_mistake(scripts, wrong):
    with pytest.raises(Mistake, match="smallest/hello is not valid: . requests failed"):
        scripts(1, **wrong)


def test_a_script_of_which_k6_tells_nothing_is_a_mistake(scripts):
    with pytest.raises(Mistake, match="smallest/hello is not valid: all requests failed"):
        scripts(1, summary=False)


# One engine against another

ENGINES = {"docker": engine("docker"), "local": engine("local")}


@pytest.fixture
def engines(monkeypatch, tmp_path):
    """Compare for so many rounds; docker costs 12 s of CPU where local costs 10 s."""
    asked = []

    def compare(rounds, *problems, docker="3.14.0"):
        def measure(session, arms, setting, folder, say):
            asked.append(session)
            for arm in arms.values():
                with setting.engine.serve(arm):
                    pass
            of_arms = {
                name: measurement(cpu_s=cpu_s, problems=problems)
                for name, cpu_s in (("docker", 12.0), ("local", 10.0))
            }
            record = ScenarioRecord(runs=[], machine=MACHINE, arms=of_arms)
            starts = {
                name: ArmStart(served=changed(SERVED, python=python), memory_bytes=1, idle_cpu=0.0)
                for name, python in (("docker", docker), ("local", "3.14.8"))
            }
            return Measured({}, starts, dict.fromkeys(SCENARIOS, record))

        monkeypatch.setattr("bench.studies.cost.measure_session", measure)
        return compare_engines(ARM, SETTING, ENGINES, rounds, tmp_path, ignore), asked

    return compare


@pytest.mark.parametrize("problems", [(), (SUSPECT,)])
def test_an_engine_is_divided_by_the_other_in_every_round(engines, problems):
    ratios, _ = engines(3, *problems)
    assert tuple(ratios) == SCENARIOS
    assert [ratio for values in ratios.values() for ratio in values] == pytest.approx([1.2] * 21)


def test_a_round_is_a_session_of_both_whose_turns_are_drawn_anew(engines):
    _, asked = engines(3)
    assert [session.number for session in asked] == [1, 2, 3]
    assert {tuple(session.arms) for session in asked} == {("docker", "local")}


def test_each_arm_is_served_by_the_engine_that_it_is_named_for(engines):
    served.clear()
    engines(1)
    assert served == [("docker", "docker"), ("local", "local")]


def test_two_versions_of_python_are_not_two_engines(engines):
    with pytest.raises(Mistake, match="^docker runs 3.11.2 and local runs 3.14.8: take "):
        engines(1, docker="3.11.2")


def test_an_engine_whose_measurement_does_not_count_is_a_mistake_that_says_why(engines):
    with pytest.raises(Mistake, match="docker, hello: steal: other virtual machines had 2.0%"):
        engines(1, INVALID)
