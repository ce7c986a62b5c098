"""Turns: what k6 is told of them, and when an arm was counted."""

import json
from dataclasses import asdict

import pytest
from msgspec.structs import replace
from synthetic import TURNS, in_turns

from bench.measure.load.turns import Turns, counted_windows, read_turns, told_to_k6

PARTS = {"connect_ms": 150, "gap_ms": 50, "lead_in_ms": 60, "counted_ms": 200, "lead_out_ms": 30}
TIMED = Turns(2, 3, stagger_ms=2, **PARTS)
BY_REQUESTS = Turns(3, 8, requests=12, not_counted=2)
URLS = {"a": "http://127.0.0.1:1", "b": "http://127.0.0.1:2"}
DRAWN = ["b", "a"], ["a", "b", "b", "a", "a", "b"]


@pytest.fixture
def told():
    """What k6 is told of these turns."""

    def told(turns=TIMED, run=2, done=None):
        return told_to_k6(turns, URLS, 10, DRAWN, run, 900, done or {"a": 0, "b": 24})

    return told


def test_a_turn_is_its_four_parts_and_a_run_begins_with_a_connect_turn_of_each_arm():
    assert TIMED.turn_ms == 50 + 60 + 200 + 30
    assert TIMED.run_seconds(5) == pytest.approx(5 * (0.150 + 3 * 0.340))


def test_a_turn_of_requests_has_no_time():
    assert BY_REQUESTS.run_seconds(5) == 0


@pytest.mark.parametrize("scenario", ["get", "delete"])
def test_what_a_profile_says_of_turns_is_read_whole(scenario):
    said = TURNS[scenario]
    read = asdict(read_turns(scenario, said))
    assert {name: read[name] for name in said} == said


def test_k6_is_told_where_each_arm_is_and_whose_turn_is_when(told):
    asked = told()
    assert asked["arms"] == URLS
    assert (asked["connect"], asked["order"]) == DRAWN
    assert {name: asked[name] for name in PARTS} == PARTS
    assert (asked["users"], asked["stagger_ms"], asked["slices"]) == (10, 2, 1)
    assert (asked["run"], asked["request_timeout_ms"]) == (2, 900)


def test_k6_is_told_how_many_items_each_arm_has_lost_already(told):
    assert told()["done"] == {"a": 0, "b": 24}


def test_where_turns_are_requests_there_is_no_connect_turn(told):
    asked = told(BY_REQUESTS)
    assert (asked["connect"], asked["requests"], asked["not_counted"]) == ([], 12, 2)


def test_what_k6_is_told_can_be_its_environment(told):
    assert json.loads(json.dumps(told())) == told()


# When an arm was counted


@pytest.fixture
def summary():
    """k6's of a run of get, which began at 1000 ms."""
    ran = in_turns({"a": 2.0, "b": 3.0}, "get", ["b", "a"], ["a", "b", "b", "a"])

    def summary(**changed):
        turns = replace(ran.turns, **{"void": [], **changed})
        return replace(ran, began_ms=1000.0, turns=turns)

    return summary


def test_it_was_counted_after_the_connect_turns_the_gap_and_the_lead_in(summary):
    parts = TURNS["get"]
    first = 1000 + 2 * parts["connect_ms"] + parts["gap_ms"] + parts["lead_in_ms"]
    length = Turns(**parts).turn_ms
    assert list(counted_windows(summary())) == [
        (arm, first + n * length, first + n * length + parts["counted_ms"])
        for n, arm in enumerate("abba")
    ]


def test_a_void_turn_was_not_counted(summary):
    everything = list(counted_windows(summary()))
    assert list(counted_windows(summary(void=[1, 3]))) == [everything[0], everything[2]]


def test_where_nothing_tells_of_times_none_is_named(summary):
    assert list(counted_windows(summary(counted_ms=0))) == []
    assert list(counted_windows(replace(summary(), began_ms=None))) == []
    assert list(counted_windows(replace(summary(), turns=None))) == []
