"""One answer: what is in it, what it says in a sentence, and that everything shown is from it."""

import io
import math
import re
import shutil

import pytest
from rich.console import Console
from synthetic import STACKS, campaign, noisy

from bench.answer.answering import answer_of, keep_answer, read_answer
from bench.answer.shown.markdown import as_csv, as_markdown
from bench.answer.shown.numbers import number, span, times
from bench.answer.shown.page import page
from bench.answer.shown.terminal import full_table
from bench.keep.selection import select_campaigns

TIMES = r"1\.\d\d times as long \(1\.\d\d to 1\.\d\d\)"
HOSTILE = ("<img src=x onerror=alert(1)>", '"quoted"', "=1+1", "a|b", "{{ 7*7 }}", "a & b")


@pytest.fixture
def made(tmp_path):
    """The answer of a campaign made up like this."""

    def made(*arms, sessions=10, **options):
        options = {"ms": noisy(0.01)} | options
        name = str(len(list(tmp_path.iterdir())))
        folder = campaign(tmp_path, name, arms or STACKS, sessions, **options)
        return answer_of(select_campaigns([folder]))

    return made


# In a sentence


def test_one_leader_is_named_with_its_scenarios(made):
    answer = made("flask_sqlite", "django_drf", ms=noisy(0.01, django_drf=1.5), scenarios=("get",))
    assert answer.headline == "flask_sqlite is first in get"
    assert re.fullmatch(
        rf"flask_sqlite is first\. Next, django_drf takes {TIMES}\.",
        answer.scenarios[0].headline,
    )


def test_a_tie_never_wins(made):
    answer = made("a", "b", "c", ms=noisy(0.01, c=1.5), scenarios=("get", "update"))
    assert answer.headline == "a and b are within 5 % of each other in get and update"
    assert "first" not in answer.scenarios[0].headline


def test_nothing_resolved_names_all(made):
    answer = made("a", "b", ms=noisy(0.2), scenarios=("get",))
    assert answer.headline == "a and b are not told apart in get"
    assert answer.scenarios[0].ratios[0].sessions is not None  # how many might tell


def test_at_k6s_limit_it_is_at_least_the_lower_end(made):
    # Both are held back; what is faster still has a true lower bound.
    answer = made("a", "b", ms=noisy(0.01, b=1.5), scenarios=("get",), k6_busy=0.9)
    assert {value.bound for value in answer.scenarios[0].values} == {"at most"}
    assert "at k6's limit" in answer.scenarios[0].headline


def test_too_few_sessions_say_so(made):
    answer = made("a", "b", sessions=3, scenarios=("get",))
    assert answer.headline == "too few sessions to tell who is first in get"


def test_one_arm_alone_is_not_compared(made):
    answer = made("a", scenarios=("get",))
    assert answer.headline == "a alone: nothing is compared"
    assert answer.scenarios[0].ratios == []


def test_what_is_degraded_says_so_first(made):
    invalid = {("a", block, "get") for block in range(1, 4)}
    answer = made("a", "b", invalid=invalid, scenarios=("get",))
    assert answer.state == "degraded"
    assert answer.headline.startswith("Degraded, some sessions do not count: ")
    assert answer.lacking == ["a in get: 7 of 10 sessions count"]


def test_what_was_stopped_says_so_first(tmp_path):
    folder = campaign(tmp_path, "one", ("a", "b"), 10, scenarios=("get",), ms=noisy(0.01))
    for session in ("008", "009", "010"):
        for file in (folder / "sessions" / session).iterdir():
            file.unlink()
        (folder / "sessions" / session).rmdir()
    answer = answer_of(select_campaigns([folder]))
    assert answer.headline.startswith("Stopped after 7 of 10 sessions: a and b are within 5 %")
    assert answer.lacking == ["all arms in get: 7 of 10 sessions count"]


def test_a_comparison_of_two_checkouts_says_what_became_slower(made):
    sides = ("a@before", "a@after", "b@before", "b@after")
    answer = made(*sides, ms=noisy(0.01, **{"a@after": 1.3}), scenarios=("get",), sessions=12)
    assert answer.question == "slower than before"
    assert re.fullmatch(
        rf"Slower: a in get, {TIMES}; practically equal: b in get",
        answer.headline,
    )
    assert [change.word for change in answer.changes] == ["slower", "practically equal"]


# Numbers


def test_shown_values_divide_to_the_shown_ratios(made):
    answer = made(ms=noisy(0.02, django_drf=2.0, flask_sqlite=1.3))
    for scenario in answer.scenarios:
        shown = {v.arm: float(number(v.value).replace(",", "")) for v in scenario.values}
        for ratio in scenario.ratios:
            one, other = shown[ratio.slower], shown[ratio.faster]
            quotient = one / other if scenario.unit == "ms" else other / one
            assert quotient == pytest.approx(float(times(ratio.times)), rel=0.012)


def test_a_resolved_interval_does_not_reach_1(made):
    answer = made(ms=noisy(0.01, django_drf=1.02))
    for scenario in answer.scenarios:
        for ratio in scenario.ratios:
            if ratio.word.startswith("faster"):
                assert float(span(ratio.interval).partition(" to ")[0]) > 1


def terminal(answer):
    console = Console(file=io.StringIO(), width=120)
    console.print(full_table(answer))
    return console.file.getvalue()


def test_one_number_of_a_campaign_that_changes_is_seen_wherever_it_is_shown(tmp_path):
    folder = campaign(tmp_path, "one", ("a", "b"), 10, ms=noisy(0.01, b=1.5), scenarios=("get",))
    before = answer_of(select_campaigns([folder]))
    shutil.rmtree(folder)
    campaign(tmp_path, "one", ("a", "b"), 10, ms=noisy(0.01, b=1.9), scenarios=("get",))
    after = answer_of(select_campaigns([folder]))
    (old, new) = (number(answer.scenarios[0].values[1].value) for answer in (before, after))
    shows = (as_csv, as_markdown, page, terminal)
    for show in shows:
        assert old in show(before) and new not in show(before)
        assert new in show(after) and old not in show(after)


# Where it is written


def test_it_is_kept_and_read_again_as_it_was(tmp_path):
    folder = campaign(tmp_path, "one", STACKS, 5, ms=noisy(0.02))
    kept, again = keep_answer(folder), read_answer(folder / "answer.json")
    assert [s.headline for s in again.scenarios] == [s.headline for s in kept.scenarios]
    for one, other in zip(kept.scenarios, again.scenarios, strict=True):
        for value, read in zip(one.values, other.values, strict=True):
            assert math.isclose(value.value, read.value, rel_tol=1e-5)


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_stays_text_in_csv_and_markdown(made, label):
    for arms in ((label, "b"), ("b", label)):
        answer = made(*arms, ms=noisy(0.01, **{arms[1]: 1.5}), scenarios=("get",))
        text = as_markdown(answer)
        assert not re.search(r"(?<!\\)<img", text)
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
        for line in as_csv(answer).splitlines():
            assert not re.search(r"(^|,)\"?[=+@-]", line)
