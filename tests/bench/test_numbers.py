"""How numbers and names are written."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats

from bench.answer.answer import Interval
from bench.answer.shown.numbers import number, rank, short, times


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


@pytest.mark.parametrize(
    ("of", "text"), [(None, ""), (Interval(low=1, high=1), "1"), (Interval(low=2, high=4), "2-4")]
)
def test_a_rank_is_a_number_or_from_where_to_where(of, text):
    assert rank(of) == text


@pytest.mark.parametrize("value", [1.0001, 0.9999, 1.004, 0.996, 1.00000001])
def test_what_is_not_1_never_reads_as_1(value):
    assert float(times(value)) != 1
    assert (float(times(value)) > 1) == (value > 1)


def test_names_shed_what_all_have_in_common():
    labels = ["a@workers=4,threads=1", "a@workers=4,threads=2", "a@workers=4,threads=4"]
    assert list(short(labels).values()) == ["threads=1", "threads=2", "threads=4"]
    assert short(["a", "a@threads=4"]) == {"a": "a", "a@threads=4": "threads=4"}
    assert short(["a", "b"]) == {"a": "a", "b": "b"}
    assert short(["a@x=1"]) == {"a@x=1": "a x=1"}
