"""What can be looked up of a sentence: a version, a component, a table, what was seen."""

import re
from collections.abc import Sequence
from pathlib import Path

from bench.answer.claims.claim import FALSE, TRUE, UNKNOWABLE, Claim, Verdict


def by_looking(claim: Claim, claims: Sequence[Claim], root: Path) -> Verdict | None:
    """None where nothing of it can be. root: the repository, whose locks and stacks are read."""
    if claim.cannot:
        return Verdict(UNKNOWABLE, claim.cannot)
    if claim.kind != "fact":
        return None
    if claim.package:
        return _of_version(claim, root)
    if claim.component:
        there = any(claim.has in text for text in _texts(root / claim.component))  # type: ignore[operator]
        return Verdict(TRUE if there else FALSE, f"{claim.component} has {claim.has!r}" * there)
    if claim.tabled:
        rows = " ".join(one.quote.lower() for one in claims if one.section == "table 2")
        lacking = [name for name in claim.tabled if not re.search(rf"(?<!-){name}", rows)]
        return Verdict(FALSE if lacking else TRUE, f"the table lacks {', '.join(lacking)}")
    word = TRUE if claim.expected == claim.seen else FALSE
    return Verdict(word, f"it says {claim.expected}; seen: {claim.seen}")


def _of_version(claim: Claim, root: Path) -> Verdict:
    """Whether a lock of the paper's versions could be made with it."""
    pinned = re.compile(rf"^{re.escape(str(claim.package))}==([^ ;\\]+)", re.M | re.I)
    found = {
        version
        for lock in sorted(root.glob("*/requirements-paper.txt"))
        for version in pinned.findall(lock.read_text())
    }
    word = TRUE if claim.version in found else FALSE
    return Verdict(word, f"{claim.package} {' and '.join(sorted(found)) or 'is in no lock'}")


def _texts(stack: Path) -> list[str]:
    return [path.read_text() for path in stack.rglob("*") if path.suffix in (".py", ".in")]
