"""What a campaign says in a sentence, by the question that it was asked; a tie never wins."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from bench.answer.answer import ChangeAnswer, ScenarioAnswer, State, Value
from bench.answer.shown.numbers import in_common, short, span, times
from bench.keep.record import Question

Key = TypeVar("Key", str, tuple[tuple[str, ...], str])
LIMIT, HIDDEN = "at k6's limit", "k6 at its limit"
EQUAL, UNTOLD = "within 5 % of each other", "not told apart"
FEW_ARMS = 4  # that a sentence names
FEW = "too few sessions to tell who is first"


def of_scenario(scenario: ScenarioAnswer, names: Mapping[str, str]) -> str:
    """Who is first, or who is not told apart from the first, and how far the next is behind.

    names: by arm, without what all of them have in common.
    """
    values = [value for value in scenario.values if value.value is not None]
    if not values:
        return "No session counts."
    if len(scenario.values) == 1:
        return "One arm alone: nothing is compared."
    first = leaders(scenario)
    if not first:
        return f"{FEW[0].upper()}{FEW[1:]}."
    next_one = next((value for value in values if value.arm not in first), None)
    told = _some([names[arm] for arm in first])
    text = f"{told} is first" if len(first) == 1 else f"{told} are {_tie(scenario, first)}"
    if _is_bounded(scenario, first):
        text += f", {LIMIT}" if len(first) == 1 else f": they lead {LIMIT}"
    if next_one is None:
        return f"{text}."
    return f"{text}. Next, {names[next_one.arm]} takes {_times(scenario, first[0], next_one)}."


def leaders(scenario: ScenarioAnswer) -> list[str]:
    """Whoever may be first, the fastest in front; nobody where no rank is given."""
    return [value.arm for value in scenario.values if value.rank and value.rank.low == 1]


def fastest(scenarios: Sequence[ScenarioAnswer], _: Sequence[ChangeAnswer]) -> str:
    """Which arm is fastest: by scenario, since there is no score over all of them."""
    labels = list(dict.fromkeys(value.arm for one in scenarios for value in one.values))
    if len(labels) == 1:
        return f"{labels[0]} alone: nothing is compared"
    names, common = short(labels), in_common(labels)
    led: dict[str, list[str]] = {}
    untold: list[str] = []
    tied: dict[tuple[tuple[str, ...], str], list[str]] = {}  # by arms and the word for them
    for scenario in scenarios:
        first = leaders(scenario)
        if len(first) == 1:
            led.setdefault(first[0], []).append(scenario.name)
        elif first:
            word = f"{_tie(scenario, first)}{f' {LIMIT}' * _is_bounded(scenario, first)}"
            tied.setdefault((tuple(sorted(first)), word), []).append(scenario.name)
        else:
            untold.append(scenario.name)
    parts = [f"{names[arm]} is first in {joined(of)}" for arm, of in _most_first(led)]
    parts += [
        f"{_some([names[arm] for arm in arms])} are {word} in {joined(of)}"
        for (arms, word), of in _most_first(tied)
    ]
    if untold:
        parts.append(f"{FEW} in {joined(untold)}")
    return f"{common}: " * bool(common) + "; ".join(parts)


def _tie(scenario: ScenarioAnswer, arms: Sequence[str]) -> str:
    """The word for arms of whom none is told to be first."""
    words = {r.word for r in scenario.ratios if r.faster in arms and r.slower in arms}
    return EQUAL if words == {"practically equal"} else UNTOLD


def _is_bounded(scenario: ScenarioAnswer, arms: Sequence[str]) -> bool:
    """Whether k6 held one of them back."""
    return any(value.bound for value in scenario.values if value.arm in arms)


def slower(_: Sequence[ScenarioAnswer], changes: Sequence[ChangeAnswer]) -> str:
    """Whether what is after a change takes longer than what was before it."""
    words: dict[str, dict[str, list[ChangeAnswer]]] = {}
    for change in changes:
        told = change.interval or change.word == HIDDEN
        of_word = words.setdefault(change.word if told else "too few sessions", {})
        of_word.setdefault(change.stack, []).append(change)
    parts = [
        f"{word}: {joined([_of_stack(stack, some) for stack, some in words[word].items()])}"
        for word in sorted(words, key=_worst_first)
    ]
    if not any(word.startswith("slower") for word in words):
        parts.insert(0, "nothing is told to be slower")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _worst_first(word: str) -> tuple[bool, str]:
    return not word.startswith("slower"), word


def _of_stack(stack: str, changes: Sequence[ChangeAnswer]) -> str:
    """Where it changed alike, and where that is told by how much."""
    text = f"{stack} in {joined([change.scenario for change in changes])}"
    if not changes[0].word.startswith(("slower", "faster")):
        return text
    first, *others = changes
    if first.interval and not others:
        return f"{text}, {times(first.times)} times as long ({span(first.interval)})"
    some = [change.times for change in changes]
    return f"{text}, {times(min(some))} to {times(max(some))} times as long"


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


def _some(names: Sequence[str]) -> str:
    """All of a few, the first of many."""
    return joined(names if len(names) <= FEW_ARMS else [*names[:2], f"{len(names) - 2} more"])


def _most_first(found: dict[Key, list[str]]) -> list[tuple[Key, list[str]]]:
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _times(scenario: ScenarioAnswer, first: str, other: Value) -> str:
    for ratio in scenario.ratios:
        if (ratio.faster, ratio.slower) == (first, other.arm) and ratio.interval:
            if ratio.bound:
                return f"at least {times(ratio.interval.low)} times as long"
            return f"{times(ratio.times)} times as long ({span(ratio.interval)})"
    return "longer"
