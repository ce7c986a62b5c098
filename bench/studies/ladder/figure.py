"""What a request costs, rung by rung, as one figure: a bar a stack, a panel a scenario."""

from collections.abc import Mapping, Sequence

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.answer.shown.drawn.colours import THEMES
from bench.studies.experiment.measuring import Row
from bench.studies.ladder.bars import Bar, bar_of
from bench.studies.ladder.rungs import TOTALS

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
NAMES = {"drf": "REST framework", "hop": "thread hops", "orm": "ORM", "input": "input's validation"}
TITLE = "What a request costs the server: µs of CPU, from the server to the stack itself"
HINT = (
    "Totals compare between stacks, rungs only within one. Lines below a bar: 95 % intervals of"
    " what its rungs add, and of the whole."
)


def draw_ladder(values: Mapping[str, Sequence[Row]], theme: str) -> Figure:
    """values: by stack. theme: light or dark."""
    colours = THEMES[theme]
    figure, spots = pyplot.subplots(len(TOTALS), 1, figsize=(10, 2 + 1.55 * len(TOTALS)))
    figure.set_facecolor(colours["paper"])
    for axes, scenario in zip(spots, TOTALS, strict=True):
        bars = [bar_of(stack, scenario, rows) for stack, rows in values.items()]
        _draw(axes, scenario, sorted(bars, key=lambda bar: bar.whole), colours)
    named = [kind for kind in KINDS if kind != "second hop"]
    handles = [Rectangle((0, 0), 1, 1, color=KINDS[kind]) for kind in named]
    words = [NAMES.get(kind, kind) for kind in named]
    legend = figure.legend(
        handles, words, loc="lower left", ncols=len(named), fontsize=7.5, frameon=False,
        columnspacing=1.2, handlelength=1, handletextpad=0.4, bbox_to_anchor=(0.005, 0.03),
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(colours["ink"])
    figure.text(0.01, 0.972, TITLE, color=colours["ink"], size=11, weight="bold", va="center")
    figure.text(0.01, 0.02, HINT, color=colours["mute"], size=7.5, va="center")
    figure.subplots_adjust(left=0.145, right=0.97, top=0.91, bottom=0.13, hspace=0.38)
    return figure


def _draw(axes: Axes, scenario: str, bars: Sequence[Bar], colours: Mapping[str, str]) -> None:
    axes.set_facecolor(colours["paper"])
    for at, bar in enumerate(bars):
        right = left = 0.0
        for name in bar.added:
            value, low, high = bar.of(name)
            start = right if value >= 0 else left + value
            axes.barh(at, abs(value), left=start, color=KINDS[name], height=0.56,
                      edgecolor=colours["paper"], linewidth=0.5, clip_on=False)  # fmt: skip
            right, left = (right + value, left) if value >= 0 else (right, left + value)
            end = right if value >= 0 else left
            _line(axes, end + low - value, end + high - value, at + 0.36, KINDS[name], 1.6)
        total, low, high = bar.whole
        _line(axes, low, high, at, colours["ink"], 1.4)
        axes.text(max(right, high), at, f"  {total:,.0f} µs", color=colours["ink"],
                  size=8, va="center")  # fmt: skip
    axes.set_yticks(range(len(bars)), [bar.stack for bar in bars], color=colours["ink"], size=8)
    axes.invert_yaxis()
    axes.set_title(scenario, loc="left", color=colours["ink"], size=9, weight="bold")
    axes.tick_params(axis="x", colors=colours["mute"], labelsize=7)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.margins(x=0.09)


def _line(axes: Axes, low: float, high: float, at: float, colour: str, width: float) -> None:
    axes.plot([low, high], [at, at], color=colour, linewidth=width, solid_capstyle="butt",
              clip_on=False)  # fmt: skip
