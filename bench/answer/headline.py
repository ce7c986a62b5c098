"""What a campaign says in a sentence, by the question that it was asked; a tie never wins."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bench.answer.answer import ChangeAnswer, ScenarioAnswer, State, Value
from bench.answer.shown.numbers import span, times
from bench.keep.record import Question

Key = TypeVar("Key", str, tuple[str, ...])
LIMIT, HIDDEN = "at k6's limit", "k6 at its limit"
FEW = "too few sessions to tell who is first"


def of_scenario(scenario: ScenarioAnswer) -> str:
    """Who is first, or who is not told apart from the first, and how far the next is behind."""
    values = [value for value in scenario.values if value.value is not None]
    if not values:
        return "No session counts."
    if len(scenario.values) == 1:
        return "One arm alone: nothing is compared."
    first = leaders(scenario)
    if not first:
        return f"{FEW[0].upper()}{FEW[1:]}."
    next_one = next((value for value in values if value.arm not in first), None)
    text = f"{joined(first)} is first" if len(first) == 1 else f"{joined(first)} are not told apart"
    if any(value.bound for value in values if value.arm in first):
        text += f", {LIMIT}" if len(first) == 1 else f": they lead {LIMIT}"
    if next_one is None:
        return f"{text}."
    return f"{text}. Next, {next_one.arm} takes {_times(scenario, first[0], next_one)}."


def leaders(scenario: ScenarioAnswer) -> list[str]:
    """Whoever may be first, the fastest in front; nobody where no rank is given."""
    return [value.arm for value in scenario.values if value.rank and value.rank.low == 1]


def fastest(scenarios: Sequence[ScenarioAnswer], _: Sequence[ChangeAnswer]) -> str:
    """Which arm is fastest: by scenario, since there is no score over all of them."""
    alone = {value.arm for scenario in scenarios for value in scenario.values}
    if len(alone) == 1:
        return f"{alone.pop()} alone: nothing is compared"
    led: dict[str, list[str]] = {}
    untold: list[str] = []
    tied: dict[tuple[str, ...], list[str]] = {}
    for scenario in scenarios:
        first = leaders(scenario)
        if len(first) == 1:
            led.setdefault(first[0], []).append(scenario.name)
        elif first:
            tied.setdefault(tuple(sorted(first)), []).append(scenario.name)
        else:
            untold.append(scenario.name)
    parts = [f"{arm} is first in {joined(names)}" for arm, names in _most_first(led)]
    parts += [
        f"{joined(arms)} are not told apart in {joined(names)}" for arms, names in _most_first(tied)
    ]
    if untold:
        parts.append(f"{FEW} in {joined(untold)}")
    return "; ".join(parts)


def slower(_: Sequence[ScenarioAnswer], changes: Sequence[ChangeAnswer]) -> str:
    """Whether what is after a change takes longer than what was before it."""
    words: dict[str, list[str]] = {}
    for change in changes:
        told = change.interval or change.word == HIDDEN
        words.setdefault(change.word if told else "too few sessions", []).append(_of_change(change))
    parts = [f"{word}: {joined(words[word])}" for word in sorted(words, key=_worst_first)]
    if not any(word.startswith("slower") for word in words):
        parts.insert(0, "nothing is told to be slower")
    return "; ".join(parts)


def _worst_first(word: str) -> tuple[bool, str]:
    return not word.startswith("slower"), word


def _of_change(change: ChangeAnswer) -> str:
    where = f"{change.stack} in {change.scenario}"
    if change.interval and change.word.startswith(("slower", "faster")):
        return f"{where}, {times(change.times)} times as long ({span(change.interval)})"
    return where


# Of each question that a plan may name, how its answer begins.
QUESTIONS: dict[Question, Callable[[Sequence[ScenarioAnswer], Sequence[ChangeAnswer]], str]] = {
    "which is fastest": fastest,
    "slower than before": slower,
}


def headline(
    question: Question,
    scenarios: Sequence[ScenarioAnswer],
    changes: Sequence[ChangeAnswer],
    state: State,
    done: tuple[int, int],
) -> str:
    """The sentence at the top; what is not whole says so first. done: sessions, of how many."""
    before = {
        "complete": "",
        "degraded": "Degraded, some sessions do not count: ",
        "stopped": f"Stopped after {done[0]} of {done[1]} sessions: ",
    }[state]
    said = QUESTIONS[question](scenarios, changes) if scenarios else "nothing was measured"
    return before + said


def joined(names: Sequence[str]) -> str:
    """a, b and c."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _most_first(found: dict[Key, list[str]]) -> list[tuple[Key, list[str]]]:
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _times(scenario: ScenarioAnswer, first: str, other: Value) -> str:
    for ratio in scenario.ratios:
        if (ratio.faster, ratio.slower) == (first, other.arm) and ratio.interval:
            if ratio.bound:
                return f"at least {times(ratio.interval.low)} times as long"
            return f"{times(ratio.times)} times as long ({span(ratio.interval)})"
    return "longer"
