"""What is said around the panels of a page or figure: on what it was measured, how it is read."""

from collections.abc import Iterator

from bench.answer.answer import Answer
from bench.answer.shown.numbers import percent
from bench.answer.shown.panels import FRAMEWORKS, framework

CONTROLS = {"A/A": "The same stack twice", "dose": "More work"}
READING_OF_ONE = "One arm alone: its own numbers, nothing to compare them with."
READING = (
    "How many times as long a request takes as with the fastest; left is better. If the line"
    " reaches 1×, the two are not told apart."
)
READING_OF_CHANGES = (
    "How many times as long a request takes after the change as before it; left is faster. If the"
    " line reaches 1×, no difference is told."
)


def place(answer: Answer) -> str:
    """On what, with which database and Python, and how much of it."""
    machine, cpus = answer.conditions.machine, answer.conditions.cpus.server
    pythons = sorted({arm.python for arm in answer.arms if arm.python})
    of = f"{len(cpus)} of {machine.cpus} CPUs" if cpus else f"{machine.cpus} CPUs, with k6"
    return (
        f"{machine.cpu}, {of}, {database(answer)}, Python {' and '.join(pythons)},"
        f" {len(answer.sessions)} sessions in {answer.minutes:.0f} minutes"
    )


def database(answer: Answer) -> str:
    """Which one all arms had."""
    database = answer.conditions.database
    if database is None:
        return "several databases"
    if database.kind == "sqlite":
        return f"SQLite ({database.journal_mode} journal)"
    return f"PostgreSQL {database.version} ({database.server})"


def rows(answer: Answer) -> str:
    """How many each arm's table holds."""
    return f"{answer.conditions.database.rows:,}" if answer.conditions.database else "all"


def reading(answer: Answer) -> str:
    """How the panels are read."""
    if answer.changes:
        return READING_OF_CHANGES
    alone = all(len(scenario.values) == 1 for scenario in answer.scenarios)
    return READING_OF_ONE if alone else READING


def told(answer: Answer) -> str:
    """From which difference on this campaign can tell."""
    least = [one.told_from for one in answer.scenarios if one.told_from is not None]
    pairs = [ratio for scenario in answer.scenarios for ratio in scenario.ratios]
    resolved = sum(ratio.word.startswith("faster") for ratio in pairs)
    if not least:
        return "Nothing is told apart: one arm, or too few sessions."
    if answer.found_from is not None:
        return (
            f"It would have found a slow-down of {answer.found_from:.0%} or more in 4 of 5 cases."
        )
    ends = dict.fromkeys((percent(min(least)), percent(max(least))))
    return (
        f"{resolved} of {len(pairs)} pairs are told apart; here a difference must be about"
        f" {' to '.join(ends)}, by scenario, to be seen."
    )


def facts(answer: Answer) -> Iterator[tuple[str, str]]:
    """What counts, what the controls say, where k6 was at its limit: each with its name."""
    valid, suspect, invalid = (
        sum(getattr(session, kind) for session in answer.sessions)
        for kind in ("valid", "suspect", "invalid")
    )
    counted, every = valid + suspect, valid + suspect + invalid
    yield "Valid", f"{counted:,} of {every:,}" + f", {suspect} suspect" * bool(suspect)
    for line in answer.controls:
        name, _, text = line.partition(": ")
        yield CONTROLS.get(name, name), text.partition(", known to")[0].partition("; sum of")[0]
    limited = [s.name for s in answer.scenarios if any(value.bound for value in s.values)]
    yield "k6 at its limit in", ", ".join(limited) or "none"


def frameworks(answer: Answer) -> list[tuple[str, str]]:
    """Those that are compared: the name of its colour, and its own."""
    there = sorted({framework(arm.stack) for arm in answer.arms if not arm.control})
    return [(name, FRAMEWORKS.get(name, "other")) for name in there]
