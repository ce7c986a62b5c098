"""Every claim with its verdicts: by the text's own numbers, and by each campaign that is here."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import ROOT
from bench.answer.answer import Answer
from bench.answer.claims.claim import OPEN, Claim, Judged, Verdict, read_claims
from bench.answer.claims.facts import by_looking
from bench.answer.claims.ours import by_campaign
from bench.answer.claims.own import by_own_numbers
from bench.answer.claims.published import Numbers

PAPER = ROOT / "paper"
EXPERIMENTS = "experiments"  # stands among the campaigns


def judge(
    claims: Sequence[Claim],
    numbers: Numbers,
    campaigns: Mapping[str, Sequence[Answer]],
    root: Path = ROOT,
    by_experiment: Callable[[Claim], Verdict] = lambda claim: Verdict(OPEN, ""),
) -> list[Judged]:
    """In the order of the text. campaigns: by a short name, the answers of its parts.

    by_experiment: what is known of a claim that names a cause.
    """
    judged = []
    for claim in claims:
        own = by_own_numbers(claim, numbers) or by_looking(claim, claims, root)
        found = {name: by_campaign(claim, of, numbers) for name, of in campaigns.items()}
        ours = {name: verdict for name, verdict in found.items() if verdict}
        if claim.kind == "mechanism":
            ours[EXPERIMENTS] = by_experiment(claim)
        judged.append(Judged(claim, own, ours))
    return judged


def read_texts() -> dict[str, list[Claim]]:
    """The claims of the paper and of the article."""
    return {
        "paper": read_claims(PAPER / "claims.toml"),
        "article": read_claims(PAPER / "article-claims.toml"),
    }
