"""Which of two arms is faster: the model, the four words, the ranks."""

import math
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, floats, integers, lists
from scipy import stats

from bench.answer.statistics.comparison import compare, standard_distance, told
from bench.answer.statistics.model import LEAST, OWN, Observation, critical, fit

ARMS = ["a", "b", "c", "d", "e"]


def observed(effects, sd=0.01, sessions=5, seed=1, drift=0.0):
    """A campaign of arms that take exp(effect), with noise and drift from session to session."""
    noise = np.random.default_rng(seed)
    return [
        Observation(arm, session, math.exp(effects[arm] + drift * session + noise.normal(0, sd)))
        for session in range(1, 1 + sessions)
        for arm in sorted(effects)
    ]


def noisier(observations, arm="e", sd=0.1, seed=5):
    """One arm varies more than the others."""
    noise = np.random.default_rng(seed)
    return [
        replace(o, value=o.value * math.exp(noise.normal(0, sd))) if o.arm == arm else o
        for o in observations
    ]


def without(observations, *lost):
    """These (arm, session) do not count."""
    return [o for o in observations if (o.arm, o.session) not in lost]


def error(model, a, b):
    return float(model.errors[model.at(a, b)])


def equal(**effects):
    return dict.fromkeys(ARMS, 0.0) | effects


def pair(comparison, a, b):
    return next(p for p in comparison.pairs if {p.faster, p.slower} == {a, b})


def test_a_arm_that_takes_a_tenth_longer_is_slower():
    found = pair(compare(observed(equal(b=0.1)), ARMS), "a", "b")
    assert (found.faster, found.slower, found.word) == ("a", "b", "faster by")
    assert found.low < math.exp(0.1) < found.high
    assert found.sessions is None


def test_what_was_measured_only_where_nothing_else_was_is_not_told_apart():
    apart = [replace(o, session=-o.session) if o.arm == "a" else o for o in observed(equal(a=0.5))]
    found = compare(apart, ARMS)
    of_a = [p for p in found.pairs if "a" in (p.faster, p.slower)]
    assert {(p.word, p.low, p.high, p.sessions) for p in of_a} == {
        ("not resolved", 0.0, math.inf, None)
    }
    assert found.ranks["a"] == (1, 5)
    assert {p.word for p in found.pairs if p not in of_a} == {"practically equal"}


@pytest.mark.parametrize("sessions", range(1, 1 + LEAST))
def test_below_four_sessions_there_is_neither_a_comparison_nor_a_rank(sessions):
    found = compare(observed(equal(b=0.5), sessions=sessions), ARMS)
    assert bool(found) == (sessions >= 4)


def test_of_an_arm_that_counts_in_three_sessions_nothing_is_told_beside_the_others():
    observations = without(observed(equal(a=0.5)), ("a", 1), ("a", 2))
    found = compare(observations, ARMS)
    words = {p.word for p in found.pairs if "a" in (p.faster, p.slower)}
    assert words == {"not resolved"}
    assert found.ranks["a"] == (1, 5)


def test_the_interval_of_an_arm_that_varies_more_than_the_others_is_wider():
    spread = compare(noisier(observed(equal())), ARMS).spread
    assert spread["e"] - 1 > 1.5 * (max(spread[name] for name in "abcd") - 1)


def test_equal_arms_with_little_noise_are_practically_equal():
    words = {p.word for p in compare(observed(equal()), ARMS).pairs}
    assert words == {"practically equal"}


def test_a_small_difference_that_is_sure_is_called_small():
    found = pair(compare(observed(equal(b=0.02), sd=0.001), ARMS), "a", "b")
    assert found.word == "faster, but by less than 5 %"


def test_what_noise_hides_is_not_resolved_and_says_how_many_sessions_would_do():
    found = pair(compare(observed(equal(b=0.1), sd=0.1), ARMS), "a", "b")
    assert found.word == "not resolved"
    least, most = found.sessions
    assert 5 < least < most


def test_drift_makes_no_difference():
    plain = compare(observed(equal(b=0.1), seed=3), ARMS)
    drifting = compare(observed(equal(b=0.1), seed=3, drift=0.3), ARMS)
    for one, other in zip(plain.pairs, drifting.pairs, strict=True):
        assert one.word == other.word
        assert one.ratio == pytest.approx(other.ratio)
        assert one.low == pytest.approx(other.low)
    assert plain.sd == pytest.approx(drifting.sd)


def half(observations, a, b):
    found = pair(compare(observations, ARMS), a, b)
    return math.log(found.high / found.ratio)


def test_of_few_sessions_the_interval_is_tukeys_by_the_noise_of_all_or_by_its_own():
    observations = noisier(observed(equal(), sd=0.03))
    model = fit(observations)
    assert model.df == 25 - 5 - 4
    quantile = stats.studentized_range.ppf(0.95, 5, 16) / math.sqrt(2)
    sds = {
        other: math.sqrt(differences(observations, "a", other).var(ddof=1) / 2) for other in "be"
    }
    assert sds["b"] < model.sd < sds["e"]
    assert half(observations, "a", "b") == pytest.approx(quantile * model.sd * math.sqrt(2 / 5))
    assert half(observations, "a", "e") == pytest.approx(quantile * sds["e"] * math.sqrt(2 / 5))


def differences(observations, a, b):
    """Of logarithms, in the sessions that have both."""
    values = {(o.arm, o.session): math.log(o.value) for o in observations}
    both = [s for arm, s in values if arm == a and (b, s) in values]
    return np.array([values[a, s] - values[b, s] for s in both])


@pytest.mark.parametrize("sessions", [OWN, 2 * OWN])
def test_of_many_sessions_a_pair_is_judged_by_its_own_noise(sessions):
    observations = noisier(observed(equal(), sd=0.03, sessions=sessions))
    for a, b in ("ab", "ae"):
        of = differences(observations, a, b)
        error = math.sqrt(of.var(ddof=1) / sessions)
        assert half(observations, a, b) == pytest.approx(critical(5, sessions - 1, True) * error)
        difference, standard_error, df = told(fit(observations), a, b)
        t = stats.ttest_1samp(of, 0)
        assert (difference, difference / standard_error) == pytest.approx((of.mean(), t.statistic))
        assert df == t.df


def test_a_pair_that_lacks_sessions_is_not_judged_by_what_the_others_know():
    whole = observed(equal(), sd=0.03, sessions=12)
    lost = without(whole, *(("a", session) for session in range(1, 6)))
    model = fit(lost)
    assert [int(model.degrees[model.at(*names)]) for names in ("ab", "bc")] == [6, 11]
    assert half(lost, "a", "b") > 1.2 * half(whole, "a", "b")


def test_of_two_arms_every_measure_is_students():
    for df in (5, 12, 19):
        for own in (False, True):
            assert critical(2, df, own) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-4)


@pytest.mark.parametrize("df", [9, 19])
def test_of_more_arms_the_greatest_of_all_pairs_deviates_beyond_it_in_5_of_100(df):
    chance = np.random.default_rng(1)
    deviates = np.abs(chance.standard_normal((200_000, 10))).max(-1)
    sds = np.sqrt(chance.chisquare(df, 200_000) / df)
    assert (deviates / sds > critical(5, df, True)).mean() == pytest.approx(0.05, abs=0.002)
    assert critical(5, df, False) < critical(5, df, True) < stats.t.ppf(1 - 0.05 / 20, df)


def test_the_noise_is_what_the_model_leaves():
    sds = [fit(observed(equal(), sd=0.04, seed=seed)).sd for seed in range(200)]
    assert np.sqrt(np.mean(np.square(sds))) == pytest.approx(0.04, rel=0.05)


def test_an_arm_with_more_noise_than_the_others_has_wider_intervals():
    model = fit(noisier(observed(equal()), seed=8))
    assert error(model, "a", "e") > 1.2 * error(model, "a", "b")


def test_a_value_that_is_missing_widens_what_it_was_part_of():
    lost = without(observed(equal(), seed=5), ("a", 2))
    model = fit(lost)
    model = replace(model, pair_sds=np.zeros((5, 5)))  # each pair by the noise of all
    assert error(model, "a", "b") > error(model, "c", "b")


# The means that are shown


@given(seed=integers(0, 10_000), there=lists(booleans(), min_size=60, max_size=60))
@settings(max_examples=60, deadline=None)
def test_means_divide_to_the_ratios_whatever_does_not_count(seed, there):
    whole = observed(equal(b=0.1, c=-0.2), sd=0.1, sessions=12, seed=seed, drift=0.2)
    observations = [o for o, counts in zip(whole, there, strict=True) if counts or o.arm == "a"]
    model = fit(observations)
    shown = dict(zip(model.arms, np.exp(model.means), strict=True))
    for found in compare(observations, ARMS).pairs if compare(observations, ARMS) else ():
        assert shown[found.slower] / shown[found.faster] == pytest.approx(found.ratio, rel=1e-12)


def test_where_all_counts_a_mean_is_the_geometric_one():
    observations = observed(equal(b=0.1), sd=0.1, seed=7)
    model = fit(observations)
    for place, arm in enumerate(ARMS):
        values = [o.value for o in observations if o.arm == arm]
        assert math.exp(model.means[place]) == pytest.approx(stats.gmean(values))


def test_an_arm_that_lacks_a_slow_session_does_not_look_faster():
    observations = [
        replace(o, value=2 * o.value) if o.session == 3 else o for o in observed(equal())
    ]
    model = fit(without(observations, ("a", 3)))
    assert np.ptp(model.means) < 0.02


def test_means_of_arms_that_no_session_connects_are_their_own():
    there = observed({"a": 0.0, "b": 0.1}) + [
        Observation(o.arm, ("another", o.session), o.value)
        for o in observed({"c": 2.0, "d": 3.0}, sessions=3)
    ]
    model = fit(there)
    for place, arm in enumerate(model.arms):
        values = [o.value for o in there if o.arm == arm]
        assert math.exp(model.means[place]) == pytest.approx(stats.gmean(values))
    assert model.df == 4 * 1 + 2 * 1


@given(seed=integers(0, 10_000), there=lists(booleans(), min_size=40, max_size=40))
@settings(max_examples=60, deadline=None)
def test_the_fit_is_that_of_least_squares_with_a_column_each(seed, there):
    whole = observed(equal(b=0.1), sd=0.1, sessions=8, seed=seed, drift=0.1)
    observations = [o for o, counts in zip(whole, there, strict=True) if counts]
    if not observations:
        return
    model = fit(observations)
    y = np.log([o.value for o in observations])
    columns = [[o.arm == arm for o in observations] for arm in model.arms]
    columns += [[o.session == session for o in observations] for session in range(1, 9)]
    design = np.array(columns, dtype=float).T
    coefficients, _, rank, _ = np.linalg.lstsq(design, y, rcond=None)
    residuals = y - design @ coefficients
    assert model.df == len(y) - rank
    if model.df > 0:
        assert model.sd**2 * model.df == pytest.approx(residuals @ residuals, abs=1e-12)
    if rank == len(model.arms) + len({o.session for o in observations}) - 1:  # all connected
        k = len(model.arms)
        assert np.diff(model.means) == pytest.approx(np.diff(coefficients[:k]), abs=1e-9)


def test_a_standard_distance_is_a_normal_deviate_of_equal_arms():
    distances = [
        standard_distance(fit(observed(equal(), sd=0.04, sessions=20, seed=seed)), "a", "b")
        for seed in range(400)
    ]
    assert np.mean(np.square(distances)) == pytest.approx(1, abs=0.2)
    assert stats.kstest(distances, "norm").pvalue > 0.01


def test_a_standard_distance_has_a_sign_and_no_end():
    model = fit(observed(equal(b=0.5)))
    assert standard_distance(model, "b", "a") == -standard_distance(model, "a", "b") > 8
    assert standard_distance(fit(observed(equal(), sessions=3)), "a", "b") is None
    assert standard_distance(fit(observed(equal(), sd=0)), "a", "b") == 0


def test_one_session_tells_nothing():
    assert compare(observed(equal(), sessions=1), ARMS) is None
    assert compare([], ARMS) is None


def test_one_arm_alone_is_not_compared():
    assert compare(observed({"a": 0.0}), ["a"]) is None


def test_a_control_arm_tells_the_noise_and_is_not_ranked():
    observations = observed(equal(control=-1.0))
    found = compare(observations, ARMS)
    assert set(found.ranks) == set(ARMS)
    assert len(found.pairs) == 10
    assert fit(observations).df > fit(observed(equal())).df


def test_what_is_told_of_a_pair_is_the_same_whoever_is_named_first():
    model = fit(observed(equal(b=0.1), sd=0.005))
    difference, error, df = told(model, "b", "a")
    assert abs(difference - 0.1) < 3 * error
    assert told(model, "a", "b") == (pytest.approx(-difference), error, df)


@given(seed=integers(0, 10_000), sd=floats(0.005, 0.2), gap=floats(-0.3, 0.3))
@settings(max_examples=40, deadline=None)
def test_ranks_hold_every_order_that_the_resolved_pairs_allow(seed, sd, gap):
    found = compare(observed(equal(b=gap, d=-gap / 2), sd=sd, seed=seed), ARMS)
    resolved = [(p.faster, p.slower) for p in found.pairs if p.word.startswith("faster")]
    for order in permutations(ARMS):
        if all(order.index(a) < order.index(b) for a, b in resolved):
            for place, arm in enumerate(order, start=1):
                best, worst = found.ranks[arm]
                assert best <= place <= worst


@given(seed=integers(0, 10_000), factor=floats(0.001, 1000))
@settings(max_examples=30, deadline=None)
def test_the_unit_does_not_matter(seed, factor):
    observations = observed(equal(c=0.05), sd=0.03, seed=seed)
    scaled = [replace(o, value=o.value * factor) for o in observations]
    one, other = compare(observations, ARMS), compare(scaled, ARMS)
    assert [p.word for p in one.pairs] == [p.word for p in other.pairs]
    assert [p.ratio for p in one.pairs] == pytest.approx([p.ratio for p in other.pairs])


@given(seed=integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_names_do_not_matter(seed):
    observations = observed(equal(c=0.05), sd=0.03, seed=seed)
    renamed = dict(zip(ARMS, reversed(ARMS), strict=True))
    swapped = [replace(o, arm=renamed[o.arm]) for o in observations]
    one, other = compare(observations, ARMS), compare(swapped, ARMS)
    for a, b in combinations(ARMS, 2):
        mirrored = pair(other, renamed[a], renamed[b])
        assert pair(one, a, b).word == mirrored.word
        assert renamed[pair(one, a, b).faster] == mirrored.faster


def test_a_arm_that_the_load_generator_held_back_is_slower_than_none():
    observations = observed(equal(b=0.3, c=0.3))
    free, held = compare(observations, ARMS), compare(observations, ARMS, bounded={"b"})
    assert pair(free, "a", "b").word == pair(free, "a", "c").word == "faster by"
    assert pair(held, "a", "b").word == "not resolved"
    assert pair(held, "a", "b").sessions is None  # more of them would not help
    assert pair(held, "a", "c").word == "faster by"
    assert pair(held, "b", "c").word == "not resolved"
    assert held.ranks["b"] == (1, 5)


def test_a_arm_that_the_load_generator_held_back_may_be_faster_still():
    observations = observed(equal(b=-0.3))
    assert pair(compare(observations, ARMS, bounded={"b"}), "a", "b").word == "faster by"
