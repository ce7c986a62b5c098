"""Which of two stacks is faster: the model, the four words, the ranks."""

import math
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers
from scipy import stats

from bench.answer.comparison import Observation, compare, fit, planned_ratio, tukey
from bench.keep.plan import draw_plan

STACKS = ["a", "b", "c", "d", "e"]


def observed(effects, sd=0.01, blocks=5, seed=1, drift=0.0, places=0.0):
    """A campaign of stacks that take exp(effect), with noise, drift from block to block, and more
    the later in a block."""
    noise = np.random.default_rng(seed)
    return [
        Observation(
            cell.stack,
            cell.block,
            cell.position,
            math.exp(
                effects[cell.stack]
                + drift * cell.block
                + places * cell.position
                + noise.normal(0, sd)
            ),
        )
        for cell in draw_plan(sorted(effects), blocks, seed)
    ]


def equal(**effects):
    return dict.fromkeys(STACKS, 0.0) | effects


def pair(comparison, a, b):
    return next(p for p in comparison.pairs if {p.faster, p.slower} == {a, b})


def test_a_stack_that_takes_a_tenth_longer_is_slower():
    found = pair(compare(observed(equal(b=0.1)), STACKS), "a", "b")
    assert (found.faster, found.slower, found.word) == ("a", "b", "faster by")
    assert found.low < math.exp(0.1) < found.high
    assert found.blocks is None


def test_what_was_measured_only_where_nothing_else_was_is_not_told_apart():
    again = [replace(o, position=0) if o.stack == "a" else o for o in observed(equal(a=0.5))]
    found = compare(again, STACKS)
    of_a = [p for p in found.pairs if "a" in (p.faster, p.slower)]
    assert {(p.word, p.low, p.high, p.blocks) for p in of_a} == {
        ("not resolved", 0.0, math.inf, None)
    }
    assert found.ranks["a"] == (1, 5)
    assert {p.word for p in found.pairs if p not in of_a} == {"practically equal"}


def test_the_interval_of_a_stack_that_varies_more_than_the_others_is_wider():
    noise = np.random.default_rng(5)
    varying = [
        replace(o, value=o.value * math.exp(noise.normal(0, 0.1))) if o.stack == "e" else o
        for o in observed(equal())
    ]
    spread = compare(varying, STACKS).spread
    assert spread["e"] - 1 > 1.5 * (max(spread[name] for name in "abcd") - 1)


def test_equal_stacks_with_little_noise_are_practically_equal():
    words = {p.word for p in compare(observed(equal()), STACKS).pairs}
    assert words == {"practically equal"}


def test_a_small_difference_that_is_sure_is_called_small():
    found = pair(compare(observed(equal(b=0.02), sd=0.001), STACKS), "a", "b")
    assert found.word == "faster, but by less than 5 %"


def test_what_noise_hides_is_not_resolved_and_says_how_many_blocks_would_do():
    found = pair(compare(observed(equal(b=0.1), sd=0.1), STACKS), "a", "b")
    assert found.word == "not resolved"
    least, most = found.blocks
    assert 5 < least < most


def test_neither_drift_nor_the_place_in_a_block_makes_a_difference():
    plain = compare(observed(equal(b=0.1), seed=3), STACKS)
    drifting = compare(observed(equal(b=0.1), seed=3, drift=0.3, places=0.2), STACKS)
    for one, other in zip(plain.pairs, drifting.pairs, strict=True):
        assert one.word == other.word
        assert one.ratio == pytest.approx(other.ratio)
        assert one.low == pytest.approx(other.low)
    assert plain.sd == pytest.approx(drifting.sd)


def test_the_interval_is_tukeys():
    observations = observed(equal(), sd=0.03)
    model = fit(observations)
    found = pair(compare(observations, STACKS), "a", "b")
    assert model.df == 25 - 5 - 4 - 4
    quantile = stats.studentized_range.ppf(0.95, 5, 12) / math.sqrt(2)
    difference, error = model.difference("a", "b")
    assert math.log(found.ratio) == pytest.approx(abs(difference))
    assert math.log(found.high / found.ratio) == pytest.approx(quantile * error)
    assert error >= model.sd * math.sqrt(2 / 5) * 0.999
    assert tukey(2, 12) == pytest.approx(stats.t.ppf(0.975, 12), rel=1e-4)


def test_the_noise_is_what_the_model_leaves():
    sds = [fit(observed(equal(), sd=0.04, seed=seed)).sd for seed in range(200)]
    assert np.sqrt(np.mean(np.square(sds))) == pytest.approx(0.04, rel=0.05)


def test_a_stack_with_more_noise_than_the_others_has_wider_intervals():
    noisy = np.random.default_rng(8)
    observations = [
        replace(o, value=o.value * math.exp(noisy.normal(0, 0.1))) if o.stack == "e" else o
        for o in observed(equal())
    ]
    model = fit(observations)
    assert model.difference("a", "e")[1] > 1.2 * model.difference("a", "b")[1]


def test_a_cell_that_is_missing_widens_what_it_was_part_of():
    whole = observed(equal(), seed=5)
    lost = [o for o in whole if (o.stack, o.block) != ("a", 2)]
    contrasts = {}
    for a, b in (("a", "b"), ("c", "b")):
        model = replace(fit(lost), variances=(0.0,) * 5)  # each pair by the noise of all
        contrasts[a] = model.difference(a, b)[1]
    assert contrasts["a"] > contrasts["c"]


def test_a_cell_that_was_measured_again_has_a_place_of_its_own():
    whole = observed(equal(), seed=6)
    late = [replace(o, position=0, value=o.value * 3) if o is whole[7] else o for o in whole]
    assert fit(late).sd < 0.02


def test_one_run_tells_nothing():
    assert compare(observed(equal(), blocks=1), STACKS) is None
    assert compare([], STACKS) is None


def test_one_stack_alone_is_not_compared():
    assert compare(observed({"a": 0.0}), ["a"]) is None


def test_a_control_arm_tells_the_noise_and_is_not_ranked():
    observations = observed(equal(control=-1.0))
    found = compare(observations, STACKS)
    assert set(found.ranks) == set(STACKS)
    assert len(found.pairs) == 10
    assert fit(observations).df > fit(observed(equal())).df


def test_a_planned_ratio_holds_what_is_true():
    model = fit(observed(equal(b=0.1), sd=0.005))
    ratio, low, high = planned_ratio(model, "b", "a")
    assert low < math.exp(0.1) < high
    assert planned_ratio(model, "a", "b")[0] == pytest.approx(1 / ratio)


@given(seed=integers(0, 10_000), sd=floats(0.005, 0.2), gap=floats(-0.3, 0.3))
@settings(max_examples=40, deadline=None)
def test_ranks_hold_every_order_that_the_resolved_pairs_allow(seed, sd, gap):
    found = compare(observed(equal(b=gap, d=-gap / 2), sd=sd, seed=seed), STACKS)
    resolved = [(p.faster, p.slower) for p in found.pairs if p.word.startswith("faster")]
    for order in permutations(STACKS):
        if all(order.index(a) < order.index(b) for a, b in resolved):
            for place, stack in enumerate(order, start=1):
                best, worst = found.ranks[stack]
                assert best <= place <= worst


@given(seed=integers(0, 10_000), factor=floats(0.001, 1000))
@settings(max_examples=30, deadline=None)
def test_the_unit_does_not_matter(seed, factor):
    observations = observed(equal(c=0.05), sd=0.03, seed=seed)
    scaled = [replace(o, value=o.value * factor) for o in observations]
    one, other = compare(observations, STACKS), compare(scaled, STACKS)
    assert [p.word for p in one.pairs] == [p.word for p in other.pairs]
    assert [p.ratio for p in one.pairs] == pytest.approx([p.ratio for p in other.pairs])


@given(seed=integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_names_do_not_matter(seed):
    observations = observed(equal(c=0.05), sd=0.03, seed=seed)
    renamed = dict(zip(STACKS, reversed(STACKS), strict=True))
    swapped = [replace(o, stack=renamed[o.stack]) for o in observations]
    one, other = compare(observations, STACKS), compare(swapped, STACKS)
    for a, b in combinations(STACKS, 2):
        mirrored = pair(other, renamed[a], renamed[b])
        assert pair(one, a, b).word == mirrored.word
        assert renamed[pair(one, a, b).faster] == mirrored.faster


def test_a_stack_that_the_load_generator_held_back_is_slower_than_none():
    observations = observed(equal(b=0.3, c=0.3))
    free, held = compare(observations, STACKS), compare(observations, STACKS, bounded={"b"})
    assert pair(free, "a", "b").word == pair(free, "a", "c").word == "faster by"
    assert pair(held, "a", "b").word == "not resolved"
    assert pair(held, "a", "b").blocks is None  # more of them would not help
    assert pair(held, "a", "c").word == "faster by"
    assert pair(held, "b", "c").word == "not resolved"
    assert held.ranks["b"] == (1, 5)


def test_a_stack_that_the_load_generator_held_back_may_be_faster_still():
    observations = observed(equal(b=-0.3))
    assert pair(compare(observations, STACKS, bounded={"b"}), "a", "b").word == "faster by"
