"""Two campaigns in one figure: one against the other where they agree, else beside each other."""

import textwrap
from collections.abc import Sequence

from matplotlib import pyplot
from matplotlib.figure import Figure

from bench.answer.answer import Agreement, Answer, ScenarioAnswer
from bench.answer.shown.about import place
from bench.answer.shown.drawn.bars import PALE, draw_arm
from bench.answer.shown.drawn.colours import COLOURS
from bench.answer.shown.panels import framework

WIDTH = 7.5  # inches
WIDE = 92  # characters of a title's line
ABOUT = """\
Each against all arms of its own campaign: what all share is the machine's, and cancels.
Line: 95 % interval, for all arms of a scenario together."""


def repetition(agreement: Agreement) -> Figure:
    """An arm's time in the second campaign by that in the first; 1 where nothing moved."""
    shifts = agreement.shifts
    scenarios = list(dict.fromkeys(shift.scenario for shift in shifts))
    figure, axes = pyplot.subplots(
        figsize=(WIDTH, 1.4 + 0.2 * (len(shifts) + len(scenarios))), layout="constrained"
    )
    row, places, labels = 0.0, list[float](), list[str]()
    margin = axes.get_yaxis_transform()
    for scenario in scenarios:
        axes.text(0.0, row, scenario, weight="bold", va="center", transform=margin)
        for shift in (shift for shift in shifts if shift.scenario == scenario):
            row += 1
            colour = COLOURS[framework(shift.arm)]
            axes.plot(
                [shift.interval.low, shift.interval.high], [row, row], color=colour, linewidth=2
            )
            axes.plot(shift.times, row, "o", color=colour, markersize=4)
            places, labels = [*places, row], [*labels, shift.arm]
        row += 1.2
    axes.axvline(1, color=PALE, linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:.2f}×")
    axes.xaxis.set_minor_formatter("{x:.2f}×")
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    axes.set_xlabel("times as long in the second campaign as in the first")
    title = f"{agreement.second} and {agreement.first} {agreement.line}"
    figure.suptitle(textwrap.fill(title, WIDE), x=0.01, ha="left")
    figure.supxlabel(ABOUT, fontsize=6.5, color=PALE, x=0.01, ha="left")
    return figure


def beside(scenarios: Sequence[ScenarioAnswer], answers: Sequence[Answer]) -> Figure:
    """A panel each, in the same order of arms and on the same axis; nothing is compared."""
    arms = list(dict.fromkeys(value.arm for one in scenarios for value in one.values))
    figure, every = pyplot.subplots(
        *(1, len(scenarios)),
        sharex=True,
        sharey=True,
        squeeze=False,
        figsize=(WIDTH, 1.6 + 0.42 * len(arms)),
        layout="constrained",
    )
    for axes, scenario, answer in zip(every[0], scenarios, answers, strict=True):
        stacks = {arm.label: arm.stack for arm in answer.arms}
        for value in scenario.values:
            draw_arm(axes, arms.index(value.arm), value, COLOURS[framework(stacks[value.arm])])
        about = textwrap.fill(f"{answer.campaigns[0]}: {place(answer)}", 48)
        axes.set_title(about, fontsize=7, fontweight="normal", color=PALE)
        axes.set_xlabel(scenario.unit)
    axes.set_yticks(range(len(arms)), arms)
    axes.invert_yaxis()
    values = [value for one in scenarios for value in one.values]
    ends = [max(value.sessions.values()) for value in values if value.sessions]
    axes.set_xlim(0, 1.4 * max(ends, default=1))
    title = f"{scenarios[0].name}: under unequal conditions, not compared"
    figure.suptitle(title, x=0.01, ha="left")
    return figure
