"""The check: a campaign that can be quoted has no fault, and each fault is named."""

import json
import re
import shutil

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, sampled_from
from synthetic import INVALID, SUSPECT, campaign, noisy, sign, write

from bench.answer.answering import answer_of
from bench.answer.shown.spreadsheet import write_pairs, write_summary
from bench.arm import DOSED, SAME
from bench.commands.quotable import faults, outcome
from bench.keep import check
from bench.keep.plan import draw_block
from bench.keep.schemas import FOLDER, schemas
from bench.keep.selection import select_campaigns
from bench.keep.store import note, read_plan

ARMS = ("django_drf", "flask_sqlite")
ARM = "flask_sqlite"
NAME = "001"
SESSION = f"sessions/{NAME}/session.json"


@pytest.fixture
def folder(tmp_path):
    """A good campaign of one session."""
    return campaign(tmp_path, "1")


@pytest.fixture
def edit(folder):
    """Change a JSON file of a campaign; unless told otherwise, as if it had been measured so."""

    def edit(*keys, to, file=SESSION, signed=True, of=folder):
        content = json.loads((of / file).read_text())
        place = content
        for key in keys[:-1]:
            place = place[key]
        if to is ...:
            del place[keys[-1]]
        else:
            place[keys[-1]] = to
        write(of / file, content)
        if signed:
            sign(of)
        return faults(of)

    return edit


@pytest.fixture
def k6_wrote(folder, edit):
    """Change k6's summary of a run, and what its session notes of it."""

    def k6_wrote(*keys, to, scenario="get", run=1, of=folder):
        name = f"{scenario}-{run}.json"
        edit(*keys, to=to, file=f"sessions/{NAME}/{name}", of=of)
        sha256 = check.digest(of / "sessions" / NAME / name)
        return edit("files", name, to=sha256, of=of)

    return k6_wrote


# A good one


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"arms": ARMS, "sessions": 3},
        {"arms": ARMS, "sessions": 3, "controls": (SAME, DOSED)},
        {"scenarios": ["hello", "delete"]},
        {"scenarios": ["list"], "controls": (SAME, DOSED)},
        {"suspect": {(ARM, 1, "get")}},
        {"invalid": {(ARM, 1, "get")}, "extra": 1, "most_extra": 2},
        {"arms": ARMS, "sessions": 3, "invalid": {(ARM, 1, "get"), (ARM, 4, "get")}, "extra": 2},
    ],
)
def test_a_good_campaign_has_no_fault_and_is_complete(tmp_path, options, together):
    folder = campaign(tmp_path, "1", **options, together=together)
    assert faults(folder) == []
    assert outcome(folder) == "complete"


@pytest.fixture
def drawn(tmp_path):
    """A campaign with the tables that plot.py writes."""
    folder = campaign(tmp_path, "1", ARMS, sessions=5, ms=noisy())
    (folder / "figures").mkdir()
    answer = answer_of(select_campaigns([folder]))
    write_summary(answer, folder / "figures" / "summary.csv")
    write_pairs(answer, folder / "figures" / "pairs.csv")
    return folder


def test_a_campaign_that_was_drawn_is_still_good(drawn):
    assert faults(drawn) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pairs.csv", "get,", "got,"),
        ("summary.csv", ",5,5,", ",5,4,"),
        ("summary.csv", "delete,", "\ndelete,"),
    ],
)
def test_a_table_beside_the_figures_that_was_altered_is_named(drawn, file, old, new):
    path = drawn / "figures" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert faults(drawn) == [f"altered: figures/{file} is not what the sessions give; draw it anew"]


def test_a_number_in_a_table_that_is_a_thousandth_off_is_named(drawn):
    path = drawn / "figures" / "pairs.csv"
    ratio = re.search(r"\d\.\d{5}", path.read_text())[0]
    path.write_text(path.read_text().replace(ratio, f"{float(ratio) * 1.001:.5f}", 1))
    assert faults(drawn) == [
        "altered: figures/pairs.csv is not what the sessions give; draw it anew"
    ]


def test_the_last_digits_in_a_table_may_be_those_of_another_machine(drawn):
    path = drawn / "figures" / "pairs.csv"
    cells = re.sub(r"\b(\d\.\d{4})\d\b", r"\1", path.read_text())
    assert cells != path.read_text()
    path.write_text(cells)
    assert faults(drawn) == []


@pytest.mark.parametrize("left", ["sessions", "journal.ndjson", "plan.json"])
def test_what_is_left_of_a_campaign_is_found(folder, tmp_path, left):
    for path in folder.iterdir():
        if path.name != left:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (tmp_path / "notes").mkdir()
    assert check.find_remains(tmp_path) == [folder]
    assert faults(folder)


def test_a_campaign_with_a_lost_measurement_is_whole_and_degraded(tmp_path):
    lost = {(ARM, block, "get") for block in (1, 2, 3)} | {("django_drf", 1, "list")}
    folder = campaign(tmp_path, "1", ARMS, 2, lost, extra=1)
    assert faults(folder) == []
    assert outcome(folder) == (
        "degraded: 1 results lack sessions: flask_sqlite, get: 0 of 2 sessions count"
    )


# Incomplete


def test_a_campaign_that_did_not_end_is_incomplete(folder):
    note(folder, "resumed")
    assert faults(folder) == ["incomplete: the journal does not end with its end"]


def test_a_campaign_without_a_journal_is_incomplete(folder):
    (folder / "journal.ndjson").unlink()
    assert "incomplete: the journal does not end with its end" in faults(folder)


def test_a_session_that_is_gone_is_named(folder):
    shutil.rmtree(folder / "sessions" / NAME)
    assert faults(folder) == [
        f"incomplete: {NAME} was measured and is gone",
        f"incomplete: {NAME} was planned and not measured",
    ]


def test_an_added_session_that_is_gone_is_named(tmp_path):
    folder = campaign(tmp_path, "1", invalid={(ARM, 1, "get")}, extra=1)
    shutil.rmtree(folder / "sessions" / "002")
    assert faults(folder) == ["incomplete: 002 was measured and is gone"]
    sign(folder)
    assert faults(folder) == ["incomplete: 002 was to be added and was not measured"]


def test_a_session_that_was_not_measured_is_named(folder):
    shutil.rmtree(folder / "sessions" / NAME)
    sign(folder)
    assert faults(folder) == [f"incomplete: {NAME} was planned and not measured"]


def test_of_a_block_where_arms_are_alone_every_session_must_be_there(tmp_path):
    options = {"together": False, "invalid": {(ARM, 1, "get")}, "extra": 1}
    folder = campaign(tmp_path, "1", ARMS, **options)
    shutil.rmtree(folder / "sessions" / "004")
    sign(folder)
    assert faults(folder) == ["incomplete: 004 was to be added and was not measured"]


@pytest.mark.parametrize("field", ["host", "ended", "source"])
def test_what_a_session_lacks_is_named(edit, folder, field):
    (fault,) = edit(field, to=...)
    found = f"Object missing required field `{field}`"
    assert fault == f"incomplete: {folder}/{SESSION} cannot be read: {found}"


def test_what_a_measurement_lacks_is_named(edit):
    (fault,) = edit("scenarios", "get", "arms", ARM, "in_flight", to=...)
    assert "session.json cannot be read: Object missing required field `in_flight`" in fault


def test_what_no_type_knows_is_named(edit):
    (fault,) = edit("remark", to="good")
    assert fault.startswith("incomplete: ")
    assert "unknown field `remark`" in fault


def test_a_value_of_another_type_is_named(edit):
    (fault,) = edit("scenarios", "get", "arms", ARM, "load", "counted", to="7")
    assert "Expected `int`, got `str`" in fault


def test_what_a_plan_lacks_is_named(edit):
    (fault,) = edit("thresholds", to=..., file="plan.json")
    assert "plan.json cannot be read: Object missing required field `thresholds`" in fault


def test_an_arm_of_which_nothing_is_told_is_named(tmp_path, edit):
    folder = campaign(tmp_path, "2", ARMS)
    found = edit("scenarios", "get", "arms", ARM, to=..., of=folder)
    assert found == [f"incomplete: {NAME}, get and the plan do not both have {ARM}"]


def test_a_run_that_is_not_told_of_is_named(edit):
    runs = [{"exit_status": 0, "seconds": 9.0, "dropped": 0, "cpu_s": 4.5} for _ in range(2)]
    runs = [run | {"peak_bytes": 1, "bench_cpu_s": 0.01} for run in runs]
    found = edit("scenarios", "get", "runs", to=runs)
    assert found[0] == f"incomplete: {NAME}, get has 2 of 3 runs"


# Of another schema


@pytest.mark.parametrize("schema", [1, 4])
def test_another_schema_is_named(edit, folder, schema):
    (fault,) = edit("schema", to=schema, file="plan.json")
    assert fault.startswith(f"{folder}/plan.json has schema {schema}; this version reads 3")


@pytest.mark.parametrize("schema", [1, 4])
def test_a_session_of_another_schema_is_named(edit, folder, schema):
    (fault,) = edit("schema", to=schema)
    assert fault.startswith(f"incomplete: {folder}/{SESSION} has schema {schema}; this version")


def test_a_campaign_of_an_older_version_is_found_and_named_in_one_line(tmp_path):
    write(tmp_path / "old" / "plan.json", {"schema": 2, "stacks": [], "cells": []})
    (tmp_path / "older" / "cells").mkdir(parents=True)
    assert check.find_remains(tmp_path) == [tmp_path / "old", tmp_path / "older"]
    (fault,) = faults(tmp_path / "old")
    assert "has schema 2; this version reads 3, an older one" in fault


def test_the_schemas_for_others_are_those_of_the_types():
    there = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    assert there == schemas(), "python -m bench.keep.schemas writes them anew"


# Mixed


def test_a_session_of_another_campaign_is_named(folder, tmp_path):
    other = campaign(tmp_path, "2", k6="v1.1.0")
    shutil.rmtree(folder / "sessions")
    shutil.copytree(other / "sessions", folder / "sessions")
    sign(folder)
    assert faults(folder) == [f"mixed: {NAME} was measured under another plan"]


@pytest.mark.parametrize(("field", "value"), [("number", 2), ("block", 2)])
def test_a_session_that_is_not_in_the_plan_is_named(edit, field, value):
    assert edit(field, to=value) == [f"mixed: {NAME} is not in the plan"]


def test_an_arm_that_is_not_in_the_plan_is_named(edit, folder):
    arms = json.loads((folder / SESSION).read_text())["arms"]
    found = edit("arms", to=arms | {"django_drf": arms[ARM]})
    assert found == [f"mixed: {NAME} is not in the plan"]


def test_a_block_that_was_added_without_need_is_named(tmp_path):
    folder = campaign(tmp_path, "1", extra=1)
    assert faults(folder) == ["mixed: 002 was added, and nothing was lacking"]


def test_a_block_that_was_added_for_an_arm_that_never_counted_is_named(tmp_path):
    lost = {(ARM, block, "get") for block in (1, 2, 3)}
    folder = campaign(tmp_path, "1", ARMS, 4, lost, extra=1)
    assert faults(folder) == ["mixed: 005 was added, and nothing was lacking"]


def test_more_blocks_than_may_be_added_are_named(tmp_path):
    lost = {(ARM, 1, "get"), (ARM, 2, "get")}
    folder = campaign(tmp_path, "1", invalid=lost, extra=2, most_extra=1)
    assert faults(folder) == ["mixed: 003 is not in the plan"]


def test_an_arm_that_was_served_from_something_else_is_named(edit):
    found = edit("arms", ARM, "served", "environment", to="another")
    assert found == [f"mixed: {ARM} of {NAME} was not served from what was planned"]


@pytest.mark.parametrize("name", ["steal_invalid", "foreign_suspect"])
def test_another_threshold_is_named(edit, name):
    found = edit("thresholds", name, to=1.0, file="plan.json")
    assert found[0] == f"altered: plan.json has other thresholds: {name}"


def test_summaries_of_arms_that_were_alone_are_not_those_of_turns(k6_wrote):
    found = k6_wrote("turns", to=None)
    place = "arms are together in the profile or in run 1, not in both"
    assert f"mixed: {NAME}, get: {place}" in found


# Altered


@pytest.mark.parametrize("together", [True, False])
def test_an_order_that_its_seed_does_not_draw_is_named(tmp_path, together):
    folder = campaign(tmp_path, "1", ARMS, sessions=3, together=together)
    plan = read_plan(folder)
    other = [draw_block(ARMS, block, 2, together) for block in (1, 2, 3)]
    sessions = msgspec.to_builtins([session for block in other for session in block])
    assert sessions != msgspec.to_builtins(plan.sessions)
    write(folder / "plan.json", msgspec.to_builtins(plan) | {"sessions": sessions})
    assert "altered: its order is not the one that its seed draws" in faults(folder)


def test_turns_in_another_order_than_the_seed_draws_are_named(tmp_path, k6_wrote):
    folder = campaign(tmp_path, "2", ARMS)
    summary = json.loads((folder / "sessions" / NAME / "get-2.json").read_text())
    drawn = summary["turns"]
    fault = "the turns' order is not the one that the seed draws"
    for field in ("order", "connect"):
        found = k6_wrote("turns", field, to=drawn[field][::-1], run=2, of=folder)
        assert f"altered: {NAME}, get, run 2: {fault}" in found
        assert k6_wrote("turns", field, to=drawn[field], run=2, of=folder) == []


@pytest.mark.parametrize("part", ["gap_ms", "lead_in_ms", "counted_ms", "lead_out_ms"])
def test_turns_of_another_length_than_the_profile_says_are_named(k6_wrote, part):
    found = k6_wrote("turns", part, to=123)
    assert found[0] == f"altered: {NAME}, get, run 1 differs from the profile in {part}"


def test_a_turn_that_is_called_void_does_not_count(k6_wrote):
    (fault,) = k6_wrote("turns", "void", to=[0])
    assert fault.startswith(f"altered: {NAME}, get, {ARM} differs from k6's summaries in counted")


def test_an_arm_that_was_lost_is_not_in_later_runs_and_does_not_count(tmp_path, edit):
    folder = campaign(tmp_path, "2", ARMS, scenarios=["list"], invalid={(ARM, 1, "list")})
    alone = campaign(tmp_path, "3", ["django_drf"], scenarios=["list"])
    path = folder / "sessions" / NAME / "list-2.json"
    shutil.copy(alone / "sessions" / NAME / "list-2.json", path)
    found = edit("files", "list-2.json", to=check.digest(path), of=folder)
    assert found == []
    edit("scenarios", "list", "arms", ARM, "problems", to=[], of=folder)
    found = edit("scenarios", "list", "arms", ARM, "status", to="valid", of=folder)
    assert f"incomplete: {NAME}, list, {ARM} was not in every run of k6" in found


def test_a_scenario_that_was_left_out_is_named(edit):
    found = edit("scenarios", "get", to=...)
    assert found == [f"incomplete: {NAME} and the profile do not both have get"]


def test_a_session_under_another_name_is_named(folder):
    shutil.copytree(folder / "sessions" / NAME, folder / "sessions" / "002")
    sign(folder)
    assert faults(folder) == [f"altered: 002 says that it is {NAME}"]


def test_a_plan_that_was_altered_is_named(edit):
    found = edit("started", to="2024", file="plan.json", signed=False)
    assert found == [
        "altered: plan.json is not what the journal notes",
        f"mixed: {NAME} was measured under another plan",
    ]


def test_another_seed_draws_other_turns(tmp_path, edit):
    folder = campaign(tmp_path, "2", ARMS)
    found = edit("seed", to=2, file="plan.json", of=folder)
    fault = "the turns' order is not the one that the seed draws"
    assert f"altered: {NAME}, get, run 1: {fault}" in found


def test_a_profile_that_was_altered_is_named(edit):
    assert edit("sessions", to=7, file="profile.json") == [
        "altered: profile.json is not what was planned"
    ]


def test_a_session_that_was_altered_is_named(edit):
    keys = ("scenarios", "get", "arms", ARM, "load", "mean_ms")
    found = edit(*keys, to=1.0, signed=False)
    assert found == [f"altered: {NAME}/session.json is not what the journal notes"]


def test_a_summary_that_was_altered_is_named(edit):
    file = f"sessions/{NAME}/get-1.json"
    found = edit("arms", ARM, "requests", to=7, file=file)
    assert found == [
        f"altered: {NAME}/get-1.json is not what its session.json notes",
        f"altered: {NAME}, get, {ARM} differs from k6's summaries in requests",
    ]


def test_a_file_that_was_added_is_named(folder):
    (folder / "sessions" / NAME / "notes.txt").touch()
    assert faults(folder) == [f"altered: {NAME}/notes.txt is not what its session.json notes"]


def test_a_folder_that_was_added_is_named(folder):
    (folder / "sessions" / "notes").mkdir()
    assert faults(folder) == ["altered: sessions/notes is no session"]


def test_a_session_that_a_killed_run_left_unfinished_is_nothing(folder):
    (folder / "sessions" / ".002").mkdir()
    assert faults(folder) == []


def test_a_file_that_is_gone_is_named(edit, tmp_path):
    lost = campaign(tmp_path, "2", invalid={(ARM, 1, "get")})
    (lost / "sessions" / NAME / "get-1.json").unlink()
    assert faults(lost) == [f"altered: {NAME}/get-1.json is not what its session.json notes"]
    edit("files", "get-1.json", to=..., of=lost)
    assert faults(lost) == []


def test_a_summary_of_what_counts_that_is_gone_is_named(edit, folder):
    (folder / "sessions" / NAME / "get-1.json").unlink()
    found = edit("files", "get-1.json", to=...)
    assert found[0].startswith(f"incomplete: {NAME}, get: k6's summary of run 1 cannot be read")


@pytest.mark.parametrize(
    "field",
    [
        "requests",
        "counted",
        "counted_s",
        "mean_ms",
        "bytes_received",
        "failed",
        "void",
        "elsewhere",
    ],
)
def test_a_number_that_is_not_k6s_is_named(edit, field):
    found = edit("scenarios", "get", "arms", ARM, "load", field, to=12345)
    assert found == [f"altered: {NAME}, get, {ARM} differs from k6's summaries in {field}"]


@pytest.mark.parametrize("field", ["seconds", "dropped"])
def test_what_a_run_tells_that_is_not_k6s_is_named(edit, field):
    found = edit("scenarios", "get", "runs", 1, field, to=12345)
    place = "run 2 differs from k6's summary in seconds or dropped"
    assert found == [f"altered: {NAME}, get: {place}"]


def test_other_users_than_the_profiles_are_named(edit):
    found = edit("scenarios", "get", "arms", ARM, "users", to=20)
    assert f"altered: {NAME}, get, {ARM} has not the users of the profile" in found


@pytest.mark.parametrize(
    ("problems", "called", "status"),
    [
        ([], "invalid", "valid"),
        ([], "suspect", "valid"),
        ([SUSPECT], "valid", "suspect"),
        ([INVALID], "valid", "invalid"),
        ([SUSPECT, INVALID], "suspect", "invalid"),
    ],
)
def test_a_status_that_its_problems_do_not_say_is_named(edit, problems, called, status):
    where = ("scenarios", "get", "arms", ARM)
    edit(*where, "problems", to=msgspec.to_builtins(problems))
    assert edit(*where, "status", to=called) == [
        f"altered: {NAME}, get, {ARM} is called {called}, its problems say {status}"
    ]


# What cannot be read


def test_a_folder_that_is_no_campaign_is_a_fault(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "none", tmp_path / "file"):
        (fault,) = faults(folder)
        assert "plan.json cannot be read" in fault


FILES = ["plan.json", "profile.json", "journal.ndjson"]
FILES += [f"sessions/{NAME}/{file}" for file in ("session.json", "get-1.json")]
DEEP = pytest.param(b"[" * 100_000, id="deep")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    return campaign(tmp_path_factory.mktemp("results"), "1")


@settings(deadline=None, database=None)
@given(file=sampled_from(FILES), part=sampled_from([0, 0.5]), text=binary(max_size=100))
def test_a_file_that_holds_something_else_is_a_fault_and_never_an_exception(
    damaged, file, part, text
):
    good = (damaged / file).read_bytes()
    (damaged / file).write_bytes(good[: int(part * len(good))] + text)
    try:
        assert faults(damaged)
    finally:
        (damaged / file).write_bytes(good)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("text", [b"", b"[]", b"7", b"null", b"{}", b'{"schema": 3}', DEEP])
def test_whatever_stands_in_a_file_as_if_it_had_been_measured_is_a_fault(folder, file, text):
    (folder / file).write_bytes(text)
    if file != "journal.ndjson":
        sign(folder)
    assert faults(folder)


@pytest.mark.parametrize("file", FILES)
def test_a_folder_where_a_file_should_be_is_a_fault(folder, file):
    (folder / file).unlink()
    (folder / file).mkdir()
    assert faults(folder)


@pytest.mark.parametrize(
    "line", ["7", "[]", "{}", '{"event": "kept"}', '{"event": "kept", "session": []}']
)
def test_a_journal_with_a_line_that_is_no_event_is_a_fault(folder, line):
    path = folder / "journal.ndjson"
    path.write_text(f"{line}\n" + path.read_text())
    assert faults(folder)
