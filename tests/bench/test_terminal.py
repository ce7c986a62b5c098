"""The answer on a terminal: what matters first, and all of it where that is asked for."""

import io

import pytest
from rich.console import Console
from synthetic import SCENARIOS, STACKS, noisy

from bench.answer.answering import answer_of
from bench.answer.shown.numbers import number
from bench.answer.shown.terminal import full_table, lines_of


def printed(report):
    """The full table as it arrives in a pipe."""
    console = Console(file=io.StringIO(), width=120)
    console.print(full_table(answer_of(report.selection)))
    return console.file.getvalue()


def row_of(report, scenario, arm="flask_sqlite"):
    """What stands in the table."""
    lines = printed(report).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"{scenario}, "))
    return next(line for line in lines[first:] if line.startswith(f"  {arm} "))


def test_a_scenario_has_a_line_with_who_is_first_and_how_far_the_next_is_behind(compared):
    lines = list(lines_of(answer_of(compared.selection)))
    text = " ".join(" ".join(lines).split())
    for scenario in answer_of(compared.selection).scenarios:
        assert scenario.headline in text
        assert sum(line.startswith(f"{scenario.name:8}") for line in lines) == 1


@pytest.mark.parametrize("arms", [1, 2, 5, 9])
def test_the_lines_are_whole_in_80_columns(report_of, arms):
    labels = [f"flask_sqlite@workers={n},threads={n}" for n in range(arms)]
    report = report_of(labels, sessions=10, ms=noisy(0.05))
    for line in lines_of(answer_of(report.selection)):
        assert len(line) <= 80


def test_the_table_says_how_many_sessions_count(report):
    assert "none" in row_of(report, "get", "django_drf")
    assert " 0 of 3 " in row_of(report, "get", "django_drf")
    assert " 2 of 3 " in row_of(report, "get")
    assert " 3 of 3 " in row_of(report, "list")


def test_the_table_says_mean_ratio_rank_cpu_and_limit(compared, result):
    flask = result(compared, "flask_sqlite", "get")
    cells = [cell.strip() for cell in row_of(compared, "get").split("  ") if cell.strip()]
    assert cells[:2] == ["flask_sqlite", number(flask.value.geometric)]
    assert cells[-5:] == [
        "2-4",
        number(flask.cpu_s_per_1000.geometric),
        "4",
        "5 of 5",
        "server CPU",
    ]


def test_the_table_says_how_many_sessions_are_suspect(report_of):
    report = report_of(sessions=3, suspect={("flask_sqlite", 2, "get")})
    assert " 3 of 3, 1? " in row_of(report, "get")
    assert "?" not in row_of(report, "list")


def test_what_k6_limited_is_a_bound_and_nothing_else_is(report_of):
    report = report_of(k6_busy=0.95, server_busy=0.5)
    assert " ≥ 25,000 " in row_of(report, "hello")
    assert " ≤ 2.00 " in row_of(report, "get")
    assert row_of(report, "get").rstrip().endswith("generator")
    assert " ≤ 2.00 " in row_of(report, "delete")
    alone = report_of(k6_busy=0.95, server_busy=0.5, together=False)
    assert not {"≥", "≤"} & set(row_of(alone, "delete"))  # in its 2 s k6's share is not told
    assert not {"≥", "≤"} & set(printed(report_of()))


def test_the_table_of_a_fast_machine_is_whole_in_a_pipe(report_of):
    wild = noisy(sd=0.3)
    report = report_of(STACKS, sessions=10, ms=wild, k6_busy=0.9, suspect={(STACKS[1], 3, "hello")})
    lines = [line for line in printed(report).splitlines() if line.strip()]
    assert len(lines) == 2 + len(SCENARIOS) * (1 + len(STACKS))  # the titles take two
    assert not any("…" in line for line in lines)


def test_controls_are_not_in_the_table(compared):
    assert "control" not in printed(compared)
