"""Did a change make it slower: how often that is said wrongly, and what is found.

The table of it is slower.md; `REWRITE=1 pytest tests/bench/test_slower.py` writes it.
"""

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
import scipy
from synthetic import campaign, noisy
from test_calibration import RUN, RUNS, SESSION, TURN, simulated

from bench.answer.answering import answer_of
from bench.answer.report import Report
from bench.answer.shown.markdown import as_markdown
from bench.answer.shown.spreadsheet import write_changes
from bench.answer.statistics.model import fit_table
from bench.answer.statistics.slower import ERROR, changes, holm, judge, lines_of
from bench.keep.selection import select_campaigns
from bench.keep.store import read_plan

TABLE = Path(__file__).with_name("slower.md")
ALLOWED = 0.05
SESSIONS = (5, 8, 10, 12, 20)
RATIOS = {3: (1, 3), 7: (1, 7), 35: (5, 7)}  # stacks and scenarios
REWRITE = bool(os.environ.get("REWRITE"))
CAMPAIGNS = 4000 if REWRITE else 400
cells: dict[tuple[int, int], tuple[float, float, float]] = {}


def decided(sessions, stacks, scenarios, change, one, seed=1, factors=None):
    """By campaign and ratio, whether it is called slower by more than allowed.

    change is the truth, log(after / before): of the first ratio where one, else of all.
    """
    chance, p = np.random.default_rng(seed), []
    for scenario in range(scenarios):
        logs = simulated(chance, sessions, CAMPAIGNS, factors=factors or (1,) * (2 * stacks))
        changed = range(1, 2 * stacks, 2) if not one else [1] if scenario == 0 else []
        logs[..., list(changed)] += change
        model = fit_table(logs)
        for stack in range(stacks):
            at = ..., 2 * stack + 1, 2 * stack
            beyond = model.differences[at] - math.log1p(ALLOWED)
            error = model.pair_sds[at] * math.sqrt(2 / sessions)
            p.append(scipy.stats.t.sf(beyond / error, sessions - 1))
    rejected = np.zeros((CAMPAIGNS, len(p)), dtype=bool)
    for row, of_campaign in enumerate(np.array(p).T):
        rejected[row, list(holm(list(of_campaign)))] = True
    return rejected


@pytest.mark.parametrize("sessions", SESSIONS)
@pytest.mark.parametrize("ratios", RATIOS)
def test_what_the_table_says_is_so_and_an_allowed_change_is_seldom_called_slower(ratios, sessions):
    shape = sessions, *RATIOS[ratios]
    wrong = decided(*shape, math.log1p(ALLOWED), one=False).any(-1).mean()
    found = [decided(*shape, math.log(by), one=True)[:, 0].mean() for by in (1.15, 1.25)]
    cells[ratios, sessions] = wrong, *found
    assert wrong <= ERROR + by_chance(ERROR)
    if not REWRITE:
        line = next(line for line in TABLE.read_text().splitlines() if f"| {ratios} |" in line)
        cell = line.split("|")[2 + SESSIONS.index(sessions)].replace("%", "").split(",")
        for share, text in zip(cells[ratios, sessions], cell, strict=True):
            assert share == pytest.approx(
                float(text) / 100, abs=by_chance(float(text) / 100) + 0.01
            )


def by_chance(share):
    """How far a share of so many campaigns may be from the truth."""
    return 3 * math.sqrt(share * (1 - share) / CAMPAIGNS)


@pytest.mark.parametrize("sessions", (5, 12))
def test_a_stack_with_three_times_the_noise_changes_nothing_of_that(sessions):
    factors = (1,) * 8 + (3, 3)
    wrong = decided(sessions, 5, 7, math.log1p(ALLOWED), one=False, factors=factors).any(-1).mean()
    assert wrong <= ERROR + by_chance(ERROR)


def test_the_table_is_written():
    if not REWRITE:
        assert TABLE.exists()
        return
    rows = [f"| {n} | {' | '.join(shown(n, s) for s in SESSIONS)} |" for n in RATIOS]
    TABLE.write_text("\n".join([*ABOUT, *rows]) + "\n")


def shown(ratios, sessions):
    wrong, some, more = cells[ratios, sessions]
    return f"{wrong:.1%}, {some:.0%}, {more:.0%}"


ABOUT = f"""\
# Did a change make it slower: how often that is wrong, and what is found

Written by `REWRITE=1 pytest tests/bench/test_slower.py`. Simulated: stacks before and after a
change, {RUNS} k6 runs a session, with the noise of GET /items/{{id}}: an sd of {TURN:.1%} from turn
to turn, {RUN:.1%} from run to run, {SESSION:.1%} from session to session. Slower by more than
{ALLOWED:.0%} is asked. Each cell is of {CAMPAIGNS} campaigns. First number: campaigns in which
something is called slower, where everything has become {ALLOWED:.0%} slower, which is allowed; at
most {ERROR:.0%} is promised. Then: how often the one ratio is found that became 15 % slower, and
25 %, where all others are as they were.

| ratios | {" | ".join(f"{sessions} sessions" for sessions in SESSIONS)} |
|---|{"---|" * len(SESSIONS)}""".splitlines()


# From a campaign

SIDES = ("flask_sqlite@before", "flask_sqlite@after", "django_drf@before", "django_drf@after")


def compared(folder, sessions=12, arms=SIDES, ms=None, **options):
    options = {"scenarios": ("hello", "get"), "ms": ms or noisy(0.01)} | options
    campaign(folder, "one", arms, sessions, **options)
    plan = read_plan(folder / "one")
    return changes(Report(select_campaigns([folder / "one"])), plan), plan


def test_a_slower_side_is_slower_and_the_others_are_as_they_were(tmp_path):
    found, _ = compared(tmp_path, ms=noisy(0.01, **{"flask_sqlite@after": 1.2}))
    of = {(change.stack, change.scenario): change for change in found}
    assert list(of) == [
        *(("django_drf", "hello"), ("flask_sqlite", "hello")),
        *(("django_drf", "get"), ("flask_sqlite", "get")),
    ]
    for (stack, _), change in of.items():
        assert change.low < (1.2 if stack == "flask_sqlite" else 1.0) < change.high
        assert change.word == ("slower" if stack == "flask_sqlite" else "practically equal")
    verdict = judge(found, ALLOWED)
    assert {(c.stack, c.scenario) for c in verdict.slower} == {
        ("flask_sqlite", "get"), ("flask_sqlite", "hello")
    }  # fmt: skip
    assert verdict.untold == () and 0.05 < verdict.found_from < 0.1


def test_a_change_that_makes_it_faster_is_never_slower(tmp_path):
    found, _ = compared(tmp_path, ms=noisy(0.01, **{"flask_sqlite@after": 0.8}))
    assert judge(found, ALLOWED).slower == ()
    assert {change.word for change in found} == {"faster", "practically equal"}


def test_shown_values_divide_to_the_shown_ratio(tmp_path):
    found, _ = compared(tmp_path, ms=noisy(0.03, **{"django_drf@after": 1.3}))
    for change in found:
        times = change.after / change.before
        assert change.ratio == pytest.approx(1 / times if change.scenario == "hello" else times)


def test_too_few_sessions_are_no_pass(tmp_path):
    found, _ = compared(tmp_path, sessions=3)
    verdict = judge(found, ALLOWED)
    assert (len(verdict.untold), verdict.slower, verdict.found_from) == (4, (), math.inf)
    assert not [line for line in lines_of(found, verdict, ALLOWED) if "nothing is slower" in line]


def test_where_k6_was_at_its_limit_afterwards_nothing_can_be_told(tmp_path):
    found, _ = compared(tmp_path, k6_busy=0.99)
    verdict = judge(found, ALLOWED)
    assert (len(verdict.untold), verdict.slower) == (4, ())
    assert {change.word for change in found} == {"k6 at its limit"}


def test_a_side_without_a_valid_session_is_not_told(tmp_path):
    scenarios = ("hello", "get")
    invalid = {("flask_sqlite@after", block, "get") for block in range(1, 30)}
    found, _ = compared(tmp_path, invalid=invalid, scenarios=scenarios)
    (untold,) = judge(found, ALLOWED).untold
    assert (untold.stack, untold.scenario) == ("flask_sqlite", "get")


def test_what_is_found_from_is_found_in_4_of_5(tmp_path):
    """Of one ratio, by simulation: that slow-down, with the noise of the campaign."""
    found, _ = compared(tmp_path, arms=SIDES[:2], scenarios=("get",), ms=noisy(0.05))
    (change,), verdict = found, judge(found, ALLOWED)
    chance, truth = np.random.default_rng(1), math.log1p(verdict.found_from)
    sd = change.error * math.sqrt(12)
    logs = truth + sd * chance.standard_normal((20_000, 12))
    beyond = (logs.mean(-1) - math.log1p(ALLOWED)) / (logs.std(-1, ddof=1) / math.sqrt(12))
    assert (scipy.stats.t.sf(beyond, 11) <= ERROR).mean() == pytest.approx(0.8, abs=0.02)


def test_holm_looks_at_the_next_only_where_the_last_was_rejected():
    assert list(holm([0.04, 0.001, 0.02])) == [1, 2, 0]
    assert list(holm([0.04, 0.001, 0.03])) == [1]
    assert list(holm([math.nan, 0.001])) == [1]
    assert list(holm([])) == []


def test_page_csv_and_markdown_say_the_same(tmp_path):
    found, _ = compared(tmp_path, ms=noisy(0.01, **{"flask_sqlite@after": 1.2}))
    answer = answer_of(select_campaigns([tmp_path / "one"]))
    write_changes(answer, tmp_path / "changes.csv")
    rows = list(csv.DictReader((tmp_path / "changes.csv").open()))
    text = as_markdown(answer)
    assert [row["verdict"] for row in rows] == [change.word for change in found]
    assert text.count("\n| ") == len(found) + 2 and "| slower |" in text
    lines = list(lines_of(found, judge(found, ALLOWED), ALLOWED))
    assert "slower by more than 5%: flask_sqlite in get" in lines
