"""Whether a campaign can be quoted: its measurements believed, its tables what they give."""

import argparse
import csv
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench import Mistake
from bench.answer.answering import KEPT, answer_of, read_answer
from bench.answer.shown.spreadsheet import write_changes, write_pairs, write_summary
from bench.keep import check
from bench.keep.selection import select_campaigns
from bench.keep.store import RESULTS, read_campaign
from bench.keep.values import missing

ROUNDED = 1e-4  # what is kept has five digits or more
TABLES = {"summary.csv": write_summary, "pairs.csv": write_pairs, "changes.csv": write_changes}


def check_campaigns(arguments: argparse.Namespace) -> None:
    """Print a line for each campaign, or for each fault; a Mistake where there is one."""
    campaigns = arguments.campaigns or check.find_remains(RESULTS)
    if not campaigns:
        raise Mistake(f"there is no campaign in {RESULTS}")
    refused = 0
    for folder in campaigns:
        found = faults(folder)
        refused += bool(found)
        for line in found or [outcome(folder)]:
            print(f"{folder.name}: {line}")
    if refused:
        raise Mistake(f"{refused} of {len(campaigns)} campaigns are not to be quoted")


def faults(folder: Path) -> list[str]:
    """What is wrong with a campaign, a line each; whatever cannot be read is a fault as well."""
    found = check.faults(folder)
    try:
        return found or list(_of_figures(folder))
    except Mistake as mistake:
        return [str(mistake)]
    except check.UNREADABLE as error:
        return [f"{folder} cannot be read: {type(error).__name__}: {error}"]


def outcome(folder: Path) -> str:
    """Complete, or degraded where an arm counts in fewer sessions than planned."""
    lost = missing(*read_campaign(folder))
    return f"degraded: {len(lost)} results lack sessions: {'; '.join(lost)}" if lost else "complete"


def _of_figures(folder: Path) -> Iterator[str]:
    """The tables beside the figures must be what the sessions give."""
    answer = answer_of(select_campaigns([folder]))
    if (folder / KEPT).exists():
        as_kept = read_answer(folder / KEPT)
        as_kept = msgspec.structs.replace(as_kept, campaigns=answer.campaigns)
        if not _equal(msgspec.to_builtins(as_kept), msgspec.to_builtins(answer)):
            yield f"altered: {KEPT} is not what the sessions give; `nox -s report` makes it anew"
    for name, write in TABLES.items():
        kept = folder / "figures" / name
        if kept.exists():
            with tempfile.TemporaryDirectory() as fresh:
                write(answer, Path(fresh, name))
                if not _alike(kept, Path(fresh, name)):
                    yield f"altered: figures/{name} is not what the sessions give; draw it anew"


def _alike(kept: Path, fresh: Path) -> bool:
    """Whether two tables say the same; the last digits may be another machine's."""
    with kept.open(newline="") as one, fresh.open(newline="") as other:
        rows = [list(csv.reader(file)) for file in (one, other)]
    cells = [[cell for row in table for cell in [*row, "\n"]] for table in rows]
    return len(cells[0]) == len(cells[1]) and all(map(_same, *cells))


def _equal(one: Any, other: Any) -> bool:
    """Of two answers; the last digits may be another machine's."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=ROUNDED)
    return bool(one == other)


def _same(one: str, other: str) -> bool:
    try:
        return one == other or math.isclose(float(one), float(other), rel_tol=ROUNDED)
    except ValueError:
        return False
