"""What k6's runs tell of one arm in one scenario, added up: when measuring and when checking."""

from collections.abc import Iterator, Sequence

from bench.keep.record import Load
from bench.keep.summary import ArmSummary, Summary, Turns


def load_of(summaries: Sequence[Summary], arm: str, users: int, k6_cpu_s: float | None) -> Load:
    """The sum over these runs; one that does not tell of this arm is left out."""
    told = [(summary, summary.arms[arm]) for summary in summaries if arm in summary.arms]
    parts = [part for summary, of_arm in told for part in _counted(summary, of_arm, arm)]
    turns = [turns for summary, _ in told if (turns := summary.turns)]
    return Load(
        requests=sum(of_arm.requests for _, of_arm in told),
        failed=sum(of_arm.failed for _, of_arm in told),
        iterations=sum(of_arm.iterations for _, of_arm in told),
        bytes_received=sum(of_arm.bytes_received for _, of_arm in told),
        counted=sum(count for count, _, _ in parts),
        counted_s=sum(seconds for _, seconds, _ in parts),
        mean_ms=_mean([(count, mean) for count, _, mean in parts]),
        max_ms=_max([of_arm.times.max for _, of_arm in told]),
        iteration_mean_ms=_mean([(one.times.count, one.iteration_mean_ms) for _, one in told]),
        iteration_max_ms=_max([of_arm.iteration_max_ms for _, of_arm in told]),
        elsewhere=_elsewhere([(s.turns, one) for s, one in told if s.turns], arm, users),
        turns=sum(run.order.count(arm) for run in turns),
        void=sum(run.order[place] == arm for run in turns for place in run.void),
        k6_cpu_s=k6_cpu_s,
    )


def _counted(
    summary: Summary, of_arm: ArmSummary, arm: str
) -> Iterator[tuple[int, float, float | None]]:
    """Of each part that counts: how many answers, in how many seconds, their mean in ms."""
    if summary.turns is None:
        yield of_arm.times.count, summary.seconds, of_arm.times.avg
        return
    turns = summary.turns
    for place, whose in enumerate(turns.order):
        if whose == arm and place not in turns.void:
            for part in range(place * turns.slices, (place + 1) * turns.slices):
                count, mean = turns.count[part], turns.mean_ms[part]
                yield count, _seconds(turns, count, mean), mean


def _seconds(turns: Turns, count: int, mean_ms: float | None) -> float:
    """How long a part was counted; one user's requests themselves say it where no time is set."""
    if turns.requests:
        return count * (mean_ms or 0.0) / 1000
    return turns.counted_ms / turns.slices / 1000


def _elsewhere(told: Sequence[tuple[Turns, ArmSummary]], arm: str, users: int) -> float | None:
    """The share of the users' time that their counted requests do not fill.

    Only of runs in which none of its turns is void: k6 tells one mean of a whole run.
    """
    asked = planned = 0.0
    for turns, of_arm in told:
        if not turns.has_void(arm) and of_arm.iteration_mean_ms is not None:
            asked += of_arm.times.count * of_arm.iteration_mean_ms / 1000
            planned += users * turns.order.count(arm) * turns.counted_ms / 1000
    return 1 - asked / planned if planned else None


def _mean(parts: Sequence[tuple[int, float | None]]) -> float | None:
    """The mean of all, from how many and the mean of each part."""
    known = [(count, mean) for count, mean in parts if mean is not None]
    total = sum(count for count, _ in known)
    return sum(count * mean for count, mean in known) / total if total else None


def _max(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
