"""The store: a cell is there whole or not, whatever happens while it is measured."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, integers, lists, tuples
from synthetic import COMMITS, GRID, PROFILE, SERVED, campaign, measurement, write

from bench import Mistake
from bench.keep.store import (
    Cell,
    counted,
    create_campaign,
    digest,
    find_campaigns,
    keep_what_is_there,
    new_cell,
    note,
    read_campaign,
    read_journal,
    remove_if_empty,
    response_times,
    write_json,
)

ROOT = Path(__file__).parents[2]
NAME = "1-1-flask_sqlite"
PLAN = {"stacks": ["flask_sqlite"], "cells": [], "conditions": {"profile": {"name": "quick"}}}
CELL = {
    "schema": 2,
    "block": 1,
    "position": 1,
    "stack": "flask_sqlite",
    "attempt": 1,
    "started": "now",
    "conditions": {},
    "served": SERVED,
    "commits": COMMITS,
    "dose_s": None,
    "scenarios": {"hello": measurement()},
}
FIELDS = {name: value for name, value in CELL.items() if name != "schema"}


@pytest.fixture
def folder(tmp_path):
    return create_campaign(tmp_path / "results", PLAN, PROFILE)


def measure(folder):
    """Fill a cell and keep it."""
    with new_cell(folder, NAME) as unfinished:
        write_json(unfinished / "cell.json", CELL)


def kept(folder):
    return [event["cell"] for event in read_journal(folder) if event["event"] == "kept"]


def test_a_new_campaign_holds_its_plan_its_profile_and_no_cell(folder):
    plan, cells = read_campaign(folder)
    assert plan.items() >= PLAN.items()
    assert (folder / "profile.json").read_bytes() == PROFILE.read_bytes()
    assert cells == []
    assert find_campaigns(folder.parent) == [folder]


def test_a_campaign_is_named_for_its_time_and_its_profile(folder):
    started = read_campaign(folder)[0]["started"]
    digits = "".join(c for c in started[:19] if c.isdigit())
    assert folder.name == f"{digits[:8]}-{digits[8:]}-quick"


def test_a_cell_is_there_with_all_that_was_put_into_it(folder):
    with new_cell(folder, NAME) as unfinished:
        (unfinished / "hello.json").write_text("{}")
        write_json(unfinished / "cell.json", CELL)
        assert read_campaign(folder)[1] == []
    (cell,) = read_campaign(folder)[1]
    assert (cell.campaign, cell.name) == (folder, NAME)
    assert {name: getattr(cell, name) for name in FIELDS} == FIELDS
    assert (folder / "cells" / NAME / "hello.json").exists()


@pytest.mark.parametrize("exception", [OSError, KeyboardInterrupt, SystemExit])
def test_of_a_cell_that_fails_nothing_is_left(folder, exception):
    with pytest.raises(exception), new_cell(folder, NAME) as unfinished:
        write_json(unfinished / "cell.json", CELL)
        raise exception
    assert list((folder / "cells").iterdir()) == []
    assert kept(folder) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from bench.keep.store import new_cell, write_json

with new_cell(Path(sys.argv[1]), "1-1-flask_sqlite") as unfinished:
    write_json(unfinished / "cell.json", {"half": "a cell"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_cell_whose_process_is_killed_is_not_there_and_can_be_made_again(folder):
    killed = subprocess.run([sys.executable, "-c", KILLED, folder], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert list((folder / "cells").iterdir()) != []  # the killed one's leftovers
    assert read_campaign(folder)[1] == []
    with new_cell(folder, NAME) as unfinished:
        assert list(unfinished.iterdir()) == []
        write_json(unfinished / "cell.json", CELL)
    assert len(read_campaign(folder)[1]) == 1


def test_cells_come_in_the_order_in_which_they_were_planned(tmp_path):
    folder = campaign(tmp_path, "c", stacks=["b", "a"], runs=11)
    plan, cells = read_campaign(folder)
    order = [(planned["block"], planned["stack"]) for planned in plan["cells"]]
    assert [(cell.block, cell.stack) for cell in cells] == order


def test_a_cell_that_was_measured_again_comes_after_its_block(tmp_path):
    folder = campaign(tmp_path, "c", stacks=["b", "a"], runs=2, attempts={("a", 1): 3})
    cells = read_campaign(folder)[1]
    assert [(c.block, c.attempt) for c in cells] == [(1, 1), (1, 1), (1, 2), (1, 3), (2, 1), (2, 1)]


def test_a_campaign_without_one_cell_is_removed_and_another_is_not(folder):
    measure(folder)
    remove_if_empty(folder)
    assert kept(folder) == [NAME]
    (folder / "cells" / NAME / "cell.json").unlink()
    remove_if_empty(folder)
    assert not folder.exists()


# Which attempt counts


def cells_of(attempts):
    """Cells of one stack in one block, an attempt each."""
    for attempt, (status, ms) in enumerate(attempts, start=1):
        measured = {"hello": measurement(mean_ms=ms) | {"status": status}}
        own = {"attempt": attempt, "scenarios": measured}
        yield Cell(Path("campaign"), f"{NAME}.{attempt}", **FIELDS | own)


def statuses(valid, suspect):
    return "suspect" if valid and suspect else "valid" if valid else "invalid"


@settings(deadline=None, database=None)
@given(lists(tuples(booleans(), booleans(), integers(1, 1000)), max_size=5))
def test_the_first_valid_attempt_counts_whatever_the_others_gave(attempts):
    cells = list(cells_of([(statuses(v, s), ms) for v, s, ms in attempts]))
    first = [cell for cell in cells if cell.scenarios["hello"]["status"] != "invalid"][:1]
    assert counted(cells, "hello") == counted(cells[::-1], "hello") == first
    assert counted(cells, "echo") == []


def test_of_every_stack_and_block_one_attempt_counts(tmp_path):
    lost = {("a", 2, "get", 1), ("b", 3, "get")}
    folder = campaign(tmp_path, "c", ["a", "b"], 3, lost, attempts={("a", 1): 2, ("a", 2): 2})
    cells = [(c.stack, c.block, c.attempt) for c in counted(read_campaign(folder)[1], "get")]
    assert sorted(cells) == [("a", 1, 1), ("a", 2, 2), ("a", 3, 1), ("b", 1, 1), ("b", 2, 1)]


def test_campaigns_are_counted_each_for_itself(tmp_path):
    cells = [cell for n in "12" for cell in read_campaign(campaign(tmp_path, n))[1]]
    assert counted(cells, "get") == cells


# The journal


def test_the_journal_tells_in_order_what_happened(folder):
    note(folder, "resumed", why="a test")
    measure(folder)
    events = read_journal(folder)
    assert [event["event"] for event in events] == ["planned", "resumed", "kept"]
    assert all(datetime.fromisoformat(event["at"]).tzinfo for event in events)
    assert events[0]["sha256"] == digest(folder / "plan.json")
    assert events[1]["why"] == "a test"
    assert (events[2]["cell"], events[2]["sha256"]) == (
        NAME,
        digest(folder / "cells" / NAME / "cell.json"),
    )


def test_a_line_that_a_crash_cut_off_is_left_out_and_spoils_no_other(folder):
    path = folder / "journal.ndjson"
    note(folder, "torn")
    path.write_bytes(path.read_bytes()[:-10])
    note(folder, "resumed")
    assert [event["event"] for event in read_journal(folder)] == ["planned", "resumed"]


def test_where_there_is_no_journal_nothing_happened(tmp_path):
    assert read_journal(tmp_path) == []


def test_a_journal_that_cannot_be_written_is_a_mistake(tmp_path):
    with pytest.raises(Mistake, match="journal.ndjson cannot be written: No such file"):
        note(tmp_path / "none", "ended")


def test_what_a_killed_run_kept_is_noted_once_and_its_half_cell_is_removed(folder):
    measure(folder)
    (folder / "journal.ndjson").write_text("")
    (folder / "cells" / ".1-2-django_drf").mkdir()
    for _ in range(2):
        keep_what_is_there(folder)
        assert kept(folder) == [NAME]
        assert os.listdir(folder / "cells") == [NAME]


def test_a_digest_is_the_sha256_of_the_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"\0\xff")
    assert digest(tmp_path / "file") == hashlib.sha256(b"\0\xff").hexdigest()


# Files


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
        create_campaign(tmp_path / "file", PLAN, PROFILE)


def test_two_campaigns_never_share_a_folder(tmp_path, monkeypatch):
    class StoppedClock:
        def now(zone):
            return datetime(2025, 11, 21)

    monkeypatch.setattr("bench.keep.store.datetime", StoppedClock)
    create_campaign(tmp_path, PLAN, PROFILE)
    with pytest.raises(Mistake, match="20251121-000000-quick is there already"):
        create_campaign(tmp_path, PLAN, PROFILE)


def test_response_times_are_those_of_k6s_summary(tmp_path):
    (cell,) = read_campaign(campaign(tmp_path, "c"))[1]
    times = response_times(cell, "get")
    assert (times.count, times.percentages) == (50_000, GRID)
    assert (times.ms[0], times.ms[50], times.ms[-1]) == (1, 2, 3)


@pytest.mark.parametrize("text", [None, "", "[]", '{"metrics": {}}'])
def test_response_times_that_cannot_be_read_are_a_mistake(tmp_path, text):
    (cell,) = read_campaign(campaign(tmp_path, "c"))[1]
    path = cell.campaign / "cells" / cell.name / "get.json"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(Mistake, match="get.json cannot be read: "):
        response_times(cell, "get")


def test_a_folder_without_a_plan_is_a_mistake(tmp_path):
    with pytest.raises(Mistake, match=r"plan.json cannot be read: .*No such file"):
        read_campaign(tmp_path)


@pytest.mark.parametrize("file", ["plan.json", f"cells/{NAME}/cell.json"])
@pytest.mark.parametrize("schema", [0, 1, 3, "2", None])
def test_another_schema_is_a_mistake(tmp_path, file, schema):
    folder = campaign(tmp_path, "c")
    write(folder / file, {**json.loads((folder / file).read_text()), "schema": schema})
    with pytest.raises(Mistake, match=f"has schema {schema}; this version reads 2"):
        read_campaign(folder)


@pytest.mark.parametrize("file", ["plan.json", f"cells/{NAME}/cell.json"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "no object", "no text"])
def test_a_damaged_file_is_a_mistake(tmp_path, file, damage):
    folder = campaign(tmp_path, "c")
    whole = (folder / file).read_bytes()
    damaged = {"truncated": whole[:-1], "empty": b"", "no object": b"[]", "no text": b"\xff\xfe"}
    (folder / file).write_bytes(damaged[damage])
    with pytest.raises(Mistake, match=f"{file} cannot be read"):
        read_campaign(folder)


def test_a_cell_that_lacks_something_is_a_mistake_that_names_it(tmp_path):
    folder = campaign(tmp_path, "c")
    path = folder / "cells" / NAME / "cell.json"
    cell = json.loads(path.read_text())
    write(path, {key: cell[key] for key in cell if key not in ("commits", "attempt")})
    with pytest.raises(Mistake, match="cell.json lacks attempt, commits$"):
        read_campaign(folder)


def test_only_folders_with_a_plan_are_campaigns_and_the_oldest_comes_first(tmp_path):
    made = [campaign(tmp_path, name) for name in ("20251122-1", "20251121-2", "20251121-1")]
    (tmp_path / "figures").mkdir()
    assert find_campaigns(tmp_path) == sorted(made)
    assert find_campaigns(tmp_path / "none") == []
