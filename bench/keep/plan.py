"""Which cell runs when: blocks and positions of random Latin squares, drawn once from a seed."""

import random
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class PlannedCell:
    block: int  # from 1: one pass over all stacks
    position: int  # from 1: the place within the block
    stack: str

    @property
    def name(self) -> str:
        return f"{self.block}-{self.position}-{self.stack}"


def draw_plan(stacks: list[str], blocks: int, seed: int) -> list[PlannedCell]:
    """Every stack once a block; over each len(stacks) blocks every stack once at each position.

    So neither drift nor the place in a block can favour a stack (a Latin square design).
    """
    generator = random.Random(seed)
    orders: list[list[str]] = []
    while len(orders) < blocks:
        orders += _latin_square(stacks, generator)
    return [
        PlannedCell(block, position, stack)
        for block, order in enumerate(orders[:blocks], start=1)
        for position, stack in enumerate(order, start=1)
    ]


def _latin_square(stacks: list[str], generator: random.Random) -> list[list[str]]:
    """A cyclic square with its rows, columns and symbols permuted, not the same step throughout.

    Where neighbouring columns are one constant step apart, a stack always follows the same other
    one, and would carry that one's heat in every block: such squares are drawn again.
    """
    size = len(stacks)
    while True:
        rows, columns = generator.sample(range(size), size), generator.sample(range(size), size)
        steps = {(b - a) % size for a, b in pairwise(columns)}
        if len(steps) > 1 or size <= 3:
            break
    symbols = generator.sample(stacks, size)
    return [[symbols[(row + column) % size] for column in columns] for row in rows]
