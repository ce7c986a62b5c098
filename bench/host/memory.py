"""Whether all arms fit into this machine's memory at the same time, and k6 beside them."""

from collections.abc import Sequence

import psutil

from bench import Mistake

GIB = 2**30
FOR_K6 = 3 * GIB  # at most: on a small machine it gets a quarter


def available_bytes() -> int:
    """How much memory programs can still get without anything being swapped out."""
    return int(psutil.virtual_memory().available)


def for_k6() -> int:
    """How much of this machine's memory k6 may take."""
    return min(FOR_K6, int(psutil.virtual_memory().total) // 4)


def must_fit(held: Sequence[int | None], to_start: int) -> None:
    """A Mistake where so many more arms do not fit beside those that hold this much each.

    The largest of those stands for each that is to start; where nothing is told of any, nothing is
    refused.
    """
    largest = max((bytes for bytes in held if bytes is not None), default=0)
    needed, available = largest * to_start + for_k6(), available_bytes()
    if needed > available:
        arms = len(held) + to_start
        all_of_them = f"{arms} arms together" if arms > 1 else "one arm"
        who = f"{to_start} more and k6 need" if to_start else "k6 needs"
        raise Mistake(
            f"this machine's memory is too small for {all_of_them}: {who} {needed / GIB:.1f} GiB,"
            f" and {available / GIB:.1f} GiB are available; measure fewer stacks, or with fewer"
            " workers"
        )
