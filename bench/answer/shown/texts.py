"""Blocks of text that README, docs and paper show, made from answers by the templates in texts/."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench import Mistake
from bench.answer.answer import Answer, Ratio, ScenarioAnswer
from bench.answer.shown.about import place
from bench.answer.shown.numbers import number, percent, shown, span, times
from bench.answer.shown.panels import untold
from bench.answer.shown.terminal import counts, lines_of

FOLDER = Path(__file__).parent / "texts"
BLOCK = re.compile(r"(<!-- made: (.*?) -->\n?).*?(<!-- end -->)", re.DOTALL)


def with_blocks(text: str, known: Mapping[str, Any]) -> str:
    """A document whose blocks are made anew; a Mistake where one has no template."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= FILTERS

    def made(found: re.Match[str]) -> str:
        template = f"{found[2]}.md.j2"
        if not (FOLDER / template).exists():
            raise Mistake(f"{template} is missing: no block of text is called {found[2]}")
        text = environment.get_template(template).render(known)
        end = "\n" if found[1].endswith("\n") else ""  # else it is part of a sentence
        return f"{found[1]}{text.strip()}{end}{found[3]}"

    return BLOCK.sub(made, text)


def _scenario(answer: Answer, name: str) -> ScenarioAnswer:
    return next(scenario for scenario in answer.scenarios if scenario.name == name)


def _shown(scenario: ScenarioAnswer, at: int) -> str:
    return f"{shown(scenario.values[at], scenario.unit)} ({scenario.values[at].arm})"


def _of(scenario: ScenarioAnswer, arm: str) -> str:
    return next(shown(value, "").strip() for value in scenario.values if value.arm == arm)


def _ratio(scenario: ScenarioAnswer, one: int, other: int) -> str:
    """4.04 times as long (3.92 to 4.17)."""
    arms = {scenario.values[one].arm, scenario.values[other].arm}
    found = next(ratio for ratio in scenario.ratios if {ratio.faster, ratio.slower} == arms)
    if (word := untold(found)) or found.interval is None:
        return word or "longer"
    return f"{times(found.times)} times as long ({span(found.interval)})"


def _pair(scenario: ScenarioAnswer, one: str, other: str) -> Ratio:
    return next(r for r in scenario.ratios if {r.faster, r.slower} == {one, other})


def _multiple(answer: Answer, arm: str, one: str, other: str) -> str:
    """How many times as long one scenario takes as another: 24.4."""
    first, second = (
        next(value.value for value in _scenario(answer, name).values if value.arm == arm)
        for name in (one, other)
    )
    return number(first / second) if first and second else "none"


def _least(answer: Answer) -> str:
    told = [one.told_from for one in answer.scenarios if one.told_from is not None]
    return f"{percent(min(told))} to {percent(max(told))}"


def _told_apart(answer: Answer) -> str:
    pairs = [ratio for scenario in answer.scenarios for ratio in scenario.ratios]
    return f"{sum(untold(ratio) is None for ratio in pairs)} of {len(pairs)}"


def _terminal(answer: Answer) -> str:
    return "\n".join(lines_of(answer))


def _without_controls(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, controls=[])


FILTERS = {
    "without_controls": _without_controls,
    **{"pair": _pair, "multiple": _multiple, "span": span, "times": times, "number": number},
    **{"place": place, "scenario": _scenario, "shown": _shown, "of": _of, "ratio": _ratio},
    **{"least": _least, "told_apart": _told_apart, "counts": counts, "terminal": _terminal},
}
