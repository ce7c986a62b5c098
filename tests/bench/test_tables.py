"""The table on the terminal and the lines below it: what they say, and what they hold back."""

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats
from rich.console import Console
from synthetic import SCENARIOS, STACKS, noisy

from bench.answer.controls import control_lines
from bench.answer.stats import UNITS
from bench.answer.tables import (
    lines_below,
    noise_lines,
    not_to_conclude,
    number,
    ranks,
    results_table,
    turn_lines,
)


def printed(report):
    """The table as it arrives in a pipe."""
    console = Console(file=io.StringIO(), width=110)
    console.print(results_table(report))
    return console.file.getvalue()


def row_of(report, scenario, arm="flask_sqlite"):
    """What stands in the table."""
    lines = printed(report).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(f"{scenario}, "))
    return next(line for line in lines[first:] if line.startswith(f"  {arm} "))


def test_the_table_says_how_many_sessions_count(report):
    assert "none" in row_of(report, "get", "django_drf")
    assert " 0 of 3 " in row_of(report, "get", "django_drf")
    assert " 2 of 3 " in row_of(report, "get")
    assert " 3 of 3 " in row_of(report, "list")


def test_the_table_says_mean_interval_rank_cpu_and_limit(compared, result):
    flask = result(compared, "flask_sqlite", "get")
    cells = row_of(compared, "get").split("  ")
    assert [cell.strip() for cell in cells if cell.strip()] == [
        "flask_sqlite",
        number(flask.value.geometric),
        " to ".join(map(number, flask.interval)),
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


def test_controls_are_not_shown(compared):
    assert "control" not in printed(compared)


@pytest.mark.parametrize(("rank", "text"), [(None, ""), ((1, 1), "1"), ((2, 4), "2-4")])
def test_a_rank_is_a_number_or_from_where_to_where(rank, text):
    assert ranks(rank) == text


# Noise


def test_noise_is_told_by_scenario_with_what_it_resolves(compared):
    lines = dict(zip(SCENARIOS, noise_lines(compared), strict=True))
    for scenario, line in lines.items():
        sd = compared.comparisons[scenario].sd
        assert 0.005 < sd < 0.02
        assert line.startswith(f"{scenario:8} CPU s/1000 varies by ")
        assert f"; {UNITS[scenario]} by {sd:.1%}: tells arms apart from " in line
        assert line.count("tells arms apart") == 1  # of CPU that varies little that is not said


def test_where_the_cpu_of_a_request_varies_it_is_told_what_that_resolves(report_of):
    for line in noise_lines(report_of(STACKS, sessions=5, ms=noisy(sd=0.06))):
        assert line.count(": tells arms apart from ") == 2


def test_more_noise_resolves_less(report_of):
    def resolves(sd):
        (line,) = noise_lines(report_of(STACKS, 5, scenarios=["get"], ms=noisy(sd)))
        return float(line.rpartition(" from ")[2].partition("%")[0])

    assert 0 < resolves(0.01) < resolves(0.03) < resolves(0.1)


def test_what_is_resolved_is_the_median_half_width_of_all_pairs(compared):
    for line, comparison in zip(noise_lines(compared), compared.comparisons.values(), strict=True):
        widths = sorted(pair.high / pair.ratio - 1 for pair in comparison.pairs)
        assert (
            widths[4] - 0.0006 < float(line.rpartition(" from ")[2][:-4]) / 100 < widths[5] + 0.0006
        )


def test_where_nothing_is_compared_only_the_variation_is_told(report_of, together):
    lines = list(noise_lines(together(*STACKS, sessions=5, ms=noisy())))
    assert len(lines) == len(SCENARIOS)
    assert all(line.endswith(" from session to session") for line in lines)
    assert list(noise_lines(report_of(STACKS))) == []


def test_void_turns_and_users_elsewhere_are_told_where_there_are_any(report_of):
    report = report_of(sessions=5, ms=noisy())
    assert list(turn_lines(report)) == []
    first = report.results[0]
    report.results[0] = replace(first, void=2, elsewhere=0.07)
    void, elsewhere = turn_lines(report)
    assert void.startswith("void: 2 turns ")
    assert elsewhere.endswith(": flask_sqlite in hello 7%")


# What not to conclude


def test_every_campaign_says_in_the_end_what_not_to_conclude_from_it(report_of, together, compared):
    assert "ranks nothing" in not_to_conclude(together(*STACKS))
    assert "nothing is said of others" in not_to_conclude(report_of(sessions=5))
    assert "no rank" in not_to_conclude(report_of(STACKS))
    assert "in 30% of campaigns of 7 at least one is wrong" in not_to_conclude(compared)


def test_below_the_table_stand_noise_controls_and_what_not_to_conclude(compared):
    parts = *noise_lines(compared), *control_lines(compared), not_to_conclude(compared)
    assert tuple(lines_below(compared)) == parts
    assert len(parts) == len(SCENARIOS) + 3


# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4783.4, "4,783"),
        (67.44, "67.4"),
        (0.21349, "0.213"),
        (100, "100"),
        (99.94, "99.9"),
        (99.96, "100"),
        (9.996, "10.0"),
        (1234567.8, "1,234,568"),
    ],
)
def test_a_number_has_three_significant_digits_or_all_before_the_point(value, text):
    assert number(value) == text


@settings(deadline=None, database=None)
@given(floats(0.0001, 1e9))
def test_a_number_is_within_half_a_percent_of_its_value_and_ends_in_a_digit(value):
    assert number(value)[-1].isdigit()
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.0051)
