"""Every figure of an answer, as files: an overview and one a scenario; those of two campaigns."""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from matplotlib import pyplot
from matplotlib.figure import Figure

from bench.answer.answer import Agreement, Answer
from bench.answer.shown.about import place
from bench.answer.shown.drawn.bars import draw, finding
from bench.answer.shown.drawn.colours import THEMES
from bench.answer.shown.drawn.overview import overview
from bench.answer.shown.drawn.repetition import beside, repetition
from bench.answer.shown.drawn.vector import write_svg
from bench.answer.shown.numbers import shown
from bench.answer.shown.panels import REQUESTS

STYLE = str(Path(__file__).parent / "figure.mplstyle")
PAPER = Path(__file__).parents[4] / "paper" / "published.json"
ORDER = list(REQUESTS)
KINDS = ("svg", "png")


def draw_all(answer: Answer, out: Path, kinds: Sequence[str] = KINDS) -> None:
    """An overview for light and for dark pages, and a figure a scenario, in that folder."""
    paper = json.loads(PAPER.read_text())
    with styled():
        if any(scenario.ratios for scenario in answer.scenarios) and not answer.changes:
            for theme in THEMES:
                text = f"{answer.headline}. {place(answer)}."
                about = f"All scenarios, for {theme} pages"
                write_figure(overview(answer, theme), out / f"overview-{theme}", about, text, kinds)
        for scenario in answer.scenarios:
            name = f"{ORDER.index(scenario.name) + 1}-{scenario.name}"
            text = "; ".join(_spoken(answer, scenario.name))
            about = paper["approximate"].get(scenario.name, ())
            figure = draw(scenario, answer, paper[scenario.name], about)
            write_figure(figure, out / name, finding(scenario, answer), text, kinds)


def draw_agreement(agreement: Agreement, out: Path, kinds: Sequence[str] = KINDS) -> None:
    """How the second of two campaigns moved against the first, in that folder."""
    with styled():
        title = f"{agreement.second} against {agreement.first}: {agreement.line}"
        told = "; ".join(f"{s.scenario}, {s.arm}: {s.times:.3f}" for s in agreement.shifts)
        write_figure(repetition(agreement), out / "agreement", title, told, kinds)


def draw_beside(answers: Sequence[Answer], out: Path, kinds: Sequence[str] = KINDS) -> None:
    """Two campaigns of unequal conditions, a panel each and no number between them."""
    with styled():
        for place_, name in enumerate(ORDER, start=1):
            found = [s for answer in answers for s in answer.scenarios if s.name == name]
            if len(found) == len(answers):
                title = f"{name}, {' and '.join(a.campaigns[0] for a in answers)}, not compared"
                told = "; ".join(line for a in answers for line in _spoken(a, name))
                write_figure(beside(found, answers), out / f"{place_}-{name}", title, told, kinds)


def styled() -> AbstractContextManager[None]:
    """How all figures look. After a reset: a matplotlibrc here, or at home, is read unasked."""
    return pyplot.style.context([STYLE], after_reset=True)


def write_figure(figure: Figure, path: Path, title: str, text: str, kinds: Sequence[str]) -> None:
    """path: without the end of its name; title and text: for who does not see it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if "svg" in kinds:
        write_svg(figure, path.with_name(f"{path.name}.svg"), title, text)
    if "png" in kinds:
        figure.savefig(path.with_name(f"{path.name}.png"))
    pyplot.close(figure)


def _spoken(answer: Answer, scenario: str) -> Iterator[str]:
    """What a figure shows, for who hears it."""
    for found in answer.scenarios:
        if found.name == scenario:
            for value in found.values:
                yield f"{value.arm} {shown(value, found.unit)}"
