"""The load: what k6's runs tell of an arm, added up, and nothing of a turn that is void."""

import pytest
from msgspec.structs import replace
from synthetic import BYTES, DELETED, alone, in_turns

from bench.keep.load import load_of

ORDER = ["a", "b", "b", "a", "a", "b"]  # three rounds
MS = {"a": 2.0, "b": 4.0}


@pytest.fixture
def get():
    return in_turns(MS, "get", ["b", "a"], ORDER)


def voided(summary, *places):
    return replace(summary, turns=replace(summary.turns, void=[*places]))


def test_the_counted_parts_of_all_turns_are_added_up(get):
    load = load_of([get, get], "a", 10, 0.5)
    assert (load.counted, load.counted_s) == (6000, pytest.approx(1.2))
    assert (load.mean_ms, load.max_ms) == (2.0, 3.0)
    assert (load.iteration_mean_ms, load.iteration_max_ms) == (2.0, 3.0)
    assert (load.turns, load.void, load.k6_cpu_s) == (6, 0, 0.5)
    assert load.elsewhere == pytest.approx(0, abs=1e-9)


def test_what_was_asked_beside_the_counted_parts_is_in_the_requests(get):
    load = load_of([get], "b", 10, None)
    assert (load.counted, load.requests, load.iterations) == (1500, 1530, 1530)
    assert (load.bytes_received, load.failed) == (1530 * BYTES, 0)


def test_a_void_turn_does_not_count_and_the_others_do(get):
    load = load_of([voided(get, 0, 2), get], "a", 10, None)
    assert (load.counted, load.counted_s) == (5000, pytest.approx(1.0))
    assert (load.turns, load.void) == (6, 1)
    assert load.requests == 2 * 3030


def test_the_mean_is_that_of_the_turns_that_count(get):
    slow = [50.0 if place == 0 else mean for place, mean in enumerate(get.turns.mean_ms)]
    disturbed = replace(get, turns=replace(get.turns, mean_ms=slow))
    assert load_of([disturbed], "a", 10, None).mean_ms == pytest.approx((50 + 2 + 2) / 3)
    assert load_of([voided(disturbed, 0)], "a", 10, None).mean_ms == 2.0


def test_a_mean_is_weighted_by_how_many_answers_it_is_of(get):
    slow = in_turns({"a": 10.0}, "get", ["a"], ["a"] * 3)
    load = load_of([get, slow], "a", 10, None)
    assert load.mean_ms == pytest.approx((3000 * 2 + 600 * 10) / 3600)
    assert load.iteration_mean_ms == pytest.approx((3000 * 2 + 600 * 10) / 3600)
    assert load.max_ms == 15.0


def test_slices_of_a_turn_are_counted_one_by_one(get):
    turns = get.turns
    halves = {
        "slices": 2,
        "count": [n for count in turns.count for n in (count // 2, count - count // 2)],
        "mean_ms": [mean for mean in turns.mean_ms for _ in range(2)],
    }
    halved = replace(get, turns=replace(turns, **halves))
    for run, whole in ((halved, get), (voided(halved, 3), voided(get, 3))):
        found, expected = (load_of([one], "a", 10, None) for one in (run, whole))
        assert found.counted_s == pytest.approx(expected.counted_s)
        assert replace(found, counted_s=0) == replace(expected, counted_s=0)


def test_users_whose_time_the_counted_requests_do_not_fill_are_told(get):
    part = replace(get.arms["a"], iteration_mean_ms=1.5)
    run = replace(get, arms=get.arms | {"a": part})
    assert load_of([run], "a", 10, None).elsewhere == pytest.approx(0.25)
    assert load_of([run, get], "a", 10, None).elsewhere == pytest.approx(0.125)


def test_where_users_were_is_told_by_runs_in_which_no_turn_of_the_arm_is_void(get):
    part = replace(get.arms["a"], iteration_mean_ms=1.5)
    changed = replace(get, arms=get.arms | {"a": part})
    assert load_of([voided(changed, 1)], "a", 10, None).elsewhere == pytest.approx(0.25)
    run = voided(changed, 1, 3)
    assert load_of([run, get], "a", 10, None).elsewhere == pytest.approx(0, abs=1e-9)
    assert load_of([run], "a", 10, None).elsewhere is None


def test_where_a_turn_is_a_number_of_requests_their_own_times_are_its_length():
    delete = in_turns(MS, "delete", [], ORDER)
    load = load_of([delete, delete], "b", 1, None)
    assert (load.counted, load.counted_s) == (2 * 3 * 10, pytest.approx(60 * 0.004))
    assert (load.mean_ms, load.elsewhere, load.turns) == (4.0, None, 6)


def test_an_arm_that_is_alone_is_counted_for_as_long_as_k6_ran():
    load = load_of([alone("a", "delete", 3.0)], "a", 1, None)
    assert (load.counted, load.counted_s) == (DELETED, pytest.approx(3.0))
    assert (load.mean_ms, load.elsewhere, load.turns, load.void) == (3.0, None, 0, 0)


def test_a_run_that_does_not_tell_of_an_arm_is_left_out(get):
    other = in_turns({"b": 4.0}, "get", ["b"], ["b"] * 3)
    assert load_of([get, other], "a", 10, None) == load_of([get], "a", 10, None)
    assert load_of([get, other], "b", 10, None).turns == 6


def test_of_no_run_and_of_no_answer_there_is_no_mean(get):
    nothing = load_of([], "a", 10, None)
    assert (nothing.requests, nothing.counted, nothing.counted_s, nothing.turns) == (0, 0, 0, 0)
    assert {nothing.mean_ms, nothing.max_ms, nothing.iteration_mean_ms, nothing.elsewhere} == {None}
    turns = replace(get.turns, count=[0] * 6, mean_ms=[None] * 6)
    times = replace(get.arms["a"].times, count=0, avg=None, max=None)
    silent = replace(get.arms["a"], times=times, iteration_mean_ms=None, iteration_max_ms=None)
    load = load_of([replace(get, arms={"a": silent}, turns=turns)], "a", 10, None)
    assert (load.counted, load.mean_ms, load.elsewhere) == (0, None, None)
    assert load.counted_s == pytest.approx(0.6)
