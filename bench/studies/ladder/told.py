"""What a ladder says: its table a stack, and the numbers of three sentences about all of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.answer.shown.numbers import number
from bench.studies.experiment.contrasts import UNTOLD, Told, judge
from bench.studies.experiment.measuring import Row
from bench.studies.ladder.bars import Bar, bar_of
from bench.studies.ladder.rungs import LADDERS, TOTALS, steps

OWN = ("input", "hop")  # a framework's own are what comes before the first of these


def table_of_ladder(stack: str, rows: Sequence[Row]) -> Iterator[str]:
    """A row a rung: what it adds in each scenario, µs of CPU with its interval."""
    told = {one.contrast.name: one for one in judge(LADDERS[stack](), rows)}
    bars = {scenario: bar_of(stack, scenario, rows) for scenario in TOTALS}
    rungs = dict.fromkeys(step.name for scenario in TOTALS for step in steps(stack, scenario))
    yield f"| rung | {' | '.join(TOTALS)} |"
    yield f"|---|{'---|' * len(TOTALS)}"
    for rung in rungs:
        cells = [_added(rung, told.get(f"{name}: {rung}"), bars[name]) for name in TOTALS]
        yield f"| {rung} | {' | '.join(cells)} |"
    totals = [f"**{number(bar.total)}** ({_span(bar.low, bar.high)})" for bar in bars.values()]
    yield f"| all | {' | '.join(totals)} |"


def _added(rung: str, told: Told | None, bar: Bar) -> str:
    if told is None:
        first = dict(bar.parts).get(rung)
        return "" if first is None else number(first)
    if told.word == UNTOLD:
        return UNTOLD
    return f"{_signed(told.value)} ({_signed(told.low)} to {_signed(told.high)})"


def _signed(value: float) -> str:
    return f"{value:+.1f}" if abs(value) < 99.95 else f"{value:+,.0f}"


def _span(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def sentences(values: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """What the three sentences name, as text; values: rows by stack."""
    gets, lists = ({s: bar_of(s, name, rows) for s, rows in values.items()} for name in TOTALS[:2])
    asgi = [stack for stack in gets if stack.startswith("fastapi")]
    with_orm = [stack for stack, bar in gets.items() if "orm" in dict(bar.parts)]
    return {
        "before": {
            name: _range(before_the_app(bar) for stack, bar in gets.items() if name in stack)
            for name in ("fastapi", "flask", "django")
        },
        "hops": _range(added(gets[stack], "hop", "second hop") for stack in asgi),
        "driver": _range(added(bar, "driver") for bar in gets.values()),
        "orm": _range(added(gets[stack], "orm") for stack in with_orm),
        "beyond": _range(100 * (1 - up_to(b, "driver") / b.total) for b in lists.values()),
        "objects": _range(added(lists[stack], "orm") / 1000 for stack in with_orm),
        "response": _range(added(bar, "response") / 1000 for bar in lists.values()),
    }


def added(bar: Bar, *rungs: str) -> float:
    return sum(value for name, value in bar.parts if name in rungs)


def up_to(bar: Bar, rung: str) -> float:
    """What a request costs with this rung and all before it."""
    names = [name for name, _ in bar.parts]
    return sum(value for _, value in bar.parts[: names.index(rung) + 1])


def before_the_app(bar: Bar) -> float:
    names = [name for name, _ in bar.parts]
    first = min(names.index(name) for name in OWN if name in names)
    return sum(value for _, value in bar.parts[:first])


def _range(values: Iterator[float]) -> str:
    """57.3 to 60.1, or one number where they are alike."""
    found = sorted(values)
    low, high = number(found[0]), number(found[-1])
    return low if low == high else f"{low} to {high}"
