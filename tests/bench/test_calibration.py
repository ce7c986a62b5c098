"""The statistics hold what they promise, on seeded campaigns whose truth is known.

The table of it is calibration.md; REWRITE=1 writes it anew.
"""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from bench.answer.comparison import Observation, compare
from bench.keep.plan import draw_plan

TABLE = Path(__file__).with_name("calibration.md")
STACKS = ["a", "b", "c", "d", "e"]
CAMPAIGNS = 2000
EFFECT = math.log(1.10)
rows: dict[tuple[str, float], tuple[float, float]] = {}


def values(cells, generator, sd, slower=None, drift=0.0, noisy=None):
    """log(value) of each cell, in the order of time."""
    effect = np.array([EFFECT if cell.stack == slower else 0.0 for cell in cells])
    walk = np.cumsum(generator.normal(0, drift, len(cells)))
    # A neighbour's load comes in bursts: one cell in ten takes five per cent longer.
    bursts = (5 * drift) * (generator.random(len(cells)) < 0.1)
    sds = np.array([4 * sd if cell.stack == noisy else sd for cell in cells])
    return effect + walk + bursts + generator.normal(0, 1, len(cells)) * sds


def compared(cells, logs):
    observed = zip(cells, np.exp(logs), strict=True)
    return compare([Observation(c.stack, c.block, c.position, v) for c, v in observed], STACKS)


def false_rate(sd, campaigns=CAMPAIGNS, seed=1, **conditions):
    """In which part of campaigns of equal stacks one or more is called faster."""
    generator = np.random.default_rng(seed)
    wrong = 0
    for number in range(campaigns):
        cells = draw_plan(STACKS, 5, number)
        found = compared(cells, values(cells, generator, sd, **conditions))
        wrong += any(pair.word.startswith("faster") for pair in found.pairs)
    return wrong / campaigns


def power(sd, campaigns=CAMPAIGNS, seed=2, **conditions):
    """In which part of campaigns a stack that takes 10 % longer is found slower than one other."""
    generator = np.random.default_rng(seed)
    found = 0
    for number in range(campaigns):
        cells = draw_plan(STACKS, 5, number)
        pairs = compared(cells, values(cells, generator, sd, slower="b", **conditions)).pairs
        [pair] = [pair for pair in pairs if {pair.faster, pair.slower} == {"a", "b"}]
        found += pair.word.startswith("faster") and pair.slower == "b"
    return found / campaigns


def test_of_equal_stacks_one_is_called_faster_in_5_campaigns_of_100():
    assert 0.03 <= false_rate(0.03) <= 0.07


def test_a_true_10_per_cent_is_found_at_a_noise_of_3_per_cent():
    assert power(0.03) > 0.9


@pytest.mark.parametrize("sd", [0.01, 0.02, 0.03, 0.05, 0.08])
@pytest.mark.parametrize("condition", ["none", "drift", "one noisy stack"])
def test_the_rates_of_the_table_are_as_written(condition, sd):
    conditions = {"none": {}, "drift": {"drift": 0.01}, "one noisy stack": {"noisy": "e"}}
    of = conditions[condition]
    rows[condition, sd] = false_rate(sd, 500, **of), power(sd, 500, **of)
    false, found = rows[condition, sd]
    assert false <= 0.08
    if os.environ.get("REWRITE"):
        return
    assert f"| {condition} | {sd:.0%} | {false:.1%} | {found:.0%} |" in TABLE.read_text()


def test_measured_stack_after_stack_the_same_drift_makes_winners():
    """Why the order matters: the same noise, the same model, only the order differs."""
    generator = np.random.default_rng(3)
    wrong = {"in turn": 0, "stack after stack": 0}
    for number in range(300):
        in_turn = draw_plan(STACKS, 5, number)
        logs = values(in_turn, generator, 0.02, drift=0.01)
        after = [cell for stack in STACKS for cell in in_turn if cell.stack == stack]
        for order, cells in (("in turn", in_turn), ("stack after stack", after)):
            pairs = compared(cells, logs).pairs
            wrong[order] += any(pair.word.startswith("faster") for pair in pairs)
    assert wrong["in turn"] / 300 < 0.08
    assert wrong["stack after stack"] / 300 > 0.4
    rows["stack after stack, drift", 0.02] = wrong["stack after stack"] / 300, math.nan


def test_the_table_is_written():
    if not os.environ.get("REWRITE"):
        assert TABLE.exists()
        return
    lines = [
        "<!-- Written by test_calibration.py: what the comparison errs and finds. -->",
        "",
        "Five stacks, five blocks, simulated. *False*: campaigns of equal stacks in which one is",
        "called faster than another. *Found*: campaigns in which a stack that takes 10 % longer is",
        "found slower. *Drift*: a random walk of 1 % from cell to cell, and bursts. *One noisy",
        "stack*: four times the noise of the others. Each row is 500 campaigns, the last one 300:",
        "a rate is known to two points. What the tests hold to is of 2,000: *false* 3 to 7 %, and",
        "*found* above 90 %, at 3 % undisturbed.",
        "",
        "| disturbed by | noise (sd) | false | found |",
        "|---|---|---|---|",
    ]
    for (condition, sd), (false, found) in rows.items():
        shown = "" if math.isnan(found) else f"{found:.0%}"
        lines.append(f"| {condition} | {sd:.0%} | {false:.1%} | {shown} |")
    TABLE.write_text("\n".join(lines) + "\n")
