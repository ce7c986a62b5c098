"""The store: a cell is there whole or not, whatever happens while it is measured."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from synthetic import campaign, measurement, write

from bench import Mistake
from bench.store import create_campaign, find_campaigns, new_cell, read_campaign, write_json

ROOT = Path(__file__).parents[2]
PLAN = {"stacks": ["flask_sqlite"], "cells": [], "conditions": {"profile": {"name": "quick"}}}
CELL = {
    "schema": 1,
    "block": 1,
    "position": 1,
    "stack": "flask_sqlite",
    "started": "now",
    "conditions": {},
    "scenarios": {"hello": measurement()},
}


@pytest.fixture
def folder(tmp_path):
    return create_campaign(tmp_path / "results", PLAN)


def test_a_new_campaign_holds_its_plan_and_no_cell(folder):
    plan, cells = read_campaign(folder)
    assert plan.items() >= PLAN.items()
    assert cells == []
    assert find_campaigns(folder.parent) == [folder]


def test_a_campaign_is_named_for_its_time_and_its_profile(folder):
    started = read_campaign(folder)[0]["started"]
    digits = "".join(c for c in started[:19] if c.isdigit())
    assert folder.name == f"{digits[:8]}-{digits[8:]}-quick"


def test_a_cell_is_there_with_all_that_was_put_into_it(folder):
    with new_cell(folder, "1-1-flask_sqlite") as unfinished:
        (unfinished / "hello.json").write_text("{}")
        write_json(unfinished / "cell.json", CELL)
        assert read_campaign(folder)[1] == []
    (cell,) = read_campaign(folder)[1]
    assert (cell.stack, cell.block, cell.position) == ("flask_sqlite", 1, 1)
    assert cell.scenarios == CELL["scenarios"]
    assert (folder / "cells" / "1-1-flask_sqlite" / "hello.json").exists()


@pytest.mark.parametrize("exception", [OSError, KeyboardInterrupt, SystemExit])
def test_of_a_cell_that_fails_nothing_is_left(folder, exception):
    with pytest.raises(exception), new_cell(folder, "1-1-flask_sqlite") as unfinished:
        write_json(unfinished / "cell.json", CELL)
        raise exception
    assert list((folder / "cells").iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from bench.store import new_cell, write_json

with new_cell(Path(sys.argv[1]), "1-1-flask_sqlite") as unfinished:
    write_json(unfinished / "cell.json", {"half": "a cell"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_cell_whose_process_is_killed_is_not_there_and_can_be_made_again(folder):
    killed = subprocess.run([sys.executable, "-c", KILLED, folder], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert list((folder / "cells").iterdir()) != []  # the killed one's leftovers
    assert read_campaign(folder)[1] == []
    with new_cell(folder, "1-1-flask_sqlite") as unfinished:
        assert list(unfinished.iterdir()) == []
        write_json(unfinished / "cell.json", CELL)
    assert len(read_campaign(folder)[1]) == 1


def test_cells_come_in_the_order_in_which_they_were_planned(tmp_path):
    folder = campaign(tmp_path, "c", stacks=["b", "a"], runs=11)
    order = [(cell.block, cell.stack) for cell in read_campaign(folder)[1]]
    assert order == [(run, stack) for run in range(1, 12) for stack in ("b", "a")]


def test_json_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "data.json"
    write_json(path, {"old": 1})
    with pytest.raises(TypeError):
        write_json(path, {"new": 2, "not JSON": object()})
    assert json.loads(path.read_text()) == {"old": 1}
    write_json(path, {"new": 2})
    assert json.loads(path.read_text()) == {"new": 2}
    assert os.listdir(tmp_path) == ["data.json"]


def test_a_results_folder_that_cannot_be_written_is_a_mistake(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Mistake, match="results cannot be written to .*file: Not a directory"):
        create_campaign(tmp_path / "file", PLAN)


def test_two_campaigns_never_share_a_folder(tmp_path, monkeypatch):
    class StoppedClock:
        def now(zone):
            return datetime(2025, 11, 21)

    monkeypatch.setattr("bench.store.datetime", StoppedClock)
    create_campaign(tmp_path, PLAN)
    with pytest.raises(Mistake, match="20251121-000000-quick is there already"):
        create_campaign(tmp_path, PLAN)


def test_a_folder_without_a_plan_is_a_mistake(tmp_path):
    with pytest.raises(Mistake, match=r"plan.json cannot be read: .*No such file"):
        read_campaign(tmp_path)


@pytest.mark.parametrize("file", ["plan.json", "cells/1-1-flask_sqlite/cell.json"])
@pytest.mark.parametrize("schema", [0, 2, "1", None])
def test_another_schema_is_a_mistake(tmp_path, file, schema):
    folder = campaign(tmp_path, "c")
    write(folder / file, {**json.loads((folder / file).read_text()), "schema": schema})
    with pytest.raises(Mistake, match=f"has schema {schema}; this version reads 1"):
        read_campaign(folder)


@pytest.mark.parametrize("file", ["plan.json", "cells/1-1-flask_sqlite/cell.json"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "no object", "no text"])
def test_a_damaged_file_is_a_mistake(tmp_path, file, damage):
    folder = campaign(tmp_path, "c")
    whole = (folder / file).read_bytes()
    damaged = {"truncated": whole[:-1], "empty": b"", "no object": b"[]", "no text": b"\xff\xfe"}
    (folder / file).write_bytes(damaged[damage])
    with pytest.raises(Mistake, match=f"{file} cannot be read"):
        read_campaign(folder)


def test_only_folders_with_a_plan_are_campaigns_and_the_oldest_comes_first(tmp_path):
    made = [campaign(tmp_path, name) for name in ("20251122-1", "20251121-2", "20251121-1")]
    (tmp_path / "figures").mkdir()
    assert find_campaigns(tmp_path) == sorted(made)
    assert find_campaigns(tmp_path / "none") == []
