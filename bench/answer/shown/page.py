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
from bench.answer.shown.details import numbers_table, strip
from bench.answer.shown.markdown import as_csv, as_markdown
from bench.answer.shown.numbers import GAP, STEPS, percent, short
from bench.answer.shown.panels import EQUAL, FRAMEWORKS, UNTOLD, axis_of, framework, hollow, panel

CONTROLS = {"A/A": "The same stack twice", "dose": "More work"}
FOLDER = Path(__file__).parent / "page"
READING_OF_ONE = "One arm alone: its own numbers, nothing to compare them with."
READING = (
    "How many times as long a request takes as with the fastest; left is better. If the line"
    " reaches 1×, the two are not told apart."
)
READING_OF_CHANGES = (
    "How many times as long a request takes after the change as before it; left is faster. If the"
    " line reaches 1×, no difference is told."
)


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
            place=_place(answer),
            told=_told(answer),
            facts=list(_facts(answer)),
            reading=_reading(answer),
            frameworks=_frameworks(answer),
            both_layers=len({hollow(arm.stack) for arm in answer.arms}) > 1,
            default_base="the fastest of each scenario",
            panels=[panel(answer, scenario, names, axis) for scenario in answer.scenarios],
            rows=_rows(answer),
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
        places=[_place(answer) for answer in found],
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


def _place(answer: Answer) -> str:
    machine, cpus = answer.conditions.machine, answer.conditions.cpus.server
    pythons = sorted({arm.python for arm in answer.arms if arm.python})
    of = f"{len(cpus)} of {machine.cpus} CPUs" if cpus else f"{machine.cpus} CPUs, with k6"
    return (
        f"{machine.cpu}, {of}, {_database(answer)}, Python {' and '.join(pythons)},"
        f" {len(answer.sessions)} sessions in {answer.minutes:.0f} minutes"
    )


def _database(answer: Answer) -> str:
    database = answer.conditions.database
    if database is None:
        return "several databases"
    if database.kind == "sqlite":
        return f"SQLite ({database.journal_mode} journal)"
    return f"PostgreSQL {database.version} ({database.server})"


def _rows(answer: Answer) -> str:
    return f"{answer.conditions.database.rows:,}" if answer.conditions.database else "all"


def _reading(answer: Answer) -> str:
    if answer.changes:
        return READING_OF_CHANGES
    alone = all(len(scenario.values) == 1 for scenario in answer.scenarios)
    return READING_OF_ONE if alone else READING


def _told(answer: Answer) -> str:
    """From which difference on this campaign can tell."""
    told = [scenario.told_from for scenario in answer.scenarios if scenario.told_from is not None]
    pairs = [ratio for scenario in answer.scenarios for ratio in scenario.ratios]
    resolved = sum(ratio.word.startswith("faster") for ratio in pairs)
    if not told:
        return "Nothing is told apart: one arm, or too few sessions."
    if answer.found_from is not None:
        return (
            f"It would have found a slow-down of {answer.found_from:.0%} or more in 4 of 5 cases."
        )
    least = dict.fromkeys((percent(min(told)), percent(max(told))))
    return (
        f"{resolved} of {len(pairs)} pairs are told apart; here a difference must be about"
        f" {' to '.join(least)}, by scenario, to be seen."
    )


def _facts(answer: Answer) -> Iterator[tuple[str, str]]:
    valid, suspect, invalid = (
        sum(getattr(session, kind) for session in answer.sessions)
        for kind in ("valid", "suspect", "invalid")
    )
    counted, every = valid + suspect, valid + suspect + invalid
    yield "Valid", f"{counted:,} of {every:,}" + f", {suspect} suspect" * bool(suspect)
    for line in answer.controls:
        name, _, text = line.partition(": ")
        yield CONTROLS.get(name, name), text.partition(", known to")[0].partition("; sum of")[0]
    limited = [s.name for s in answer.scenarios if any(value.bound for value in s.values)]
    yield "k6 at its limit in", ", ".join(limited) or "none"


def _frameworks(answer: Answer) -> list[tuple[str, str]]:
    there = sorted({framework(arm.stack) for arm in answer.arms if not arm.control})
    return [(name, FRAMEWORKS.get(name, "other")) for name in there]


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
    yield "Database", _database(answer)
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
