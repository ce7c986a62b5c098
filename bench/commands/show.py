"""`bench show` and `bench report`: a finished campaign again, on the terminal or as a page."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec
from rich.console import Console

from bench import Mistake
from bench.answer.answer import Answer
from bench.answer.answering import answer_of, keep_answer
from bench.answer.shown.markdown import as_markdown
from bench.answer.shown.page import index, page
from bench.answer.shown.terminal import full_table, lines_of, pair_lines
from bench.keep.selection import select_campaigns
from bench.keep.store import RESULTS, find_campaigns

PAGE = "report.html"


def show(arguments: argparse.Namespace) -> None:
    """Print a campaign's answer: a line a scenario, all of it, or as JSON or Markdown."""
    answer = answer_of(select_campaigns([arguments.campaign]))
    if arguments.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(answer)) + b"\n")
    elif arguments.markdown:
        print(as_markdown(answer), end="")
    else:
        tell(answer, full=arguments.full)


def tell(answer: Answer, full: bool = False) -> None:
    """Print what matters first; all of it only where that is asked for."""
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    if full:
        console.print(full_table(answer))
        for line in pair_lines(answer):
            console.print(line, markup=False, soft_wrap=True)
        console.print()
    for line in lines_of(answer):
        console.print(line, markup=False, soft_wrap=True)
    sys.stdout.flush()


def report(arguments: argparse.Namespace) -> None:
    """Write the page of each campaign; of several also an index where the first of them lies."""
    campaigns: Sequence[Path] = arguments.campaigns or find_campaigns(RESULTS)
    if not campaigns:
        raise Mistake(f"there is no campaign in {RESULTS}")
    place, answers = campaigns[0].resolve().parent, {}
    for campaign in campaigns:
        link = quote(os.path.relpath(campaign.resolve() / PAGE, place))
        answers[link] = write_page(campaign)
        print(campaign / PAGE)
    if len(campaigns) > 1:
        (place / "index.html").write_text(index(answers))
        print(place / "index.html")


def write_page(campaign: Path) -> Answer:
    """answer.json and report.html, beside the campaign; a Mistake where nothing is finished."""
    answer = keep_answer(campaign)
    (campaign / PAGE).write_text(page(answer))
    return answer
