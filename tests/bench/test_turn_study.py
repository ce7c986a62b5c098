"""The study of turns: what is compared, and what is beyond chance."""

import math
import random

import pytest

from bench.keep.files import write_record
from bench.measure.profile import load_profile
from bench.studies.turns import Judged, _against_all, _long, _thirds, holm, table

KEY = ("first", "get", "flask_sqlite")


def summary(path, order, count, void=(), requests=0, mean_ms=None):
    """k6's own of a run with three slices a turn."""
    times = dict(count=1, avg=1.0, min=1.0, med=1.0, max=1.0, ms=[1.0])
    arm = dict(requests=1, failed=0, iterations=1, bytes_received=1, times=times)
    turns = dict(
        connect=[], order=order, slices=3, connect_ms=0, gap_ms=0, lead_in_ms=0,
        counted_ms=0 if requests else 3000, lead_out_ms=0, requests=requests, not_counted=0,
        count=count, mean_ms=mean_ms or [1.0] * len(count), void=list(void),
    )  # fmt: skip
    arms = {label: arm | dict(iteration_mean_ms=1.0, iteration_max_ms=1.0) for label in order}
    write_record(
        path, dict(began_ms=0.0, seconds=1.0, dropped=0, grid=[50.0], arms=arms, turns=turns)
    )
    return path


def test_an_arm_that_is_slow_at_first_seems_slower_in_its_first_third(tmp_path):
    path = summary(tmp_path / "get-1.json", ["a", "b"], [50, 100, 100, 100, 100, 100])
    found = dict(_thirds(path, "get"))
    assert found["first", "get", "a"] == pytest.approx(math.log(2) / 2)
    assert found["first", "get", "b"] == pytest.approx(-math.log(2) / 2)
    assert found["last", "get", "a"] == pytest.approx(0)


def test_a_turn_that_is_void_is_not_compared(tmp_path):
    path = summary(tmp_path / "get-1.json", ["a", "b", "c"], [50, 100, 100] * 3, void=[1])
    assert {arm for _, _, arm in dict(_thirds(path, "get"))} == {"a", "c"}


def test_where_a_turn_is_a_number_of_requests_their_own_time_is_compared(tmp_path):
    means = [2.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    path = summary(tmp_path / "d-1.json", ["a", "b"], [10] * 6, requests=30, mean_ms=means)
    assert dict(_thirds(path, "delete"))["first", "delete", "a"] == pytest.approx(math.log(2) / 2)


def test_what_all_arms_share_is_no_difference():
    found = dict(_against_all({"a": 1.3, "b": 1.3, "c": 1.3}, "turns", "get"))
    assert list(found.values()) == pytest.approx([0, 0, 0])


def test_long_turns_are_cut_in_three_equal_parts():
    for scenario in load_profile("standard").scenarios:
        turns = _long(scenario)
        counted = turns.counted_ms or turns.requests - turns.not_counted
        assert (turns.slices, counted % 3, turns.rounds, turns.runs) == (3, 0, 1, 1)


def noise(seed, shift=0.0):
    chance = random.Random(seed)
    return [shift + chance.gauss(0, 0.02) for _ in range(8)]


def test_chance_alone_is_called_nothing_where_there_are_many_comparisons():
    judged = holm({("first", "get", f"arm {n}"): noise(n) for n in range(60)})
    assert min(one.p for one in judged) > 0.05


def test_a_real_difference_is_found_among_many():
    found = {("first", "get", f"arm {n}"): noise(n) for n in range(60)}
    judged = {one.key: one for one in holm(found | {KEY: noise(99, 0.1)})}
    assert judged[KEY].p < 0.05
    assert judged[KEY].low < 0.1 < judged[KEY].high


def test_adjusted_p_values_keep_their_order_and_are_no_more_than_1():
    judged = sorted(holm({("a", "b", str(n)): noise(n) for n in range(20)}), key=lambda one: one.p)
    assert all(one.p <= 1 for one in judged)


def test_one_session_is_not_judged():
    assert holm({KEY: [0.5]}) == []


def test_the_table_shows_in_bold_what_is_beyond_chance():
    lines = list(table([Judged(KEY, 7, 0.1, 0.05, 0.15, 0.01), Judged(KEY, 7, 0.01, 0, 0.02, 1.0)]))
    assert "**+10.5%**" in lines[2] and "**" not in lines[3]
