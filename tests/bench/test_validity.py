"""Validity: each rule fires for its own fault, and for nothing else, least of all for a result."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, sampled_from
from synthetic import MACHINE, evidence, in_closed_loop

from bench.measure.k6 import NOTHING, Load
from bench.measure.probe import Probe
from bench.measure.profile import SCENARIOS, Scenario
from bench.measure.validity import OBSERVED, THRESHOLDS, judge, status, unobservable

WINDOW = Scenario("hello", users=50, seconds=10, iterations=None)
COUNTED = Scenario("create", users=10, seconds=None, iterations=1000)
GOOD = Load(
    exit_status=0,
    requests=1000,
    failed=0,
    iterations=1000,
    dropped=0,
    seconds=10.0,
    mean_ms=5.0,
    max_ms=20.0,
    iteration_mean_ms=5.1,
    iteration_max_ms=20.1,
    bytes_received=150_000,
    cpu_s=1.0,
    peak_bytes=90_000_000,
)


def found(scenario=COUNTED, machine=(), load=(), **changed):
    """The problems of a faultless measurement but for what is changed."""
    changed["machine"] = MACHINE | dict(machine)
    return judge(evidence(scenario, replace(GOOD, **dict(load)), **changed))


def codes(*arguments, **changed):
    problems = found(*arguments, **changed)
    assert all(problem.why for problem in problems)
    return [problem.code for problem in problems]


def of_load(scenario=COUNTED, **load):
    return codes(scenario, load=load)


def of_machine(**machine):
    """Codes and the status that they give."""
    problems = found(machine=machine)
    return [problem.code for problem in problems], status(problems)


@pytest.mark.parametrize("scenario", [WINDOW, COUNTED])
def test_a_faultless_measurement_counts(scenario):
    assert codes(scenario) == []
    assert status([]) == "valid"


# The load generator


@pytest.mark.parametrize("exit_status", [1, 99, 105, 107, -9])
def test_k6_that_does_not_end_well_is_a_problem(exit_status):
    assert of_load(exit_status=exit_status) == ["k6-exit"]


def test_no_answered_request_is_a_problem_also_where_k6_exits_0():
    assert of_load(WINDOW, requests=0, iterations=0, mean_ms=None) == ["no-result"]
    assert of_load(WINDOW, requests=0, iterations=0) == ["no-result"]
    assert of_load(WINDOW, mean_ms=None) == ["no-result"]
    assert of_load(WINDOW, seconds=0.0) == ["no-result"]


def test_one_dropped_iteration_is_a_problem():
    assert of_load(dropped=1) == ["dropped"]


def test_a_count_that_is_not_the_planned_one_is_a_problem():
    assert of_load(requests=999, iterations=999) == ["count"]
    assert of_load(requests=1001, iterations=1001) == ["count"]
    assert codes(replace(COUNTED, iterations=999)) == ["count"]
    assert of_load(iterations=999) == ["count"]


@pytest.mark.parametrize("scenario", [WINDOW, COUNTED])
def test_an_iteration_that_is_not_one_request_is_a_problem(scenario):
    assert of_load(scenario, requests=999) == ["count"]
    assert of_load(scenario, requests=1001) == ["count"]


def test_a_window_plans_no_count():
    assert of_load(WINDOW, requests=7, iterations=7) == []


def test_requests_that_k6_cut_off_at_the_end_of_a_window_are_a_problem():
    assert of_load(WINDOW, seconds=39.9) == []
    assert of_load(WINDOW, seconds=40.0) == ["cut-off"]
    assert of_load(COUNTED, seconds=400.0) == []  # no window, so nothing to cut off


def test_users_who_waited_longer_than_there_was_time_are_a_problem():
    # 10 users for 10 s have 100 s to wait in, 1000 requests of 100 ms.
    longest = {"max_ms": 200.0, "iteration_max_ms": 200.0}
    assert of_load(mean_ms=101.9, **longest) == []
    assert of_load(mean_ms=102.1, **longest) == ["identity"]


# The answers


def test_one_failed_request_is_a_problem():
    assert of_load(failed=1) == ["failed"]


def test_a_wrong_answer_beforehand_is_a_problem_that_quotes_it():
    (problem,) = found(probe=Probe(0, "GET /items/7 answers 200 {}"))
    assert (problem.code, problem.why) == (
        "answer",
        "asked beforehand: GET /items/7 answers 200 {}",
    )


@pytest.mark.parametrize(("received", "expected"), [(147.1, []), (152.9, []), (146, ["bytes"])])
def test_answers_of_another_length_than_the_right_one_are_a_problem(received, expected):
    assert codes(load={"bytes_received": int(1000 * received)}, probe=Probe(150, None)) == expected


def test_rows_that_disagree_are_a_problem_that_quotes_the_ledger():
    (problem,) = found(disagreement="1 rows missing")
    assert (problem.code, problem.why) == ("rows", "the database disagrees: 1 rows missing")


# The server


def test_a_worker_that_died_is_a_problem():
    assert codes(same_workers=False) == ["workers"]


@pytest.mark.parametrize("warmup", [{"exit_status": 99}, {"failed": 1}, {"requests": 0}])
def test_a_warm_up_that_failed_is_a_problem(warmup):
    good = replace(NOTHING, exit_status=0, requests=100)
    assert codes(warmup=replace(good, **warmup)) == ["warm-up"]


def test_what_is_no_longer_as_planned_is_a_problem_that_names_it():
    first, second = found(changed=["harness", "sources of django_drf"])
    assert (first.code, second.code) == ("changed", "changed")
    assert first.why == "harness is no longer as the plan has it"
    assert second.why == "sources of django_drf is no longer as the plan has it"


# The machine


@pytest.mark.parametrize(
    ("machine", "code"),
    [
        ({"throttled": 1}, "throttled"),
        ({"server_throttled": 1}, "throttled"),
        ({"swapped_bytes": 4096}, "swap"),
        ({"clock_step_s": 0.021}, "clock"),
        ({"clock_step_s": -0.021}, "clock"),
    ],
)
def test_what_the_machine_did_to_a_measurement_is_a_problem(machine, code):
    assert of_machine(**machine) == ([code], "invalid")


def test_a_request_that_took_longer_than_its_iteration_is_a_problem_of_the_clock():
    assert of_load(max_ms=21.0) == []
    assert of_load(max_ms=21.2) == ["clock"]


def test_a_clock_that_moves_by_less_than_a_threshold_is_none():
    assert of_machine(clock_step_s=0.019) == ([], "valid")


@pytest.mark.parametrize("name", ["steal", "foreign"])
def test_cpu_that_others_had_is_suspect_and_more_of_it_is_invalid(name):
    doubtful, too_much = THRESHOLDS[f"{name}_suspect"], THRESHOLDS[f"{name}_invalid"]
    assert 0 < doubtful < too_much
    for share, expected in (
        (doubtful, ([], "valid")),
        (doubtful * 1.01, ([name], "suspect")),
        (too_much, ([name], "suspect")),
        (too_much * 1.01, ([name], "invalid")),
    ):
        assert of_machine(**{f"{name}_share": share}) == expected


@pytest.mark.parametrize("name", OBSERVED)
def test_what_a_system_does_not_tell_is_named_and_no_problem(name):
    machine = MACHINE | {name: None}
    assert unobservable(machine) == [name]
    assert codes(machine=machine) == []


def test_what_a_system_tells_is_not_named_also_where_it_is_nothing():
    assert unobservable(MACHINE) == []
    assert unobservable({}) == list(OBSERVED)


# All together


def test_one_problem_is_enough_and_suspicion_does_not_outweigh_it():
    assert status(found(machine={"steal_share": 0.005, "swapped_bytes": 1})) == "invalid"
    assert status(found(machine={"steal_share": 0.005, "foreign_share": 0.03})) == "suspect"


def test_every_fault_is_named_not_only_the_first():
    problems = codes(
        load={"exit_status": 99, "failed": 3, "dropped": 2},
        disagreement="rows",
        same_workers=False,
        machine={"swapped_bytes": 1},
    )
    assert problems == ["k6-exit", "dropped", "failed", "rows", "workers", "swap"]


@settings(deadline=None, database=None)
@given(scenario=sampled_from(SCENARIOS), ms=floats(1, 1000), factor=sampled_from([0.1, 1, 10]))
def test_no_rule_fires_because_a_result_is_fast_or_slow(scenario, ms, factor):
    measured = in_closed_loop(scenario, ms * factor)
    load = Load(**measured["load"])
    counted = Scenario(scenario, measured["users"], None, load.iterations)
    window = Scenario(scenario, measured["users"], load.seconds, None)
    for planned in (counted, window):
        assert judge(evidence(planned, load, machine=measured["machine"])) == []
