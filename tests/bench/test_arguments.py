"""What may be asked for on the command line, and what does not go together."""

import sys
from argparse import Namespace
from pkgutil import resolve_name

import msgspec
import pytest
from synthetic import campaign

from bench import Mistake
from bench.__main__ import ACTIONS
from bench.arguments import KINDS, parse
from bench.arm import CONTROLS, Settings
from bench.asked import ask_as_planned, check_database, settings_of
from bench.commands.run import arms_of
from bench.keep.store import RESULTS, read_plan


@pytest.fixture
def parsed(monkeypatch):
    """What is asked for by these words."""

    def parsed(*words):
        monkeypatch.setattr(sys, "argv", ["bench", *words])
        return parse("About the bench.")

    return parsed


def asked(url, database="sqlite", controls=False, requirements="today"):
    return Namespace(
        database_url=url, database=database, controls=controls, requirements=requirements
    )


def test_whatever_may_be_asked_for_has_a_function_of_ours_that_does_it():
    assert list(ACTIONS) == KINDS.split(" | ")
    for name in ACTIONS.values():
        assert resolve_name(name).__module__ == name.partition(":")[0]


def test_where_nothing_is_said_all_stacks_are_measured_as_the_standard_profile_has_it(parsed):
    run = parsed("run")
    assert (run.stacks, run.profile, run.sessions) == (None, "standard", None)
    assert (run.engine, run.controls, run.resume, run.out) == ("auto", False, None, RESULTS)
    assert settings_of(run) == Settings()


def test_what_is_said_of_the_settings_is_that_of_every_arm(parsed):
    run = parsed("run", "--workers=3", "--threads=4", "--requirements=paper")
    assert settings_of(run) == Settings(requirements="paper", workers=3, threads=4)
    run = parsed("run", "--database=postgres", "--sessions=7")
    assert settings_of(run) == Settings(database="postgres")
    assert run.sessions == 7


def test_a_comparison_has_twelve_sessions_and_names_what_it_compares_with(parsed):
    asked_for = parsed("compare", "main", "--fail-if-slower", "5", "--scenarios=hello,get")
    assert (asked_for.ref, asked_for.sessions, asked_for.fail_if_slower) == ("main", 12, 5.0)
    assert (asked_for.scenarios, asked_for.need, asked_for.all) == (["hello", "get"], None, False)


@pytest.mark.parametrize("word", ["0", "-5", "5%", "nan", "1e9", ""])
@pytest.mark.parametrize("option", ["--fail-if-slower", "--need"])
def test_what_is_no_percentage_is_a_mistake(parsed, option, word):
    with pytest.raises(Mistake, match=f"argument {option}: .* is no percentage such as 5; see"):
        parsed("compare", "main", f"{option}={word}")


def test_arms_and_stacks_are_not_both_said(parsed):
    assert parsed("run", "--arms", "a", "b@c=d", "--sessions=2").arms == ["a", "b@c=d"]
    with pytest.raises(Mistake, match="not allowed with argument"):
        parsed("run", "--arms", "a", "--stacks=b")


def test_stacks_are_named_between_commas(parsed):
    assert parsed("run", "--stacks=a,b,c").stacks == ["a", "b", "c"]


@pytest.mark.parametrize("word", ["0", "-1", "1.5", "many", ""])
@pytest.mark.parametrize("option", ["--sessions", "--workers", "--threads"])
def test_a_number_that_is_none_is_a_mistake_in_one_line(parsed, option, word):
    with pytest.raises(Mistake, match=f"argument {option}: .* is no whole number from 1 on; see"):
        parsed("run", f"{option}={word}")


@pytest.mark.parametrize("words", [(), ("bake",), ("run", "--runs=5"), ("run", "--engine=podman")])
def test_what_cannot_be_asked_for_is_a_mistake_that_says_where_help_is(parsed, words):
    with pytest.raises(Mistake, match=r"; see bench.* --help$"):
        parsed(*words)


# As it was planned


def resumed(folder, **changed):
    namespace = Namespace(resume=folder, database_url=None)
    ask_as_planned(namespace, msgspec.structs.replace(read_plan(folder), **changed))
    return namespace


def test_what_the_plan_was_asked_for_is_asked_for_again(tmp_path):
    settings = Settings(requirements="paper", workers=3, threads=4)
    stacks = ["flask_sqlite", "django_drf"]
    folder = campaign(tmp_path, "1", stacks, sessions=4, settings=settings, engine="local")
    run = resumed(folder)
    assert (run.sessions, run.profile, run.scenarios) == (4, "standard", None)
    assert (run.controls, run.dose_turns, run.engine) == (False, None, "local")
    arms = arms_of(read_plan(folder))
    assert [(arm.label, arm.stack) for arm in arms] == [(name, name) for name in stacks]
    assert {arm.settings for arm in arms} == {settings}


def test_a_folder_that_an_arm_had_and_that_is_gone_is_a_mistake(tmp_path):
    settings = {"flask_sqlite": Settings(folder=str(tmp_path / "gone"))}
    plan = read_plan(campaign(tmp_path, "1", ["flask_sqlite"], settings=settings))
    with pytest.raises(Mistake, match="gone, which it was planned with, is not here"):
        arms_of(plan)


def test_a_campaign_of_arms_alone_has_as_many_sessions_an_arm_as_it_has_blocks(tmp_path):
    stacks = ["flask_sqlite", "django_drf"]
    assert resumed(campaign(tmp_path, "1", stacks, sessions=3, together=False)).sessions == 3


def test_controls_get_the_dose_that_they_had_and_are_no_stacks(tmp_path):
    run = resumed(campaign(tmp_path, "1", ["flask_sqlite"], sessions=1, controls=CONTROLS))
    assert (run.controls, run.dose_turns, settings_of(run)) == (True, 1000, Settings())


def test_the_engine_is_asked_for_by_its_name_without_what_it_adds(tmp_path):
    assert resumed(campaign(tmp_path, "1", engine="docker, published port")).engine == "docker"


def test_a_campaign_on_a_server_of_ones_own_needs_its_url_again(tmp_path):
    folder = campaign(tmp_path, "1", settings=Settings(database="postgres"))
    conditions = read_plan(folder).conditions
    database = msgspec.structs.replace(conditions.database, kind="postgresql", server="given")
    conditions = msgspec.structs.replace(conditions, database=database)
    with pytest.raises(Mistake, match="was measured on a server of yours: add --database-url"):
        resumed(folder, conditions=conditions)


# The database


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bench:bench@127.0.0.1:5432/items",
        "postgresql://bench@localhost/items",
        "postgresql://bench:p%40ss%20word@[::1]:5432/items?sslmode=require",
    ],
)
def test_a_url_of_a_server_asks_for_postgresql(url):
    arguments = asked(url)
    check_database(arguments)
    assert arguments.database == "postgres"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://bench:secret@localhost/items",
        "postgresql:///items",  # a socket, which no container reaches
        "postgresql://bench:secret@localhost:port/items",
        "postgresql://bench:my secret@localhost/items",
        "postgresql://bench:100%secret@localhost/items",
        "postgresql://bench:se@cret@localhost/items",
        "postgresql://bench:secret[@localhost/items",
        "postgresql://bench:secret@localhost/?dbname=shop",  # it would be used, and emptied
    ],
)
def test_a_url_that_does_not_say_where_each_part_is_is_refused_and_not_repeated(url):
    with pytest.raises(Mistake, match="^--database-url reads postgresql://USER:") as mistake:
        check_database(asked(url))
    assert "secret" not in str(mistake.value) and "shop" not in str(mistake.value)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"controls": True}, "--controls are copies of flask_sqlite, which speaks SQLite only"),
        ({"requirements": "paper"}, "PostgreSQL needs today's versions"),
    ],
)
@pytest.mark.parametrize("url", [None, "postgresql://bench@localhost/items"])
def test_what_does_not_go_with_postgresql_is_a_mistake(url, other, said):
    with pytest.raises(Mistake, match=said):
        check_database(asked(url, database="postgres", **other))
    check_database(asked(None, **other))  # and goes with SQLite
