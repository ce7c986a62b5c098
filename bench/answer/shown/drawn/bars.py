"""A scenario as a figure: who takes how long, who is not told apart, and what the paper had."""

import textwrap
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from typing import Any

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.answer.answer import Answer, ScenarioAnswer, Value
from bench.answer.limiter import WRITES
from bench.answer.shown.drawn.colours import COLOURS
from bench.answer.shown.numbers import shown, times
from bench.answer.shown.panels import EQUAL, REQUESTS, UNTOLD, framework, untold

PALE = COLOURS["mute"]
OF_PAPER = "\nThe paper: arithmetic means of five runs, on another machine."
WIDTH = 7.5  # inches
WIDE = 92  # characters of a title's line


def draw(
    scenario: ScenarioAnswer,
    answer: Answer,
    published: Mapping[str, float | None],
    about: Collection[str] = (),
) -> Figure:
    """A bar for an arm's mean, a dot for each session that counts; published: the paper's.

    about: the arms of which the paper says a round number.
    """
    stacks = {arm.label: arm.stack for arm in answer.arms}
    # Beside a stack as the paper had it, not beside every variant of one.
    plain = {v.arm: published.get(v.arm) for v in scenario.values if v.arm == stacks[v.arm]}
    paper = plain if answer.like_paper and any(plain.values()) else {}
    figure, every = pyplot.subplots(
        *(1, 2 if paper else 1),
        sharey=True,
        squeeze=False,
        width_ratios=[4, 1] if paper else [1],
        figsize=(WIDTH, 1.5 + 0.42 * len(scenario.values)),
        layout="constrained",
    )
    axes = every[0][0]
    for row, value in enumerate(scenario.values):
        draw_arm(axes, row, value, COLOURS[framework(stacks[value.arm])])
    for first, last, text in groups(scenario):
        _bracket(axes, first, last, text)
    if paper:
        arms = [value.arm for value in scenario.values]
        told = ["≈ " if arm in about else "" for arm in arms]
        _draw_paper(every[0][1], [paper.get(arm) for arm in arms], told)
    better = "higher" if scenario.unit == "requests/s" else "lower"
    axes.set_yticks(range(len(scenario.values)), [name(v, scenario) for v in scenario.values])
    axes.invert_yaxis()
    ends = [max(value.value, *value.sessions.values()) for value in scenario.values if value.value]
    axes.set_xlim(0, 1.3 * max(ends, default=1))
    axes.set_xlabel(f"{scenario.unit} ({better} is better)")
    figure.suptitle(textwrap.fill(finding(scenario, answer), WIDE), x=0.01, ha="left")
    caption = scenario.caption + OF_PAPER * bool(paper)
    figure.supxlabel(caption, fontsize=6.5, color=PALE, x=0.01, ha="left")
    return figure


def finding(scenario: ScenarioAnswer, answer: Answer) -> str:
    """What the scenario says, as a title."""
    changes = [change for change in answer.changes if change.scenario == scenario.name]
    told = [
        f"{change.stack} takes {times(change.times)} times as long: {change.word}"
        if change.interval
        else f"{change.stack}: {change.word}"
        for change in changes
    ]
    return f"{REQUESTS[scenario.name]}: {'; '.join(told) or scenario.headline}"


def groups(scenario: ScenarioAnswer) -> Iterator[tuple[int, int, str]]:
    """First and last row of neighbours of whom no two are told apart, and the word for it."""
    places = {value.arm: row for row, value in enumerate(scenario.values)}
    words = {
        frozenset((places[ratio.faster], places[ratio.slower])): untold(ratio)
        for ratio in scenario.ratios
        if ratio.interval
    }
    reached = 0
    for first in range(len(places)):
        last = first
        while last + 1 < len(places) and all(
            words.get(frozenset((row, last + 1))) for row in range(first, last + 1)
        ):
            last += 1
        if last > max(first, reached):
            reached = last
            within = {words[frozenset(pair)] for pair in combinations(range(first, last + 1), 2)}
            yield first, last, EQUAL if within == {EQUAL} else UNTOLD


def draw_arm(axes: Axes, row: int, value: Value, colour: str) -> None:
    if value.value is None:
        text = f" no valid session of {value.attempted}"
        axes.text(0, row, text, va="center", color="#b00020")
        return
    dots = list(value.sessions.values())
    axes.barh(row, value.value, height=0.56, color=colour, alpha=0.5)
    axes.plot(dots, [row] * len(dots), "o", markersize=3, color=colour, alpha=0.6, clip_on=False)
    end = max(*dots, value.value)
    axes.annotate(
        shown(value, "").strip(), (end, row), (6, 0), textcoords="offset points", va="center"
    )


def name(value: Value, scenario: ScenarioAnswer) -> str:
    """The arm; under it how many requests a write has at work, and what was lost or is doubtful."""
    doubts = [f"{value.in_flight} at work"] * (scenario.name in WRITES)
    if 0 < value.counted < value.planned:
        doubts.append(f"{value.counted} of {value.planned} valid")
    if value.suspect:
        doubts.append(f"{value.suspect} suspect")
    return "\n".join([value.arm, ", ".join(doubts)] if doubts else [value.arm])


def _bracket(axes: Axes, first: int, last: int, text: str) -> None:
    """Right of the bars, over the rows that it holds together."""
    across = axes.get_yaxis_transform()
    there = len([line for line in axes.lines if line.get_gid() == "bracket"])
    x = 0.97 - 0.1 * (there % 2)
    corners = ([x - 0.01, x, x, x - 0.01], [first - 0.2, first - 0.2, last + 0.2, last + 0.2])
    axes.plot(*corners, color=PALE, linewidth=0.9, transform=across, gid="bracket")
    how: dict[str, Any] = {"rotation": 90, "va": "center", "fontsize": 7, "color": PALE}
    word = text.replace(" told", "\ntold")
    axes.text(x + 0.008, (first + last) / 2, word, transform=across, **how)


def _draw_paper(axes: Axes, values: list[float | None], signs: list[str]) -> None:
    """On an axis of its own: other machine, other system, five runs."""
    for row, value in enumerate(values):
        if value is None:
            axes.text(0, row, " not published", va="center", color=PALE, fontsize=7)
            continue
        axes.barh(row, value, height=0.56, color="#c4c8cc")
        axes.annotate(
            f"{signs[row]}{value:,g}", (value, row), (3, 0), textcoords="offset points", va="center"
        )
    axes.set_xlim(0, 1.6 * max(value or 0 for value in values))
    axes.tick_params(labelleft=False)
    axes.set_title("the paper", fontsize=8, fontweight="normal", color=PALE)
