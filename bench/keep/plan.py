"""Which arm has its turn when: pure functions of a plan's seed, for anybody to draw again."""

import random
from collections.abc import Sequence

from bench.keep.record import PlannedSession


def draw_block(arms: Sequence[str], block: int, seed: int, together: bool) -> list[PlannedSession]:
    """One pass over all arms in a random order: a session of all of them, or one of each."""
    order = random.Random(f"{seed}, block {block}").sample(list(arms), len(arms))
    if together:
        return [PlannedSession(number=block, block=block, arms=order)]
    first = (block - 1) * len(arms) + 1
    return [
        PlannedSession(number=first + place, block=block, arms=[arm])
        for place, arm in enumerate(order)
    ]


def draw_turns(
    arms: Sequence[str], rounds: int, seed: int, session: int, scenario: str, run: int
) -> tuple[list[str], list[str]]:
    """In which order the arms get their connections, then their turns: each once a round."""
    drawn = random.Random(f"{seed}, session {session}, {scenario}, run {run}")
    orders = [drawn.sample(sorted(arms), len(arms)) for _ in range(1 + rounds)]
    return orders[0], [arm for order in orders[1:] for arm in order]
