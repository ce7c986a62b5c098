"""summary.csv and pairs.csv: every number of the figures, and nothing where there is none."""

import csv
from statistics import geometric_mean

import pytest
from synthetic import SCENARIOS, STACKS

from bench.answer.answering import answer_of
from bench.answer.shown.spreadsheet import write_pairs, write_summary


@pytest.fixture
def lines_of(tmp_path):
    """What one of the two writes of a report."""

    def lines_of(write, report):
        write(answer_of(report.selection), tmp_path / "lines.csv")
        return list(csv.DictReader((tmp_path / "lines.csv").open()))

    return lines_of


@pytest.fixture
def summary(lines_of):
    def summary(report, scenario, arm):
        lines = lines_of(write_summary, report)
        return next(line for line in lines if (line["scenario"], line["arm"]) == (scenario, arm))

    return summary


def test_the_summary_has_a_line_for_every_arm_and_scenario(report, lines_of):
    lines = lines_of(write_summary, report)
    assert [(line["scenario"], line["arm"]) for line in lines] == [
        (scenario, stack) for scenario in SCENARIOS for stack in STACKS
    ]


def test_the_summary_says_what_was_measured_and_how_many_sessions_count(report, summary):
    flask = summary(report, "get", "flask_sqlite")
    assert (
        flask.items()
        >= {
            "unit": "ms",
            "runs_attempted": "3",
            "runs_valid": "2",
            "runs_suspect": "0",
            "limited_by": "server CPU",
            "in_flight": "4",
            "p99.9_ms": "",
        }.items()
    )
    expected = {
        "mean": 3,
        "median": 3,
        "min": 2,
        "max": 4,
        "geometric_mean": 48 ** (1 / 3),  # as if the session that it lacks were there
        "server_busy": 0.95,
        "k6_busy": 0.5,
        "server_cpu_s_per_1000_requests": (0.19 * 0.38) ** 0.5,
        "busiest_worker": 0.6,
    }
    found = {column: float(flask[column]) for column in expected}
    assert found == pytest.approx(expected, rel=0.01)
    assert float(flask["low_95"]) < 8**0.5 < float(flask["high_95"])
    assert 1 < float(flask["p50_ms"]) < 4


CERTAINTY = ("interval_low", "interval_high", "rank_best", "rank_worst")


def test_the_summary_says_intervals_and_ranks(compared, summary):
    flask = summary(compared, "get", "flask_sqlite")
    low, high, best, worst = (float(flask[column]) for column in CERTAINTY)
    assert low < float(flask["geometric_mean"]) < high
    assert (best, worst) == (2, 4)


def test_of_one_session_the_summary_says_neither(report_of, summary):
    one = summary(report_of(), "get", "flask_sqlite")
    assert {one[column] for column in (*CERTAINTY, "low_95", "high_95")} == {""}


def test_where_no_session_is_valid_the_summary_has_no_number(report, summary):
    django = summary(report, "get", "django_drf")
    assert (django["runs_attempted"], django["runs_valid"]) == ("3", "0")
    columns = ("mean", "median", "min", "max", "server_cpu_s_per_1000_requests", "p50_ms")
    assert {django[column] for column in (*columns, *CERTAINTY)} == {""}


def test_every_pair_has_a_line_with_its_word(compared, lines_of):
    lines = lines_of(write_pairs, compared)
    assert len(lines) == len(SCENARIOS) * 10
    for line in lines:
        low, ratio, high = (float(line[column]) for column in ("low_95", "ratio", "high_95"))
        assert low < ratio < high and ratio >= 1
    words = {(line["faster"], line["slower"]): line["verdict"] for line in lines}
    assert words["fastapi_sqlite", "django_drf"] == "faster by"
    assert set(STACKS) == {name for pair in words for name in pair}


def test_a_pair_that_more_sessions_would_resolve_says_how_many(report_of, lines_of):
    varying = {1: 1.0, 2: 1.15, 3: 0.9, 4: 1.1, 5: 0.95}

    def ms(arm, block, scenario):
        return 2.0 * varying[block] if arm == "a" else 2.2

    (line,) = lines_of(write_pairs, report_of(["a", "b"], 5, ms=ms, scenarios=["get"]))
    assert line["verdict"] == "not resolved"
    least, most = map(int, line["blocks_needed"].split(" to "))
    assert 5 < least < most


def test_a_pair_that_no_number_of_sessions_would_resolve_says_so(report_of, lines_of):
    varying = {1: 1.0, 2: 1.15, 3: 0.9, 4: 1.1, 5: 0.95}

    def ms(arm, block, scenario):
        return varying[block] if arm == "a" else geometric_mean(varying.values())

    (line,) = lines_of(write_pairs, report_of(["a", "b"], 5, ms=ms, scenarios=["get"]))
    assert line["verdict"] == "not resolved"
    assert line["blocks_needed"].endswith("1000 or more")


def test_without_a_comparison_there_is_no_pair(report_of, lines_of):
    assert lines_of(write_pairs, report_of(STACKS)) == []
