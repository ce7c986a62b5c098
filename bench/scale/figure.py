"""Throughput and CPU against replicas, as one figure: a column a scenario."""

from collections.abc import Mapping, Sequence

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.answer.shown.drawn.colours import COLOURS
from bench.scale.record import Scaling
from bench.scale.told import Interval, Line

TITLE = "requests/s, and CPU of app and database, by replicas (dashed: each as much as the first)"


def draw_scaling(plan: Scaling, lines: Sequence[Line]) -> Figure:
    """Means with their 95 % intervals; dashed: as if each replica gave as much as the first."""
    columns = len(plan.scenarios)
    figure, spots = pyplot.subplots(
        2, columns, figsize=(1.2 + 1.9 * columns, 4.6), squeeze=False, sharex=True
    )
    for column, scenario in enumerate(plan.scenarios):
        found = [line for line in lines if line.scenario == scenario]
        _throughput(spots[0][column], found)
        _cpu(spots[1][column], found)
        spots[0][column].set_title(scenario)
    spots[0][0].set_ylabel("requests/s")
    spots[1][0].set_ylabel("CPU, ms a request")
    for axes in spots[1]:
        axes.set_xticks(sorted(plan.replicas))
        axes.set_xlabel("replicas")
    figure.suptitle(f"{plan.stack}: {TITLE}", x=0.01, ha="left")
    figure.tight_layout()
    return figure


def _throughput(axes: Axes, found: Sequence[Line]) -> None:
    told = {line.replicas: line.per_s for line in found if line.per_s}
    _drawn(axes, told, COLOURS["fastapi"])
    if told:
        fewest = min(told)
        perfect = [told[fewest][0] * replicas / fewest for replicas in told]
        axes.plot([*told], perfect, linestyle="--", color=COLOURS["rule"])


def _cpu(axes: Axes, found: Sequence[Line]) -> None:
    _drawn(axes, {line.replicas: line.cpu_ms for line in found if line.cpu_ms}, COLOURS["flask"])


def _drawn(axes: Axes, told: Mapping[int, Interval], colour: str) -> None:
    """Means with their intervals, by replicas."""
    means = [mean for mean, _, _ in told.values()]
    below = [mean - low for mean, low, _ in told.values()]
    above = [high - mean for mean, _, high in told.values()]
    axes.errorbar([*told], means, yerr=[below, above], marker="o", color=colour)
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0)
