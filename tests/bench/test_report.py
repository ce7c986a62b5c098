"""The report: what is counted, what is averaged, how sure it is, and what is missing."""

import pytest
from synthetic import SCENARIOS, STACKS, campaign, noisy

from bench.answer.report import missing, problems
from bench.keep.store import read_campaign
from bench.serve.stacks import CONTROLS


def test_results_come_in_the_papers_order_of_scenarios_and_by_stack(report):
    order = [(result.scenario, result.stack) for result in report.results]
    assert order == [(scenario, stack) for scenario in SCENARIOS for stack in STACKS]


def test_a_result_is_the_mean_and_the_median_of_all_runs(report, result):
    get = result(report, "fastapi_sqlite", "get")
    assert (get.attempted, get.blocks, get.value.values) == (3, 3, (2, 4, 6))
    assert (get.value.mean, get.value.median) == (4, 4)
    assert get.cpu_s_per_1000.mean == pytest.approx((0.19 + 0.38 + 0.57) / 3, rel=1e-4)


def test_a_rate_is_requests_by_seconds(report, result):
    hello = result(report, "fastapi_sqlite", "hello")
    assert hello.value.values == pytest.approx((25_000, 12_500, 8_333.3))


def test_an_invalid_measurement_is_counted_as_attempted_and_not_averaged(report, result):
    get = result(report, "flask_sqlite", "get")
    assert (get.attempted, get.value.values, get.value.mean) == (3, (2, 4), 3)
    assert len(get.cpu_s_per_1000.values) == 2


def test_a_suspect_measurement_is_counted_and_averaged(report_of, result):
    report = report_of(runs=3, suspect={("flask_sqlite", 2, "get")})
    get = result(report, "flask_sqlite", "get")
    assert (get.suspect, get.value.values) == (1, (2, 4, 6))


def test_where_no_run_is_valid_there_is_no_value(report, result):
    get = result(report, "django_drf", "get")
    assert (get.attempted, get.value, get.cpu_s_per_1000) == (3, None, None)
    assert (get.percentiles, get.rank, get.interval) == ({}, None, None)
    assert get.limiter.name == "unknown"


def test_an_invalid_measurement_does_not_touch_another_scenario(report, result):
    assert len(result(report, "django_drf", "list").value.values) == 3


def test_a_scenario_that_was_not_measured_has_no_result(report_of):
    report = report_of(scenarios=["hello"])
    assert [result.scenario for result in report.results] == ["hello"]


def test_a_stack_that_lacks_a_block_has_no_interval_beside_those_that_have_it(report_of, result):
    report = report_of(STACKS, 5, {("flask_sqlite", 2, "get")}, ms=noisy())
    assert result(report, "flask_sqlite", "get").interval is None
    assert result(report, "django_drf", "get").interval
    assert result(report, "flask_sqlite", "list").interval


# Measured again


@pytest.mark.parametrize("second", [0.1, 2.0, 900.0])
def test_the_first_valid_attempt_counts_once_whatever_it_gave(report_of, result, second):
    report = report_of(
        invalid={("flask_sqlite", 1, "get", 1)},
        attempts={("flask_sqlite", 1): 3},
        ms=lambda stack, run, scenario, attempt: {1: 5.0, 2: second, 3: 7.0}[attempt],
    )
    get, other = (result(report, "flask_sqlite", scenario) for scenario in ("get", "list"))
    assert (get.attempted, get.blocks, get.value.values) == (3, 1, (second,))
    assert (other.attempted, other.blocks, other.value.values) == (3, 1, (5,))


def test_an_attempt_that_is_not_the_first_has_no_position_in_the_model(report_of):
    lost = {("flask_sqlite", 1, "get", 1)}
    report = report_of(STACKS, 3, lost, attempts={("flask_sqlite", 1): 2})
    of_flask = [o for o in report.observations("get") if o.stack == "flask_sqlite"]
    assert [(o.block, o.position == 0) for o in of_flask] == [(1, True), (2, False), (3, False)]
    assert all(o.position for o in report.observations("list"))


# How sure it is


def test_ranks_are_what_the_runs_can_tell(compared, result):
    for scenario in SCENARIOS:
        of = {stack: result(compared, stack, scenario).rank for stack in STACKS}
        assert (of.pop("fastapi_sqlite"), of.pop("django_drf")) == ((1, 1), (5, 5))
        assert set(of.values()) == {(2, 4)}


def test_an_interval_lies_about_the_geometric_mean(compared):
    for one in compared.results:
        low, high = one.interval
        assert low < one.value.geometric < high
        assert low * high == pytest.approx(one.value.geometric**2)


def test_what_all_stacks_of_a_block_share_is_not_in_an_interval(report_of, result):
    noise = noisy(sd=0.01)
    report = report_of(STACKS, runs=5, ms=lambda *what: noise(*what) * what[1])
    get = result(report, "flask_sqlite", "get")
    alone = get.value.interval[1] / get.value.interval[0]
    assert get.interval[1] / get.interval[0] < 1.1 < alone


def test_control_arms_are_neither_ranked_nor_shown(compared):
    assert set(CONTROLS) <= {cell.stack for cell in compared.cells}
    assert set(compared.stacks) == {result.stack for result in compared.results} == set(STACKS)
    for comparison in compared.comparisons.values():
        assert set(comparison.ranks) == set(comparison.spread) == set(STACKS)
        assert {name for p in comparison.pairs for name in (p.faster, p.slower)} == set(STACKS)


def test_what_k6_held_back_is_slower_than_none(report_of):
    ms = noisy(sd=0.01, django_drf=2.0)
    report = report_of(STACKS, runs=5, ms=ms, k6_busy=0.9, scenarios=["get", "delete"])
    words = {name: {pair.word for pair in c.pairs} for name, c in report.comparisons.items()}
    assert words["get"] == {"not resolved"}
    assert set(report.comparisons["get"].ranks.values()) == {(1, 5)}
    assert "faster by" in words["delete"]  # in its few seconds k6's share is not told


def test_one_run_ranks_nothing(report_of):
    report = report_of(STACKS)
    assert report.comparisons == {}
    assert {(r.rank, r.interval) for r in report.results} == {(None, None)}


def test_stacks_that_did_not_take_turns_are_not_compared(report_of):
    report = report_of(STACKS, runs=5, ms=noisy(), interleaved=False)
    assert report.comparisons == {}
    assert all((r.rank, r.interval) == (None, r.value.interval) for r in report.results)


# Percentiles


def test_percentiles_are_told_of_all_requests_together(report, result):
    get = result(report, "fastapi_sqlite", "get").percentiles
    assert list(get) == [50, 90, 95, 99]
    assert 2 < get[50] < get[90] < get[95] < get[99] < 9
    assert get[50] < 4  # more than half of the requests are of the fastest run


@pytest.mark.parametrize(("ms", "last"), [(0.9, 99.9), (1.1, 99), (100.0, 90), (110.0, 50)])
def test_a_percentile_is_told_only_where_enough_requests_lie_beyond_it(report_of, result, ms, last):
    report = report_of(ms=lambda *_: ms)  # 10 users for 10 s
    assert max(result(report, "flask_sqlite", "get").percentiles) == last


# What does not count, and what is missing


def test_a_problem_is_a_line_with_its_place_and_its_reason(report, lost):
    why = "steal: other virtual machines had 2.0% of the CPUs"
    assert sorted(problems(report.cells)) == sorted(
        f"invalid: {stack}, run {run}, attempt 1, get: {why}" for stack, run, _ in lost
    )


def test_a_suspect_measurement_is_told_as_one(report_of):
    (line,) = problems(report_of(suspect={("flask_sqlite", 1, "get")}).cells)
    assert line.startswith("suspect: flask_sqlite, run 1, attempt 1, get: steal: ")


def missing_of(tmp_path, **options):
    return missing(*read_campaign(campaign(tmp_path, "1", STACKS, runs=3, **options)))


def test_of_a_whole_campaign_nothing_is_missing(tmp_path):
    assert missing_of(tmp_path, suspect={(stack, 1, "get") for stack in STACKS}) == []


def test_what_no_attempt_gave_is_missing(tmp_path, lost):
    names = {f"{stack}, run {run}, {scenario}" for stack, run, scenario in lost}
    assert set(missing_of(tmp_path, invalid=lost)) == names


def test_what_a_later_attempt_gave_is_not_missing(tmp_path):
    lost = {("flask_sqlite", 2, "get", 1), ("flask_sqlite", 2, "list", 2)}
    assert missing_of(tmp_path, invalid=lost, attempts={("flask_sqlite", 2): 2}) == []


def test_a_cell_that_was_not_measured_is_missing(tmp_path):
    plan, cells = read_campaign(campaign(tmp_path, "1", ["a"], runs=2, scenarios=["get", "list"]))
    assert missing(plan, cells[:1]) == ["a, run 2, get", "a, run 2, list"]
    assert missing(plan, []) == ["a, run 1", "a, run 2"]
