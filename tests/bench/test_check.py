"""The check: a campaign that can be quoted has no fault, and each fault is named."""

import json
import re
import shutil

import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, sampled_from
from synthetic import INVALID, SUSPECT, campaign, noisy, sign, write

from bench.answer.report import Report
from bench.answer.spreadsheet import write_pairs, write_summary
from bench.keep.check import faults, find_remains, outcome
from bench.keep.store import note, read_campaign
from bench.serve.stacks import DOSED, SAME

STACKS = ("django_drf", "flask_sqlite")
NAME = "1-1-flask_sqlite"


@pytest.fixture
def folder(tmp_path):
    """A good campaign of one cell."""
    return campaign(tmp_path, "1")


@pytest.fixture
def change(folder):
    """Change a JSON file of it; unless told otherwise, as if it had been measured so."""

    def change(*keys, to, file=f"cells/{NAME}/cell.json", signed=True):
        content = json.loads((folder / file).read_text())
        place = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to
        if to is ...:
            del place[keys[-1]]
        write(folder / file, content)
        if signed:
            sign(folder)
        return faults(folder)

    return change


# A good one


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stacks": STACKS, "runs": 3},
        {"stacks": STACKS, "runs": 3, "controls": (SAME, DOSED)},
        {"scenarios": ["hello", "delete"]},
        {"suspect": {("flask_sqlite", 1, "get")}},
        {"invalid": {("flask_sqlite", 1, "get", 1)}, "attempts": {("flask_sqlite", 1): 2}},
    ],
)
def test_a_good_campaign_has_no_fault_and_is_complete(tmp_path, options):
    folder = campaign(tmp_path, "1", **options)
    assert faults(folder) == []
    assert outcome(folder) == "complete"


@pytest.fixture
def drawn(tmp_path):
    """A campaign with the tables that plot.py writes."""
    folder = campaign(tmp_path, "1", STACKS, runs=5, ms=noisy())
    (folder / "figures").mkdir()
    report = Report(read_campaign(folder)[1])
    write_summary(report, folder / "figures" / "summary.csv")
    write_pairs(report, folder / "figures" / "pairs.csv")
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
    assert faults(drawn) == [f"altered: figures/{file} is not what the cells give; draw it anew"]


def test_the_last_digits_in_a_table_may_be_those_of_another_machine(drawn):
    path = drawn / "figures" / "pairs.csv"
    cells = re.sub(r"(\d\.\d{9})\d+", r"\1", path.read_text())
    assert cells != path.read_text()
    path.write_text(cells)
    assert faults(drawn) == []


@pytest.mark.parametrize("left", ["cells", "journal.ndjson", "plan.json"])
def test_what_is_left_of_a_campaign_is_found(folder, tmp_path, left):
    for path in folder.iterdir():
        if path.name != left:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (tmp_path / "notes").mkdir()
    assert find_remains(tmp_path) == [folder]
    assert faults(folder)


def test_a_campaign_with_a_lost_measurement_is_whole_and_degraded(tmp_path):
    lost = {("flask_sqlite", 1, "get"), ("flask_sqlite", 2, "get", 1), ("django_drf", 1, "list")}
    again = {("flask_sqlite", 1): 3, ("flask_sqlite", 2): 2}
    folder = campaign(tmp_path, "1", STACKS, runs=2, invalid=lost, attempts=again)
    assert faults(folder) == []
    assert outcome(folder) == "degraded: 2 measurements have no valid attempt"


# Incomplete


def test_a_campaign_that_did_not_end_is_incomplete(folder):
    note(folder, "resumed")
    assert faults(folder) == ["incomplete: the journal does not end with its end"]


def test_a_campaign_without_a_journal_is_incomplete(folder):
    (folder / "journal.ndjson").unlink()
    assert "incomplete: the journal does not end with its end" in faults(folder)


def test_a_cell_that_is_gone_is_named(folder):
    shutil.rmtree(folder / "cells" / NAME)
    assert faults(folder) == [
        f"incomplete: {NAME} was measured and is gone",
        f"incomplete: {NAME} was planned and not measured",
    ]


def test_a_second_attempt_that_is_gone_is_named(tmp_path):
    folder = campaign(tmp_path, "1", attempts={("flask_sqlite", 1): 2})
    shutil.rmtree(folder / "cells" / f"{NAME}.2")
    assert faults(folder) == [f"incomplete: {NAME}.2 was measured and is gone"]


def test_a_cell_that_was_not_measured_is_named(folder):
    shutil.rmtree(folder / "cells" / NAME)
    sign(folder)
    assert faults(folder) == [f"incomplete: {NAME} was planned and not measured"]


@pytest.mark.parametrize("field", ["host", "ended", "source"])
def test_what_a_cell_lacks_by_the_schema_is_named(change, field):
    (fault,) = change(field, to=...)
    assert fault == f"incomplete: {NAME}/cell.json: it: '{field}' is a required property"


def test_what_a_measurement_lacks_by_the_schema_is_named(change):
    (fault,) = change("scenarios", "get", "in_flight", to=...)
    where = "scenarios/get: 'in_flight' is a required property"
    assert fault == f"incomplete: {NAME}/cell.json: {where}"


def test_what_the_schema_does_not_know_is_named(change):
    (fault,) = change("remark", to="good")
    assert fault.startswith(f"incomplete: {NAME}/cell.json: it: ")
    assert "'remark' was unexpected" in fault


def test_what_a_plan_lacks_is_named(change):
    found = change("thresholds", to=..., file="plan.json")
    assert "incomplete: 1/plan.json: it: 'thresholds' is a required property" in found


# Of another schema


@pytest.mark.parametrize("schema", [1, 3])
def test_another_schema_is_named(change, folder, schema):
    (fault,) = change("schema", to=schema, file="plan.json")
    assert fault == f"{folder}/plan.json has schema {schema}; this version reads 2"


@pytest.mark.parametrize("schema", [1, 3])
def test_a_cell_of_another_schema_is_named(change, schema):
    (fault,) = change("schema", to=schema)
    assert fault == f"incomplete: {NAME}/cell.json: schema: 2 was expected"


# Mixed


def test_a_cell_of_another_campaign_is_named(folder, tmp_path):
    other = campaign(tmp_path, "2", workers=4)
    shutil.rmtree(folder / "cells")
    shutil.copytree(other / "cells", folder / "cells")
    sign(folder)
    assert faults(folder) == [f"mixed: {NAME} was measured under another plan"]


def test_a_cell_under_other_conditions_is_named(change):
    found = change("conditions", "workers", to=4)
    assert found == [f"mixed: {NAME} was measured under another plan"]


def test_another_python_is_no_fault(change):
    assert change("conditions", "python", to="3.14.1") == []


@pytest.mark.parametrize(
    ("field", "value"), [("stack", "django_drf"), ("block", 2), ("attempt", 4)]
)
def test_a_cell_that_is_not_in_the_plan_is_named(change, field, value):
    assert change(field, to=value) == [f"mixed: {NAME} is not in the plan"]


def test_a_cell_that_was_served_from_something_else_is_named(change):
    found = change("served", "environment", to="another")
    assert found == [f"mixed: {NAME} was not served from what was planned"]


@pytest.mark.parametrize("name", ["steal_invalid", "foreign_suspect"])
def test_another_threshold_is_named(change, name):
    found = change("thresholds", name, to=1.0, file="plan.json")
    assert found[0].startswith("incomplete: 1/plan.json: thresholds: ")


# Altered


def test_an_order_that_its_seed_does_not_draw_is_named(tmp_path):
    folder = campaign(tmp_path, "1", STACKS, runs=3)
    plan = json.loads((folder / "plan.json").read_text())
    plan["cells"].sort(key=lambda cell: cell["stack"])
    write(folder / "plan.json", plan)
    assert "altered: its order is not the one that its seed draws" in faults(folder)


def test_a_scenario_that_was_left_out_is_named(change):
    found = change("scenarios", "get", to=...)
    assert found == [f"incomplete: {NAME} and the profile do not both have get"]


def test_a_cell_under_another_name_is_named(folder):
    shutil.copytree(folder / "cells" / NAME, folder / "cells" / f"{NAME}.2")
    sign(folder)
    assert faults(folder) == [f"altered: {NAME}.2 says that it is {NAME}"]


def test_a_first_attempt_that_was_removed_is_named(tmp_path):
    folder = campaign(tmp_path, "1", attempts={("flask_sqlite", 1): 2})
    shutil.rmtree(folder / "cells" / NAME)
    sign(folder)
    assert faults(folder) == [f"incomplete: {NAME}.2 is there, and {NAME} before it is gone"]


def test_a_plan_that_was_altered_is_named(change):
    assert change("seed", to=2, file="plan.json", signed=False) == [
        "altered: plan.json is not what the journal notes",
        f"mixed: {NAME} was measured under another plan",
    ]


def test_a_profile_that_was_altered_is_named(change):
    assert change("runs", to=7, file="profile.json") == [
        "altered: profile.json is not what was planned"
    ]


def test_a_cell_that_was_altered_is_named(change):
    found = change("scenarios", "get", "load", "mean_ms", to=1.0, signed=False)
    assert found == [f"altered: {NAME}/cell.json is not what the journal notes"]


def test_a_summary_that_was_altered_is_named(change):
    file = f"cells/{NAME}/get.json"
    found = change("metrics", "http_reqs", "count", to=7, file=file)
    assert found == [
        f"altered: {NAME}/get.json is not what its cell.json notes",
        f"altered: {NAME}, get differs from k6's summary in requests",
    ]


def test_a_file_that_was_added_is_named(folder):
    (folder / "cells" / NAME / "notes.txt").touch()
    assert faults(folder) == [f"altered: {NAME}/notes.txt is not what its cell.json notes"]


def test_a_file_that_is_gone_is_named(change, folder):
    (folder / "cells" / NAME / "get.json").unlink()
    change("scenarios", "get", "status", to="invalid")
    found = change("scenarios", "get", "problems", to=[INVALID])
    assert found == [f"altered: {NAME}/get.json is not what its cell.json notes"]


@pytest.mark.parametrize("field", ["requests", "seconds", "mean_ms", "bytes_received", "failed"])
def test_a_number_that_is_not_k6s_is_named(change, field):
    found = change("scenarios", "get", "load", field, to=12345)
    assert found == [f"altered: {NAME}, get differs from k6's summary in {field}"]


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
def test_a_status_that_its_problems_do_not_say_is_named(change, problems, called, status):
    change("scenarios", "get", "problems", to=problems)
    assert change("scenarios", "get", "status", to=called) == [
        f"altered: {NAME}, get is called {called}, its problems say {status}"
    ]


# What cannot be read


def test_a_folder_that_is_no_campaign_is_a_fault(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "none", tmp_path / "file"):
        (fault,) = faults(folder)
        assert "plan.json cannot be read" in fault


FILES = ["plan.json", "profile.json", "journal.ndjson"]
FILES += [f"cells/{NAME}/{file}" for file in ("cell.json", "get.json")]
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
@pytest.mark.parametrize("text", [b"", b"[]", b"7", b"null", b"{}", b'{"schema": 2}', DEEP])
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
    "line", ["7", "[]", "{}", '{"event": "kept"}', '{"event": "kept", "cell": []}']
)
def test_a_journal_with_a_line_that_is_no_event_is_a_fault(folder, line):
    path = folder / "journal.ndjson"
    path.write_text(f"{line}\n" + path.read_text())
    assert faults(folder)
