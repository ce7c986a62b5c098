"""All scenarios in one figure: how many times as long each arm takes, as on the page."""

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.answer.answer import Answer
from bench.answer.shown.about import frameworks, place, reading
from bench.answer.shown.drawn.colours import THEMES
from bench.answer.shown.numbers import short
from bench.answer.shown.panels import EQUAL, UNTOLD, axis_of, panel

COLUMNS, WIDTH = 2, 10.0  # inches
# In parts of a panel's width: where its names end, its values, its axis, its ratios.
NAME, VALUE, FROM, TO = 0.0, 0.355, 0.385, 0.71
WIDE = 110  # characters of a line
MARKS = "Line: 95 % interval, for all pairs of a scenario together. Small dots: sessions."


def overview(answer: Answer, theme: str) -> Figure:
    """A panel a scenario on one logarithmic axis; theme: light or dark."""
    colours, axis = THEMES[theme], axis_of(answer)
    names = short([arm.label for arm in answer.arms if not arm.control])
    panels = [panel(answer, scenario, names, axis) for scenario in answer.scenarios]
    lines = math.ceil((len(panels) + 1) / COLUMNS)
    high = 0.6 + max(len(panel["rows"]) for panel in panels) * 0.22
    figure, every = pyplot.subplots(
        lines, COLUMNS, figsize=(WIDTH, 1.0 + lines * high), squeeze=False
    )
    room = 0.85 / figure.get_figheight()
    figure.subplots_adjust(
        left=0.01, right=0.99, top=1 - room, bottom=0.01, wspace=0.06, hspace=0.28
    )
    figure.set_facecolor(colours["paper"])
    spots = [axes for row in every for axes in row]
    for axes in spots:
        axes.set_axis_off()
    for axes, found in zip(spots, panels, strict=False):
        _draw_panel(axes, found, colours)
    _draw_key(spots[len(panels)], answer, colours)
    title = textwrap.fill(answer.headline, WIDE)
    figure.text(0.01, 1 - 0.2 * room, title, color=colours["ink"], size=11, weight="bold", va="top")
    return figure


def _draw_panel(axes: Axes, panel: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    rows = panel["rows"]
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.4, -1.0)
    bold: dict[str, Any] = {"color": colours["ink"], "size": 9.5, "va": "center"}
    pale: dict[str, Any] = {"color": colours["mute"], "size": 7.5, "va": "center"}
    axes.set_title("")
    axes.text(NAME, -1.6, panel["name"], weight="bold", **bold)
    axes.text(NAME + 0.13, -1.6, panel["about"], **pale)
    axes.text(VALUE, -0.8, panel["unit"], ha="right", **pale)
    axes.text(1, -0.8, "times as long", ha="right", **pale)
    for tick in panel["ticks"]:
        at, one = _across(tick["at"]), tick["value"] == 1
        axes.plot([at, at], [-0.5, len(rows) - 0.5], color=colours["mute" if one else "rule"],
                  linewidth=1.2 if one else 0.8, zorder=0, clip_on=False)  # fmt: skip
        axes.text(at, -0.8, tick["text"], ha="center", **pale)
    for at, row in enumerate(rows):
        _draw_row(axes, at, row, colours)


def _draw_row(axes: Axes, at: int, row: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    colour = colours[row["framework"]]
    text: dict[str, Any] = {"color": colours["ink"], "va": "center"}
    axes.text(NAME, at, row["name"], size=8, **text)
    axes.text(VALUE, at, row["value"], size=8, ha="right", **text)
    is_told = row["span"] and row["times"] not in (EQUAL, UNTOLD)
    told = f"{row['times']} ({row['span']})" if is_told else row["times"]
    axes.text(1, at, told, size=8, ha="right", **text)
    if row["from"]:
        ends = [_across(row["from"]), _across(row["to"])]
        axes.plot(ends, [at, at], color=colour, linewidth=2.2, clip_on=False)
    if row["more"]:
        ends = [_across(row["to"]), _across(row["more"])]
        axes.plot(ends, [at, at], color=colour, linewidth=1.5, linestyle=":", clip_on=False)
    # One line for all dots of a row, each a short stroke with round ends.
    across = [x for dot in row["dots"] for x in (_across(dot), _across(dot) + 1e-3, math.nan)]
    axes.plot(across, [at + 0.31] * len(across), color=colour, alpha=0.6, linewidth=1.7,
              solid_capstyle="round", clip_on=False)  # fmt: skip
    if row["at"]:
        fill = colours["paper"] if row["hollow"] else colour
        axes.plot(_across(row["at"]), at, "o", color=colour, markerfacecolor=fill, markersize=5,
                  markeredgewidth=1.6, clip_on=False)  # fmt: skip


def _draw_key(axes: Axes, answer: Answer, colours: Mapping[str, str]) -> None:
    """How to read it, in the place of an eighth panel."""
    axes.set_xlim(0, 1)
    axes.set_ylim(1, 0)
    text: dict[str, Any] = {"color": colours["ink"], "size": 8.5, "va": "center"}
    axes.text(0, 0.02, "How to read it", weight="bold", **text | {"size": 9.5})
    for spot, (name, word) in enumerate(frameworks(answer)):
        axes.plot(0.01 + spot * 0.2, 0.16, "o", color=colours[name], markersize=5.5)
        axes.text(0.03 + spot * 0.2, 0.16, word, **text)
    told = [f"Filled: sqlite3; hollow: ORM. {reading(answer)}", MARKS, f"{place(answer)}."]
    lines = "\n".join(textwrap.fill(text, 74) for text in told)
    axes.text(0, 0.26, lines, linespacing=1.4, **text | {"va": "top"})


def _across(per_cent: str) -> float:
    """From the place on the page's axis to that in a panel."""
    return FROM + (TO - FROM) * float(per_cent) / 100
