"""The parts of the manual that are made from the code and from the committed campaigns."""

import argparse
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.answer.answer import Answer
from bench.answer.answering import KEPT, answer_of
from bench.answer.shown.page import page
from bench.arguments import parser
from bench.keep.record import Plan, Session
from bench.keep.selection import select_campaigns
from bench.keep.store import RESULTS
from bench.keep.summary import Summary
from bench.keep.thresholds import THRESHOLDS
from bench.measure.profile import FOLDER as PROFILES
from bench.measure.profile import load_profile

KINDS = {"plan.json": Plan, "session.json": Session, "answer.json": Answer, "summary": Summary}


def write_reference(folder: Path) -> None:
    """Commands with their options, profiles, and the types of what is kept."""
    folder.mkdir(exist_ok=True)
    for name, lines in (("commands", commands()), ("profiles", profiles()), ("types", types())):
        (folder / f"{name}.md").write_text("\n".join(lines) + "\n")


def write_pages(folder: Path) -> None:
    """Each committed campaign's page, with its answer beside it."""
    for campaign in sorted(RESULTS.glob("reference-*/plan.json")):
        place = folder / campaign.parent.name
        place.mkdir(parents=True, exist_ok=True)
        answer = answer_of(select_campaigns([campaign.parent]))
        (place / "report.html").write_text(page(answer))
        shutil.copy(campaign.parent / KEPT, place)


def commands() -> Iterator[str]:
    """Every action of the bench, as it describes itself."""
    (actions,) = (a for a in parser("")._actions if isinstance(a, argparse._SubParsersAction))
    about = {choice.dest: choice.help for choice in actions._choices_actions}
    for name, action in actions.choices.items():
        yield f"### `python -m bench {name}`\n\n{about[name][:1].upper()}{about[name][1:]}.\n"
        options = [one for one in action._actions if one.dest != "help"]
        if options:
            yield "| | |\n|---|---|"
        for one in options:
            spelt = one.option_strings[-1] if one.option_strings else (one.metavar or one.dest)
            value = "" if one.nargs == 0 or not one.option_strings else f" {_value(one)}"
            yield f"| `{spelt}{value}` | {(one.help or '').replace('|', ' or ')} |"
        yield ""


def _value(option: argparse.Action) -> str:
    return (
        " or ".join(option.choices) if option.choices else (option.metavar or option.dest).upper()
    )


def profiles() -> Iterator[str]:
    """What each profile that is here asks for."""
    yield "| profile | arms | sessions | rows | journal | scenarios |\n|---|---|---|---|---|---|"
    for path in sorted(PROFILES.glob("*.json")):
        one = load_profile(path.stem)
        loads = ", ".join(f"{s.name} ({s.users})" for s in one.scenarios)
        together = "in turns" if one.together else "each alone"
        yield (
            f"| `{one.name}` | {together} | {one.sessions} | {one.rows:,} | {one.journal_mode} |"
            f" {loads} |"
        )


def types() -> Iterator[str]:
    """The fields of each file, by its type; and the thresholds by which a measurement is judged."""
    for file, kind in KINDS.items():
        yield f"### {file}\n\n{(kind.__doc__ or '').strip()}\n\n| field | type |\n|---|---|"
        for name in kind.__struct_fields__:
            yield f"| `{name}` | `{_named(kind.__annotations__.get(name, ''))}` |"
        yield ""
    yield "### Thresholds\n\n| | |\n|---|---|"
    for name, value in THRESHOLDS.items():
        yield f"| `{name}` | {value:g} |"


def _named(annotation: object) -> str:
    """Without the modules, which say nothing to a reader."""
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", text).replace(" | ", " or ")
