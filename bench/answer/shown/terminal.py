"""The answer on a terminal: what matters first, whole in 80 columns; a line a scenario."""

import textwrap
from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from bench.answer.answer import Answer, ChangeAnswer, Ratio, ScenarioAnswer, Value
from bench.answer.shown.numbers import number, of_sessions, percent, rank, shown, span, times

WIDTH, MARGIN = 80, 8


def lines_of(answer: Answer) -> Iterator[str]:
    """The headline, a line a scenario or change, and from which difference on it tells."""
    yield from textwrap.wrap(answer.headline, WIDTH)
    yield ""
    for change in answer.changes:
        yield from _under(change.scenario, _of_change(change))
    for scenario in [] if answer.changes else answer.scenarios:
        yield from _under(scenario.name, _of_scenario(scenario))
    yield ""
    first = counts(answer) + _tells(answer)
    for line in [first, *answer.controls, *answer.differing, answer.not_to_conclude]:
        yield from textwrap.wrap(line, WIDTH, break_on_hyphens=False)


def _under(name: str, text: str) -> Iterator[str]:
    """The name in a margin, and the text beside it."""
    wrapped = textwrap.wrap(text, WIDTH - MARGIN, break_on_hyphens=False)
    for place, line in enumerate(wrapped):
        yield f"{name if not place else '':{MARGIN}}{line}"


def _of_scenario(scenario: ScenarioAnswer) -> str:
    """Who is fastest, by how much, how sure."""
    if len(scenario.values) == 1:
        (value,) = scenario.values
        return f"{value.arm}: {shown(value, scenario.unit)}"
    first = [value.arm for value in scenario.values if value.rank and value.rank.low == 1]
    if not first:
        return scenario.headline
    text = f"{shown(scenario.values[0], scenario.unit)}. {scenario.headline}"
    if len(first) == len(scenario.values) == 2:
        text += f" {_of_pair(scenario.ratios[0])}."
    return text


def _of_pair(ratio: Ratio) -> str:
    """b takes 1.04 times as long as a (0.98 to 1.10): not resolved."""
    told = f" ({span(ratio.interval)})" if ratio.interval else ""
    return f"{ratio.slower} takes {times(ratio.times)} times as long as {ratio.faster}{told}"


def pair_lines(answer: Answer) -> Iterator[str]:
    """Of every scenario every pair."""
    for scenario in answer.scenarios:
        for ratio in scenario.ratios:
            yield from _under(scenario.name, f"{_of_pair(ratio)}: {ratio.word}")


def _of_change(change: ChangeAnswer) -> str:
    """Of one stack, before and after."""
    values = (change.before, change.after)
    before, after = ("none" if v is None else f"{number(v)} {change.unit}" for v in values)
    text = f"{change.stack}: {before} before, {after} after"
    if change.interval:
        text += f"; {times(change.times)} times as long ({span(change.interval)})"
    return f"{text}: {change.word}"


def counts(answer: Answer) -> str:
    """How many measurements count."""
    valid, suspect, invalid = (
        sum(getattr(session, kind) for session in answer.sessions)
        for kind in ("valid", "suspect", "invalid")
    )
    line = f"{valid + suspect:,} of {valid + suspect + invalid:,} measurements count"
    return line + (f", {suspect} of them suspect." if suspect else ".")


def _tells(answer: Answer) -> str:
    """From which difference on they tell."""
    told = [scenario.told_from for scenario in answer.scenarios if scenario.told_from is not None]
    if not told:
        return ""
    return f" Arms are told apart from {percent(min(told))} to {percent(max(told))} on."


def full_table(answer: Answer) -> Table:
    """A line an arm and scenario: how fast, how sure, what it cost, what limited it."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    titles = ("geometric\nmean", "times\nas long", "95 %\ninterval", "rank")
    for title in (*titles, "CPU\ns/1000", "in\nflight", "valid"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("limited by", no_wrap=True)
    for scenario in answer.scenarios:
        table.add_row(f"[bold]{scenario.name}[/bold], {scenario.unit}")
        for value in scenario.values:
            table.add_row(f"  {escape(value.arm)}", *_cells(scenario, value))
    return table


def _cells(scenario: ScenarioAnswer, value: Value) -> Iterator[str]:
    first, cost, count = scenario.values[0].arm, value.cpu_s_per_1000, of_sessions(value)
    there = [r for r in scenario.ratios if (r.faster, r.slower) == (first, value.arm)]
    yield shown(value, "").strip()
    yield from (times(ratio.times) for ratio in there) if there else ("",)
    yield from (span(r.interval) if r.interval else "" for r in there) if there else ("",)
    yield rank(value.rank)
    yield "" if cost is None else number(cost)
    yield str(value.in_flight)
    yield count if value.counted >= value.planned else f"[red]{count}[/red]"
    yield value.limiter
