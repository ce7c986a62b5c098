"""The plan: blocks of random Latin squares, so that neither drift nor a place favours a stack."""

from collections import defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis.strategies import integers

from bench.keep.plan import draw_plan

ANY_SEED = integers(0, 2**32 - 1)
unhurried = settings(deadline=None, database=None)


def blocks_of(stacks, blocks, seed):
    """The stacks of each block, in order."""
    orders = defaultdict(list)
    for cell in draw_plan([f"stack_{n}" for n in range(stacks)], blocks, seed):
        orders[cell.block].append(cell.stack)
        assert cell.position == len(orders[cell.block])
    return list(orders.values())


@unhurried
@given(stacks=integers(1, 8), blocks=integers(1, 20), seed=ANY_SEED)
def test_every_stack_runs_once_in_every_block(stacks, blocks, seed):
    orders = blocks_of(stacks, blocks, seed)
    assert len(orders) == blocks
    for order in orders:
        assert sorted(order) == [f"stack_{n}" for n in range(stacks)]


@unhurried
@given(stacks=integers(1, 8), blocks=integers(1, 20), seed=ANY_SEED)
def test_over_as_many_blocks_as_stacks_every_stack_has_every_position_once(stacks, blocks, seed):
    orders = blocks_of(stacks, blocks, seed)
    for first in range(0, blocks, stacks):
        for column in zip(*orders[first : first + stacks], strict=True):
            assert len(set(column)) == len(column)


@unhurried
@given(stacks=integers(4, 8), squares=integers(1, 3), seed=ANY_SEED)
def test_no_stack_follows_the_same_other_one_throughout_a_square(stacks, squares, seed):
    orders = blocks_of(stacks, squares * stacks, seed)
    for first in range(0, len(orders), stacks):
        predecessors = defaultdict(set)
        for order in orders[first : first + stacks]:
            for before, after in pairwise(order):
                predecessors[after].add(before)
        assert all(len(different) > 1 for different in predecessors.values())


@unhurried
@given(stacks=integers(1, 8), blocks=integers(1, 20), seed=ANY_SEED)
def test_the_same_seed_draws_the_same_plan(stacks, blocks, seed):
    assert blocks_of(stacks, blocks, seed) == blocks_of(stacks, blocks, seed)


def test_another_seed_draws_another_plan():
    assert len({str(blocks_of(5, 5, seed)) for seed in range(10)}) == 10


@unhurried
@given(stacks=integers(1, 8), blocks=integers(1, 20), seed=ANY_SEED)
def test_no_two_cells_of_a_plan_share_a_name(stacks, blocks, seed):
    plan = draw_plan([f"stack_{n}" for n in range(stacks)], blocks, seed)
    assert len({cell.name for cell in plan}) == len(plan) == stacks * blocks
