"""Profiles: how long and how many, with the paper's procedure as it stands in its section 3.3."""

import json

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, sampled_from

from bench import Mistake
from bench.measure.profile import FOLDER, SCENARIOS, Scenario, load_profile

PAPER = (
    Scenario("hello", users=50, seconds=10, iterations=None),
    Scenario("echo", users=100, seconds=15, iterations=None),
    Scenario("list", users=10, seconds=None, iterations=100),
    Scenario("get", users=10, seconds=None, iterations=1000),
    Scenario("create", users=10, seconds=None, iterations=1000),
    Scenario("update", users=10, seconds=None, iterations=1000),
    Scenario("delete", users=1, seconds=None, iterations=100),
)


def test_the_paper_profile_is_the_papers_procedure():
    paper = load_profile("paper")
    assert paper.scenarios == PAPER
    assert (paper.runs, paper.rows, paper.journal_mode) == (5, 1500, "delete")
    assert paper.pauses == {"settle": 20, "seeded": 2, "warm": 5, "between": 3}
    assert paper.reseed == set()
    assert paper.warmup_seconds == 10


def test_the_papers_cell_has_eighty_seconds_that_no_stack_can_shorten():
    # settle, seeded, warm-up of hello, warm, six pauses between, hello, echo
    assert load_profile("paper").fixed_seconds == 20 + 2 + 10 + 5 + 6 * 3 + 10 + 15 == 80


@pytest.mark.parametrize("name", ["standard", "quick"])
def test_the_other_profiles_keep_the_papers_users_and_order(name):
    profile = load_profile(name)
    users = [(scenario.name, scenario.users) for scenario in PAPER]
    assert [(scenario.name, scenario.users) for scenario in profile.scenarios] == users
    assert profile.rows == 1500


def test_standard_gives_each_scenario_a_window_long_enough_for_a_claim():
    standard = load_profile("standard")
    assert [scenario.seconds for scenario in standard.scenarios] == [10] * 6 + [None]
    assert standard.scenarios[-1].iterations == 1000
    assert standard.reseed == {"update", "delete"}
    assert (standard.runs, standard.journal_mode) == (5, "wal")
    assert standard.pauses["settle"] == 0  # the server says when it is ready


def test_quick_is_one_run_of_all_five_stacks_in_under_three_minutes():
    quick = load_profile("quick")
    assert quick.runs == 1
    assert 5 * quick.fixed_seconds < 120  # starts, seeds and delete take the rest


def test_no_other_profile_is_shipped():
    assert {path.stem for path in FOLDER.glob("*.json")} == {"paper", "standard", "quick"}


# A profile of one's own


@pytest.fixture
def load(tmp_path):
    """Load quick with changes: each is a path of keys and the value that is put there."""

    def load(*changes):
        data = json.loads((FOLDER / "quick.json").read_text())
        for (*keys, last), value in changes:
            place = data
            for key in keys:
                place = place[key]
            place[last] = value
            if value is ...:
                del place[last]
        path = tmp_path / "own.json"
        path.write_text(json.dumps(data))
        return load_profile(str(path))

    return load


def test_a_profile_of_ones_own_is_a_path(load, tmp_path):
    profile = load((["runs"], 7))
    assert (profile.name, profile.path, profile.runs) == ("own", tmp_path / "own.json", 7)


def test_a_profile_need_not_have_all_scenarios(load):
    hello = {"executor": "constant-vus", "vus": 1, "duration": "1s"}
    assert [scenario.name for scenario in load((["scenarios"], {"hello": hello})).scenarios] == [
        "hello"
    ]


def test_iterations_of_each_user_are_counted_together(load):
    each = {"executor": "per-vu-iterations", "vus": 5, "iterations": 20}
    get = next(s for s in load((["scenarios", "get"], each)).scenarios if s.name == "get")
    assert (get.users, get.seconds, get.iterations) == (5, None, 100)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("1m30s", 90), ("1500ms", 1.5), ("1.5s", 1.5), ("1h", 3600), ("1m0.5s", 60.5)],
)
def test_durations_are_read_as_k6_reads_them(load, text, seconds):
    assert load((["scenarios", "hello", "duration"], text)).scenarios[0].seconds == seconds


@settings(deadline=None, database=None)
@given(users=integers(1, 300), rows=sampled_from([30, 1500, 1501]))
def test_updates_users_are_accepted_exactly_where_each_gets_as_many_rows(
    tmp_path_factory, users, rows
):
    data = json.loads((FOLDER / "quick.json").read_text()) | {"rows": rows}
    data["scenarios"]["update"]["vus"] = users
    data["scenarios"]["delete"]["iterations"] = 30
    path = tmp_path_factory.getbasetemp() / "users.json"
    path.write_text(json.dumps(data))
    if rows % users == 0:
        assert load_profile(str(path)).rows == rows
    else:
        with pytest.raises(
            Mistake, match=f"update's {users} users cannot share {rows} rows evenly"
        ):
            load_profile(str(path))


TWO_USERS = {"executor": "per-vu-iterations", "vus": 2, "iterations": 100}
TOO_MANY = {"executor": "per-vu-iterations", "vus": 1, "iterations": 1501}
A_WINDOW = {"executor": "constant-vus", "vus": 1, "duration": "2s"}
FEWER_THAN_USERS = {"executor": "shared-iterations", "vus": 10, "iterations": 9}
DURATION = ["scenarios", "hello", "duration"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((["scenarios"], ...), "'scenarios' is missing"),
        ((["scenarios"], {}), "it names no scenario"),
        ((["scenarios", "helo"], A_WINDOW), "there is no scenario helo"),
        ((["reseed"], ["deletion"]), "there is no scenario deletion"),
        ((["reseed"], ...), "'reseed' is missing"),
        ((["warmup"], ...), "'warmup' is missing"),
        ((["runs"], ...), "'runs' is missing"),
        ((["runs"], 0), "runs is a whole number from 1 on"),
        ((["runs"], "5"), "runs is a whole number from 1 on"),
        ((["runs"], True), "runs is a whole number from 1 on"),
        ((["rows"], 1.5), "rows is a whole number from 1 on"),
        ((["journal_mode"], "off"), "journal_mode is delete or wal"),
        ((["pauses", "warm"], ...), "'warm' is missing"),
        ((["pauses", "warm"], -1), "warm is a number of seconds, 0 or more"),
        ((["pauses", "warm"], float("nan")), "warm is a number of seconds, 0 or more"),
        ((["pauses", "warm"], float("inf")), "warm is a number of seconds, 0 or more"),
        ((["pauses", "warm"], "5s"), "warm is a number of seconds, 0 or more"),
        ((DURATION, ...), "'duration' is missing"),
        ((DURATION, "10"), "'10' is no duration such as 10s"),
        ((DURATION, "10 s"), "'10 s' is no duration such as 10s"),
        ((DURATION, "s"), "'s' is no duration such as 10s"),
        ((DURATION, "1.2.3s"), "'1.2.3s' is no duration such as 10s"),
        ((DURATION, ""), "'' is no duration such as 10s"),
        ((DURATION, 10), "10 is no duration such as 10s"),
        ((DURATION, "500ms"), "hello's window is shorter than 1s, the least that k6 takes"),
        ((["scenarios", "hello", "vus"], ...), "'vus' is missing"),
        ((["scenarios", "hello", "vus"], 0), "vus is a whole number from 1 on"),
        ((["scenarios", "hello", "executor"], ...), "'executor' is missing"),
        ((["scenarios", "hello", "executor"], "ramping-vus"), "hello's executor is none of "),
        ((["scenarios", "get"], {**TWO_USERS, "iterations": 0}), "iterations is a whole number"),
        ((["scenarios", "get"], {**TWO_USERS, "iterations": "9"}), "iterations is a whole number"),
        ((["scenarios", "get"], FEWER_THAN_USERS), "get has fewer iterations than users"),
        ((["scenarios", "update", "vus"], 7), "update's 7 users cannot share 1500 rows evenly"),
        ((["scenarios", "delete"], TWO_USERS), "delete is 1 user and at most 1500 iterations"),
        ((["scenarios", "delete"], TOO_MANY), "delete is 1 user and at most 1500 iterations"),
        ((["scenarios", "delete"], A_WINDOW), "delete is 1 user and at most 1500 iterations"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_profile_is_said_in_one_line(load, change, said):
    with pytest.raises(Mistake) as mistake:
        load(change)
    assert f"own.json is no profile: {said}" in str(mistake.value)
    assert "\n" not in str(mistake.value)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "7", "null", '"quick"', "\xff"])
def test_a_file_that_holds_no_profile_is_said_in_one_line(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(Mistake, match=f"^{path} is (not JSON|no profile): .+$"):
        load_profile(str(path))


@pytest.mark.parametrize("name", ["papers", "", "/none/paper.json", "paper.yaml"])
def test_a_profile_that_is_not_there_is_a_mistake_that_names_those_that_are(name):
    with pytest.raises(Mistake) as mistake:
        load_profile(name)
    assert str(mistake.value) == (
        f"there is no profile {name!r}; there are paper, quick, standard, or give a .json file"
    )


def test_the_scenarios_are_the_papers_seven():
    assert tuple(scenario.name for scenario in PAPER) == SCENARIOS
