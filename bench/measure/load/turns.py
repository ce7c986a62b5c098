"""How arms take turns: what a profile says of it, what k6 is told, and when a turn was counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.keep.summary import Summary

TIMES = ("connect_ms", "stagger_ms", "gap_ms", "lead_in_ms", "counted_ms", "lead_out_ms")
MOST_RUNS = 4  # k6/lib/items.js has prices for so many that never meet


@dataclass(frozen=True)
class Turns:
    """How arms take turns in a scenario; a turn takes a time, or else a number of requests."""

    runs: int  # of k6, a session
    rounds: int  # a run
    connect_ms: int = 0  # for each arm, before the first turn
    stagger_ms: int = 0  # from one user's first request to the next one's
    gap_ms: int = 0  # users wait until the old turn's requests are answered
    lead_in_ms: int = 0
    counted_ms: int = 0
    lead_out_ms: int = 0
    requests: int = 0
    not_counted: int = 0  # of those, at the beginning of a turn
    slices: int = 1  # equal parts of what is counted, told apart

    @property
    def turn_ms(self) -> int:
        return self.gap_ms + self.lead_in_ms + self.counted_ms + self.lead_out_ms

    def run_seconds(self, arms: int) -> float:
        """What a run takes by the clock; 0 where its turns are numbers of requests."""
        return arms * (self.connect_ms + self.rounds * self.turn_ms) / 1000


def read_turns(name: str, options: dict[str, Any]) -> Turns:
    """Of a scenario of a profile; ValueError, KeyError or TypeError where it is none."""
    by_requests = "requests" in options
    parts = ("requests", "not_counted") if by_requests else (*TIMES, "slices")
    must_be_known(options, ("runs", "rounds", *parts))
    runs, rounds = count(options, "runs"), count(options, "rounds")
    if runs > MOST_RUNS:
        raise ValueError(f"{name} has more than {MOST_RUNS} runs")
    if by_requests:
        requests, not_counted = count(options, "requests"), _whole(options, "not_counted")
        if not_counted >= requests:
            raise ValueError(f"{name} counts none of a turn's requests")
        return Turns(runs, rounds, requests=requests, not_counted=not_counted)
    times = {time: _whole(options, time) for time in TIMES}
    slices = count(options, "slices") if "slices" in options else 1
    if times["counted_ms"] < slices or times["counted_ms"] % slices:
        raise ValueError(f"{name}'s counted_ms is no multiple of {slices}")
    return Turns(runs, rounds, slices=slices, **times)


def told_to_k6(
    turns: Turns,
    urls: Mapping[str, str],
    users: int,
    drawn: tuple[Sequence[str], Sequence[str]],
    run: int,
    request_timeout_ms: int,
    done: Mapping[str, int],
) -> dict[str, Any]:
    """What k6/lib/turns.js reads: which arm is where, and in which order they get their turns.

    drawn has the order of connecting and that of all turns; done, by arm, how many items of the
    shuffled ids are deleted already.
    """
    connect, order = drawn
    return {
        **{name: value for name, value in asdict(turns).items() if name not in ("runs", "rounds")},
        "arms": dict(urls),
        "users": users,
        "connect": list(connect) if turns.connect_ms else [],
        "order": list(order),
        "run": run,
        "request_timeout_ms": request_timeout_ms,
        "done": dict(done),
    }


def counted_windows(summary: Summary) -> Iterator[tuple[str, float, float]]:
    """Arm, begin and end of each counted part that is not void, in ms of the machine's clock.

    None where turns take no time, or k6 does not tell when it began.
    """
    turns = summary.turns
    if turns is None or summary.began_ms is None or not turns.counted_ms:
        return
    length = turns.gap_ms + turns.lead_in_ms + turns.counted_ms + turns.lead_out_ms
    first = summary.began_ms + len(turns.connect) * turns.connect_ms
    for place, arm in enumerate(turns.order):
        if place not in turns.void:
            begin = first + place * length + turns.gap_ms + turns.lead_in_ms
            yield arm, begin, begin + turns.counted_ms


def must_be_known(data: dict[str, Any], known: Sequence[str]) -> None:
    """A ValueError where it says more: what k6 obeys and nobody here knows would change a load."""
    unknown = sorted({*data} - {*known})
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is not known here; what is: {', '.join(known)}")


def count(data: dict[str, Any], key: str) -> int:
    number = data[key]
    if type(number) is not int or number < 1:
        raise ValueError(f"{key} is a whole number from 1 on")
    return number


def _whole(data: dict[str, Any], key: str) -> int:
    number = data[key]
    if type(number) is not int or number < 0:
        raise ValueError(f"{key} is a whole number, 0 or more")
    return number
