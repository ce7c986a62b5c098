"""What a request costs, rung by rung, as one figure: a bar a stack, a panel a scenario."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.answer.model import student
from bench.answer.shown.colours import THEMES
from bench.studies.experiment.measuring import Row
from bench.studies.ladder.rungs import LAST, TOTALS, steps

# Rungs that are of one kind have one colour; WSGI's and ASGI's bars have the same order.
KINDS = {
    "loop": "#8da0b6",
    "parser": "#5f7590",
    "framework": "#e0a030",
    "drf": "#c47a12",
    "hop": "#b7d8a8",
    "second hop": "#b7d8a8",
    "input": "#7fb069",
    "driver": "#c99bc4",
    "commit": "#a569a0",
    "orm": "#7c3f8c",
    "response": "#c9705a",
}
NAMES = {"drf": "REST framework", "hop": "thread hops", "orm": "ORM", "input": "input"}
TITLE = "What a request costs the server: µs of CPU, from the server to the stack itself"


@dataclass(frozen=True)
class Bar:
    """A stack in a scenario: what each rung adds, and the whole with its interval."""

    stack: str
    parts: Sequence[tuple[str, float]]  # µs; what is below 0 stands left of it
    total: float
    low: float
    high: float


def bar_of(stack: str, scenario: str, rows: Sequence[Row]) -> Bar:
    """Means over the sessions in which every rung counts."""
    sessions: dict[int, dict[str, float]] = {}
    for row in rows:
        if row.session and not row.problem and (row.load, row.what) == (scenario, "cpu_us"):
            sessions.setdefault(row.session, {})[row.variant] = row.value
    found = list(steps(stack, scenario))
    whole = [of for of in sessions.values() if all(step.rung in of for step in found)]
    parts = []
    for step in found:
        below = [of[step.before] if step.before else 0.0 for of in whole]
        added = [of[step.rung] - less for of, less in zip(whole, below, strict=True)]
        parts.append((step.name, fmean(added)))
    totals = [of[LAST] for of in whole]
    half = student(0.975, len(totals) - 1) * stdev(totals) / len(totals) ** 0.5
    mean = fmean(totals)
    return Bar(stack, parts, mean, mean - half, mean + half)


def draw_ladder(values: Mapping[str, Sequence[Row]], theme: str) -> Figure:
    """values: by stack. theme: light or dark."""
    colours = THEMES[theme]
    figure, spots = pyplot.subplots(len(TOTALS), 1, figsize=(10, 2 + 1.5 * len(TOTALS)))
    figure.set_facecolor(colours["paper"])
    for axes, scenario in zip(spots, TOTALS, strict=True):
        bars = [bar_of(stack, scenario, rows) for stack, rows in values.items()]
        _draw(axes, scenario, sorted(bars, key=lambda bar: bar.total), colours)
    named = [kind for kind in KINDS if kind != "second hop"]
    handles = [Rectangle((0, 0), 1, 1, color=KINDS[kind]) for kind in named]
    words = [NAMES.get(kind, kind) for kind in named]
    legend = figure.legend(handles, words, loc="lower center", ncols=len(named), fontsize=8)
    for text in legend.get_texts():
        text.set_color(colours["ink"])
    figure.suptitle(TITLE, x=0.01, ha="left", color=colours["ink"], size=11, weight="bold")
    figure.subplots_adjust(left=0.16, right=0.97, top=0.92, bottom=0.1, hspace=0.35)
    return figure


def _draw(axes: Axes, scenario: str, bars: Sequence[Bar], colours: Mapping[str, str]) -> None:
    axes.set_facecolor(colours["paper"])
    for at, bar in enumerate(bars):
        right = left = 0.0
        for name, value in bar.parts:
            start = right if value >= 0 else left + value
            axes.barh(at, abs(value), left=start, color=KINDS[name], height=0.62,
                      edgecolor=colours["paper"], linewidth=0.6)  # fmt: skip
            right, left = (right + value, left) if value >= 0 else (right, left + value)
        axes.plot([bar.low, bar.high], [at, at], color=colours["ink"], linewidth=1.4)
        axes.text(max(right, bar.high), at, f"  {bar.total:,.0f} µs", color=colours["ink"],
                  size=8, va="center")  # fmt: skip
    axes.set_yticks(range(len(bars)), [bar.stack for bar in bars], color=colours["ink"], size=8)
    axes.invert_yaxis()
    axes.set_title(scenario, loc="left", color=colours["ink"], size=9, weight="bold")
    axes.tick_params(axis="x", colors=colours["mute"], labelsize=7)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.margins(x=0.09)
