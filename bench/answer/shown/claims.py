"""Claims and their verdicts on a terminal, in Markdown and as CSV."""

import csv
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.answer.claims.claim import Judged
from bench.answer.shown.markdown import as_cell
from bench.answer.shown.numbers import inert

WIDTH, LONG = 100, 120


def lines_of(judged: Sequence[Judged]) -> Iterator[str]:
    """The sentence, then each verdict with what decided it."""
    for one in judged:
        quote = textwrap.shorten(one.claim.quote, LONG, placeholder=" ...")
        yield f"{one.claim.section}, {one.claim.kind}: {quote}"
        for name, word, why in _verdicts(one):
            text = f"{name}: {word}" + f". {why}" * bool(why)
            yield from textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
        if one.is_against and one.claim.objection:
            text = f"An author might say: {one.claim.objection}"
            yield from textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
        yield ""


def counts(judged: Sequence[Judged]) -> str:
    """How many of each verdict, of the text's own numbers and of each campaign."""
    words: dict[str, Counter[str]] = {}
    for one in judged:
        for name, word, _ in _verdicts(one):
            words.setdefault(name, Counter())["times its place" if "times" in word else word] += 1
    return "\n".join(
        f"{name}: " + ", ".join(f"{count} {word}" for word, count in of.most_common())
        for name, of in words.items()
    )


def table(judged: Sequence[Judged], campaigns: Sequence[str]) -> Iterator[str]:
    """As Markdown, a row a claim; what decided it stands in claims.csv."""
    yield f"| | claim | by its own numbers | {' | '.join(campaigns)} |"
    yield f"|---|---|---|{'---|' * len(campaigns)}"
    for one in judged:
        words = [one.ours[name].word if name in one.ours else "" for name in campaigns]
        own = one.own.word if one.own else ""
        cells = [one.claim.section, f"{one.claim.quote} *({one.claim.kind})*", own, *words]
        yield f"| {' | '.join(as_cell(cell, keep='*()') for cell in cells)} |"


def write_claims(judged: Sequence[Judged], path: Path) -> None:
    """A line a claim and verdict."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("section", "kind", "claim", "by", "verdict", "why"))
        for one in judged:
            for verdict in _verdicts(one):
                row = (one.claim.section, one.claim.kind, one.claim.quote, *verdict)
                writer.writerow([inert(cell) for cell in row])


def _verdicts(one: Judged) -> Iterator[tuple[str, str, str]]:
    if one.own:
        yield (
            "its own numbers" if one.claim.kind != "fact" else "what is",
            one.own.word,
            one.own.why,
        )
    for name, verdict in one.ours.items():
        yield name, verdict.word, verdict.why
