"""The report: what is counted, what is averaged, and what is said of the rest."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats
from rich.console import Console
from synthetic import SCENARIOS, campaign

from bench.report import number, problems, results_of, results_table, write_summary
from bench.store import read_campaign

STACKS = ("django_drf", "fastapi_sqlalchemy", "fastapi_sqlite", "flask_sqlalchemy", "flask_sqlite")
LOST = {
    ("flask_sqlite", 3, "get"),
    ("django_drf", 1, "get"),
    ("django_drf", 2, "get"),
    ("django_drf", 3, "get"),
}


@pytest.fixture
def cells(tmp_path):
    """Three runs of 2, 4 and 6 ms, or 500, 1000 and 1500 requests a second."""
    return read_campaign(campaign(tmp_path, "1", STACKS, runs=3, invalid=LOST))[1]


def result(cells, stack, scenario):
    return next(r for r in results_of(cells) if (r.stack, r.scenario) == (stack, scenario))


def printed(cells, width=80):
    """The table as it arrives in a pipe."""
    console = Console(file=io.StringIO(), width=width)
    console.print(results_table(cells))
    return console.file.getvalue()


def summary_csv(cells, tmp_path):
    write_summary(cells, tmp_path / "summary.csv")
    return list(csv.DictReader((tmp_path / "summary.csv").open()))


def test_results_come_in_the_papers_order_of_scenarios_and_by_stack(cells):
    order = [(result.scenario, result.stack) for result in results_of(cells)]
    assert order == [(scenario, stack) for scenario in SCENARIOS for stack in STACKS]


def test_a_result_is_the_mean_of_all_runs(cells):
    get = result(cells, "fastapi_sqlite", "get")
    assert (get.attempted, get.value.values, get.value.mean) == (3, (2, 4, 6), 4)
    assert get.cpu_s_per_1000.mean == pytest.approx((0.5 + 0.25 + 0.5 / 3) / 3)


def test_a_rate_is_requests_by_seconds(cells):
    assert result(cells, "fastapi_sqlite", "hello").value.values == (500, 1000, 1500)


def test_an_invalid_measurement_is_counted_as_attempted_and_not_averaged(cells):
    get = result(cells, "flask_sqlite", "get")
    assert (get.attempted, get.value.values, get.value.mean) == (3, (2, 4), 3)
    assert len(get.cpu_s_per_1000.values) == 2


def test_where_no_run_is_valid_there_is_no_value(cells):
    get = result(cells, "django_drf", "get")
    assert (get.attempted, get.value, get.cpu_s_per_1000) == (3, None, None)


def test_an_invalid_measurement_does_not_touch_another_scenario(cells):
    assert len(result(cells, "django_drf", "list").value.values) == 3


def test_a_scenario_that_was_not_measured_has_no_result(tmp_path):
    cells = read_campaign(campaign(tmp_path, "1", scenarios=["hello"]))[1]
    assert [result.scenario for result in results_of(cells)] == ["hello"]


# The table


def test_the_table_says_how_many_runs_count(cells):
    lines = printed(cells).splitlines()
    get = next(n for n, line in enumerate(lines) if line.startswith("get, ms"))
    django, *_, flask = (line.split() for line in lines[get : get + 5])
    assert django[2:] == ["django_drf", "none", "0", "of", "3"]
    assert flask == ["flask_sqlite", "3.00", "2.00", "4.00", "0.375", "2", "of", "3"]


def test_the_table_of_a_fast_machine_is_whole_in_eighty_columns(tmp_path):
    cells = read_campaign(campaign(tmp_path, "1", STACKS, runs=50))[1]  # up to 25,000 a second
    lines = [line for line in printed(cells, width=80).splitlines() if line.strip()]
    assert len(lines) == 1 + len(SCENARIOS) * len(STACKS)
    assert lines[1].split()[1:5] == ["requests/s", "django_drf", "12,750", "500"]
    assert not any("…" in line for line in lines)


def test_a_problem_is_a_line_with_its_place_and_its_reason(cells):
    assert sorted(problems(cells)) == sorted(
        f"{stack}, run {run}, get: failed: 3 of 1000 requests failed" for stack, run, _ in LOST
    )


# summary.csv


def test_the_csv_has_a_line_for_every_stack_and_scenario(cells, tmp_path):
    lines = summary_csv(cells, tmp_path)
    assert [(line["scenario"], line["stack"]) for line in lines] == [
        (scenario, stack) for scenario in SCENARIOS for stack in STACKS
    ]


def test_the_csv_says_how_many_runs_were_made_and_how_many_count(cells, tmp_path):
    flask = summary_csv(cells, tmp_path)[19]
    assert flask == {
        "scenario": "get",
        "unit": "ms",
        "stack": "flask_sqlite",
        "runs_attempted": "3",
        "runs_valid": "2",
        "mean": "3.0",
        "min": "2.0",
        "max": "4.0",
        "server_cpu_s_per_1000_requests": "0.375",
    }


def test_where_no_run_is_valid_the_csv_has_no_number(cells, tmp_path):
    django = summary_csv(cells, tmp_path)[15]
    assert (django["runs_attempted"], django["runs_valid"]) == ("3", "0")
    assert {django[c] for c in ("mean", "min", "max", "server_cpu_s_per_1000_requests")} == {""}


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
