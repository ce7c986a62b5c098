"""What a page holds folded: every number and every pair of a scenario, and each of its sessions."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from bench.answer.answer import Answer, Moment, Ratio, ScenarioAnswer, Value
from bench.answer.shown.numbers import number, of_sessions, rank, shown, span, times

CLOSED_LOOP = (
    "Response times are those of users who wait for an answer before they ask again: who comes"
    " when they like waits longer where a server is busy. A percentile is shown as far as there"
    " are requests enough beyond it."
)


def numbers_table(scenario: ScenarioAnswer, names: dict[str, str]) -> dict[str, Any]:
    """A line an arm, a line a pair."""
    beside = any(value.database_cpu_s_per_1000 is not None for value in scenario.values)
    percentiles = list(dict.fromkeys(p for value in scenario.values for p in value.percentiles))
    heads = [scenario.unit, "rank", "CPU s/1000", *(["database's"] if beside else [])]
    heads += ["MB", "in flight", *(f"p{p} ms" for p in percentiles), "sessions"]
    return {
        "name": scenario.name,
        "heads": heads,
        "rows": [
            {
                "name": names[value.arm],
                "cells": list(_cells(value, beside, percentiles)),
                "limiter": value.limiter,
            }
            for value in scenario.values
        ],
        "note": CLOSED_LOOP,
        "pairs": [
            {
                "faster": names[ratio.faster],
                "slower": names[ratio.slower],
                "times": times(ratio.times),
                "span": span(ratio.interval) if ratio.interval else "",
                "word": _verdict(ratio),
            }
            for ratio in scenario.ratios
        ],
    }


def _cells(value: Value, beside: bool, percentiles: Sequence[str]) -> Iterator[str]:
    yield shown(value, "").strip()
    yield rank(value.rank)
    costs = [value.cpu_s_per_1000, *([value.database_cpu_s_per_1000] if beside else [])]
    yield from ("" if cost is None else number(cost) for cost in costs)
    yield "" if value.peak_bytes is None else f"{value.peak_bytes / 1e6:.0f}"
    yield str(value.in_flight)
    yield from (number(value.percentiles[p]) if p in value.percentiles else "" for p in percentiles)
    yield of_sessions(value)


def _verdict(ratio: Ratio) -> str:
    if ratio.sessions is None:
        return ratio.word
    least, most = (f"{count:.0f}" for count in (ratio.sessions.low, ratio.sessions.high))
    return f"{ratio.word}: {least if least == most else f'{least} to {most}'} sessions might tell"


def strip(answer: Answer, scenario: str) -> dict[str, Any]:
    """A scenario's sessions one after the other: up is slower, the line is the mean."""
    moments = [one.scenarios[scenario] for one in answer.sessions if scenario in one.scenarios]
    levels = [moment.level for moment in moments if moment.level is not None]
    marks = [
        {"x": f"{2 + 96 * place / max(1, len(moments) - 1):.1f}", **_mark(moment)}
        for place, moment in enumerate(moments)
    ]
    spread = f"between {min(levels):.2f} and {max(levels):.2f} times their mean" if levels else ""
    return {
        "name": scenario,
        "marks": marks,
        "about": f"{scenario}: {len(moments)} sessions {spread}",
    }


def _mark(moment: Moment) -> dict[str, str]:
    height = 50 - 160 * math.log(moment.level or 1.0)
    kind = "invalid" if moment.invalid else "suspect" if moment.suspect else "level"
    return {"y": f"{min(95.0, max(5.0, height)):.0f}", "kind": kind}
