"""What the controls say of a campaign: that equal arms look equal, and that more work is found."""

import re

import pytest
from synthetic import STACKS, noisy

from bench.answer.statistics.controls import alike, control_lines
from bench.arm import CONTROLLED_SCENARIOS, CONTROLS


def lines_of_controls(report_of, sessions=5, stacks=("flask_sqlite",), **factors):
    options = {"ms": noisy(sd=0.01, **factors), "controls": CONTROLS}
    return list(control_lines(report_of(stacks, sessions, **options)))


def test_equal_arms_are_about_one_standard_error_apart(report_of):
    aa, _ = lines_of_controls(report_of, control_dosed=1.1)
    assert aa.startswith("A/A: ")
    assert 0.2 < float(aa.split()[1]) < 2
    each = dict(re.findall(r"(\w+) ([+-][0-9.]+)", aa))
    assert list(each) == list(CONTROLLED_SCENARIOS)
    squares, of = re.search(r"sum of squares ([0-9.]+) of (\d+)$", aa).groups()
    assert float(squares) == pytest.approx(sum(float(z) ** 2 for z in each.values()), abs=0.3)
    assert float(aa.split()[1]) == pytest.approx((float(squares) / int(of)) ** 0.5, abs=0.01)


def test_arms_that_are_not_equal_are_far_apart(report_of):
    aa, _ = lines_of_controls(report_of, control_same=1.3, control_dosed=1.1)
    assert float(aa.split()[1]) > 5


def test_a_dose_that_was_given_is_found_and_holds(report_of):
    _, dose = lines_of_controls(report_of, control_dosed=1.1)
    assert dose.startswith("dose: found: hello needs 1.")
    assert "; holds the dose, 1." in dose


def test_a_dose_without_effect_is_not_found(report_of):
    _, dose = lines_of_controls(report_of, control_dosed=1.0)
    assert dose.startswith("dose: NOT FOUND: ")
    assert "; DOES NOT HOLD the dose" in dose


def test_more_than_the_dose_is_found_and_does_not_hold(report_of):
    _, dose = lines_of_controls(report_of, control_dosed=1.5)
    assert dose.startswith("dose: found: ")
    assert "; DOES NOT HOLD the dose" in dose


def test_too_few_sessions_or_no_arm_to_compare_with_judge_no_dose(report_of):
    not_judged = ["dose: NOT JUDGED: too few valid sessions"]
    for sessions in (1, 3):
        assert lines_of_controls(report_of, sessions) == not_judged
    assert lines_of_controls(report_of, stacks=("django_drf", "fastapi_sqlite")) == not_judged


@pytest.mark.parametrize("same", [1.0, 1.3])
def test_how_far_two_copies_of_one_app_are_apart_is_told_by_scenario(report_of, same):
    factors = noisy(sd=0.01, control_same=same)
    found = alike(report_of(("flask_sqlite",), 5, ms=factors, controls=CONTROLS))
    assert list(found) == list(CONTROLLED_SCENARIOS)
    for pair in found.values():
        assert pair.means == pytest.approx(same, rel=0.03)
        assert pair.means <= pair.farthest < 1.1 * same
        low, high = pair.interval
        assert low < 1.02 * same and high > 0.98 * same and high < 1.1 * low


def test_where_there_are_no_controls_nothing_is_said_of_them(report, together):
    assert list(control_lines(report)) == []
    assert alike(report) == {}
    assert list(control_lines(together(*STACKS, sessions=5, ms=noisy()))) == []
