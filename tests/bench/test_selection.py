"""The selection: the newest sessions of each arm, and only sessions that may be compared."""

import json

import pytest
from msgspec.structs import replace
from synthetic import CONDITIONS, SCENARIOS, SERVED, campaign, write

from bench import Mistake
from bench.arm import CONTROLS, Settings
from bench.keep.record import Cpus, ProfilePin
from bench.keep.selection import select_campaigns, select_newest
from bench.keep.store import read_campaign

ALL = ("django_drf", "flask_sqlite")


@pytest.fixture
def make(tmp_path):
    def make(name, *arms, **changed):
        started = f"2025-11-21T12:00:{len(list(tmp_path.iterdir())):02}+00:00"
        return campaign(tmp_path, name, arms or ALL, **{"started": started} | changed)

    return make


def chosen(selection):
    """Which campaign each arm's sessions come from."""
    return {arm: part.campaign.name for part in selection.parts for arm in part.arms}


def everything_invalid(arm):
    return {(arm, 1, scenario) for scenario in SCENARIOS}


# The newest


def test_the_newest_campaign_is_chosen(make, tmp_path):
    make("1")
    make("2")
    selection = select_newest(tmp_path)
    assert chosen(selection) == {"django_drf": "2", "flask_sqlite": "2"}
    assert selection.campaigns == ["2"]
    assert selection.interleaved


def test_the_newest_is_the_one_that_was_started_last_whatever_its_name(make, tmp_path):
    make("1", started="2025-11-22")
    make("reference")
    assert select_newest(tmp_path).campaigns == ["1"]


def test_a_plan_that_does_not_say_when_it_was_started_is_one_line(make, tmp_path):
    path = make("1") / "plan.json"
    plan = json.loads(path.read_text())
    del plan["started"]
    write(path, plan)
    with pytest.raises(Mistake, match=r"1/plan.json cannot be read: .*`started`"):
        select_newest(tmp_path)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"database_filesystem": "tmpfs"}, "database's filesystem"),
        ({"pragmas": {"journal_mode": "wal", "synchronous": 0}}, "database's synchronous"),
        ({"postgresql": {"fsync": "off"}}, "database's fsync"),
        ({"packages": {"gunicorn": "0.1"}}, "packages of flask_sqlite"),
        ({"python": "3.11.0"}, "python"),
    ],
)
def test_sessions_that_were_served_otherwise_do_not_share_a_figure(make, changed, says):
    folders = [make("1"), make("2", "flask_sqlite", served=replace(SERVED, **changed))]
    with pytest.raises(Mistake, match=f"1 and 2 cannot share a figure: they differ in {says}$"):
        select_campaigns(folders)


def test_sessions_of_one_campaign_that_were_served_otherwise_do_not_either(make):
    folder = make("1", "flask_sqlite", sessions=2)
    path = folder / "sessions" / "002" / "session.json"
    session = json.loads(path.read_text())
    session["arms"]["flask_sqlite"]["served"]["database_filesystem"] = "tmpfs"
    write(path, session)
    with pytest.raises(Mistake, match="they differ in database's filesystem$"):
        select_campaigns([folder])


def test_arms_of_one_campaign_may_be_served_differently(make):
    settings = {"django_drf": Settings(), "flask_sqlite": Settings(workers=4, database="postgres")}
    folder = make("1", settings=settings)
    path = folder / "sessions" / "001" / "session.json"
    session = json.loads(path.read_text())
    session["arms"]["flask_sqlite"]["served"]["pragmas"] = None
    write(path, session)
    assert set(chosen(select_campaigns([folder]))) == set(ALL)


def test_each_arm_comes_from_its_own_newest_campaign(make, tmp_path):
    make("1")
    make("2", "flask_sqlite")
    selection = select_newest(tmp_path)
    assert chosen(selection) == {"django_drf": "1", "flask_sqlite": "2"}
    assert not selection.interleaved


def test_of_a_chosen_campaign_all_sessions_are_there_the_invalid_ones_too(make, tmp_path):
    make("1", sessions=3, invalid={("flask_sqlite", 2, "get")})
    selection = select_newest(tmp_path)
    assert len(selection.measured("get")) == 6
    assert len(selection.counted("get")) == 5


def test_a_campaign_in_which_an_arm_never_counts_does_not_hide_an_older_one(make, tmp_path):
    make("1")
    make("2", invalid={("flask_sqlite", 1, "get")})
    make("3", "fastapi_sqlite")
    newest = {"django_drf": "2", "fastapi_sqlite": "3", "flask_sqlite": "1"}
    assert chosen(select_newest(tmp_path)) == newest


def test_an_arm_that_was_made_whole_by_added_sessions_is_chosen_with_all_of_them(make, tmp_path):
    lost = {("flask_sqlite", 1, "get"), ("flask_sqlite", 2, "list")}
    make("1")
    make("2", "flask_sqlite", invalid=lost, extra=2)
    selection = select_newest(tmp_path)
    assert chosen(selection) == {"django_drf": "1", "flask_sqlite": "2"}
    assert len(selection.measured("get")) == 1 + 3


def test_a_suspect_measurement_is_chosen_like_a_valid_one(make, tmp_path):
    make("1")
    make("2", suspect={("flask_sqlite", 1, "get")})
    assert chosen(select_newest(tmp_path)) == {"django_drf": "2", "flask_sqlite": "2"}


def test_controls_come_along_with_their_own_campaign_and_with_no_other(make, tmp_path):
    first = make("1", controls=CONTROLS)
    assert set(chosen(select_newest(tmp_path))) == {*ALL, *CONTROLS}
    assert select_newest(tmp_path).controls == [*CONTROLS]
    assert select_newest(tmp_path).arms == [*ALL]
    second = make("2", "flask_sqlite", controls=CONTROLS)
    assert chosen(select_newest(tmp_path)) == {"django_drf": "1", "flask_sqlite": "2"}
    assert select_campaigns([first, second]).controls == []


@pytest.mark.parametrize(
    ("name", "differing"),
    [
        ("engine", {"engine": "docker"}),
        ("profile", {"profile": ProfilePin(name="paper", sha256="1" * 64)}),
        ("database", {"database": replace(CONDITIONS.database, journal_mode="delete")}),
        ("machine", {"machine": replace(CONDITIONS.machine, cpu="Another")}),
        ("cpus", {"cpus": Cpus(server=None, k6=None)}),
        ("requirements", {"settings": Settings(requirements="paper")}),
        ("workers", {"settings": Settings(workers=4)}),
        ("threads", {"settings": Settings(threads=4)}),
        ("k6", {"k6": "v1.1.0"}),
        ("python", {"served": replace(SERVED, python="3.11.0")}),
    ],
)
def test_sessions_under_differing_conditions_are_never_mixed(make, tmp_path, name, differing):
    older, newer = make("1"), make("2", "flask_sqlite", **differing)
    assert chosen(select_newest(tmp_path)) == {"flask_sqlite": "2"}
    for folders in ([older, newer], [newer, older]):
        with pytest.raises(Mistake, match=f"cannot share a figure: they differ in {name}"):
            select_campaigns(folders)


def test_the_newest_campaign_says_the_conditions_and_what_differs_in_between_is_passed_over(
    make, tmp_path
):
    make("1")
    make("2", settings=Settings(workers=4))
    make("3", "flask_sqlite")
    assert chosen(select_newest(tmp_path)) == {"django_drf": "1", "flask_sqlite": "3"}


def test_an_invalid_campaign_does_not_say_the_conditions(make, tmp_path):
    make("1")
    lost = everything_invalid("flask_sqlite")
    make("2", "flask_sqlite", settings=Settings(workers=4), invalid=lost)
    assert chosen(select_newest(tmp_path)) == {"django_drf": "1", "flask_sqlite": "1"}


def test_an_arm_that_was_measured_alone_is_chosen_alone(make, tmp_path):
    make("1", "flask_sqlite")
    selection = select_newest(tmp_path)
    assert chosen(selection) == {"flask_sqlite": "1"}


def test_arms_that_were_alone_are_not_mixed_with_arms_that_took_turns(make):
    folders = make("1", "django_drf"), make("2", "flask_sqlite", together=False)
    with pytest.raises(Mistake, match="they differ in profile$"):
        select_campaigns(folders)


def test_where_there_is_no_valid_result_the_command_that_makes_some_is_named(make, tmp_path):
    with pytest.raises(Mistake, match="no valid result in .*; `nox -s bench` makes some"):
        select_newest(tmp_path)
    make("1", "flask_sqlite", invalid=everything_invalid("flask_sqlite"))
    with pytest.raises(Mistake, match="no valid result in .*; `nox -s bench` makes some"):
        select_newest(tmp_path)


def test_an_older_schema_is_passed_over_and_named_where_there_is_nothing_else(make, tmp_path):
    write(tmp_path / "old" / "plan.json", {"schema": 2, "stacks": ["flask_sqlite"], "cells": []})
    with pytest.raises(Mistake, match=r"old/plan.json has schema 2; this version reads 3"):
        select_newest(tmp_path)
    with pytest.raises(Mistake, match=r"old/plan.json has schema 2; this version reads 3"):
        select_campaigns([tmp_path / "old"])
    make("1")
    assert select_newest(tmp_path).campaigns == ["1"]


# Campaigns that a person names


@pytest.mark.parametrize("together", [True, False])
def test_of_a_named_campaign_every_session_is_there(make, together):
    folder = make("1", sessions=2, invalid=everything_invalid("flask_sqlite"), together=together)
    selection = select_campaigns([folder])
    assert list(selection.parts[0].sessions) == read_campaign(folder)[1]
    assert len(selection.measured("get")) == 4
    assert selection.interleaved


def test_campaigns_of_single_arms_are_not_interleaved(make):
    selection = select_campaigns([make("1", "django_drf"), make("2", "flask_sqlite")])
    assert chosen(selection) == {"django_drf": "1", "flask_sqlite": "2"}
    assert selection.campaigns == ["1", "2"]
    assert selection.arms == ["django_drf", "flask_sqlite"]
    assert not selection.interleaved


def test_a_campaign_that_is_named_twice_is_counted_once(make):
    folder = make("1")
    assert len(select_campaigns([folder, folder]).measured("get")) == 2
    assert select_campaigns([folder, folder]).interleaved


def test_scenarios_come_in_the_order_in_which_they_were_measured(make):
    assert select_campaigns([make("1")]).scenarios == [*SCENARIOS]


def test_a_campaign_without_a_finished_session_is_a_mistake(make, tmp_path):
    folder = make("1", sessions=0)
    with pytest.raises(Mistake, match="no finished session in .*1$"):
        select_campaigns([folder])
