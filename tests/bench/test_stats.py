"""Statistics: from measured values to the numbers that are shown."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers, lists, none
from synthetic import measurement

from bench.profile import SCENARIOS
from bench.stats import UNITS, cpu_per_1000, summarise, value_of

unhurried = settings(deadline=None, database=None)
a_value = floats(0, 1e6)


def test_every_scenario_has_a_unit_in_the_papers_order():
    assert tuple(UNITS) == SCENARIOS
    assert [unit for unit in UNITS.values()] == ["requests/s"] * 2 + ["ms"] * 5


@unhurried
@given(requests=integers(0, 10**6), seconds=floats(0.1, 1000))
def test_a_rate_is_requests_by_seconds_whatever_the_mean(requests, seconds):
    for scenario in ("hello", "echo"):
        rate = value_of(scenario, measurement(requests, seconds, mean_ms=77.0))
        assert rate == requests / seconds


@pytest.mark.parametrize("scenario", ["list", "get", "create", "update", "delete"])
def test_a_response_time_is_k6s_mean_whatever_the_rate(scenario):
    assert value_of(scenario, measurement(requests=1, seconds=99, mean_ms=7.5)) == 7.5


def test_where_nothing_was_measured_there_is_no_value():
    assert value_of("hello", measurement(seconds=0.0)) is None
    assert value_of("get", measurement(mean_ms=None)) is None


def test_cpu_is_counted_for_a_thousand_requests():
    assert cpu_per_1000(measurement(requests=4000, cpu_s=2.0)) == 0.5


def test_cpu_that_is_not_known_is_not_zero():
    assert cpu_per_1000(measurement(cpu_s=None)) is None
    assert cpu_per_1000(measurement(requests=0)) is None
    assert cpu_per_1000(measurement(cpu_s=0.0)) == 0


@unhurried
@given(values=lists(a_value, min_size=1))
def test_a_summary_has_every_run_and_their_arithmetic_mean(values):
    summary = summarise(values)
    assert summary.values == tuple(values)
    assert summary.mean == pytest.approx(sum(values) / len(values))
    assert (summary.low, summary.high) == (min(values), max(values))


@unhurried
@given(values=lists(a_value | none()))
def test_a_run_without_a_value_is_left_out(values):
    assert summarise(values) == summarise([value for value in values if value is not None])


def test_there_is_no_mean_of_nothing():
    assert summarise([]) is None
    assert summarise([None]) is None
