"""Validity: each rule fires for its own fault, and for nothing else."""

from dataclasses import replace

import pytest

from bench.loadgen import Load
from bench.profile import Scenario
from bench.validity import problems_of

WINDOW = Scenario("hello", users=50, seconds=10, iterations=None)
COUNTED = Scenario("create", users=10, seconds=None, iterations=1000)
GOOD = Load(
    exit_status=0,
    requests=1000,
    failed=0,
    iterations=1000,
    dropped=0,
    seconds=10.1,
    mean_ms=5.0,
    bytes_received=10_000,
    cpu_s=1.0,
    peak_bytes=90_000_000,
)


def codes(scenario=COUNTED, disagreement=None, same_workers=True, **changed):
    problems = problems_of(scenario, replace(GOOD, **changed), disagreement, same_workers)
    assert all(problem.why for problem in problems)
    return [problem.code for problem in problems]


@pytest.mark.parametrize("scenario", [WINDOW, COUNTED])
def test_a_faultless_measurement_counts(scenario):
    assert codes(scenario) == []


@pytest.mark.parametrize("status", [1, 99, 105, 107, -9])
def test_k6_that_does_not_end_well_is_a_problem(status):
    assert codes(exit_status=status) == ["k6-exit"]


def test_no_answered_request_is_a_problem_also_where_k6_exits_0():
    assert codes(WINDOW, requests=0, iterations=0, mean_ms=None) == ["no-result"]
    assert codes(WINDOW, requests=0, iterations=0) == ["no-result"]
    assert codes(WINDOW, mean_ms=None) == ["no-result"]


def test_one_failed_request_is_a_problem():
    assert codes(failed=1) == ["failed"]


def test_one_dropped_iteration_is_a_problem():
    assert codes(dropped=1) == ["dropped"]


def test_a_count_that_is_not_the_planned_one_is_a_problem():
    assert codes(requests=999, iterations=999) == ["count"]
    assert codes(requests=1001, iterations=1001) == ["count"]
    assert codes(replace(COUNTED, iterations=999)) == ["count"]
    assert codes(iterations=999) == ["count"]


@pytest.mark.parametrize("scenario", [WINDOW, COUNTED])
def test_an_iteration_that_is_not_one_request_is_a_problem(scenario):
    assert codes(scenario, requests=999) == ["count"]
    assert codes(scenario, requests=1001) == ["count"]


def test_a_window_plans_no_count():
    assert codes(WINDOW, requests=7, iterations=7) == []


def test_requests_that_k6_cut_off_at_the_end_of_a_window_are_a_problem():
    assert codes(WINDOW, seconds=39.9) == []
    assert codes(WINDOW, seconds=40.0) == ["cut-off"]
    assert codes(COUNTED, seconds=400.0) == []  # no window, so nothing to cut off


def test_rows_that_disagree_are_a_problem_that_quotes_the_ledger():
    (problem,) = problems_of(COUNTED, GOOD, "1 rows missing", same_workers=True)
    assert (problem.code, problem.why) == ("rows", "the database disagrees: 1 rows missing")


def test_a_worker_that_died_is_a_problem():
    assert codes(same_workers=False) == ["workers"]


def test_every_fault_is_named_not_only_the_first():
    found = codes(disagreement="rows", same_workers=False, exit_status=99, failed=3, dropped=2)
    assert found == ["k6-exit", "failed", "dropped", "rows", "workers"]
