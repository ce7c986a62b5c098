"""What a request costs, rung by rung: bars, sentences, and what is committed of them."""

import math
from statistics import fmean, geometric_mean

import pytest
from matplotlib import pyplot

from bench import Mistake
from bench.answer.answering import answer_of
from bench.commands.known import SQLITE
from bench.keep.selection import select_campaigns
from bench.studies.committed import read_ladders
from bench.studies.experiment.contrasts import LEAST
from bench.studies.experiment.measuring import Row
from bench.studies.ladder.bars import bar_of
from bench.studies.ladder.figure import draw_ladder
from bench.studies.ladder.rungs import LADDERS, LAST, TOTALS, steps
from bench.studies.ladder.told import (
    before_the_app,
    beyond_the_rows,
    sentences,
    table_of_ladder,
)

STACK = "flask_sqlite"
COSTS = {"loop": 30.0, "parser": 90.0, "framework": 80.0, "input": -5.0, "driver": 20.0}
TOTAL = sum(COSTS.values()) + 35


def rows(sessions: int = 6, problem: str = "") -> list[Row]:
    """Of get and list; in session s everything takes 1 + s / 100 times as long."""
    found = []
    for scenario in TOTALS:
        for session in range(1, sessions + 1):
            cost = 0.0
            for step in steps(STACK, scenario):
                cost += COSTS.get(step.name, 35.0 if step.rung == LAST else 0.0)
                value = cost * (1 + session / 100)
                why = problem if (step.rung, session) == ("parser", 1) else ""
                found.append(Row(STACK, scenario, step.rung, session, "cpu_us", value, why))
    return found


def test_the_rungs_of_a_bar_add_up_to_the_stack_and_one_that_takes_less_is_negative():
    bar = bar_of(STACK, "get", rows())
    mean, low, high = bar.whole
    assert math.isclose(sum(bar.of(rung)[0] for rung in bar.added), mean)
    assert low < mean < high and math.isclose(mean, TOTAL * 1.035)
    assert math.isclose(bar.of("input")[0], COSTS["input"] * 1.035)


def test_a_session_without_one_of_the_rungs_is_in_no_bar():
    whole, less = bar_of(STACK, "get", rows()), bar_of(STACK, "get", rows(problem="failed"))
    assert math.isclose(whole.whole[0], TOTAL * 1.035)
    assert math.isclose(less.whole[0], TOTAL * 1.04)


def test_too_few_whole_sessions_are_a_mistake():
    with pytest.raises(Mistake, match=f"{LEAST - 1} whole sessions"):
        bar_of(STACK, "get", rows(LEAST, problem="failed"))


def test_what_a_request_costs_before_the_app_is_server_and_framework():
    bar = bar_of(STACK, "get", rows())
    assert math.isclose(before_the_app(bar)[0], (30 + 90 + 80) * 1.035)
    assert math.isclose(beyond_the_rows(bar)[0], 100 * 35 / TOTAL)
    assert math.isclose(bar.of("driver", "response")[0], (20 + 35) * 1.035)


def test_a_table_has_a_row_a_rung_and_says_what_was_not_measured():
    table = "\n".join(table_of_ladder(STACK, rows()))
    assert "| input | -5.2 (" in table and "| loop | 31.1 |" in table
    assert f"| all | **{TOTAL * 1.035:.0f}**" in table


def test_every_committed_ladder_adds_up_to_its_stack_within_its_interval():
    for stack, of in read_ladders().items():
        for scenario in TOTALS:
            bar = bar_of(stack, scenario, of)
            _, low, high = bar.whole
            assert low <= sum(bar.of(rung)[0] for rung in bar.added) <= high


def test_hello_of_the_committed_ladders_agrees_with_the_campaigns_cpu_per_request():
    (hello,) = (s for s in answer_of(select_campaigns([SQLITE])).scenarios if s.name == "hello")
    campaign = {value.arm: 1000 * value.cpu_s_per_1000 for value in hello.values}
    times = {}
    for stack, of in read_ladders().items():
        values = [
            row.value
            for row in of
            if (row.load, row.variant, row.what) == ("hello", LAST, "cpu_us") and not row.problem
        ]
        times[stack] = fmean(values) / campaign[stack]
    machine = geometric_mean(times.values())  # how fast it was on the day of one, by the other's
    assert 0.85 < machine < 1.15
    assert all(0.9 < of / machine < 1.1 for of in times.values()), times


def test_every_committed_ladder_has_all_its_sessions():
    for stack, of in read_ladders().items():
        (part,) = LADDERS[stack]().parts
        assert {row.session for row in of} == {*range(part.sessions + 1)}


def test_the_committed_ladders_are_drawn_and_their_sentences_have_numbers():
    values = read_ladders()
    figure = draw_ladder(values, "light")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [*TOTALS]
    pyplot.close(figure)
    told = sentences(values)
    assert all(any(letter.isdigit() for letter in str(text)) for text in told.values())
