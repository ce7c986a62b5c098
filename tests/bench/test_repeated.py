"""The study of repetition: campaigns that agree, that do not, and what the controls say of all."""

import math
import re
from types import SimpleNamespace

import pytest
from synthetic import STACKS, campaign, noisy

from bench import Mistake
from bench.answer.report import Report
from bench.answer.statistics.agreement import moved
from bench.answer.statistics.controls import Dose
from bench.arm import CONTROLS
from bench.keep.selection import select_campaigns
from bench.studies.repeated import pool, tell_agreement


@pytest.fixture
def repeat(tmp_path):
    """The folders of campaigns of twelve sessions, one for each of these factors by arm."""

    def repeat(*factors, controls=(), sessions=12, **options):
        return [
            campaign(
                tmp_path,
                f"{len(list(tmp_path.iterdir()))}",
                STACKS,
                sessions=sessions,
                controls=controls,
                ms=noisy(0.03, seed=place, **of),
                **options,
            )
            for place, of in enumerate(factors)
        ]

    return repeat


def reported(folders):
    return [Report(select_campaigns([folder])) for folder in folders]


def said(capsys, folders):
    tell_agreement(SimpleNamespace(campaigns=folders))
    return capsys.readouterr().out.splitlines()


def test_two_campaigns_of_the_same_arms_are_as_far_apart_as_noise_makes_them(repeat, capsys):
    *scenarios, all_of_them = said(capsys, repeat({}, {}))
    assert len(scenarios) == 7
    assert all(" of 4: " in line for line in scenarios)
    assert " of 28, within 41.3 (95% by chance): " in all_of_them
    assert 0.3 < float(all_of_them.rpartition(": ")[2]) < 1.48


def test_an_arm_that_has_moved_is_beyond_chance(repeat, capsys):
    assert "BEYOND 41.3" in said(capsys, repeat({}, {"django_drf": 1.2}))[-1]


def test_what_moves_all_arms_alike_is_the_machines_and_no_disagreement(repeat):
    slower = dict.fromkeys(STACKS, 1.5)
    squares, df = moved(reported(repeat({}, slower)), "get")
    assert df == 4
    assert squares < 15


def test_of_two_campaigns_an_arms_part_is_its_squared_difference_by_both_variances(repeat):
    reports = reported(repeat({}, {"flask_sqlite": 1.1}))
    models = [report.model("get") for report in reports]
    differences = models[0].means - models[1].means
    differences -= differences.mean()
    variances = sum(model.sds**2 / model.counts for model in models)
    squares, _ = moved(reports, "get")
    assert squares == pytest.approx((differences**2 / variances).sum())


def test_the_controls_of_all_are_told_together(repeat, capsys):
    folders = repeat(*[{"control_dosed": 1.1}] * 3, controls=CONTROLS, dose_s=3.8e-6)
    aa, *doses, together = said(capsys, folders)[-5:]
    assert re.fullmatch(r"A/A: sum of squares .* of 6, (within|BEYOND) 12\.6 .*", aa)
    assert all(line.startswith("dose: found: ") for line in doses)
    assert together.startswith("found in 3 of 3; all together: dose: found: hello needs 1.")


def test_what_tells_more_exactly_weighs_more():
    exact, vague = Dose(1.1, 0.10, 0.01, 19), Dose(1.2, 0.20, 0.02, 19)
    both = pool([exact, vague])
    assert both.difference == pytest.approx(0.12)
    assert both.planted == pytest.approx(math.exp(0.8 * math.log(1.1) + 0.2 * math.log(1.2)))
    assert both.error == pytest.approx(1 / math.sqrt(1e4 + 2.5e3))
    assert both.df == 38


def test_one_campaign_agrees_with_nothing(repeat):
    with pytest.raises(Mistake, match="name two campaigns or more"):
        tell_agreement(SimpleNamespace(campaigns=repeat({})))


def test_campaigns_of_other_conditions_are_not_compared(repeat):
    first, second = repeat({}, {}), repeat({}, {}, engine="docker")
    with pytest.raises(Mistake, match="differ in "):
        tell_agreement(SimpleNamespace(campaigns=[first[0], second[1]]))
