"""The plan: who has a turn when is drawn at random, by a seed, and nobody is left out."""

from collections import Counter

from hypothesis import given, settings
from hypothesis.strategies import booleans, integers

from bench.keep.plan import draw_block, draw_turns

ANY_SEED = integers(0, 2**32 - 1)
unhurried = settings(deadline=None, database=None)


def labels(number):
    return [f"arm_{n}" for n in range(number)]


def draw(arms, blocks, seed, together):
    """The sessions of all blocks."""
    drawn = [draw_block(labels(arms), block, seed, together) for block in range(1, 1 + blocks)]
    return [session for block in drawn for session in block]


@unhurried
@given(integers(1, 8), integers(1, 20), ANY_SEED, booleans())
def test_every_arm_is_measured_once_in_every_block(arms, blocks, seed, together):
    drawn = draw(arms, blocks, seed, together)
    for block in range(1, 1 + blocks):
        measured = [arm for session in drawn if session.block == block for arm in session.arms]
        assert sorted(measured) == labels(arms)


@unhurried
@given(integers(1, 8), integers(1, 20), ANY_SEED, booleans())
def test_sessions_are_numbered_from_one_and_no_two_share_a_name(arms, blocks, seed, together):
    drawn = draw(arms, blocks, seed, together)
    assert [session.number for session in drawn] == list(range(1, 1 + len(drawn)))
    assert len({session.name for session in drawn}) == len(drawn)
    assert len(drawn) == blocks * (1 if together else arms)


@unhurried
@given(integers(2, 8), ANY_SEED)
def test_together_a_session_has_all_arms_and_alone_one(arms, seed):
    assert [len(one.arms) for one in draw(arms, 3, seed, together=True)] == [arms] * 3
    assert [len(one.arms) for one in draw(arms, 3, seed, together=False)] == [1] * 3 * arms


@unhurried
@given(integers(1, 8), integers(1, 20), ANY_SEED, booleans())
def test_the_same_seed_draws_the_same_plan(arms, blocks, seed, together):
    assert draw(arms, blocks, seed, together) == draw(arms, blocks, seed, together)


def test_another_seed_draws_another_plan():
    assert len({str(draw(5, 5, seed, together=False)) for seed in range(10)}) == 10


@unhurried
@given(integers(1, 20), integers(1, 20), ANY_SEED)
def test_a_block_that_is_added_later_changes_no_earlier_one(planned, extra, seed):
    assert draw(5, planned + extra, seed, together=True)[:planned] == draw(5, planned, seed, True)


def test_over_many_blocks_every_arm_has_every_place():
    orders = [[s.arms[0] for s in draw_block(labels(5), n, 1, together=False)] for n in range(500)]
    for column in zip(*orders, strict=True):
        assert all(60 <= times <= 140 for times in Counter(column).values())


# Turns


def turns(arms=5, rounds=8, seed=1, session=1, scenario="get", run=1):
    return draw_turns(labels(arms), rounds, seed, session, scenario, run)


@unhurried
@given(integers(1, 8), integers(1, 20), ANY_SEED)
def test_every_arm_connects_once_and_has_one_turn_in_every_round(arms, rounds, seed):
    connect, order = turns(arms, rounds, seed)
    assert sorted(connect) == labels(arms)
    assert len(order) == arms * rounds
    for first in range(0, len(order), arms):
        assert sorted(order[first : first + arms]) == labels(arms)


def test_every_run_of_every_scenario_of_every_session_has_an_order_of_its_own():
    changed = [{}, {"seed": 2}, {"session": 2}, {"scenario": "list"}, {"run": 2}]
    assert len({str(turns(**change)) for change in changed}) == len(changed)
    assert turns() == turns()


def test_in_which_order_the_arms_are_named_does_not_matter():
    drawn = draw_turns(["a", "b", "c"], 8, 1, 1, "get", 1)
    assert draw_turns(["c", "a", "b"], 8, 1, 1, "get", 1) == drawn


def test_no_arm_follows_the_same_other_one_throughout():
    _, order = turns(rounds=200)
    followed = Counter(zip(order, order[1:], strict=False))
    assert max(followed.values()) < 2 * 200 / 5
