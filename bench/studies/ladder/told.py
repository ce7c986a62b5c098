"""What a ladder says: its table a stack, and the numbers of three sentences about all of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.answer.shown.numbers import number
from bench.studies.experiment.contrasts import UNTOLD, Told, judge
from bench.studies.experiment.measuring import Row
from bench.studies.ladder.bars import Bar, Interval, bar_of, interval
from bench.studies.ladder.rungs import LADDERS, TOTALS, steps

OWN = ("input", "hop")  # a framework's own are what comes before the first of these


def table_of_ladder(stack: str, rows: Sequence[Row]) -> Iterator[str]:
    """A row a rung: what it adds in each scenario, µs of CPU with its interval."""
    told = {one.contrast.name: one for one in judge(LADDERS[stack](), rows)}
    bars = {scenario: bar_of(stack, scenario, rows) for scenario in TOTALS}
    rungs = [step.name for step in max((list(steps(stack, s)) for s in TOTALS), key=len)]
    yield f"| rung | {' | '.join(TOTALS)} |"
    yield f"|---|{'---|' * len(TOTALS)}"
    for rung in rungs:
        cells = [_added(rung, told.get(f"{name}: {rung}"), bars[name]) for name in TOTALS]
        yield f"| {rung} | {' | '.join(cells)} |"
    totals = [
        f"**{number(mean)}** ({_span(*ends)})"
        for mean, *ends in (bar.whole for bar in bars.values())
    ]
    yield f"| all | {' | '.join(totals)} |"


def _added(rung: str, told: Told | None, bar: Bar) -> str:
    if told is None:
        return number(bar.of(rung)[0]) if rung in bar.added else ""
    if told.word == UNTOLD:
        return UNTOLD
    return f"{_signed(told.value)} ({_signed(told.low)} to {_signed(told.high)})"


def _signed(value: float) -> str:
    return f"{value:+.1f}" if abs(value) < 99.95 else f"{value:+,.0f}"


def _span(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def sentences(values: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """What the three sentences name, as text; values: rows by stack.

    A range reaches over all stacks that are meant, and over the interval of each.
    """
    gets, lists = ({s: bar_of(s, name, rows) for s, rows in values.items()} for name in TOTALS[:2])
    asgi = [stack for stack in gets if stack.startswith("fastapi")]
    with_orm = [stack for stack, bar in gets.items() if "orm" in bar.added]
    return {
        "before": {
            name: _range(before_the_app(bar) for stack, bar in gets.items() if name in stack)
            for name in ("fastapi", "flask", "django")
        },
        "hops": _range(gets[stack].of("hop", "second hop") for stack in asgi),
        "driver": _range(bar.of("driver") for bar in gets.values()),
        "orm": _range(gets[stack].of("orm") for stack in with_orm),
        "beyond": _range(beyond_the_rows(bar) for bar in lists.values()),
        "objects": _range((lists[stack].of("orm") for stack in with_orm), 1000),
        "response": _range((bar.of("response") for bar in lists.values()), 1000),
    }


def before_the_app(bar: Bar) -> Interval:
    names = list(bar.added)
    first = min(names.index(name) for name in OWN if name in names)
    return bar.of(*names[:first])


def beyond_the_rows(bar: Bar) -> Interval:
    """Percent of the whole that comes after what sqlite3 gives."""
    names = list(bar.added)
    read = bar.sums(*names[: names.index("driver") + 1])
    return interval([100 * (1 - up / all) for up, all in zip(read, bar.sums(*names), strict=True)])


def _range(intervals: Iterator[Interval], unit: float = 1) -> str:
    _, lows, highs = zip(*intervals, strict=True)
    return _span(min(lows) / unit, max(highs) / unit)
