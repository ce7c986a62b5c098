"""The study of noise: what each level adds is told apart, and designs are judged by it."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from synthetic import STACKS, campaign

from bench import ROOT
from bench.commands.quotable import faults
from bench.studies.nested import Noise, components, tell_noise


def made_up(turn, run, session, sessions=200, runs=3, rounds=4, arms=5, seed=1):
    """Session, run and a table by round and arm, with noise of these sds at each level."""
    chance, table = np.random.default_rng(seed), []
    for number in range(sessions):
        of_session = chance.normal(0, session, arms)
        for place in range(runs):
            of_run = of_session + chance.normal(0, run, arms)
            values = of_run + chance.normal(0, turn, (rounds, arms)) + chance.normal(0, 0.5)
            table.append((number, place + 1, values - values.mean(axis=1, keepdims=True)))
    return table


@pytest.mark.parametrize("sds", [(0.10, 0.04, 0.04), (0.10, 0.0, 0.02), (0.05, 0.08, 0.0)])
def test_what_each_level_adds_is_found_again(sds):
    noise = components(made_up(*sds))
    assert (noise.turn, noise.run, noise.session) == pytest.approx(sds, abs=0.012)


def test_what_all_arms_of_a_round_share_is_in_none_of_it():
    assert components(made_up(0.0, 0.0, 0.0)).turn == pytest.approx(0, abs=1e-9)


def test_one_session_tells_nothing():
    assert components(made_up(0.1, 0.1, 0.1, sessions=1)) is None


def test_a_session_that_lacks_a_run_is_left_out():
    table = made_up(0.1, 0.0, 0.0, sessions=3)
    assert components(table[1:]) == components(table[3:])


def test_more_sessions_runs_and_rounds_make_narrower_intervals():
    noise = Noise(turn=0.1, run=0.04, session=0.04)
    width = noise.half_width(20, 3, 3, 5)
    assert width < noise.half_width(20, 3, 1, 5) < noise.half_width(20, 1, 1, 5)
    assert width < noise.half_width(12, 3, 3, 5)


def test_more_rounds_do_not_help_against_what_differs_from_session_to_session():
    noise = Noise(turn=0.1, run=0.0, session=0.05)
    assert noise.half_width(20, 1, 1000, 5) > 0.9 * Noise(0, 0, 0.05).half_width(20, 1, 1, 5)


def test_a_campaign_is_told_of_by_scenario(tmp_path, capsys):
    folder = campaign(tmp_path, "1", STACKS, sessions=4)
    tell_noise(SimpleNamespace(campaign=folder))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| scenario | turn | k6 run | session |")
    assert {line.split(" | ")[0] for line in lines[2:-1]} >= {"| get", "| list", "| delete"}


def test_the_committed_tables_are_what_their_campaigns_give(capsys):
    text = (ROOT / "results" / "reference-noise" / "nested.md").read_text()
    for folder in re.findall("bench nested (results/[a-z0-9/-]+)", text):
        assert faults(ROOT / folder) == []
        tell_noise(SimpleNamespace(campaign=ROOT / folder))
        *table, _ = capsys.readouterr().out.splitlines()
        assert "\n".join(table) in text, folder
