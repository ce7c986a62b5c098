"""What a choice of ours costs: one ratio a round, in turn, of measurements that count."""

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from synthetic import INVALID, SUSPECT, measurement

from bench import Mistake
from bench.measure.k6 import NOTHING
from bench.measure.profile import SCENARIOS, load_profile
from bench.measure.session import Setting
from bench.serve.stacks import CONTROLLED, find_stacks
from bench.studies.cost import compare_engines, compare_scripts

STACK = find_stacks()[CONTROLLED]


def engine(name):
    @contextmanager
    def serve(stack):
        yield SimpleNamespace(url="http://127.0.0.1:1", seed=lambda rows, journal_mode: None)

    return SimpleNamespace(name=name, prepare=lambda stack: None, serve=serve)


SETTING = Setting(load_profile("quick"), engine("docker"), None, None, workers=2, threads=2)


def ignore(text, done):
    assert 0 <= done < 1


# Our k6 scripts against the smallest


@pytest.fixture
def scripts(monkeypatch, tmp_path):
    """Compare for so many rounds; a request of ours costs 3 ms of CPU, of the smallest 2 ms."""
    asked = []

    def compare(rounds, **changed):
        def run(k6, script, *_):
            asked.append(script)
            cpu_s = 0.2 if script.startswith("smallest/") else 0.3
            return replace(NOTHING, **{"requests": 100, "cpu_s": cpu_s} | changed)

        monkeypatch.setattr("bench.studies.cost.run_scenario", run)
        return compare_scripts(STACK, SETTING, rounds, tmp_path, ignore), asked

    return compare


def test_a_script_is_divided_by_the_smallest_for_the_same_requests(scripts):
    ratios, _ = scripts(3)
    assert tuple(ratios) == SCENARIOS
    assert [ratio for values in ratios.values() for ratio in values] == pytest.approx([1.5] * 21)


def test_which_script_is_the_first_changes_from_round_to_round(scripts):
    _, asked = scripts(2)
    assert asked[:2] == ["smallest/hello", "hello"]
    assert asked[14:16] == ["hello", "smallest/hello"]


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"failed": 1}])
def test_a_script_whose_requests_fail_is_a_mistake(scripts, wrong):
    with pytest.raises(Mistake, match="smallest/hello is not valid: . requests failed"):
        scripts(1, **wrong)


# One engine against another


@pytest.fixture
def engines(monkeypatch, tmp_path):
    """Compare for so many rounds; docker costs 12 s of CPU where local costs 10 s."""
    asked = []

    def compare(rounds, *problems, docker="3.14.0"):
        def measure(stack, setting, folder, say):
            asked.append(setting.engine.name)
            cpu_s = 12.0 if setting.engine.name == "docker" else 10.0
            found = {name: measurement(cpu_s=cpu_s, problems=problems) for name in SCENARIOS}
            python = docker if setting.engine.name == "docker" else "3.14.8"
            return {"scenarios": found, "served": {"python": python}}

        monkeypatch.setattr("bench.studies.cost.measure_cell", measure)
        return compare_engines(STACK, SETTING, engine("local"), rounds, tmp_path, ignore), asked

    return compare


@pytest.mark.parametrize("problems", [(), (SUSPECT,)])
def test_an_engine_is_divided_by_the_other_in_every_round(engines, problems):
    ratios, _ = engines(3, *problems)
    assert tuple(ratios) == SCENARIOS
    assert [ratio for values in ratios.values() for ratio in values] == pytest.approx([1.2] * 21)


def test_which_engine_is_the_first_changes_from_round_to_round(engines):
    assert engines(2)[1] == ["local", "docker", "docker", "local"]


def test_two_versions_of_python_are_not_two_engines(engines):
    with pytest.raises(Mistake, match="^docker runs 3.11.2 and local runs 3.14.8: take "):
        engines(1, docker="3.11.2")


def test_an_engine_whose_measurement_does_not_count_is_a_mistake_that_says_why(engines):
    with pytest.raises(Mistake, match="local, hello: .*'code': 'steal'"):
        engines(1, INVALID)
