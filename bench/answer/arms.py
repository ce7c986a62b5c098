"""What differs between the arms of a campaign beside what their names say: what follows from it."""

from collections.abc import Iterator

from bench.keep.record import Database, PlannedArm, Served
from bench.keep.selection import Selection

MOST = 8  # packages that are named


def databases(selection: Selection) -> list[Database]:
    """Of all arms, each once."""
    found = [part.plan.database_of(arm) for part in selection.parts for arm in part.arms]
    return list(dict.fromkeys(database for database in found if database))


def differing_lines(selection: Selection) -> Iterator[str]:
    """Of each arm of a stack that has several, what it was served with, against the first."""
    arms = {arm: part.plan.arms[arm] for part in selection.parts for arm in part.arms}
    served = _served(selection)
    for stack in sorted({arm.stack for arm in arms.values()}):
        first, *others = sorted(
            (label for label, arm in arms.items() if arm.stack == stack and not arm.control),
            key=lambda label: (arms[label].side != "before", label != stack, label),
        ) or [stack]
        for label in others:
            told = [*_origin(arms[label]), *_found(served.get(first), served.get(label))]
            if told:
                yield f"{label} against {first}: {'; '.join(told)}"


def _served(selection: Selection) -> dict[str, Served]:
    """Of each arm as its last session had it."""
    sessions = [session for part in selection.parts for session in part.sessions]
    return {arm: start.served for session in sessions for arm, start in session.arms.items()}


def _origin(arm: PlannedArm) -> Iterator[str]:
    if arm.origin and arm.origin.commit:
        yield f"commit {arm.origin.commit[:12]}" + " and changes in no commit" * bool(
            arm.origin.dirty
        )


def _found(first: Served | None, other: Served | None) -> Iterator[str]:
    if first is None or other is None:
        return
    for name, one, two in (
        ("Python", first.python, other.python),
        ("SQLite", first.sqlite, other.sqlite),
        ("PostgreSQL", *((s.postgresql or {}).get("server_version") for s in (first, other))),
        ("interpreter's lock", _lock(first), _lock(other)),
    ):
        if one != two:
            yield f"{name} {two or 'none'}, not {one or 'none'}"
    names = sorted({*first.packages, *other.packages})
    differing = [name for name in names if first.packages.get(name) != other.packages.get(name)]
    for name in differing[:MOST]:
        ours, theirs = other.packages.get(name, "none"), first.packages.get(name, "none")
        yield f"{name} {ours}, not {theirs}"
    if differing[MOST:]:
        yield f"and {len(differing) - MOST} packages more"


def _lock(served: Served) -> str:
    """On in every worker where nothing is told: an interpreter that has always had it."""
    told = set(served.locks or [True])
    return "on in some workers" if len(told) > 1 else "on" if told == {True} else "off"
