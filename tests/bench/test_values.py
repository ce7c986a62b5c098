"""Which planned measurements are lacking, and when one more block is to be added for them."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, floats, lists, tuples
from synthetic import campaign, noisy

from bench.keep.store import read_campaign
from bench.keep.values import Part, missing, wanted

EVERY = ("a", "b")


@pytest.fixture
def of(tmp_path):
    def of(*arguments, **options):
        options = {"scenarios": ["hello", "list"]} | options
        return read_campaign(campaign(tmp_path, "c", *arguments, **options))

    return of


def test_where_all_counts_nothing_is_missing(of):
    plan, sessions = of(EVERY, 3, suspect={("a", 1, "hello")})
    assert missing(plan, sessions) == wanted(plan, sessions) == []


@pytest.mark.parametrize("together", [True, False])
def test_what_does_not_count_is_missing(of, together):
    lost = {("a", 1, "hello"), ("b", 2, "hello"), ("b", 3, "hello"), ("b", 1, "list")}
    plan, sessions = of(EVERY, 4, lost, together=together)
    assert missing(plan, sessions) == [
        "a, hello: 3 of 4 sessions count",
        "b, hello: 2 of 4 sessions count",
        "b, list: 3 of 4 sessions count",
    ]
    assert wanted(plan, sessions) == [("a", "hello"), ("b", "hello"), ("b", "list")]


def test_what_an_added_session_gave_is_not_missing(of):
    plan, sessions = of(EVERY, 2, {("a", 1, "hello"), ("b", 2, "list")}, extra=1)
    assert missing(plan, sessions) == wanted(plan, sessions) == []
    assert wanted(plan, sessions[:2]) == [("a", "hello"), ("b", "list")]


def test_a_session_that_was_not_measured_is_missing(of):
    plan, sessions = of(["a"], 2)
    found = ["a, hello: 1 of 2 sessions count", "a, list: 1 of 2 sessions count"]
    assert missing(plan, sessions[:1]) == found
    assert missing(plan, []) == ["a: 0 of 2 sessions count"]


def test_an_arm_that_is_invalid_in_its_first_three_sessions_is_not_waited_for(of):
    plan, sessions = of(EVERY, 5, {("a", block, "list") for block in (1, 2, 3)})
    assert missing(plan, sessions) == ["a, list: 2 of 5 sessions count"]
    assert wanted(plan, sessions) == []
    assert wanted(plan, sessions[:2]) != []


def test_controls_are_waited_for_in_the_scenarios_that_they_take_part_in_alone(of):
    lost = {("control_same", 1, "hello")}
    plan, sessions = of(["flask_sqlite"], 2, lost, controls=["control_same"])
    assert missing(plan, sessions) == ["control_same, hello: 1 of 2 sessions count"]


@settings(deadline=None, database=None, max_examples=25)
@given(lists(tuples(booleans(), floats(0.5, 50)), min_size=1, max_size=5))
def test_whether_a_block_is_added_does_not_depend_on_what_a_value_was(tmp_path_factory, blocks):
    lost = {("a", block, "get") for block, (valid, _) in enumerate(blocks, 1) if not valid}
    found = []
    for ms in (noisy(), lambda arm, block, scenario: blocks[block - 1][1]):
        results = tmp_path_factory.mktemp("results")
        options = {"scenarios": ["get"], "ms": ms}
        found.append(
            wanted(*read_campaign(campaign(results, "c", ["a"], len(blocks), lost, **options)))
        )
    assert found[0] == found[1]


def test_every_session_that_counts_has_its_value(of):
    plan, sessions = of(EVERY, 3, {("a", 2, "hello")}, extra=1)
    part = Part("c", plan, tuple(sessions), EVERY)
    there = list(part.measured("hello"))
    assert [one.session.block for one in there if one.arm == "a"] == [1, 2, 3, 4]
    assert [one.session.block for one in there if one.counts and one.arm == "a"] == [1, 3, 4]
