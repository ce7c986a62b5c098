"""k6's own summary of a run, as k6/lib/summary.js writes it: all numbers come from it."""

from pathlib import Path

import msgspec

from bench.keep.record import Record


class Times(Record, frozen=True, kw_only=True):
    """Response times in ms of the answers with the right status, of the counted parts."""

    count: int
    avg: float | None
    min: float | None
    med: float | None
    max: float | None
    ms: list[float | None]  # below which the percentage of the grid at the same place lies


class ArmSummary(Record, frozen=True, kw_only=True):
    """What a run tells of one arm; requests to bytes_received of all parts, the rest as counted."""

    requests: int
    failed: int
    iterations: int
    bytes_received: int
    times: Times
    iteration_mean_ms: float | None
    iteration_max_ms: float | None


class Turns(Record, frozen=True, kw_only=True):
    """How the arms took turns, and what each turn gave; slices of a turn stand one by one."""

    connect: list[str]
    order: list[str]  # of arms, a turn each
    slices: int  # equal parts of a turn that are counted apart
    connect_ms: int
    gap_ms: int
    lead_in_ms: int
    counted_ms: int  # 0: a turn is a number of requests
    lead_out_ms: int
    requests: int  # of a turn, with those that are not counted; 0: a turn takes a time
    not_counted: int
    count: list[int]  # of each turn's slices in order: answers with the right status
    mean_ms: list[float | None]
    void: list[int]  # places in order of turns that began while a user still waited elsewhere

    def has_void(self, arm: str) -> bool:
        """Whether one of this arm's own turns is void: then what is told of all of them is not."""
        return any(self.order[place] == arm for place in self.void)


class Summary(Record, frozen=True, kw_only=True):
    began_ms: float | None  # of the first iteration, by the machine's clock
    seconds: float  # from there to the last one's end
    dropped: int
    grid: list[float]  # percentages, for all arms
    arms: dict[str, ArmSummary]
    turns: Turns | None = None


class Distribution(Record, frozen=True, kw_only=True):
    """Response times: how many, and the ms below which each percentage of them lies."""

    count: int
    percentages: list[float]
    ms: list[float]


def read_summary(path: Path) -> Summary:
    """OSError or msgspec.ValidationError (a ValueError) where it is absent or broken."""
    return msgspec.json.decode(path.read_bytes(), type=Summary)


def distribution(summary: Summary, arm: str) -> Distribution | None:
    """Of the arm's counted requests in this run; None where there are none, or a turn is void."""
    times = summary.arms[arm].times
    if not times.count or (summary.turns and summary.turns.has_void(arm)):
        return None
    known = [ms for ms in times.ms if ms is not None]
    return Distribution(count=times.count, percentages=summary.grid, ms=known)
