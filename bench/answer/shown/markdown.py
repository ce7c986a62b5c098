"""The answer as Markdown and as CSV, for a comment, a document or a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Sequence

from bench.answer.answer import Answer, ScenarioAnswer
from bench.answer.shown.numbers import inert, number, rank, shown, span, times

CHANGES = ("scenario", "stack", "before", "after", "times as long", "95 %", "verdict")
COLUMNS = ("scenario", "arm", "value", "rank", "times as long", "95 %", "limited by")


def as_markdown(answer: Answer) -> str:
    """The headline, then a table with a line an arm and scenario, or a line a change."""
    columns, *rows = _table(answer)
    table = [columns, ["---"] * len(columns), *rows]
    told = "\n".join(f"| {' | '.join(map(as_cell, row))} |" for row in table)
    text = f"**{as_cell(answer.headline)}**\n\n{told}\n\n{as_cell(answer.not_to_conclude)}\n"
    return text + "".join(f"- {as_cell(line)}\n" for line in answer.differing)


def as_csv(answer: Answer) -> str:
    """The same table; a cell that a spreadsheet would take for a formula has a ' before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([inert(cell) for cell in row] for row in _table(answer))
    return text.getvalue()


def _table(answer: Answer) -> Iterator[Sequence[str]]:
    if not answer.changes:
        yield COLUMNS
        yield from _rows(answer)
        return
    yield CHANGES
    for change in answer.changes:
        told = (times(change.times), span(change.interval)) if change.interval else ("", "")
        values = (change.before, change.after)
        sides = ("none" if v is None else f"{number(v)} {change.unit}" for v in values)
        yield (change.scenario, change.stack, *sides, *told, change.word)


def _rows(answer: Answer) -> Iterator[Sequence[str]]:
    for scenario in answer.scenarios:
        for value in scenario.values:
            told = _against_first(scenario, value.arm)
            yield (
                scenario.name,
                value.arm,
                shown(value, scenario.unit),
                rank(value.rank),
                *told,
                value.limiter,
            )


def _against_first(scenario: ScenarioAnswer, arm: str) -> tuple[str, str]:
    first = scenario.values[0].arm
    if arm == first:
        return "1", ""
    for ratio in scenario.ratios:
        if {ratio.faster, ratio.slower} == {arm, first}:
            return times(ratio.times), span(ratio.interval) if ratio.interval else ""
    return "", ""


def as_cell(text: str, keep: str = "") -> str:
    """As text, whatever is in it."""
    for character in "\\`*<>|[]":
        if character not in keep:
            text = text.replace(character, f"\\{character}")
    return text.replace("\n", " ")
