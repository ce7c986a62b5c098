"""`bench compare`: did a change make it slower? Two checkouts in turns, and one exit status."""

import argparse
from pathlib import Path

from bench import Mistake
from bench.answer.report import Report
from bench.answer.shown.markdown import as_markdown
from bench.answer.statistics.slower import Change, Verdict, changes, judge, lines_of
from bench.asked import ask_as_planned, check_database, settings_of
from bench.commands.run import Arms, draw, measure, tell_found
from bench.keep.record import Plan
from bench.keep.selection import select_campaigns
from bench.keep.store import read_plan
from bench.sides import SIDES, Side, arms_of_sides, copy_sides, kept_arms

FOUND_SLOWER = 1  # the exit status where something is slower by more than was allowed


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
    make_arms = kept or (lambda folder: _copied(arguments, folder))
    folder = measure(arguments, resumed, make_arms, equal=True, question="slower than before")
    answer = tell_found(folder)
    found = changes(Report(select_campaigns([folder])), read_plan(folder))
    allowed = (arguments.fail_if_slower or 0) / 100
    verdict = judge(found, allowed)
    lines = list(lines_of(found, verdict, allowed))
    print(*lines, sep="\n", flush=True)
    if arguments.markdown:
        told = "".join(f"- {line}\n" for line in lines)
        arguments.markdown.write_text(f"{as_markdown(answer)}\n{told}")
    draw(folder)
    return 0 if arguments.fail_if_slower is None else _status(found, verdict, arguments.need)


def _copied(arguments: argparse.Namespace, folder: Path) -> Arms:
    sides = copy_sides(arguments.ref, folder)
    arms = arms_of_sides(sides, settings_of(arguments), arguments.stacks, arguments.all)
    of: dict[str, Side] = dict(zip(SIDES, sides, strict=True))
    return arms, {arm.label: of[str(arm.side)].origin(arm.stack) for arm in arms}


def _kept(plan: Plan, campaign: Path, folder: Path) -> Arms:
    origins = {label: arm.origin for label, arm in plan.arms.items() if arm.origin}
    return kept_arms(plan, campaign, folder), origins


def _status(found: list[Change], verdict: Verdict, need: float | None) -> int:
    if verdict.slower:
        return FOUND_SLOWER
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
