"""What stands under a figure: how it was measured, what differs, and what it cannot tell."""

import textwrap
from collections.abc import Iterator

from bench.answer.limiter import WRITES
from bench.answer.report import Report, Result
from bench.answer.shown.numbers import number
from bench.keep.record import Database, Origin, Served
from bench.keep.selection import Selection

WIDTH = 140  # characters of a line that a figure holds
MOST = 8  # packages that are named


def caption(scenario: str, results: list[Result], report: Report) -> str:
    """What a reader must know before quoting: how it was measured, and what it cannot tell."""
    lines = [_how(results, report), _where(report.selection)]
    lines.append(f"{_store(report.selection)}{_commits(scenario, report.selection)}")
    if any(result.rank for result in results):
        lines.append(
            "Arms are told apart by their differences within sessions, where what all of them"
            " share cancels; of arms that are alike 5 of 100 scenarios tell two apart."
        )
    if any(result.limiter.is_lower_bound for result in results):
        lines.append("≥, ≤: k6 was at its own limit; the arm might do better.")
    if lost := report.lacking(scenario):
        lines.append(f"LACKING: of the planned measurements {lost} are missing or did not count.")
    lines += differing_lines(report.selection)
    if not report.selection.interleaved:
        lines.append(
            "NOT INTERLEAVED: the arms were measured at different times. This ranks nothing."
        )
    return "\n".join(textwrap.fill(line, WIDTH) for line in lines)


def _how(results: list[Result], report: Report) -> str:
    """What a bar, a dot, a session and a turn are."""
    sessions = max(result.planned for result in results)
    bar = "Bar: one session, with a fresh server."
    if sessions > 1:
        bar = f"Bar: geometric mean of {sessions} sessions with fresh servers. Dot: a session."
    scenario = results[0].scenario
    loads = [one.measurement.load for one in report.selection.measured(scenario)]
    turns = max(load.turns for load in loads)
    alone = "The server was alone."
    return f"{bar} " + (f"In it each arm had {turns} turns, in random order." if turns else alone)


def _where(selection: Selection) -> str:
    """On which machine, with what; all of them where arms differ."""
    of = selection.conditions
    share = f"{len(of.cpus.server)} of {of.machine.cpus} CPUs" if of.cpus.server else "with k6"
    settings = [p.plan.arms[arm].settings for p in selection.parts for arm in p.arms]
    sessions = [session for part in selection.parts for session in part.sessions]
    pythons = sorted({start.served.python for s in sessions for start in s.arms.values()})
    workers = sorted({one.workers for one in settings})
    return (
        f"One machine ({of.machine.cpu}, {share}), Python {' and '.join(pythons)},"
        f" {' or '.join(map(str, workers))} workers, engine {of.engine}; k6 {of.k6} in a closed"
        f" loop, profile {of.profile.name}."
    )


def is_like_paper(selection: Selection) -> bool:
    """Whether these are on the paper's database."""
    return {database.kind for database in databases(selection)} == {"sqlite"}


def _store(selection: Selection) -> str:
    """Which database, and where it lies."""
    starts = selection.parts[0].sessions[0].arms.values()
    filesystems = [lies for start in starts if (lies := start.served.database_filesystem)]
    told = [
        f"SQLite in {database.journal_mode} mode on {next(iter(filesystems), None)}"
        if database.kind == "sqlite"
        else f"PostgreSQL {database.version} ({database.server})"
        for database in databases(selection)
    ]
    return f"{', '.join(told)}; its {databases(selection)[0].rows} rows are in memory."


def _commits(scenario: str, selection: Selection) -> str:
    """Of a write, the least and greatest median of the canaries with as many writers as it had."""
    if scenario not in WRITES:
        return ""
    found = [
        canary.median_ms
        for one in selection.measured(scenario)
        if (canary := one.session.commits_of(one.arm).get(str(one.measurement.in_flight)))
    ]
    took = f"{number(min(found))} to {number(max(found))}" if found else "unknown"
    return f" A commit here takes {took} ms, with as many writers at work."


def databases(selection: Selection) -> list[Database]:
    """Of all arms, each once."""
    found = [part.plan.database_of(arm) for part in selection.parts for arm in part.arms]
    return list(dict.fromkeys(database for database in found if database))


def differing_lines(selection: Selection) -> Iterator[str]:
    """Where two sides come from; what each arm of a stack was served with, against the first."""
    arms = {arm: part.plan.arms[arm] for part in selection.parts for arm in part.arms}
    served = _served(selection)
    yield from dict.fromkeys(
        f"{arm.side}: {_came_from(arm.origin)}" for arm in arms.values() if arm.origin
    )
    for stack in sorted({arm.stack for arm in arms.values()}):
        first, *others = sorted(
            (label for label, arm in arms.items() if arm.stack == stack and not arm.control),
            key=lambda label: (arms[label].side != "before", label != stack, label),
        ) or [stack]
        for label in others:
            told = list(_found(served.get(first), served.get(label)))
            if told:
                yield f"{label} against {first}: {'; '.join(told)}"


def _came_from(origin: Origin) -> str:
    commit = f", commit {origin.commit[:12]}" if origin.commit else ""
    return f"{origin.given}{commit}" + ", with changes that are in no commit" * bool(origin.dirty)


def _served(selection: Selection) -> dict[str, Served]:
    """Of each arm as its last session had it."""
    sessions = [session for part in selection.parts for session in part.sessions]
    return {arm: start.served for session in sessions for arm, start in session.arms.items()}


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
