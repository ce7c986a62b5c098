"""The report: what is counted, what is averaged, how sure it is, and what is missing."""

import pytest
from synthetic import SCENARIOS, STACKS, noisy

from bench.answer.report import problems
from bench.answer.statistics.stats import UNITS
from bench.arm import CONTROLLED_SCENARIOS, CONTROLS


def test_results_come_in_the_papers_order_of_scenarios_and_by_arm(report):
    order = [(result.scenario, result.arm) for result in report.results]
    assert order == [(scenario, stack) for scenario in SCENARIOS for stack in STACKS]


def test_a_result_is_the_geometric_mean_of_all_sessions(report, result):
    get = result(report, "fastapi_sqlite", "get")
    assert (get.planned, get.attempted) == (3, 3)
    assert get.value.values == pytest.approx((2, 4, 6), rel=0.01)
    assert get.value.geometric == pytest.approx(48 ** (1 / 3), rel=0.01)
    assert (get.value.mean, get.value.median) == pytest.approx((4, 4), rel=0.01)
    assert get.cpu_s_per_1000.mean == pytest.approx((0.19 + 0.38 + 0.57) / 3, rel=0.01)


def test_a_rate_is_requests_by_seconds(report, result):
    hello = result(report, "fastapi_sqlite", "hello")
    assert hello.value.values == pytest.approx((25_000, 12_500, 8_333.3), rel=0.001)


def test_an_invalid_measurement_is_counted_as_attempted_and_not_averaged(report, result):
    get = result(report, "flask_sqlite", "get")
    assert get.attempted == 3
    assert get.value.values == pytest.approx((2, 4), rel=0.01)
    assert get.value.mean == pytest.approx(3, rel=0.01)
    assert len(get.cpu_s_per_1000.values) == 2


def test_a_suspect_measurement_is_counted_and_averaged(report_of, result):
    report = report_of(sessions=3, suspect={("flask_sqlite", 2, "get")})
    get = result(report, "flask_sqlite", "get")
    assert (get.suspect, len(get.value.values)) == (1, 3)


def test_where_no_session_is_valid_there_is_no_value(report, result):
    get = result(report, "django_drf", "get")
    assert (get.attempted, get.value, get.cpu_s_per_1000) == (3, None, None)
    assert (get.percentiles, get.rank, get.interval) == ({}, None, None)
    assert get.limiter.name == "unknown"


def test_an_invalid_measurement_does_not_touch_another_scenario(report, result):
    assert len(result(report, "django_drf", "list").value.values) == 3


def test_a_scenario_that_was_not_measured_has_no_result(report_of):
    report = report_of(scenarios=["hello"])
    assert [result.scenario for result in report.results] == ["hello"]


# Sessions that do not count, and those that were added for them


@pytest.mark.parametrize("added", [0.1, 2.0, 200.0])
def test_every_session_that_counts_is_averaged_whatever_it_gave(report_of, result, added):
    report = report_of(
        sessions=2,
        extra=1,
        invalid={("flask_sqlite", 1, "get")},
        ms=lambda arm, block, scenario: {1: 5.0, 2: 6.0, 3: added}[block],
    )
    get, other = (result(report, "flask_sqlite", scenario) for scenario in ("get", "list"))
    assert (get.attempted, get.planned) == (3, 2)
    assert get.value.values == pytest.approx((6, added), rel=0.02)
    assert other.value.values == pytest.approx((5, 6, added), rel=0.02)
    assert report.lacking("get") == 0


def test_an_arm_that_lacks_a_slow_session_does_not_look_faster_than_those_that_have_it(
    report_of, result
):
    def ms(arm, block, scenario):
        return noisy(sd=0.001)(arm, block, scenario) * (4 if block == 3 else 1)

    report = report_of(STACKS, 5, {("flask_sqlite", 3, "get")}, ms=ms, scenarios=["get"])
    flask, django = (result(report, arm, "get") for arm in ("flask_sqlite", "django_drf"))
    assert flask.value.geometric == pytest.approx(django.value.geometric, rel=0.02)
    assert flask.value.high < 3 < django.value.high
    assert {pair.word for pair in report.comparisons["get"].pairs} == {"practically equal"}


@pytest.mark.parametrize("sessions", [5, 12])
def test_shown_values_divide_to_the_shown_ratios_whatever_does_not_count(report_of, sessions):
    lost = {("flask_sqlite", 2, name) for name in SCENARIOS} | {("django_drf", 4, "hello")}
    report = report_of(STACKS, sessions, lost, ms=noisy(sd=0.2), controls=CONTROLS)
    shown = {(r.scenario, r.arm): r.value.geometric for r in report.results}
    for scenario, comparison in report.comparisons.items():
        assert len(comparison.pairs) == 10
        for pair in comparison.pairs:
            quotient = shown[scenario, pair.slower] / shown[scenario, pair.faster]
            if UNITS[scenario] == "requests/s":
                quotient = 1 / quotient
            assert quotient == pytest.approx(pair.ratio, rel=1e-12)


# How sure it is


def test_ranks_are_what_the_sessions_can_tell(compared, result):
    wrong = []
    for scenario in SCENARIOS:
        of = {arm: result(compared, arm, scenario).rank for arm in STACKS}
        assert (of.pop("fastapi_sqlite"), of.pop("django_drf")) == ((1, 1), (5, 5))
        wrong += [scenario] * (set(of.values()) != {(2, 4)})
    assert len(wrong) <= 1  # as in three campaigns of ten with seven scenarios


def test_an_interval_lies_about_the_geometric_mean(compared):
    for one in compared.results:
        low, high = one.interval
        assert low < one.value.geometric < high
        assert low * high == pytest.approx(one.value.geometric**2)


def test_what_all_arms_of_a_session_share_is_not_in_an_interval(report_of, result):
    noise = noisy(sd=0.01)
    report = report_of(STACKS, sessions=5, ms=lambda *what: noise(*what) * what[1])
    get = result(report, "flask_sqlite", "get")
    alone = get.value.interval[1] / get.value.interval[0]
    assert get.interval[1] / get.interval[0] < 1.1 < alone


def test_controls_are_neither_ranked_nor_shown(compared):
    for scenario in CONTROLLED_SCENARIOS:
        assert set(CONTROLS) <= {one.arm for one in compared.selection.counted(scenario)}
    assert set(compared.arms) == {result.arm for result in compared.results} == set(STACKS)
    for comparison in compared.comparisons.values():
        assert set(comparison.ranks) == set(comparison.spread) == set(STACKS)
        assert {name for p in comparison.pairs for name in (p.faster, p.slower)} == set(STACKS)


def test_what_k6_held_back_is_slower_than_none(report_of):
    ms = noisy(sd=0.01, django_drf=2.0)
    report = report_of(STACKS, sessions=5, ms=ms, k6_busy=0.9, scenarios=["get", "delete"])
    for scenario in ("get", "delete"):
        comparison = report.comparisons[scenario]
        assert {pair.word for pair in comparison.pairs} == {"not resolved"}
        assert set(comparison.ranks.values()) == {(1, 5)}


def test_in_a_few_seconds_alone_k6s_share_is_not_told(report_of):
    ms = noisy(sd=0.01, django_drf=2.0)
    options = {"together": False, "ms": ms, "k6_busy": 0.9, "scenarios": ["delete"]}
    pairs = report_of(STACKS, sessions=5, **options).comparisons["delete"].pairs
    assert "faster by" in {pair.word for pair in pairs}


def test_arms_that_were_alone_share_their_pass(report_of, result):
    noise = noisy(sd=0.01)
    options = {"together": False, "ms": lambda *what: noise(*what) * what[1]}
    get = result(report_of(STACKS, sessions=5, **options), "flask_sqlite", "get")
    assert get.interval[1] / get.interval[0] < 1.1


@pytest.mark.parametrize("sessions", [1, 3])
def test_fewer_than_four_sessions_rank_nothing(report_of, sessions):
    report = report_of(STACKS, sessions, ms=noisy())
    assert report.comparisons == {}
    assert {r.rank for r in report.results} == {None}
    assert all(r.interval == r.value.interval for r in report.results)


def test_arms_of_several_campaigns_are_not_compared(together):
    report = together(*STACKS, sessions=5, ms=noisy())
    assert report.comparisons == {}
    assert {result.arm for result in report.results} == set(STACKS)
    assert all((r.rank, r.interval) == (None, r.value.interval) for r in report.results)


# Turns


def test_users_elsewhere_void_turns_and_the_busiest_worker_are_told(report_of, result):
    get = result(report_of(sessions=3, ms=noisy()), "flask_sqlite", "get")
    assert get.elsewhere == pytest.approx(0, abs=0.01)
    assert (get.void, get.busiest) == (0, pytest.approx(0.6))


# Percentiles


def test_percentiles_are_told_of_all_requests_together(report, result):
    get = result(report, "fastapi_sqlite", "get").percentiles
    assert list(get) == [50, 90, 95, 99]
    assert 2 < get[50] < get[90] < get[95] < get[99] < 9
    assert get[50] < 4  # more than half of the requests are of the fastest session


@pytest.mark.parametrize(("ms", "last"), [(0.17, 99.9), (0.19, 99), (17.0, 90), (19.0, 50)])
def test_a_percentile_is_told_only_where_enough_requests_lie_beyond_it(report_of, result, ms, last):
    report = report_of(ms=lambda *_: ms)  # 10 users in nine turns of 0.2 s
    assert max(result(report, "flask_sqlite", "get").percentiles) == last


# What does not count, and what is missing


def test_a_problem_is_a_line_with_its_place_and_its_reason(report, lost):
    why = "steal: other virtual machines had 2.0% of the CPUs"
    assert sorted(problems(report.selection)) == sorted(
        f"invalid: {arm}, session {block}, get: {why}" for arm, block, _ in lost
    )


def test_a_suspect_measurement_is_told_as_one(report_of):
    (line,) = problems(report_of(suspect={("flask_sqlite", 1, "get")}).selection)
    assert line.startswith("suspect: flask_sqlite, session 1, get: steal: ")


def test_what_does_not_count_and_was_not_measured_again_is_lacking(report, report_of):
    assert {name: report.lacking(name) for name in SCENARIOS} == dict.fromkeys(SCENARIOS, 0) | {
        "get": 4
    }
    whole = report_of(STACKS, 3, suspect={(stack, 1, "get") for stack in STACKS})
    assert whole.lacking("get") == 0
