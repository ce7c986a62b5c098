"""Claims and their verdicts on a terminal, in Markdown and as CSV."""

import csv
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.answer.claims import claim
from bench.answer.claims.claim import Judged
from bench.answer.shown.markdown import as_cell
from bench.answer.shown.numbers import inert

WIDTH, LONG = 100, 120
OWN = ("its own numbers", "what can be looked up")  # beside campaigns
PLACE = "times its place"
WORDS = (
    *(claim.FOLLOWS, claim.NOT, claim.DEPENDS, claim.UNKNOWN, claim.TRUE, claim.FALSE),
    *(claim.CONFIRMED, claim.SMALL, claim.EQUAL, claim.CONTRADICTED, claim.UNRESOLVED),
    *(claim.UNMEASURED, PLACE, claim.OPEN, claim.UNKNOWABLE),
)


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
            words.setdefault(name, Counter())[_simple(word)] += 1
    return "\n".join(
        f"{name}: " + ", ".join(f"{count} {word}" for word, count in of.most_common())
        for name, of in words.items()
    )


def tally(judged: Sequence[Judged], campaigns: Sequence[str]) -> Iterator[str]:
    """As Markdown, how many sentences have each verdict: a row a verdict, a column who says it."""
    found = [(name, _simple(word)) for one in judged for name, word, _ in _verdicts(one)]
    names = [name for name in (*OWN, *campaigns) if any(name == of for of, _ in found)]
    yield f"| | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    for word in (word for word in WORDS if any(word == of for _, of in found)):
        cells = [str(found.count((name, word)) or "") for name in names]
        yield f"| {word} | {' | '.join(cells)} |"


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


def _simple(word: str) -> str:
    """Without the number that stands before `times its place`."""
    return PLACE if "times" in word else word


def _verdicts(one: Judged) -> Iterator[tuple[str, str, str]]:
    if one.own:
        looked_up = one.claim.kind == "fact" or one.claim.cannot is not None
        yield OWN[looked_up], one.own.word, one.own.why
    for name, verdict in one.ours.items():
        yield name, verdict.word, verdict.why
