"""What is told of each session: what of it counts, and the level of the machine in it."""

import math
from collections.abc import Iterator
from statistics import fmean

from bench.answer.answer import Moment, SessionAnswer
from bench.answer.statistics.stats import as_time, value_of
from bench.keep.selection import Selection


def sessions_of(selection: Selection) -> Iterator[SessionAnswer]:
    """Each with how many of its measurements count, and how slow the machine was in it."""
    levels = _levels(selection)
    for part in selection.parts:
        planned = {session.number for session in part.plan.sessions}
        for session in part.sessions:
            measured = [m for record in session.scenarios.values() for m in record.arms.values()]
            statuses = [one.status for one in measured]
            yield SessionAnswer(
                number=session.number,
                started=session.started,
                seconds=session.seconds,
                added=session.number not in planned,
                valid=statuses.count("valid"),
                suspect=statuses.count("suspect"),
                invalid=statuses.count("invalid"),
                scenarios={
                    name: Moment(
                        level=levels.get((session.started, name)),
                        suspect=sum(one.status == "suspect" for one in record.arms.values()),
                        invalid=sum(one.status == "invalid" for one in record.arms.values()),
                    )
                    for name, record in session.scenarios.items()
                },
            )


def _levels(selection: Selection) -> dict[tuple[str, str], float]:
    """By a session's start and scenario, the times of all arms against those of all sessions."""
    found: dict[tuple[str, str], float] = {}
    for scenario in selection.scenarios:
        of_arm: dict[str, dict[str, float]] = {}
        for one in selection.counted(scenario):
            value = value_of(scenario, one.measurement)
            if value:
                log = math.log(as_time(scenario, value))
                of_arm.setdefault(one.arm, {})[one.session.started] = log
        for start in {start for logs in of_arm.values() for start in logs}:
            apart = [
                logs[start] - fmean(logs.values()) for logs in of_arm.values() if start in logs
            ]
            found[start, scenario] = math.exp(fmean(apart))
    return found
