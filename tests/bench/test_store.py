"""The store: a session is there whole or not, whatever happens while it is measured."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from synthetic import GRID, campaign, write

from bench import Mistake
from bench.keep.record import Canary, Session
from bench.keep.store import (
    create_campaign,
    digest,
    find_campaigns,
    keep_what_is_there,
    new_session,
    note,
    read_campaign,
    read_journal,
    read_plan,
    read_session,
    remove_if_empty,
    response_times,
    write_record,
)

ROOT = Path(__file__).parents[2]
NAME = "001"
RECORD = f"sessions/{NAME}/session.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished campaign, of which the others have their plan and their session."""
    return campaign(tmp_path_factory.mktemp("made"), "c")


@pytest.fixture
def session(made):
    return read_session(made / RECORD)


@pytest.fixture
def folder(tmp_path, made):
    """A campaign that has just begun."""
    return create_campaign(tmp_path / "results", read_plan(made), made / "profile.json")


@pytest.fixture
def measure(folder, session):
    def measure():
        """Fill a session and keep it."""
        with new_session(folder, NAME) as unfinished:
            write_record(unfinished / "session.json", session)

    return measure


def kept(folder):
    return [event["session"] for event in read_journal(folder) if event["event"] == "kept"]


def test_a_new_campaign_holds_its_plan_its_profile_and_no_session(folder, made):
    plan, sessions = read_campaign(folder)
    assert plan == read_plan(made)
    assert (folder / "profile.json").read_bytes() == (made / "profile.json").read_bytes()
    assert sessions == []
    assert find_campaigns(folder.parent) == [folder]


def test_a_campaign_is_named_for_its_time_and_its_profile(folder):
    assert folder.name == "20251121-120000-standard"


def test_a_session_is_there_with_all_that_was_put_into_it(folder, session):
    with new_session(folder, NAME) as unfinished:
        (unfinished / "hello-1.json").write_text("{}")
        write_record(unfinished / "session.json", session)
        assert read_campaign(folder)[1] == []
    assert read_campaign(folder)[1] == [session]
    assert (folder / "sessions" / NAME / "hello-1.json").exists()


@pytest.mark.parametrize("exception", [OSError, KeyboardInterrupt, SystemExit])
def test_of_a_session_that_fails_nothing_is_left(folder, session, exception):
    with pytest.raises(exception), new_session(folder, NAME) as unfinished:
        write_record(unfinished / "session.json", session)
        raise exception
    assert list((folder / "sessions").iterdir()) == []
    assert kept(folder) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from bench.keep.store import new_session, write_record

with new_session(Path(sys.argv[1]), "001") as unfinished:
    write_record(unfinished / "session.json", {"half": "a session"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_session_whose_process_is_killed_is_not_there_and_can_be_made_again(folder, session):
    killed = subprocess.run([sys.executable, "-c", KILLED, folder], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert list((folder / "sessions").iterdir()) != []  # the killed one's leftovers
    assert read_campaign(folder)[1] == []
    with new_session(folder, NAME) as unfinished:
        assert list(unfinished.iterdir()) == []
        write_record(unfinished / "session.json", session)
    assert len(read_campaign(folder)[1]) == 1


@pytest.mark.parametrize("together", [True, False])
def test_sessions_come_in_the_order_in_which_they_were_planned(tmp_path, together):
    folder = campaign(tmp_path, "c", ["b", "a"], 11, scenarios=["get"], together=together)
    plan, sessions = read_campaign(folder)
    order = [(planned.number, planned.block, set(planned.arms)) for planned in plan.sessions]
    assert [(one.number, one.block, set(one.arms)) for one in sessions] == order


def test_the_order_is_that_of_numbers_and_not_of_names(tmp_path):
    folder = campaign(tmp_path, "c", sessions=1001, scenarios=["delete"])
    assert [one.number for one in read_campaign(folder)[1]] == list(range(1, 1002))


def test_a_session_that_was_added_comes_after_all_planned_ones(tmp_path):
    folder = campaign(tmp_path, "c", ["b", "a"], 2, {("a", 1, "get")}, extra=1)
    assert [session.block for session in read_campaign(folder)[1]] == [1, 2, 3]


def test_a_campaign_without_one_session_is_removed_and_another_is_not(folder, measure):
    measure()
    remove_if_empty(folder)
    assert kept(folder) == [NAME]
    (folder / RECORD).unlink()
    remove_if_empty(folder)
    assert not folder.exists()


# The journal


def test_the_journal_tells_in_order_what_happened(folder, measure):
    note(folder, "resumed", why="a test")
    measure()
    events = read_journal(folder)
    assert [event["event"] for event in events] == ["planned", "resumed", "kept"]
    assert all(datetime.fromisoformat(event["at"]).tzinfo for event in events)
    assert events[0]["sha256"] == digest(folder / "plan.json")
    assert events[1]["why"] == "a test"
    assert (events[2]["session"], events[2]["sha256"]) == (NAME, digest(folder / RECORD))


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


def test_what_a_killed_run_kept_is_noted_once_and_its_half_session_is_removed(folder, measure):
    measure()
    (folder / "journal.ndjson").write_text("")
    (folder / "sessions" / ".002").mkdir()
    for _ in range(2):
        keep_what_is_there(folder)
        assert kept(folder) == [NAME]
        assert os.listdir(folder / "sessions") == [NAME]


def test_a_campaign_whose_session_is_gone_does_not_go_on(folder, measure):
    measure()
    (folder / RECORD).unlink()
    with pytest.raises(Mistake, match="cannot go on: 001 was measured and is gone"):
        keep_what_is_there(folder)


def test_a_digest_is_the_sha256_of_the_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"\0\xff")
    assert digest(tmp_path / "file") == hashlib.sha256(b"\0\xff").hexdigest()


# Files


def test_a_record_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "data.json"
    write_record(path, {"old": 1})
    with pytest.raises(TypeError):
        write_record(path, {"new": 2, "not JSON": object()})
    assert json.loads(path.read_text()) == {"old": 1}
    write_record(path, {"new": 2})
    assert json.loads(path.read_text()) == {"new": 2}
    assert os.listdir(tmp_path) == ["data.json"]


def test_a_record_that_cannot_be_written_is_a_mistake(tmp_path):
    with pytest.raises(Mistake, match="data.json cannot be written: No such file"):
        write_record(tmp_path / "none" / "data.json", {})


def test_a_number_is_kept_with_six_digits_and_a_whole_one_with_all(tmp_path):
    path = tmp_path / "data.json"
    write_record(path, {"number": 1234.56789, "small": 1.23456789e-9, "whole": 123456789})
    found = json.loads(path.read_text())
    assert found == {"number": 1234.57, "small": 1.23457e-9, "whole": 123456789}


def test_what_is_written_is_read_as_the_same(tmp_path):
    canary = Canary(a_second=0.1, median_ms=2.0)
    write_record(tmp_path / "canary.json", canary)
    assert msgspec.json.decode((tmp_path / "canary.json").read_bytes(), type=Canary) == canary


def test_a_campaign_of_twenty_sessions_of_seven_arms_stays_below_eight_megabytes(tmp_path):
    arms, controls = ["a", "b", "c", "d", "e"], ["control_same", "control_dosed"]
    folder = campaign(tmp_path, "c", arms, 20, controls=controls, ms=lambda *_: 7.1234567)
    records = [path.stat().st_size for path in folder.rglob("*.json")]
    assert sum(records) < 8_000_000


def test_a_results_folder_that_cannot_be_written_is_a_mistake(tmp_path, made):
    (tmp_path / "file").touch()
    with pytest.raises(Mistake, match="results cannot be written to .*file: Not a directory"):
        create_campaign(tmp_path / "file", read_plan(made), made / "profile.json")


def test_two_campaigns_never_share_a_folder(folder, made):
    with pytest.raises(Mistake, match="20251121-120000-standard is there already"):
        create_campaign(folder.parent, read_plan(made), made / "profile.json")


def test_response_times_are_those_of_k6s_summaries_a_run_each(tmp_path):
    folder = campaign(tmp_path, "c")
    (session,) = read_campaign(folder)[1]
    times = response_times(folder, session, "flask_sqlite", "get")
    assert [(one.count, one.percentages) for one in times] == [(3000, GRID)] * 3
    assert (times[0].ms[0], times[0].ms[50], times[0].ms[-1]) == (1, 2, 3)


def test_response_times_of_a_run_in_which_a_turn_of_the_arm_is_void_are_left_out(tmp_path):
    folder = campaign(tmp_path, "c", ["django_drf", "flask_sqlite"])
    (session,) = read_campaign(folder)[1]
    path = folder / "sessions" / NAME / "get-2.json"
    summary = json.loads(path.read_text())
    void = [summary["turns"]["order"].index("flask_sqlite")]
    write(path, summary | {"turns": summary["turns"] | {"void": void}})
    assert len(response_times(folder, session, "flask_sqlite", "get")) == 2
    assert len(response_times(folder, session, "django_drf", "get")) == 3


@pytest.mark.parametrize("text", [None, "", "[]", '{"metrics": {}}'])
def test_response_times_that_cannot_be_read_are_a_mistake(tmp_path, text):
    folder = campaign(tmp_path, "c")
    (session,) = read_campaign(folder)[1]
    path = folder / "sessions" / NAME / "get-1.json"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(Mistake, match=r"get-1.json cannot be read: "):
        response_times(folder, session, "flask_sqlite", "get")


def test_a_folder_without_a_plan_is_a_mistake(tmp_path):
    with pytest.raises(Mistake, match=r"plan.json cannot be read: .*No such file"):
        read_campaign(tmp_path)


FILES = ["plan.json", RECORD]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("schema", [0, 1, 2, 4, "3", 3.0, True, None])
def test_another_schema_is_a_mistake(tmp_path, file, schema):
    folder = campaign(tmp_path, "c")
    write(folder / file, {**json.loads((folder / file).read_text()), "schema": schema})
    with pytest.raises(Mistake, match=f"has schema {schema}; this version reads 3"):
        read_campaign(folder)


@pytest.mark.parametrize("schema", [1, 2])
def test_of_an_older_schema_one_line_says_what_reads_it(tmp_path, schema):
    write(tmp_path / "old" / "plan.json", {"schema": schema, "stacks": [], "cells": []})
    with pytest.raises(Mistake) as caught:
        read_plan(tmp_path / "old")
    assert str(caught.value) == (
        f"{tmp_path}/old/plan.json has schema {schema}; this version reads 3, "
        "an older one of this project (in its git history) reads that"
    )


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", ["truncated", "empty", "no object", "no text", "deep"])
def test_a_damaged_file_is_a_mistake(tmp_path, file, damage):
    folder = campaign(tmp_path, "c")
    whole = (folder / file).read_bytes()
    damaged = {"truncated": whole[:-2], "empty": b"", "no object": b"[]", "no text": b"\xff\xfe"}
    (folder / file).write_bytes((damaged | {"deep": b"[" * 100_000})[damage])
    with pytest.raises(Mistake, match=f"{file} cannot be read"):
        read_campaign(folder)


@pytest.mark.parametrize("field", ["commits", "number", "host"])
def test_a_session_that_lacks_something_is_a_mistake_that_names_it(tmp_path, field):
    folder = campaign(tmp_path, "c")
    session = json.loads((folder / RECORD).read_text())
    write(folder / RECORD, {key: session[key] for key in session if key != field})
    with pytest.raises(Mistake, match=f"session.json cannot be read: .*field `{field}`"):
        read_campaign(folder)


def test_only_folders_with_a_plan_are_campaigns(tmp_path):
    made = [campaign(tmp_path, name) for name in ("20251122-1", "20251121-2", "20251121-1")]
    (tmp_path / "figures").mkdir()
    assert find_campaigns(tmp_path) == sorted(made)
    assert find_campaigns(tmp_path / "none") == []


def test_a_session_knows_what_was_measured_in_it(session):
    assert isinstance(session, Session)
    assert session.measured("flask_sqlite", "get").counts
    assert session.measured("django_drf", "get") is None
    assert session.measured("flask_sqlite", "nothing") is None
