"""What README, docs and paper show of the committed campaigns: made anew, or compared."""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import ROOT, Mistake
from bench.answer.answering import keep_answer
from bench.answer.report import Report
from bench.answer.shown.claims import write_claims
from bench.answer.shown.drawn.figures import draw_agreement, draw_all
from bench.answer.shown.spreadsheet import write_tables
from bench.answer.shown.texts import with_blocks
from bench.answer.statistics.agreement import agreement_of
from bench.commands.claims import committed_answer
from bench.commands.known import AGAIN, PAPERS, REFERENCES, SQLITE, known
from bench.keep.selection import select_campaigns
from bench.keep.store import RESULTS
from bench.studies.committed import STUDIES, draw_studies

DOCUMENTS = ("README.md", "docs/*.md", "paper/*.md")
SHOWN = 3  # files that a line names


def figures(arguments: argparse.Namespace) -> None:
    """Draw and write all of it anew; with --check a Mistake where anything is not what it was."""
    with tempfile.TemporaryDirectory() as folder:
        made = dict(_made(Path(folder)))
    differing = [
        str(path.relative_to(ROOT))
        for path, content in made.items()
        if not path.exists() or path.read_bytes() != content
    ]
    if not arguments.check:
        for path, content in made.items():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        for campaign in (*REFERENCES, *PAPERS):  # what check-results compares
            write_tables(keep_answer(campaign), campaign / "figures")
        print(f"{len(made)} files written, of which {len(differing)} were others")
    elif differing:
        some = ", ".join(differing[:SHOWN]) + ", …" * (len(differing) > SHOWN)
        raise Mistake(f"not what the campaigns give: {some}; `nox -s figures` makes them anew")
    else:
        print(f"{len(made)} files are what the campaigns give")


def _made(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file that is made, and what it holds."""
    answers = {one: committed_answer(one) for one in REFERENCES}
    reports = [Report(select_campaigns([campaign])) for campaign in (SQLITE, AGAIN)]
    agreement = agreement_of(*reports)
    if agreement is None:
        raise Mistake(f"{SQLITE.name} and {AGAIN.name} have no two stacks in common")
    named = known(answers, agreement, reports)
    write_claims(named["judged"], folder / "claims.csv")
    yield ROOT / "paper" / "claims.csv", (folder / "claims.csv").read_bytes()
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            text = path.read_text()
            if "<!-- made: " in text:
                yield path, with_blocks(text, named).encode()
    for campaign, answer in answers.items():
        draw_all(answer, folder / campaign.name, ("svg",))
    draw_agreement(agreement, folder / AGAIN.name, ("svg",))
    draw_studies(folder)
    for path in sorted(folder.glob("*/*")):
        inside = "" if path.parent.name in STUDIES else "figures"
        yield RESULTS / path.parent.name / inside / path.name, path.read_bytes()
