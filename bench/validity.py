"""Which measurements do not count: a rule has a code and a reason; none looks at the result."""

from dataclasses import dataclass

from bench.loadgen import Load
from bench.profile import Scenario

GRACEFUL_STOP = 30  # seconds that k6 waits at the end of a window for open requests, then cuts off


@dataclass(frozen=True)
class Problem:
    code: str
    why: str


def problems_of(
    scenario: Scenario, load: Load, disagreement: str | None, same_workers: bool
) -> list[Problem]:
    """Why this measurement does not count; an empty list if it does."""
    found = []
    if load.exit_status != 0:
        # 99: a threshold failed; 105: stopped by a signal; 107: the script threw; -9: killed.
        found.append(Problem("k6-exit", f"k6 ended with status {load.exit_status}"))
    if load.requests == 0 or load.mean_ms is None:
        # k6 exits 0 where every iteration throws or its summary cannot be written.
        found.append(Problem("no-result", "k6 tells of no answered request"))
    if load.failed:
        found.append(Problem("failed", f"{load.failed} of {load.requests} requests failed"))
    if load.dropped:
        found.append(Problem("dropped", f"{load.dropped} iterations were not made"))
    planned = scenario.iterations or load.iterations
    if not load.requests == load.iterations == planned:
        counts = f"{load.requests} requests in {load.iterations} iterations, {planned} planned"
        found.append(Problem("count", counts))
    if scenario.seconds and load.seconds >= scenario.seconds + GRACEFUL_STOP:
        # What k6 cuts off is in none of its counts, not even among the failed.
        found.append(Problem("cut-off", f"requests were still open after {load.seconds:.0f} s"))
    if disagreement:
        # An app that answers without doing the work is not fast.
        found.append(Problem("rows", f"the database disagrees: {disagreement}"))
    if not same_workers:
        found.append(Problem("workers", "a worker died or was started during the measurement"))
    return found
