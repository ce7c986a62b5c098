"""Experiments on causes: what they compare, what they notice, and what is made of it."""

import argparse
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest

from bench import ROOT, Mistake
from bench.answer.claims.claim import CONFIRMED, CONTRADICTED, OPEN, UNRESOLVED
from bench.answer.claims.judged import PAPER, read_texts
from bench.measure.load.k6 import K6
from bench.studies.committed import WHY, experiments
from bench.studies.experiment import run as running
from bench.studies.experiment.contrasts import (
    EXCLUDED,
    UNTOLD,
    judge,
    must_be_applied,
)
from bench.studies.experiment.counting import must_vary
from bench.studies.experiment.experiment import Contrast, Experiment, Load, Part, Varied, ratio
from bench.studies.experiment.measuring import Row, read_rows, write_rows
from bench.studies.experiment.tables import table_of_contrasts, table_of_variants, word
from bench.studies.ladder.rungs import LADDERS, TOTALS, contrasts, steps
from bench.studies.why.experiments import EXPERIMENTS
from bench.studies.why.verdicts import Condition, Mechanism, by_experiment, read_mechanisms
from bench.studies.why.waiting_figure import points

ALL = {
    **{name: make() for name, make in EXPERIMENTS.items()},
    **{n: m() for n, m in LADDERS.items()},
}


def experiment(*contrasts: Contrast, varied: tuple[Varied, ...] = (), **more) -> Experiment:
    return Experiment(
        "e", None, "it is so", "b is dearer", (), contrasts, varied, "nothing", **more
    )


def rows(sessions: int, noise: float = 0.01, **means: float) -> list[Row]:
    """Of each variant a value a session around its mean, with what a session shares."""
    drawn, found = random.Random(7), []
    for session in range(1, sessions + 1):
        shared = drawn.gauss(0, 0.3)
        for variant, mean in means.items():
            value = mean * math.exp(shared + drawn.gauss(0, noise))
            found.append(Row("p", "hello", variant, session, "cpu_us", value))
    return found


TWICE = ratio("b by a", "b", "a", "p", "hello")


def test_a_ratio_is_found_whatever_all_variants_of_a_session_share():
    (told,) = judge(experiment(TWICE), rows(8, a=100, b=200))
    assert told.low < 2 < told.high and told.high / told.low < 1.05
    assert (told.sessions, told.word, told.needed) == (8, EXCLUDED, None)


def test_an_interaction_is_what_two_cost_together_beyond_each():
    weights = {"both": 1.0, "one": -1.0, "other": -1.0, "none": 1.0}
    beyond = Contrast("beyond", "p", weights, "hello", scale="difference", other=0.0)
    exact = [
        Row("p", "hello", variant, session, "cpu_us", value + session)
        for session in range(1, 7)
        for variant, value in {"both": 90, "one": 40, "other": 50, "none": 20}.items()
    ]
    (told,) = judge(experiment(beyond), exact)
    assert told.value == pytest.approx(20) and told.word == EXCLUDED


def test_equal_variants_are_not_told_apart_and_it_says_how_many_sessions_might_do():
    (told,) = judge(experiment(TWICE), rows(8, 0.05, a=100, b=101))
    assert told.word == "not resolved" and told.needed and told.needed > 8
    assert f"some {told.needed:,} sessions might tell" in word(told)


def test_a_session_in_which_a_variant_does_not_count_is_left_out():
    table = rows(5, a=100, b=200)
    table[1] = replace(table[1], problem="failed: 3 of 9 requests failed", value=9e9)
    (told,) = judge(experiment(TWICE), table)
    assert told.sessions == 4 and told.value == pytest.approx(2, rel=0.05)
    shown = "\n".join(table_of_variants([replace(row, what="ms") for row in table]))
    assert "4 of 5" in shown


def test_too_few_sessions_say_nothing():
    (told,) = judge(experiment(TWICE), rows(3, a=100, b=200))
    assert told.word == UNTOLD
    assert "3 sessions" in "\n".join(table_of_contrasts([told]))


def test_the_intervals_of_an_experiment_hold_together():
    alone, of_many = (
        judge(experiment(*[TWICE] * count), rows(8, a=100, b=200))[0] for count in (1, 20)
    )
    assert of_many.low < alone.low < alone.high < of_many.high


@pytest.mark.parametrize("found, says", [({"collections": 9.0}, "has 9"), ({}, "has 0")])
def test_a_factor_that_was_not_applied_is_a_mistake_before_anything_is_measured(found, says):
    bounds = {"at_most": 0} if found else {"at_least": 1}
    of = experiment(TWICE, varied=(Varied("p", "b", "collections", **bounds),))
    with pytest.raises(Mistake, match=f"b {says} collections a request.*nothing was measured"):
        must_vary(of, Part("p", (), (Load("hello", 1),), 1), {("b", "hello"): found})


def test_a_dose_that_does_not_show_is_a_mistake():
    of = experiment(TWICE, applied=("b by a",))
    must_be_applied(of, judge(of, rows(8, a=100, b=125)))
    with pytest.raises(Mistake, match="b by a is .* does not show"):
        must_be_applied(of, judge(of, rows(8, a=100, b=100)))


@pytest.mark.parametrize("name", ALL)
def test_whatever_an_experiment_names_is_there(name):
    of = ALL[name]
    variants = {part.name: {one.name for one in part.variants} for part in of.parts}
    loads = {part.name: {load.label for load in part.loads} for part in of.parts}
    for contrast in of.contrasts:
        assert contrast.weights.keys() <= variants[contrast.part], contrast.name
        assert contrast.load in loads[contrast.part], contrast.name
        assert sum(contrast.weights.values()) == 0, contrast.name
    for one in of.varied:
        assert one.variant in variants[one.part], one
    assert len({contrast.name for contrast in of.contrasts}) == len(of.contrasts)
    assert {*of.applied} <= {contrast.name for contrast in of.contrasts}
    for part in of.parts:
        assert all(file.exists() for one in part.variants for file in one.files)


@pytest.mark.parametrize("stack", LADDERS)
def test_the_rungs_of_a_ladder_add_up_to_the_stack_itself(stack):
    for scenario in TOTALS:
        found = list(steps(stack, scenario))
        total = {found[0].rung: 1.0}
        for contrast in contrasts(stack):
            if contrast.load == scenario:
                for rung, weight in contrast.weights.items():
                    total[rung] = total.get(rung, 0.0) + weight
        assert {rung: weight for rung, weight in total.items() if weight} == {"response": 1.0}


def test_values_are_read_as_they_were_kept(tmp_path):
    table = [*rows(2, a=1, b=2), Row("p, q", "hello", "a", 0, "hops", 2, "")]
    write_rows(table, tmp_path / "e.csv")
    found = read_rows(tmp_path / "e.csv")
    assert [row.value for row in found] == pytest.approx([row.value for row in table], rel=1e-5)
    assert [replace(row, value=0) for row in found] == [replace(row, value=0) for row in table]
    (tmp_path / "e.csv").write_text("part,scenario\n1,2\n")
    with pytest.raises(Mistake, match="no file of an experiment"):
        read_rows(tmp_path / "e.csv")


MECHANISM = Mechanism(
    section="1",
    quote="it is so",
    holds=[Condition(experiment="e", contrast="b by a", at_least=1.5)],
)


@pytest.mark.parametrize(
    "b, noise, says",
    [(200, 0.01, CONFIRMED), (110, 0.01, CONTRADICTED), (150, 0.2, UNRESOLVED)],
)
def test_a_cause_is_judged_by_where_the_interval_lies(b, noise, says):
    (claim,) = [one for one in read_texts()["paper"] if one.quote.startswith("FastAPI is except")]
    claim = type(claim)(section="1", quote="it is so", kind="mechanism", experiment="e")
    told = {"e": judge(experiment(TWICE), rows(8, noise, a=100, b=b))}
    verdict = by_experiment(claim, [MECHANISM], told)
    assert verdict.word == says and "b by a" in verdict.why
    assert by_experiment(claim, [MECHANISM], {}).word == OPEN
    assert by_experiment(claim, [], told).word == OPEN


def test_what_judges_a_cause_names_a_claim_and_a_contrast_that_exist():
    texts = read_texts()
    claims = {(c.section, c.quote): c for of in texts.values() for c in of}
    names = {name: {one.name for one in ALL[name].contrasts} for name in EXPERIMENTS}
    for mechanism in read_mechanisms(PAPER / "mechanisms.toml"):
        assert claims[mechanism.section, mechanism.quote].kind == "mechanism"
        for condition in mechanism.holds:
            assert condition.contrast in names[condition.experiment], condition.contrast


def test_every_file_of_an_experiment_is_named_by_one():
    named = {
        file for of in ALL.values() for part in of.parts for v in part.variants for file in v.files
    }
    for folder in ("why", "ladder"):
        apps = ROOT / "bench" / "studies" / folder / "apps"
        assert {*apps.glob("*.py")} <= named


def test_a_look_of_fewer_sessions_keeps_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(running, "_measured", lambda *given: rows(given[1], a=100, b=200))
    monkeypatch.setattr(running, "find_k6", lambda path: K6(Path("k6"), "v2"))
    monkeypatch.setitem(running.KNOWN, "why", {"e": lambda: experiment(TWICE)})
    given = {"action": "why", "names": [], "out": tmp_path / "out", "sessions": 2, "k6": None}
    running.run_experiments(argparse.Namespace(**given))
    assert "| b by a | not measured | 2 sessions |" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_what_wait_and_cpu_allow_is_the_smaller_of_both():
    def row(what: str, value: float) -> Row:
        return Row("waiting", "query of 10 ms, 100 users", "flask_2", 1, what, value)

    of = [row("per_s", 350), row("cpu_us", 900), row("database_us", 100)]
    (slow,) = points(of, wait=10, cpus=1)
    assert math.isclose(slow.by_wait, 4 / 0.011) and math.isclose(slow.by_cpu, 1000)
    assert slow.bound == slow.by_wait and [*slow.per_s] == [350]
    (more,) = points([replace(one, variant="flask_50") for one in of], wait=10, cpus=1)
    assert more.bound == more.by_cpu


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_as_many_sessions_are_committed_as_an_experiment_asks_for(name):
    kept = read_rows(WHY / f"{name}.csv")
    for part in EXPERIMENTS[name]().parts:
        there = {row.session for row in kept if row.part == part.name}
        assert there >= {*range(1, part.sessions + 1)}


def test_what_an_experiment_found_names_only_contrasts_that_it_has():
    for found in experiments():
        assert found["found"] and "{" not in found["found"]
