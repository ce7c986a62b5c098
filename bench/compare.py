"""`bench compare`: did a change make it slower? Two checkouts in turns, and one exit status."""

import argparse
from pathlib import Path

from rich.console import Console

from bench import Mistake
from bench.answer.changes import changes_table, lines_of, markdown, sides_told, write_changes
from bench.answer.report import Report
from bench.answer.slower import Change, Verdict, changes, judge
from bench.arguments import ask_as_planned, check_database, settings_of
from bench.keep.record import Plan
from bench.keep.selection import select_campaigns
from bench.keep.store import read_plan
from bench.run import Arms, draw, measure, tell
from bench.sides import SIDES, Side, arms_of_sides, copy_sides, kept_arms

SLOWER = 1  # the exit status where something is slower by more than was allowed


def compare(arguments: argparse.Namespace) -> int:
    """0: nothing is slower by more than allowed; 1: something is. Not measured: a Mistake."""
    resumed = arguments.resume and arguments.resume.resolve()
    plan = read_plan(resumed) if resumed else None
    if plan:
        _must_be_comparison(plan, resumed)
        ask_as_planned(arguments, plan)
    elif arguments.ref is None:
        raise Mistake("compare with what? Give a git revision, or the path of another checkout")
    _must_be_writable(arguments.markdown)
    check_database(arguments)
    kept = (lambda folder: _kept(plan, resumed, folder)) if plan else None
    folder, console = measure(
        arguments, resumed, kept or (lambda folder: _copied(arguments, folder)), equal=True
    )
    tell(folder, console)
    found = changes(Report(select_campaigns([folder])), read_plan(folder))
    verdict = judge(found, (arguments.fail_if_slower or 0) / 100)
    _show(found, verdict, arguments, folder, console)
    draw(folder)
    write_changes(found, folder / "figures" / "changes.csv")
    return 0 if arguments.fail_if_slower is None else _status(found, verdict, arguments.need)


def _copied(arguments: argparse.Namespace, folder: Path) -> Arms:
    sides = copy_sides(arguments.ref, folder)
    arms = arms_of_sides(sides, settings_of(arguments), arguments.stacks, arguments.all)
    of: dict[str, Side] = dict(zip(SIDES, sides, strict=True))
    return arms, {arm.label: of[str(arm.side)].origin(arm.stack) for arm in arms}


def _kept(plan: Plan, campaign: Path, folder: Path) -> Arms:
    origins = {label: arm.origin for label, arm in plan.arms.items() if arm.origin}
    return kept_arms(plan, campaign, folder), origins


def _show(
    found: list[Change],
    verdict: Verdict,
    arguments: argparse.Namespace,
    folder: Path,
    console: Console,
) -> None:
    """The table and what was decided, on the terminal and where else it was asked for."""
    lines = list(lines_of(found, verdict, (arguments.fail_if_slower or 0) / 100))
    plan = read_plan(folder)
    console.print(changes_table(found))
    print(*sides_told(plan), *lines, sep="\n", flush=True)
    if arguments.markdown:
        arguments.markdown.write_text(markdown(found, lines, plan))


def _status(found: list[Change], verdict: Verdict, need: float | None) -> int:
    if verdict.slower:
        return SLOWER
    if verdict.untold:
        some = f"{len(verdict.untold)} of {len(found)} ratios"
        raise Mistake(f"of {some} nothing can be told: see above")
    if need and verdict.found_from > need / 100:
        raise Mistake(
            f"a slow-down of {need:g} % was to be found, and this comparison finds one from"
            f" {verdict.found_from:.0%} on; --sessions gives it more"
        )
    return 0


def _must_be_comparison(plan: Plan, campaign: Path) -> None:
    if not all(plan.arms[label].side for label in plan.compared):
        raise Mistake(f"{campaign.name} is no comparison; `bench run --resume` goes on with it")


def _must_be_writable(path: Path | None) -> None:
    """Now, not after an hour."""
    try:
        if path:
            path.open("a").close()
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror}") from error
