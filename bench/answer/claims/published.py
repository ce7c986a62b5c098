"""The numbers that a text published, and formulas of them."""

import ast
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import Mistake
from bench.answer.statistics.stats import UNITS, as_time

OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Numbers:
    """By scenario and stack."""

    values: Mapping[str, Mapping[str, float]]
    about: Mapping[str, Sequence[str]]  # by scenario, the stacks of which a round number is said

    def of(self, scenario: str) -> Mapping[str, float]:
        """By stack; nothing where none is published."""
        return self.values.get(scenario, {})


NONE = Numbers({}, {})  # of a text without any


def read_published(path: Path) -> Numbers:
    """What is known; a Mistake where the file cannot be read."""
    try:
        kept = json.loads(path.read_text())
        return Numbers({scenario: kept[scenario] for scenario in UNITS}, kept["approximate"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Mistake(f"{path} cannot be read: {error}") from error


def times_of(numbers: Numbers, scenario: str, faster: str, slower: str) -> float | None:
    """How many times as long one takes as the other; None where that is not published.

    Two round numbers say nothing of one another.
    """
    of, about = numbers.of(scenario), numbers.about.get(scenario, ())
    if faster not in of or slower not in of or (faster in about and slower in about):
        return None
    return as_time(scenario, of[slower]) / as_time(scenario, of[faster])


def evaluate(formula: str, numbers: Numbers) -> float | None:
    """Of names such as list.flask_sqlite, numbers, + - * / and brackets; None where one is unknown.

    A Mistake where it is anything else.
    """
    try:
        return _value(ast.parse(formula, mode="eval").body, numbers)
    except (SyntaxError, TypeError, ZeroDivisionError) as error:
        raise Mistake(f"{formula!r} is no formula of published numbers: {error}") from error


def _value(node: ast.expr, numbers: Numbers) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.value.id not in UNITS:
            raise TypeError(f"there is no scenario {node.value.id}")
        return numbers.of(node.value.id).get(node.attr)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        left, right = _value(node.left, numbers), _value(node.right, numbers)
        if left is None or right is None:
            return None
        return OPERATIONS[type(node.op)](left, right)
    raise TypeError(f"{ast.unparse(node)} is none")
