"""From campaigns to their answer: what the report and its comparisons tell, put in one place."""

import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bench import Mistake
from bench.answer.answer import (
    ANSWER,
    Answer,
    ArmAnswer,
    ChangeAnswer,
    Interval,
    State,
)
from bench.answer.caption import differing_lines, is_like_paper
from bench.answer.headline import headline, joined
from bench.answer.noise import noise_lines, not_to_conclude, turn_lines
from bench.answer.report import Report, problems
from bench.answer.scenarios import scenarios_of
from bench.answer.sessions import sessions_of
from bench.answer.statistics.controls import control_lines
from bench.answer.statistics.slower import changes, judge
from bench.answer.statistics.stats import UNITS
from bench.arm import Settings
from bench.keep.files import write_record
from bench.keep.record import Plan, Session
from bench.keep.selection import Selection, select_campaigns
from bench.keep.values import Part, lacks

KEPT = "answer.json"
DIRTY = "with changes that are in no commit"


def answer_of(selection: Selection) -> Answer:
    """Of what was measured under equal conditions, as a rule one campaign."""
    report, parts = Report(selection), selection.parts
    plans, sessions = [part.plan for part in parts], [s for part in parts for s in part.sessions]
    lacking = [line for part in parts for line in _lacking(part)]
    state, scenarios = _state(selection, lacking), list(scenarios_of(report))
    changed, found_from = _changes(report, plans)
    done = len(sessions), sum(len(plan.sessions) for plan in plans)
    return Answer(
        campaigns=list(selection.campaigns),
        started=plans[0].started,
        minutes=sum(session.seconds for session in sessions) / 60,
        question=plans[0].question,
        headline=headline(plans[0].question, scenarios, changed, state, done),
        state=state,
        lacking=lacking,
        arms=list(_arms(selection)),
        scenarios=scenarios,
        changes=changed,
        found_from=found_from,
        sessions=list(sessions_of(selection)),
        noise=[*noise_lines(report), *turn_lines(report)],
        controls=list(control_lines(report)),
        problems=list(problems(selection)),
        differing=list(differing_lines(selection)),
        not_to_conclude=not_to_conclude(report),
        conditions=selection.conditions,
        like_paper=is_like_paper(selection),
        commit=_commit(sessions[-1]),
        again=list(_again(plans[0], sessions)) if len(parts) == 1 else [],
    )


def keep_answer(campaign: Path) -> Answer:
    """Made, and written beside the campaign; a Mistake where no session of it is finished."""
    answer = answer_of(select_campaigns([campaign]))
    write_record(campaign / KEPT, answer)
    return answer


def read_answer(path: Path) -> Answer:
    """A Mistake where it is none, or another schema's."""
    try:
        answer = msgspec.json.decode(path.read_bytes(), type=Answer)
    except (OSError, ValueError) as error:
        raise Mistake(f"{path} cannot be read: {error}") from error
    if answer.schema != ANSWER:
        raise Mistake(f"{path} has schema {answer.schema}; this version reads {ANSWER}")
    return answer


def _state(selection: Selection, lacking: Sequence[str]) -> State:
    for part in selection.parts:
        done = {session.number for session in part.sessions}
        if any(planned.number not in done for planned in part.plan.sessions):
            return "stopped"
    return "degraded" if lacking else "complete"


def _lacking(part: Part) -> Iterator[str]:
    """What does not count in as many sessions as planned: a line for all that lack the same."""
    of_arm: dict[str, dict[str, list[str]]] = {}
    for arm, scenario, counted, planned in lacks(part.plan, part.sessions):
        text = f"{counted} of {planned} sessions count"
        of_arm.setdefault(text, {}).setdefault(arm, []).append(scenario)
    for text, arms in of_arm.items():
        alike = {tuple(scenarios) for scenarios in arms.values()}
        if len(alike) == 1 and len(arms) > 1:
            who = "all arms" if len(arms) == len(part.plan.arms) else joined([*arms])
            arms = {who: list(alike.pop())}
        for arm, scenarios in arms.items():
            where = f" in {joined(scenarios)}" if any(scenarios) else ""
            yield f"{arm}{where}: {text}"


def _arms(selection: Selection) -> Iterator[ArmAnswer]:
    for part in selection.parts:
        served = {a: start.served for session in part.sessions for a, start in session.arms.items()}
        for label in [*part.arms, *part.plan.controls]:
            of, arm = served.get(label), part.plan.arms[label]
            yield ArmAnswer(
                label=label,
                stack=arm.stack,
                settings=arm.settings,
                control=arm.control,
                side=arm.side,
                origin=arm.origin,
                python=of.python if of else None,
                sqlite=of.sqlite if of else None,
                packages=of.packages if of else {},
            )


def _changes(report: Report, plans: Sequence[Plan]) -> tuple[list[ChangeAnswer], float | None]:
    """Of a comparison of two checkouts, with the slow-down that it would have found in 4 of 5."""
    if len(plans) > 1 or not any(arm.side for arm in plans[0].arms.values()):
        return [], None
    found = changes(report, plans[0])
    least = judge(found, 0.0).found_from
    return [
        ChangeAnswer(
            stack=change.stack,
            scenario=change.scenario,
            unit=UNITS[change.scenario],
            before=change.before,
            after=change.after,
            times=change.ratio,
            interval=(
                Interval(low=change.low, high=change.high) if math.isfinite(change.error) else None
            ),
            word=change.word,
        )
        for change in found
    ], least if math.isfinite(least) else None


def _commit(session: Session) -> str | None:
    """Of which the code was, as far as it was in one."""
    commit, dirty = session.source.commit, session.source.dirty
    return f"{commit}, {DIRTY}" if commit and dirty else commit


def _again(plan: Plan, sessions: Sequence[Session]) -> Iterator[str]:
    """The commands that measure the same on another machine."""
    commit, conditions = sessions[-1].source.commit, plan.conditions
    if commit:
        yield f"git checkout {commit}" + f"  # {DIRTY}" * bool(sessions[-1].source.dirty)
    options = [f"--profile {conditions.profile.name}"]
    options += [f"--sessions {max(session.block for session in plan.sessions)}"]
    options += [f"--engine {conditions.engine.partition(',')[0]}", *_as_set(plan)]
    options += ["--controls"] * bool(plan.controls)
    stacks = ",".join(sorted({plan.arms[label].stack for label in plan.compared}))
    origins = [arm.origin.given for arm in plan.arms.values() if arm.origin]
    if origins:
        yield f"nox -s compare -- {origins[0]} --all --stacks {stacks} {' '.join(options)}"
        return
    same = all("@" not in label for label in plan.compared)
    which = f"--stacks {stacks}" if same else f"--arms {shlex.join(plan.compared)}"
    yield f"nox -s bench -- {which} {' '.join(options)}"


def _as_set(plan: Plan) -> Iterator[str]:
    """What was set for every arm, but for those whose own label says another."""
    for name in ("workers", "threads", "requirements", "database"):
        said = {
            getattr(plan.arms[label].settings, name)
            for label in plan.compared
            if f"{name}=" not in label
        }
        if len(said) == 1 and said != {getattr(Settings(), name)}:
            yield f"--{name} {said.pop()}"
