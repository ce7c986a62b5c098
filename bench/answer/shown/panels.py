"""The panels of a page: a scenario each, and how many times as long its arms take, on one axis."""

import math
from collections.abc import Iterator
from typing import Any

from bench.answer.answer import Answer, ChangeAnswer, Interval, Ratio, ScenarioAnswer, Value
from bench.answer.shown.numbers import Axis, number, shown, span, times

FRAMEWORKS = {"django": "Django", "fastapi": "FastAPI", "flask": "Flask"}
EQUAL, UNTOLD = "within 5 %", "not told apart"
REQUESTS = {  # in the paper's order
    "hello": "GET /hello",
    "echo": "POST /echo",
    "list": "GET /items/",
    "get": "GET /items/{id}",
    "create": "POST /items/",
    "update": "PUT /items/{id}",
    "delete": "DELETE /items/{id}",
}


def axis_of(answer: Answer) -> Axis:
    """One for all panels, so that they can be compared with one another."""
    ratios = [change.times for change in answer.changes]
    for change in answer.changes:
        ratios += [change.interval.low, change.interval.high] if change.interval else []
    for scenario in [] if answer.changes else answer.scenarios:
        first = scenario.values[0].arm
        for ratio in scenario.ratios:
            if ratio.faster == first:
                ratios += [ratio.times]
                ratios += [ratio.interval.low, ratio.interval.high] if ratio.interval else []
    return Axis([ratio for ratio in ratios if 0 < ratio < math.inf])


def panel(
    answer: Answer, scenario: ScenarioAnswer, names: dict[str, str], axis: Axis
) -> dict[str, Any]:
    changes = [change for change in answer.changes if change.scenario == scenario.name]
    first = scenario.values[0].arm
    stacks = {arm.label: arm.stack for arm in answer.arms}
    rows = [_row(scenario, value, first, stacks, names, axis) for value in scenario.values]
    if changes:
        rows = [_row_of_change(change, axis) for change in changes]
    users = "1 user" if scenario.users == 1 else f"{scenario.users} users"
    against = "before the change" if changes else f"with {first}"
    return {
        "name": scenario.name,
        "about": f"{REQUESTS[scenario.name]}, {users}",
        "headline": "" if changes else scenario.headline,
        "caption": f"time a request takes, as a multiple of that {against}",
        "of": "stack" if changes else "arm",
        "unit": scenario.unit,
        "ticks": _ticks(axis) if scenario.ratios else [],
        "rows": rows,
    }


def _ticks(axis: Axis) -> list[dict[str, Any]]:
    return [
        {"at": axis.place(tick), "value": tick, "text": f"{tick:g}×", "near": axis.is_near(tick)}
        for tick in axis.ticks
    ]


def _row(
    scenario: ScenarioAnswer,
    value: Value,
    first: str,
    stacks: dict[str, str],
    names: dict[str, str],
    axis: Axis,
) -> dict[str, Any]:
    stack, same = stacks[value.arm], value.arm == first
    ratio = next((r for r in scenario.ratios if {r.faster, r.slower} == {value.arm, first}), None)
    row = {
        "arm": value.arm,
        "name": names[value.arm],
        "framework": framework(stack),
        "hollow": hollow(stack),
        "value": shown(value, "").strip(),
        "times": "1×" if same and scenario.ratios else "",
        "span": "",
        "at": axis.place(1) if same and scenario.ratios else "",
        **{"from": "", "to": "", "more": "", "dots": []},
    }
    if ratio and not same:
        row |= _drawn(ratio.times, ratio.interval, axis)
        row["dots"] = list(_dots(scenario, value.arm, first, axis))
        row["more"] = "100" if ratio.bound else ""
        row["times"] = untold(ratio) or f"{times(ratio.times)}×"
        row["span"] = span(ratio.interval) if ratio.interval else ""
        if ratio.bound and ratio.interval and untold(ratio) is None:
            row["times"], row["span"] = f"≥ {times(ratio.interval.low)}×", "k6's limit"
    return row


def _row_of_change(change: ChangeAnswer, axis: Axis) -> dict[str, Any]:
    told = change.interval is not None
    return {
        "arm": change.stack,
        "name": change.stack,
        "framework": framework(change.stack),
        "hollow": hollow(change.stack),
        "value": number(change.after) if change.after is not None else "none",
        "times": _word_of_change(change),
        "span": span(change.interval) if change.interval else "",
        **{"from": "", "to": "", "at": "", "more": "", "dots": []},
        **(_drawn(change.times, change.interval, axis) if told else {}),
    }


def _word_of_change(change: ChangeAnswer) -> str:
    if change.word.startswith(("slower", "faster")):
        return f"{times(change.times)}×"
    return {"practically equal": EQUAL, "not resolved": UNTOLD}.get(change.word, change.word)


def _drawn(ratio: float, interval: Interval | None, axis: Axis) -> dict[str, str]:
    ends = {"from": axis.place(interval.low), "to": axis.place(interval.high)} if interval else {}
    return {"at": axis.place(ratio), **ends}


def _dots(scenario: ScenarioAnswer, arm: str, first: str, axis: Axis) -> Iterator[str]:
    """Each session's own ratio, of times."""
    of = {value.arm: value.sessions for value in scenario.values}
    for session in [session for session in of[arm] if session in of[first]]:
        ratio = of[arm][session] / of[first][session]
        yield axis.place(ratio if scenario.unit == "ms" else 1 / ratio)


def untold(ratio: Ratio) -> str | None:
    """What stands in place of a number where two arms are not told apart."""
    if ratio.word.startswith("faster"):
        return None
    return EQUAL if ratio.word == "practically equal" else UNTOLD


def framework(stack: str) -> str:
    """Whose colour it has."""
    name = stack.partition("_")[0]
    return name if name in FRAMEWORKS else "other"


def hollow(stack: str) -> bool:
    """An ORM, as far as the stack's name says; others are filled."""
    return stack.endswith(("sqlalchemy", "drf"))
