"""Where async begins to pay, as one figure: requests a second, and what wait and CPU allow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.answer.shown.drawn.colours import THEMES
from bench.studies.experiment.measuring import Row
from bench.studies.why.waiting import USERS, WAITING, WAITS, WAYS, label

WORKERS = 2
NAMES = {
    "flask_2": "Flask, 2 threads",
    "flask_40": "Flask, 40 threads",
    "flask_50": "Flask, 50 threads",
    "fastapi_def_40": "FastAPI def, 40 threads",
    "fastapi_def_50": "FastAPI def, 50 threads",
    "fastapi_async": "FastAPI async, psycopg",
    "fastapi_asyncpg": "FastAPI async, asyncpg",
}
TITLE = "A query that waits: requests/s of two workers"
HINT = (
    "Dots: 10 and 100 users, a dot a session. Bar: min(users, requests in flight) / (wait +"
    " service), or what the CPU allows, by the mean CPU of a request: a faster session may lie"
    " above it."
)


@dataclass(frozen=True)
class Point:
    """A way under a load: its sessions, and what wait and CPU allow."""

    way: str
    users: int
    per_s: Sequence[float]
    by_wait: float
    by_cpu: float

    @property
    def bound(self) -> float:
        return min(self.by_wait, self.by_cpu)


def points(rows: Sequence[Row], wait: int, cpus: int) -> Iterator[Point]:
    """cpus: that server and database have. service is the CPU that a request takes of them."""
    for way in WAYS:
        for users in USERS:
            found: dict[str, list[float]] = {"per_s": [], "cpu_us": [], "database_us": []}
            for row in rows:
                place = row.part, row.load, row.variant
                if place == (WAITING.name, label(wait, users), way) and row.session:
                    if row.what in found and not row.problem:
                        found[row.what].append(row.value)
            if found["per_s"]:
                service = (fmean(found["cpu_us"]) + fmean(found["database_us"])) / 1e6
                in_flight = min(users, WORKERS * WAYS[way][2])
                by_wait = in_flight / (wait / 1000 + service)
                yield Point(way, users, found["per_s"], by_wait, cpus / service)


def draw_waiting(rows: Sequence[Row], cpus: int, theme: str) -> Figure:
    """A panel a wait, a line a way."""
    colours = THEMES[theme]
    figure, spots = pyplot.subplots(1, len(WAITS), figsize=(10, 3.6), sharey=True)
    figure.set_facecolor(colours["paper"])
    for axes, wait in zip(spots, WAITS, strict=True):
        _draw(axes, wait, list(points(rows, wait, cpus)), colours)
    figure.text(0.01, 0.95, TITLE, color=colours["ink"], size=11, weight="bold", va="center")
    figure.text(0.01, 0.03, HINT, color=colours["mute"], size=7.5, va="center")
    figure.subplots_adjust(left=0.17, right=0.98, top=0.82, bottom=0.16, wspace=0.12)
    return figure


def _draw(axes: Axes, wait: int, found: Sequence[Point], colours: Mapping[str, str]) -> None:
    axes.set_facecolor(colours["paper"])
    shades = dict(zip(USERS, (colours["flask"], colours["fastapi"]), strict=True))
    for point in found:
        at = [*WAYS].index(point.way) + (0.16 if point.users == USERS[0] else -0.16)
        colour = shades[point.users]
        axes.plot([point.bound] * 2, [at - 0.15, at + 0.15], color=colour, linewidth=2.2)
        axes.plot(point.per_s, [at] * len(point.per_s), marker="o", markersize=3.2, linestyle="",
                  color=colour, markeredgewidth=0)  # fmt: skip
    axes.set_yticks(range(len(WAYS)), [NAMES[way] for way in WAYS], color=colours["ink"], size=8)
    axes.set_ylim(len(WAYS) - 0.5, -0.5)
    axes.set_xlim(left=0)
    title = f"{wait} ms" if wait else "no wait"
    axes.set_title(title, loc="left", color=colours["ink"], size=9, weight="bold")
    axes.tick_params(axis="x", colors=colours["mute"], labelsize=7)
    axes.tick_params(axis="y", length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    if wait == WAITS[0]:
        for users, y in zip(USERS, (0.9, 0.8), strict=True):
            axes.text(0.97, y, f"{users} users", color=shades[users], size=7.5,
                      transform=axes.transAxes, ha="right")  # fmt: skip
