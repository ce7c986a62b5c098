"""The selection: the newest cells of each stack, and only cells that may be compared."""

import json

import pytest
from synthetic import SCENARIOS, campaign, write

from bench import Mistake
from bench.keep.selection import select_campaigns, select_newest
from bench.keep.store import read_campaign
from bench.serve.stacks import CONTROLS

ALL = ("django_drf", "flask_sqlite")


@pytest.fixture
def make(tmp_path):
    def make(name, *stacks, **changed):
        return campaign(tmp_path, name, stacks or ALL, **changed)

    return make


def chosen(selection):
    """Which campaign each stack's cells come from."""
    return {cell.stack: cell.campaign.name for cell in selection.cells}


def everything_invalid(stack):
    return {(stack, 1, scenario) for scenario in SCENARIOS}


# The newest


def test_the_newest_campaign_is_chosen(make, tmp_path):
    make("1")
    make("2")
    selection = select_newest(tmp_path)
    assert chosen(selection) == {"django_drf": "2", "flask_sqlite": "2"}
    assert selection.campaigns == ["2"]
    assert selection.interleaved


def test_the_newest_is_the_one_that_was_started_last_whatever_its_name(make, tmp_path):
    make("1")
    make("reference")
    plan = json.loads((tmp_path / "1" / "plan.json").read_text())
    (tmp_path / "1" / "plan.json").write_text(json.dumps(plan | {"started": "9"}))
    assert select_newest(tmp_path).campaigns == ["1"]


def test_a_plan_that_does_not_say_when_it_was_started_is_no_traceback(make, tmp_path):
    path = make("1") / "plan.json"
    plan = json.loads(path.read_text())
    del plan["started"]
    path.write_text(json.dumps(plan))
    assert select_newest(tmp_path).campaigns == ["1"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"database_filesystem": "tmpfs"}, "database's filesystem"),
        ({"pragmas": {"journal_mode": "wal", "synchronous": 0}}, "database's synchronous"),
        ({"postgresql": {"fsync": "off"}}, "database's fsync"),
        ({"packages": {"gunicorn": "0.1"}}, "packages of flask_sqlite"),
    ],
)
def test_cells_that_were_served_otherwise_do_not_share_a_figure(make, tmp_path, changed, says):
    folders = [make("1"), make("2", "flask_sqlite")]
    (path,) = folders[1].glob("cells/*/cell.json")
    cell = json.loads(path.read_text())
    path.write_text(json.dumps(cell | {"served": cell["served"] | changed}))
    with pytest.raises(Mistake, match=f"1 and 2 cannot share a figure: they differ in {says}$"):
        select_campaigns(folders)


def test_each_stack_comes_from_its_own_newest_campaign(make, tmp_path):
    make("1")
    make("2", "flask_sqlite")
    selection = select_newest(tmp_path)
    assert chosen(selection) == {"django_drf": "1", "flask_sqlite": "2"}
    assert not selection.interleaved


def test_of_a_chosen_campaign_all_runs_are_there_the_invalid_ones_too(make, tmp_path):
    make("1", runs=3, invalid={("flask_sqlite", 2, "get")})
    assert len(select_newest(tmp_path).cells) == 6


def test_a_campaign_without_one_valid_cell_of_a_stack_does_not_hide_an_older_one(make, tmp_path):
    make("1")
    make("2", invalid={("flask_sqlite", 1, "get")})
    make("3", "fastapi_sqlite")
    newest = {"django_drf": "2", "fastapi_sqlite": "3", "flask_sqlite": "1"}
    assert chosen(select_newest(tmp_path)) == newest


def test_a_cell_that_was_measured_again_until_it_was_whole_is_chosen_with_all_attempts(
    make, tmp_path
):
    lost = {("flask_sqlite", 1, "get", 1), ("flask_sqlite", 1, "list", 2)}
    make("1")
    make("2", "flask_sqlite", invalid=lost, attempts={("flask_sqlite", 1): 3})
    selection = select_newest(tmp_path)
    assert chosen(selection) == {"django_drf": "1", "flask_sqlite": "2"}
    assert len(selection.cells) == 1 + 3


def test_a_suspect_measurement_is_chosen_like_a_valid_one(make, tmp_path):
    make("1")
    make("2", suspect={("flask_sqlite", 1, "get")})
    assert chosen(select_newest(tmp_path)) == {"django_drf": "2", "flask_sqlite": "2"}


def test_control_arms_come_along_with_their_own_campaign_and_with_no_other(make, tmp_path):
    make("1", controls=CONTROLS)
    assert set(chosen(select_newest(tmp_path))) == {*ALL, *CONTROLS}
    make("2", "flask_sqlite", controls=CONTROLS)
    assert chosen(select_newest(tmp_path)) == {"django_drf": "1", "flask_sqlite": "2"}


@pytest.mark.parametrize(
    "differing",
    [
        {"engine": "docker"},
        {"profile": {"name": "paper", "sha256": "1" * 64}},
        {"database": {"kind": "sqlite", "journal_mode": "delete", "rows": 1500}},
        {"machine": {"cpu": "Another"}},
        {"cpus": {"server": None, "k6": None}},
        {"requirements": "paper"},
        {"workers": 4},
        {"threads": 4},
        {"k6": "v1.1.0"},
        {"python": "3.11.0"},
        {"something new": 1},
    ],
)
def test_cells_under_differing_conditions_are_never_mixed(make, tmp_path, differing):
    older, newer = make("1"), make("2", "flask_sqlite", **differing)
    assert chosen(select_newest(tmp_path)) == {"flask_sqlite": "2"}
    for folders in ([older, newer], [newer, older]):
        with pytest.raises(
            Mistake, match=f"cannot share a figure: they differ in {[*differing][0]}"
        ):
            select_campaigns(folders)


def test_the_newest_campaign_says_the_conditions_and_what_differs_in_between_is_passed_over(
    make, tmp_path
):
    make("1")
    make("2", workers=4)
    make("3", "flask_sqlite")
    assert chosen(select_newest(tmp_path)) == {"django_drf": "1", "flask_sqlite": "3"}


def test_an_invalid_campaign_does_not_say_the_conditions(make, tmp_path):
    make("1")
    make("2", "flask_sqlite", workers=4, invalid=everything_invalid("flask_sqlite"))
    assert chosen(select_newest(tmp_path)) == {"django_drf": "1", "flask_sqlite": "1"}


def test_a_stack_that_was_measured_alone_is_chosen_alone(make, tmp_path):
    make("1", "flask_sqlite")
    selection = select_newest(tmp_path)
    assert chosen(selection) == {"flask_sqlite": "1"}


def test_where_there_is_no_valid_result_the_command_that_makes_some_is_named(make, tmp_path):
    with pytest.raises(Mistake, match="no valid result in .*; `nox -s bench` makes some"):
        select_newest(tmp_path)
    make("1", "flask_sqlite", invalid=everything_invalid("flask_sqlite"))
    with pytest.raises(Mistake, match="no valid result in .*; `nox -s bench` makes some"):
        select_newest(tmp_path)


# Campaigns that a person names


def test_of_a_named_campaign_every_cell_is_there(make):
    folder = make("1", runs=2, invalid=everything_invalid("flask_sqlite"))
    selection = select_campaigns([folder])
    assert list(selection.cells) == read_campaign(folder)[1]
    assert selection.interleaved


def test_campaigns_of_single_stacks_are_not_interleaved(make):
    selection = select_campaigns([make("1", "django_drf"), make("2", "flask_sqlite")])
    assert chosen(selection) == {"django_drf": "1", "flask_sqlite": "2"}
    assert selection.campaigns == ["1", "2"]
    assert not selection.interleaved


def test_a_campaign_that_is_named_twice_is_counted_once(make):
    folder = make("1")
    assert len(select_campaigns([folder, folder]).cells) == 2
    assert select_campaigns([folder, folder]).interleaved


def test_a_campaign_without_a_finished_cell_is_a_mistake(tmp_path):
    write(tmp_path / "1" / "plan.json", {"schema": 2, "stacks": ["flask_sqlite"], "cells": []})
    with pytest.raises(Mistake, match="no finished cell in .*1$"):
        select_campaigns([tmp_path / "1"])
