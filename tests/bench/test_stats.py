"""Statistics: from measured values to the numbers that are shown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import builds, floats, integers, just, lists, none, sampled_from
from msgspec.structs import replace
from scipy import stats
from synthetic import GRID, SCENARIOS, measurement

from bench.answer.report import PERCENTILES
from bench.answer.statistics.stats import (
    UNITS,
    as_time,
    busiest_share,
    cpu_per_1000,
    database_cpu_per_1000,
    is_shown,
    median_interval,
    merged_percentile,
    summarise,
    value_of,
)
from bench.keep.record import DatabaseUse
from bench.keep.summary import Distribution

unhurried = settings(deadline=None, database=None)
a_value = floats(1e-6, 1e6) | just(0.0)


def test_every_scenario_has_a_unit_in_the_papers_order():
    assert tuple(UNITS) == SCENARIOS
    assert [unit for unit in UNITS.values()] == ["requests/s"] * 2 + ["ms"] * 5


def alone(*arguments, **options):
    """Where an arm had no turns, since nobody else was there."""
    there = measurement(*arguments, **options)
    return replace(there, load=replace(there.load, turns=0))


MS = ["list", "get", "create", "update", "delete"]
kinds = pytest.mark.parametrize("kind", [measurement, alone])


@unhurried
@given(requests=integers(1, 10**6), seconds=floats(0.1, 1000))
def test_a_rate_is_requests_by_seconds_whatever_the_mean(requests, seconds):
    for scenario in ("hello", "echo"):
        for kind in (measurement, alone):
            rate = value_of(scenario, kind(requests, seconds, mean_ms=77.0))
            assert rate == requests / seconds


@pytest.mark.parametrize("scenario", MS)
def test_in_turns_a_response_time_is_the_users_time_by_their_requests(scenario):
    assert value_of(scenario, measurement(500, 4.0, mean_ms=77.0, users=10)) == 80
    assert value_of(scenario, measurement(500, 4.0, mean_ms=77.0, users=1)) == 8


@pytest.mark.parametrize("scenario", MS[1:])
def test_of_an_arm_alone_a_response_time_is_k6s_mean_whatever_the_rate(scenario):
    assert value_of(scenario, alone(requests=1, seconds=99, mean_ms=7.5)) == 7.5


def test_only_what_is_counted_is_in_a_value():
    there = measurement(requests=1000, seconds=2.0)
    part = replace(there, load=replace(there.load, counted=400))
    assert value_of("hello", part) == 200
    assert value_of("get", part) == 50
    assert cpu_per_1000(part) == cpu_per_1000(there)


@kinds
def test_where_nothing_was_measured_there_is_no_value(kind):
    for scenario in SCENARIOS:
        assert value_of(scenario, kind(requests=0, seconds=0.0, mean_ms=None)) is None
    assert value_of("hello", kind(seconds=0.0)) is None
    assert value_of("hello", kind(requests=0)) is None


@kinds
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_arms_are_compared_by_a_time_so_that_less_is_better(scenario, kind):
    fast = kind(requests=2000, seconds=10.0, mean_ms=50.0)
    slow = kind(requests=1000, seconds=10.0, mean_ms=100.0)
    times = [as_time(scenario, value_of(scenario, one)) for one in (fast, slow)]
    assert times[1] == pytest.approx(2 * times[0])
    assert as_time(scenario, as_time(scenario, 3.0)) == pytest.approx(3.0)


def test_the_value_of_list_is_the_time_of_the_whole_batch():
    at_once = alone(requests=100, seconds=4.0, mean_ms=400.0)
    in_turn = alone(requests=100, seconds=4.0, mean_ms=385.0)
    assert value_of("list", at_once) == value_of("list", in_turn) == 400


def test_cpu_is_counted_for_a_thousand_requests():
    assert cpu_per_1000(measurement(requests=4000, cpu_s=2.0)) == 0.5


def test_cpu_that_is_not_known_is_not_zero():
    assert cpu_per_1000(measurement(cpu_s=None)) is None
    assert cpu_per_1000(measurement(requests=0)) is None
    assert cpu_per_1000(measurement(cpu_s=0.0)) == 0


def test_a_databases_own_cpu_is_told_where_it_is_known():
    for cpu_s, expected in ((2.0, 0.5), (0.0, 0.0), (None, None)):
        use = DatabaseUse(cpu_s=cpu_s, memory_bytes=1)
        there = replace(measurement(requests=4000), database=use)
        assert database_cpu_per_1000(there) == expected
    assert database_cpu_per_1000(measurement()) is None


def test_the_busiest_workers_share_is_the_greatest_of_all_runs():
    def of(*runs):
        there = measurement()
        return busiest_share(replace(there, server=replace(there.server, worker_cpu_s=runs)))

    assert of([0.5, 0.5], [0.75, 0.25]) == 0.75
    assert of([0.6, None], [0.5, 0.5]) == 1
    assert of([0.0, 0.0]) is of([None, None]) is of() is None
    assert busiest_share(measurement(cpu_s=None)) is None


# A summary of sessions


@unhurried
@given(values=lists(a_value, min_size=1))
def test_a_summary_has_every_session_and_their_arithmetic_mean(values):
    summary = summarise(values)
    assert summary.values == tuple(values)
    assert summary.mean == pytest.approx(sum(values) / len(values))
    assert summary.low <= summary.median <= summary.high
    assert (summary.low, summary.high) == (min(values), max(values))


@unhurried
@given(values=lists(a_value | none()))
def test_a_session_without_a_value_is_left_out(values):
    assert summarise(values) == summarise([value for value in values if value is not None])


def test_there_is_no_mean_of_nothing():
    assert summarise([]) is None
    assert summarise([None]) is None


@unhurried
@given(values=lists(floats(0.1, 1e6), min_size=2, max_size=20))
def test_the_geometric_mean_and_its_interval_are_scipys_of_the_logarithms(values):
    summary, logs = summarise(values), np.log(values)
    assert summary.geometric == pytest.approx(stats.gmean(values))
    if logs.std():  # scipy has no interval without a spread
        expected = np.exp(stats.t.interval(0.95, len(logs) - 1, logs.mean(), stats.sem(logs)))
        assert summary.interval == pytest.approx(tuple(expected))
    low, high = summary.interval
    assert low <= summary.geometric * (1 + 1e-9) and summary.geometric <= high * (1 + 1e-9)


@unhurried
@given(values=lists(floats(0.1, 1e3), min_size=2, max_size=9), factor=floats(0.01, 100))
def test_another_unit_is_the_same_interval(values, factor):
    there, here = summarise([value * factor for value in values]), summarise(values)
    assert there.interval == pytest.approx(tuple(bound * factor for bound in here.interval))


@pytest.mark.parametrize(
    ("values", "geometric"), [([7.0], 7.0), ([0.0, 7.0], 0.0), ([0.0, 0.0], 0.0)]
)
def test_a_single_session_or_a_zero_has_no_interval(values, geometric):
    summary = summarise(values)
    assert summary.geometric == pytest.approx(geometric)
    assert summary.interval is None


# Percentiles of several runs


def distribution(times):
    """What k6's summary keeps of a run's response times."""
    ms = np.percentile(times, GRID).tolist()
    return Distribution(count=len(times), percentages=GRID, ms=ms)


def response_times(seed, count, middle, spread):
    return np.random.default_rng(seed).lognormal(np.log(middle), spread, count)


a_run = builds(
    response_times, integers(0, 2**32), integers(20, 2000), floats(0.1, 1000), floats(0.01, 2)
)
some_runs = lists(a_run, min_size=1, max_size=5)
a_percentage = floats(0, 100)


def within(found, times, percentage, slack):
    """Whether it is a percentile of these times, to within a step of the grid."""
    low, high = (max(0.0, min(100.0, percentage + side * slack)) for side in (-1, 1))
    least, greatest = np.percentile(times, [low, high])
    return least * (1 - 1e-9) <= found <= greatest * (1 + 1e-9)


def slack(runs):
    """A step of the grid, and what so few times as in the smallest run leave open."""
    return 1 + 200 / min(map(len, runs))


@unhurried
@given(runs=some_runs, percentage=a_percentage)
def test_a_merged_percentile_is_that_of_all_requests_together(runs, percentage):
    found = merged_percentile(list(map(distribution, runs)), percentage)
    assert within(found, np.concatenate(runs), percentage, slack(runs))


@unhurried
@given(run=a_run, percentage=sampled_from(PERCENTILES))
def test_of_a_single_run_it_is_that_runs_own(run, percentage):
    found = merged_percentile([distribution(run)], percentage)
    assert found == pytest.approx(np.percentile(run, percentage))


@unhurried
@given(runs=some_runs, percentage=a_percentage)
def test_the_order_of_runs_does_not_matter(runs, percentage):
    merged = list(map(distribution, runs))
    there, back = (merged_percentile(order, percentage) for order in (merged, merged[::-1]))
    assert there == pytest.approx(back)


@settings(unhurried, max_examples=30)
@given(a=a_run, b=a_run, c=a_run, percentage=a_percentage)
def test_it_does_not_matter_which_runs_are_merged_first(a, b, c, percentage):
    def merged(*runs):
        ms = [merged_percentile(runs, p) for p in GRID]
        return Distribution(count=sum(run.count for run in runs), percentages=GRID, ms=ms)

    first, second, third = map(distribution, (a, b, c))
    together = np.concatenate([a, b, c])
    for runs in ([merged(first, second), third], [first, merged(second, third)]):
        found = merged_percentile(runs, percentage)
        assert within(found, together, percentage, 2 * slack([a, b, c]))


@unhurried
@given(run=a_run, times=integers(2, 5), percentage=a_percentage)
def test_the_same_run_again_changes_nothing(run, times, percentage):
    one = distribution(run)
    again = merged_percentile([one] * times, percentage)
    assert again == pytest.approx(merged_percentile([one], percentage))


@unhurried
@given(runs=some_runs, percentages=lists(a_percentage, min_size=2, max_size=9))
def test_a_greater_percentage_has_no_lesser_time_and_all_lie_between_least_and_greatest(
    runs, percentages
):
    merged = list(map(distribution, runs))
    found = [merged_percentile(merged, p) for p in [0, *sorted(percentages), 100]]
    for less, more in zip(found, found[1:], strict=False):
        assert less <= more * (1 + 1e-9)
    least, greatest = min(map(min, runs)), max(map(max, runs))
    assert (found[0], found[-1]) == pytest.approx((least, greatest))


def test_the_mean_of_the_runs_percentiles_is_another_number():
    fast = distribution(np.linspace(1, 2, 10_000))
    slow = distribution(np.linspace(101, 102, 500))
    # 95 of 100 requests are of the fast run; so are all up to the 95th percentile, nearly.
    assert merged_percentile([fast, slow], 50) == pytest.approx(1.525, abs=0.001)
    assert merged_percentile([fast, slow], 95) == pytest.approx(2, abs=0.01)
    assert merged_percentile([fast, slow], 99) > 101
    mean = (merged_percentile([fast], 50) + merged_percentile([slow], 50)) / 2
    assert mean == pytest.approx(51.5)


@pytest.mark.parametrize("percentage", PERCENTILES)
@pytest.mark.parametrize("users", [1, 10, 50, 100])
def test_a_percentile_is_shown_where_ten_times_the_users_lie_beyond_it(percentage, users):
    enough = round(10 * users / (1 - percentage / 100))
    assert is_shown(percentage, enough, users)
    assert is_shown(percentage, 2 * enough, users)
    assert not is_shown(percentage, enough - 1, users)


# Medians


@pytest.mark.parametrize(("n", "first"), [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (12, 2), (20, 5)])
def test_the_interval_of_a_median_lies_between_two_of_the_values(n, first):
    median, low, high = median_interval([float(7 * i % n) for i in range(n)])
    assert (median, low, high) == ((n - 1) / 2, first, n - 1 - first)


@unhurried
@given(n=integers(6, 200))
def test_the_interval_of_a_median_is_the_narrowest_that_errs_in_5_percent(n):
    _, low, _ = median_interval(list(map(float, range(n))))
    misses = [2 * stats.binom.cdf(k, n, 0.5) for k in (int(low), int(low) + 1)]
    assert misses[0] <= 0.05 < misses[1]
