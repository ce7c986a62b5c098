"""Claims: from the paper's own numbers the code confirms what follows from them, and only that."""

import csv
import hashlib
import json
import re
from pathlib import Path

import pytest
from synthetic import SCENARIOS, STACKS, campaign, noisy

from bench import Mistake
from bench.answer.answering import answer_of
from bench.answer.claims.claim import Claim, Part, Verdict, read_claims
from bench.answer.claims.judged import EXPERIMENTS, judge, read_texts
from bench.answer.claims.own import by_own_numbers
from bench.answer.claims.published import Numbers, evaluate, read_published
from bench.answer.shown.claims import lines_of, table, tally, write_claims
from bench.answer.statistics.stats import as_time
from bench.keep.selection import select_campaigns

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "paper"
NUMBERS = read_published(PAPER / "published.json")
PUBLISHED = NUMBERS.values
CLAIMS = read_texts()["paper"]


def answers_of(folder, numbers, sd=0.002, sessions=12):
    """A campaign in which each arm takes what these numbers say, with a little noise."""

    def ms(arm, block, scenario):
        noise = noisy(sd, seed=block)(arm, block, scenario) / 2
        return noise * as_time(scenario, numbers[scenario][arm]) * 1000 / LONGEST[scenario]

    folder = campaign(folder, "one", STACKS, sessions, ms=ms)
    return [answer_of(select_campaigns([folder]))]


LONGEST = {
    scenario: max(as_time(scenario, value) for value in PUBLISHED[scenario].values()) * 100
    for scenario in SCENARIOS
}


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """Every claim, judged by a campaign that repeats the paper's numbers."""
    answers = answers_of(tmp_path_factory.mktemp("paper"), PUBLISHED)
    return judge(CLAIMS, NUMBERS, {"ours": answers})


def words(judged, kinds=("ordering", "universal", "size", "equality")):
    return {
        (one.claim.section, one.claim.quote, one.claim.kind): (
            one.own.word if one.own else None,
            one.ours["ours"].word if "ours" in one.ours else None,
        )
        for one in judged
        if one.claim.kind in kinds
    }


CONFIRMED = ("confirmed", "confirmed, but by less than 5 %", "practically equal")


# The data


def test_there_is_a_row_for_every_sentence_and_none_holds_its_verdict():
    texts = read_texts()
    assert len(texts["paper"]) >= 100 and len(texts["article"]) >= 25
    for name in ("claims.toml", "article-claims.toml"):
        assert not re.search("^verdict|^true|^false", (PAPER / name).read_text(), re.M)
    assert len({(c.section, c.quote, c.kind) for c in texts["paper"]}) == len(texts["paper"])


def test_a_row_that_says_neither_what_makes_it_true_nor_why_not_is_one_line(tmp_path):
    (tmp_path / "c.toml").write_text('[[claim]]\nsection="1"\nquote="x"\nkind="fact"\n')
    with pytest.raises(Mistake, match="claim 1 says neither what makes it true nor why not"):
        read_claims(tmp_path / "c.toml")


@pytest.mark.parametrize("part", ['{order="get"}', '{equal="get", arms=["a"]}', '{number="f()"}'])
def test_a_part_that_is_not_whole_is_one_line(tmp_path, part):
    text = f'[[claim]]\nsection="1"\nquote="x"\nkind="size"\nholds=[{part}]\n'
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(Mistake, match="claim 1: a part is an order"):
        read_claims(tmp_path / "c.toml")


def test_a_formula_is_one_of_published_numbers_and_nothing_else():
    assert evaluate("hello.django_drf / hello.fastapi_sqlite", NUMBERS) == 1660 / 4783
    assert evaluate("get.nobody + 1", NUMBERS) is None
    for formula in ("__import__", "get.django_drf ** 2", "nowhere.django_drf", "1 / 0", "(("):
        with pytest.raises(Mistake, match="is no formula of published numbers"):
            evaluate(formula, NUMBERS)


# By its own numbers


def test_slightly_slower_is_slower_and_not_much_slower_may_be_faster(tmp_path):
    part = Part(size="list", slower="django_drf", faster="flask_sqlalchemy", at_most=1.15)
    claim = Claim(section="1", quote="slightly slower", kind="size", holds=[part])
    (as_published,) = judge([claim], NUMBERS, {"ours": answers_of(tmp_path / "a", PUBLISHED)})
    of_list = PUBLISHED["list"]
    swapped = PUBLISHED | {
        "list": of_list
        | {"django_drf": of_list["flask_sqlalchemy"], "flask_sqlalchemy": of_list["django_drf"]}
    }
    answers = answers_of(tmp_path / "b", swapped)
    (reversed_,) = judge([claim], NUMBERS, {"ours": answers})
    assert (as_published.own.word, as_published.ours["ours"].word) == ("follows", "confirmed")
    assert reversed_.ours["ours"].word == "contradicted"
    # Of a text whose own numbers have the other order, as those have now: "not much slower".
    (not_slower,) = judge([claim], Numbers(swapped, {}), {"ours": answers})
    assert (not_slower.own.word, not_slower.ours["ours"].word) == ("follows", "confirmed")
    by_little = PUBLISHED | {"list": of_list | {"django_drf": of_list["flask_sqlalchemy"] / 1.03}}
    (little,) = judge([claim], NUMBERS, {"ours": answers_of(tmp_path / "c", by_little)})
    assert little.ours["ours"].word == "contradicted"


def test_what_cannot_be_checked_is_unknowable_of_whatever_kind_it_is():
    claim = Claim(section="1", quote="nearly all", kind="universal", cannot="no count is given")
    (judged,) = judge([claim], NUMBERS, {"ours": []})
    assert judged.own.word == "unknowable" and not judged.ours


def test_known_slips_of_the_text_come_out():
    found = {one.claim.quote: one for one in judge(CLAIMS, NUMBERS, {})}
    by_kind = {(one.claim.quote, one.claim.kind): one.own for one in found.values()}
    own = {quote[:44]: verdict.word for (quote, _), verdict in by_kind.items() if verdict}
    assert own["with the exception of the single-record read"] == "does not follow"
    assert own["An exception was the create single item test"] == "does not follow"
    assert own["and nearly three times that of Django."[:44]] in (
        "follows",
        "depends on the reading",
    )
    assert own["Django Rest Framework 0.1.0"] == "false"
    assert own["FastAPI 0.115.12"] == "true"


def test_a_percentage_is_read_on_both_bases():
    (claim,) = [
        c for c in CLAIMS if c.quote == "for FastAPI it exceeded 8%." and c.kind == "arithmetic"
    ]
    verdict = by_own_numbers(claim, NUMBERS)
    assert verdict.word == "depends on the reading"
    assert "reads it: 8.3 %: follows" in verdict.why and "7.65 %: does not follow" in verdict.why


def test_one_published_number_that_changes_turns_its_rows():
    before = {(o.claim.quote, o.claim.kind): o.own for o in judge(CLAIMS, NUMBERS, {})}
    changed = {**PUBLISHED, "get": {**PUBLISHED["get"], "flask_sqlite": 1.5}}
    changed = Numbers(changed, NUMBERS.about)
    after = {(o.claim.quote, o.claim.kind): o.own for o in judge(CLAIMS, changed, {})}
    turned = {key for key in before if before[key] and before[key].word != after[key].word}
    assert ("FastAPI with SQLite led by a wide margin", "ordering") in turned
    assert ("with the exception of the single-record read test", "arithmetic") in turned
    assert all(
        "echo" not in part.number
        for quote, kind in turned
        for claim in CLAIMS
        if (claim.quote, claim.kind) == (quote, kind)
        for parts in claim.read.values()
        for part in parts
        if part.number and "get" not in part.number
    )


# By a campaign


def test_of_the_papers_own_numbers_exactly_what_follows_is_confirmed(papers):
    round_numbers = {o.claim.quote for o in papers if "'around 2,700'" in str(o.claim.readings)}
    for claim, (own, ours) in words(papers, ("ordering", "universal")).items():
        if claim[1] in round_numbers:
            continue  # of which the text says less than a campaign does
        if own == "follows":
            assert ours in ("confirmed", "confirmed, but by less than 5 %", "practically equal"), (
                claim
            )
        elif own == "does not follow":
            assert ours in ("contradicted", "practically equal", "not resolved"), claim


def test_with_all_arms_equal_no_ordering_is_confirmed(tmp_path):
    equal = {scenario: dict.fromkeys(STACKS, 10.0) for scenario in SCENARIOS}
    judged = judge(CLAIMS, NUMBERS, {"ours": answers_of(tmp_path, equal)})
    for claim, (_, ours) in words(judged, ("ordering", "universal")).items():
        assert ours != "confirmed", claim


def test_with_two_arms_swapped_the_verdicts_that_name_them_turn(papers, tmp_path):
    swap = {"flask_sqlite": "django_drf", "django_drf": "flask_sqlite"}
    swapped = {
        scenario: {arm: of[swap.get(arm, arm)] for arm in of} for scenario, of in PUBLISHED.items()
    }
    before = words(papers, ("ordering",))
    after = words(judge(CLAIMS, NUMBERS, {"ours": answers_of(tmp_path, swapped)}), ("ordering",))
    turned = {
        quote for (_, quote, kind) in before if before[_, quote, kind] != after[_, quote, kind]
    }
    assert {
        "Django performed the weakest",
        "Django had the slowest response time at 13.4 ms",
    } <= turned
    assert "FastAPI with SQLAlchemy was the most striking outlier" not in turned


def test_equality_is_confirmed_by_practically_equal_alone(tmp_path):
    claim = Claim(section="1", quote="x", kind="equality", holds=[
        Part(equal="get", arms=["flask_sqlite", "flask_sqlalchemy"])])  # fmt: skip
    for factor, word in ((1.0, "practically equal"), (1.2, "contradicted")):
        numbers = {**PUBLISHED, "get": {**PUBLISHED["get"], "flask_sqlalchemy": 5.0 * factor}}
        answers = answers_of(tmp_path / str(factor), numbers)
        (judged,) = judge([claim], NUMBERS, {"ours": answers})
        assert judged.ours["ours"].word == word


def test_an_absolute_value_is_never_replicated(papers):
    values = [one for one in papers if one.claim.kind == "absolute"]
    assert len(values) == 34
    for one in values:
        assert PUBLISHED[one.claim.scenario][one.claim.stack] == one.claim.value
        assert re.fullmatch(r"[\d.]+ times its place", one.ours["ours"].word)
        assert "tau 1.00" in one.ours["ours"].why or "tau 0.9" in one.ours["ours"].why


def test_a_cause_is_judged_by_experiments_alone_and_open_without_one(papers):
    causes = [one for one in papers if one.claim.kind == "mechanism"]
    assert causes and all(one.ours.keys() == {EXPERIMENTS} for one in causes)
    assert {one.ours[EXPERIMENTS].word for one in causes} == {"open"}
    said = {CAUSE.quote: Verdict("contradicted", "by what an experiment gave")}
    judged = judge([CAUSE], NUMBERS, {}, by_experiment=lambda claim: said[claim.quote])
    assert judged[0].ours[EXPERIMENTS].word == "contradicted" and judged[0].is_against


CAUSE = next(claim for claim in CLAIMS if claim.kind == "mechanism")


def test_what_is_against_a_sentence_stands_with_what_its_author_would_say(papers):
    against = [one for one in papers if one.is_against]
    assert against
    text = "\n".join(lines_of(against))
    assert "An author might say: " in text


def test_the_tally_counts_every_verdict_once(papers):
    rows = [line.strip("| ").split("|") for line in list(tally(papers, ["ours", EXPERIMENTS]))[2:]]
    told = sum(int(cell) for row in rows for cell in row[1:] if cell.strip())
    assert told == sum((one.own is not None) + len(one.ours) for one in papers)


def test_table_and_csv_have_every_claim(papers, tmp_path):
    assert len(list(table(papers, ["ours"]))) == len(CLAIMS) + 2
    write_claims(papers, tmp_path / "claims.csv")
    with (tmp_path / "claims.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["claim"] for row in rows} == {claim.quote for claim in CLAIMS}


def test_a_plan_holds_the_hashes_of_both_files():
    plan = json.loads((ROOT / "bench" / "keep" / "schema" / "plan-3.json").read_text())
    assert "claims" in plan["$defs"]["Plan"]["properties"]


@pytest.mark.parametrize("name", ["", "-turns", "-writes"])
def test_claims_were_written_before_the_campaigns_that_judge_them(name):
    plan = json.loads((ROOT / "results" / f"reference-paper{name}" / "plan.json").read_text())
    for file in ("claims.toml", "article-claims.toml"):
        assert plan["claims"][file] == hashlib.sha256((PAPER / file).read_bytes()).hexdigest()
