"""The page of a campaign: one file that holds all of its answer. It formats, and computes nothing.

Where a mark lies is arithmetic too, but no number that is read.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bench.answer.answer import Answer
from bench.answer.shown.about import database, facts, frameworks, place, reading, rows, told
from bench.answer.shown.details import numbers_table, strip
from bench.answer.shown.markdown import as_csv, as_markdown
from bench.answer.shown.numbers import GAP, STEPS, short
from bench.answer.shown.panels import EQUAL, UNTOLD, axis_of, hollow, panel

FOLDER = Path(__file__).parent / "page"


def page(answer: Answer) -> str:
    """The same answer gives the same bytes: there is no clock and no path in it."""
    css, js = ((FOLDER / f"report.{kind}").read_text() for kind in ("css", "js"))
    names = short([arm.label for arm in answer.arms if not arm.control])
    axis = axis_of(answer)
    scripts = {"css": Markup(css), "js": Markup(js), "css_hash": _hash(css), "js_hash": _hash(js)}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            answer=answer,
            names=names,
            arms=sorted(names),
            title=answer.headline.partition(";")[0],
            place=place(answer),
            told=told(answer),
            facts=list(facts(answer)),
            reading=reading(answer),
            frameworks=frameworks(answer),
            both_layers=len({hollow(arm.stack) for arm in answer.arms}) > 1,
            default_base="the fastest of each scenario",
            panels=[panel(answer, scenario, names, axis) for scenario in answer.scenarios],
            rows=rows(answer),
            lines=[*answer.differing, *answer.lacking],
            tables=[numbers_table(scenario, names) for scenario in answer.scenarios],
            strips=[strip(answer, scenario.name) for scenario in answer.scenarios],
            how=_how(answer),
            conditions=list(_conditions(answer)),
            data=_data(answer),
            kept=msgspec.to_builtins(answer),
            **scripts,
        )
    )


def index(answers: Mapping[str, Answer]) -> str:
    """Of several campaigns, by the link to the page of each."""
    css = (FOLDER / "report.css").read_text()
    template = _environment().get_template("index.html.j2")
    found = list(answers.values())
    return template.render(
        links=list(answers),
        answers=found,
        places=[place(answer) for answer in found],
        css=Markup(css),
        css_hash=_hash(css),
    )


def _environment() -> Environment:
    """Everything is text: autoescape for each template, whatever it is called."""
    loader = FileSystemLoader(FOLDER)
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, lstrip_blocks=True
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _how(answer: Answer) -> str:
    if not any(value.planned > 1 for s in answer.scenarios for value in s.values):
        return "Each arm was measured in one session, with fresh servers and a fresh database."
    return (
        "In each session all arms have fresh servers, each with a fresh database, all up at the"
        " same time; in each scenario they take turns of a fraction of a second, in an order drawn"
        " at random. A session is what counts as one measurement; intervals are those of ratios"
        " within sessions."
    )


def _conditions(answer: Answer) -> Iterator[tuple[str, str]]:
    of = answer.conditions
    yield "Profile", of.profile.name
    yield "Engine", of.engine
    yield "Database", database(answer)
    yield "k6", of.k6
    yield "Machine", f"{of.machine.cpu}, {of.machine.cpus} CPUs, {of.machine.memory_gib} GiB"
    yield "System", f"{of.machine.system} {of.machine.kernel} ({of.machine.architecture})"
    yield "Workers", " or ".join(sorted({str(arm.settings.workers) for arm in answer.arms}))
    yield "Commit", answer.commit or "unknown"


def _data(answer: Answer) -> dict[str, Any]:
    """What the script needs beside the answer itself."""
    return {
        "choose": len(answer.arms) > 1 and not answer.changes,
        "words": {"practically equal": EQUAL, "not resolved": UNTOLD},
        "steps": STEPS,
        "gap": GAP,
        "csv": as_csv(answer),
        "markdown": as_markdown(answer),
    }
