"""`bench claims`: what two publications claim, and what their numbers and ours say of it."""

import argparse
from functools import cache, partial
from pathlib import Path

from bench.answer.answer import Answer
from bench.answer.answering import answer_of
from bench.answer.claims.claim import Judged
from bench.answer.claims.judged import PAPER, judge, read_texts
from bench.answer.claims.published import NONE, read_published
from bench.answer.shown.claims import counts, lines_of
from bench.keep.selection import select_campaigns
from bench.keep.store import RESULTS
from bench.studies.why.experiments import read_told
from bench.studies.why.verdicts import by_experiment, read_mechanisms

# By the name of a column its campaigns; each column differs from its neighbour in one thing.
CAMPAIGNS = {
    "paper": {
        "as the paper, five runs": ["reference-paper"],
        "its versions, twelve sessions": ["reference-paper-turns", "reference-paper-writes"],
        "today": ["reference-shared-2-core-vm"],
    },
    "article": {"PostgreSQL": ["reference-postgres-shared-2-core-vm"]},
}


def tell_claims(arguments: argparse.Namespace) -> None:
    """Print what is contradicted or does not follow; with --all every claim."""
    for text, judged in judge_texts().items():
        print(f"{text}: {len(judged)} claims\n{counts(judged)}\n")
        for line in lines_of([one for one in judged if arguments.all or one.is_against]):
            print(line)


def judge_texts() -> dict[str, list[Judged]]:
    """Of each text every claim with its verdicts, by campaigns and experiments that are here."""
    numbers = read_published(PAPER / "published.json")
    causes = partial(
        by_experiment,
        mechanisms=read_mechanisms(PAPER / "mechanisms.toml"),
        told=read_told(RESULTS / "reference-why"),
    )
    return {
        text: judge(
            *(claims, numbers if text == "paper" else NONE, _answers(text)), by_experiment=causes
        )
        for text, claims in read_texts().items()
    }


def _answers(text: str) -> dict[str, list[Answer]]:
    found = {}
    for name, campaigns in CAMPAIGNS[text].items():
        there = [RESULTS / one for one in campaigns if (RESULTS / one / "plan.json").exists()]
        if there:
            found[name] = [committed_answer(folder) for folder in there]
    return found


@cache
def committed_answer(campaign: Path) -> Answer:
    """Of a campaign that nobody changes meanwhile: several ask for it, and it takes two seconds."""
    return answer_of(select_campaigns([campaign]))
