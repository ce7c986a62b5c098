"""Profiles: how long and how many, with the paper's procedure as it stands in its section 3.3."""

import json
from dataclasses import replace

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
SHIPPED = ("paper", "quick", "standard")


def shared(users, iterations):
    return {
        "executor": "shared-iterations",
        "vus": users,
        "iterations": iterations,
        "maxDuration": "10m",
    }


# What k6 has been told in the paper's profile since its first version.
K6_OPTIONS = {
    "hello": {"executor": "constant-vus", "vus": 50, "duration": "10s"},
    "echo": {"executor": "constant-vus", "vus": 100, "duration": "15s"},
    "list": shared(10, 100),
    "get": shared(10, 1000),
    "create": shared(10, 1000),
    "update": shared(10, 1000),
    "delete": {**shared(1, 100), "executor": "per-vu-iterations"},
}
K6_WARMUP = {
    "hello": {"exec": "hello", "executor": "constant-vus", "vus": 20, "duration": "10s"},
    "list": {"exec": "list", "startTime": "10s", **shared(1, 20)},
}


def test_the_paper_profile_is_the_papers_procedure():
    paper = load_profile("paper")
    assert paper.scenarios == PAPER
    assert (paper.sessions, paper.rows, paper.journal_mode) == (5, 1500, "delete")
    assert paper.pauses == {"settle": 20, "seeded": 2, "warm": 5, "between": 3}
    assert paper.reseed == set()
    assert paper.warmup_seconds == 10


def test_in_the_paper_profile_an_arm_is_alone_and_one_run_of_k6_is_a_scenario():
    paper = load_profile("paper")
    assert not paper.together
    assert [scenario.runs for scenario in paper.scenarios] == [1] * 7
    assert [scenario.turns for scenario in paper.scenarios] == [None] * 7
    assert paper.warmup is None
    assert paper.sessions_of_one_arm == 5


def test_k6_gets_the_papers_options_to_the_letter():
    paper = json.loads((FOLDER / "paper.json").read_text())
    assert paper["scenarios"] == K6_OPTIONS
    assert paper["warmup"] == K6_WARMUP
    assert "turns" not in paper


def test_the_papers_session_has_eighty_seconds_that_no_stack_can_shorten():
    # settle, seeded, warm-up of hello, warm, six pauses between, hello, echo
    assert load_profile("paper").fixed_seconds == 20 + 2 + 10 + 5 + 6 * 3 + 10 + 15 == 80


@pytest.mark.parametrize("name", ["standard", "quick"])
def test_the_other_profiles_keep_the_papers_users_and_order(name):
    profile = load_profile(name)
    users = [(scenario.name, scenario.users) for scenario in PAPER]
    assert [(scenario.name, scenario.users) for scenario in profile.scenarios] == users
    assert profile.rows == 1500


@pytest.mark.parametrize("name", ["standard", "quick"])
def test_in_the_other_profiles_the_arms_take_turns_without_a_fixed_pause(name):
    profile = load_profile(name)
    assert profile.together
    assert all(scenario.turns for scenario in profile.scenarios)
    assert set(profile.pauses.values()) == {0}
    assert profile.warmup.counted_ms * profile.warmup_users > 0
    assert profile.request_timeout_ms > 0
    assert (profile.reseed, profile.journal_mode) == ({"update", "delete"}, "wal")


@pytest.mark.parametrize("name", ["standard", "quick"])
def test_by_hand_the_other_profiles_windows_are_long_enough_for_k6(name):
    *windows, delete = load_profile(name).scenarios
    assert all(scenario.seconds >= 1 for scenario in windows)
    assert delete.iterations == 1000


@pytest.mark.parametrize("name", ["standard", "quick"])
def test_where_turns_take_a_time_they_have_all_their_parts_and_delete_takes_requests(name):
    *timed, delete = [scenario.turns for scenario in load_profile(name).scenarios]
    for turns in timed:
        parts = (turns.connect_ms, turns.gap_ms, turns.lead_in_ms, turns.lead_out_ms)
        assert min(parts) > 0
        assert turns.run_seconds(5) > 1
    assert delete.requests > delete.not_counted > 0
    assert delete.run_seconds(5) == 0


def test_standard_compares_in_many_sessions_and_one_arm_has_the_papers_five():
    standard = load_profile("standard")
    assert standard.sessions >= 16
    assert standard.sessions_of_one_arm == 5


def test_quick_has_sessions_enough_for_an_interval():
    assert load_profile("quick").sessions >= 4


def test_no_other_profile_is_shipped():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_profile_is_read_by_its_name_and_by_its_path(name):
    assert load_profile(name) == load_profile(str(FOLDER / f"{name}.json"))


# A profile of one's own


@pytest.fixture
def load(tmp_path):
    """Load one with changes: each is a path of keys and the value that is put there."""

    def load(*changes, of="quick"):
        data = json.loads((FOLDER / f"{of}.json").read_text())
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
    profile = load((["sessions"], 7))
    assert (profile.name, profile.path, profile.sessions) == ("own", tmp_path / "own.json", 7)


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
    data["turns"]["update"]["stagger_ms"] = 0
    data["turns"]["delete"] |= {"requests": 3, "not_counted": 2, "rounds": 1}
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
ITEMS_OF_ALL_TURNS = {"runs": 3, "rounds": 8, "requests": 63, "not_counted": 2}  # 1512
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
        ((["sessions"], ...), "'sessions' is missing"),
        ((["sessions"], 0), "sessions is a whole number from 1 on"),
        ((["sessions"], "5"), "sessions is a whole number from 1 on"),
        ((["sessions"], True), "sessions is a whole number from 1 on"),
        ((["sessions_of_one_arm"], ...), "'sessions_of_one_arm' is missing"),
        ((["sessions_of_one_arm"], 0), "sessions_of_one_arm is a whole number from 1 on"),
        ((["arms"], ...), "'arms' is missing"),
        ((["arms"], "in turns"), "arms is together or alone"),
        ((["turns"], ...), "'turns' is missing"),
        ((["turns", "warmup"], ...), "'warmup' is missing"),
        ((["turns", "warmup", "ms"], 0), "ms is a whole number from 1 on"),
        ((["turns", "warmup", "vus"], 0), "vus is a whole number from 1 on"),
        ((["turns", "request_timeout_ms"], 0), "request_timeout_ms is a whole number from 1 on"),
        ((["turns", "get"], ...), "'get' is missing"),
        ((["turns", "get"], {}), "'runs' is missing"),
        ((["turns", "get"], None), "'runs' is missing"),
        ((["turns", "get", "runs"], 5), "get has more than 4 runs"),
        ((["turns", "get", "runs"], 0), "runs is a whole number from 1 on"),
        ((["turns", "get", "rounds"], ...), "'rounds' is missing"),
        ((["turns", "get", "gap_ms"], ...), "'gap_ms' is missing"),
        ((["turns", "get", "gap_ms"], -1), "gap_ms is a whole number, 0 or more"),
        ((["turns", "get", "lead_in_ms"], 0.5), "lead_in_ms is a whole number, 0 or more"),
        ((["turns", "get", "counted_ms"], 0), "get's counted_ms is no multiple of 1"),
        ((["turns", "get", "slices"], 3), "get's counted_ms is no multiple of 3"),
        ((["turns", "get", "slices"], 0), "slices is a whole number from 1 on"),
        ((["turns", "get", "stagger_ms"], 12), "get's connect_ms does not do for all of its users"),
        ((["turns", "get", "connect_ms"], 59), "get's connect_ms does not do for all of its users"),
        ((["turns", "delete", "not_counted"], 12), "delete counts none of a turn's requests"),
        ((["turns", "delete", "not_counted"], ...), "'not_counted' is missing"),
        ((["turns", "delete", "requests"], 0), "requests is a whole number from 1 on"),
        ((["turns", "delete"], ITEMS_OF_ALL_TURNS), "delete is 1 user and at most 1500 iterations"),
        ((["rows"], 1.5), "rows is a whole number from 1 on"),
        ((["journal_mode"], "off"), "journal_mode is delete or wal"),
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
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_profile_is_said_in_one_line(load, change, said):
    with pytest.raises(Mistake) as mistake:
        load(change)
    assert f"own.json is no profile: {said}" in str(mistake.value)
    assert "\n" not in str(mistake.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((["pauses", "warm"], ...), "'warm' is missing"),
        ((["pauses", "warm"], -1), "warm is a number of seconds, 0 or more"),
        ((["pauses", "warm"], float("nan")), "warm is a number of seconds, 0 or more"),
        ((["pauses", "warm"], float("inf")), "warm is a number of seconds, 0 or more"),
        ((["pauses", "warm"], "5s"), "warm is a number of seconds, 0 or more"),
        ((["scenarios", "delete"], TOO_MANY), "delete is 1 user and at most 1500 iterations"),
        ((["scenarios", "delete"], A_WINDOW), "delete is 1 user and at most 1500 iterations"),
    ],
)  # fmt: skip
def test_where_an_arm_is_alone_the_pauses_and_the_windows_are_what_counts(load, change, said):
    with pytest.raises(Mistake) as mistake:
        load(change, of="paper")
    assert f"own.json is no profile: {said}" in str(mistake.value)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "7", "null", '"quick"', "\xff"])
def test_a_file_that_holds_no_profile_is_said_in_one_line(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(Mistake, match=f"^{path} is (not JSON|no profile): .+$"):
        load_profile(str(path))


@pytest.mark.parametrize(
    ("place", "option"),
    [
        (["scenarios", "hello"], "gracefulStop"),
        (["scenarios", "get"], "env"),
        (["scenarios", "get"], "exec"),
        (["scenarios", "create"], "startTime"),
        (["scenarios", "delete"], "rate"),
        (["warmup", "hello"], "tags"),
        (["turns"], "warmups"),
        (["turns", "get"], "pause_ms"),
        (["turns", "delete"], "counted_ms"),
        ([], "rps"),
        ([], "thresholds"),
    ],
)
def test_an_option_that_nobody_here_knows_is_refused(load, place, option):
    with pytest.raises(Mistake, match=f"is no profile: {option} is not known here; what is: "):
        load(([*place, option], "1s"))


def test_a_pause_that_nobody_knows_is_refused(load):
    with pytest.raises(Mistake, match="is no profile: rest is not known here"):
        load((["pauses", "rest"], 1), of="paper")


@pytest.mark.parametrize("name", ["papers", "", "/none/paper.json", "paper.yaml"])
def test_a_profile_that_is_not_there_is_a_mistake_that_names_those_that_are(name):
    with pytest.raises(Mistake) as mistake:
        load_profile(name)
    assert str(mistake.value) == (
        f"there is no profile {name!r}; there are paper, quick, standard, or give a .json file"
    )


def test_the_scenarios_are_the_papers_seven():
    assert tuple(scenario.name for scenario in PAPER) == SCENARIOS


def test_turns_that_just_fit_are_taken(load):
    just = (["turns", "delete"], {"runs": 3, "rounds": 50, "requests": 10, "not_counted": 9})
    connect = (["turns", "get", "connect_ms"], 60)  # 10 users, 6 ms apart
    slices = (["turns", "get", "slices"], 4)
    turns = {s.name: s.turns for s in load(just, connect, slices).scenarios}
    assert (turns["delete"].requests, turns["delete"].not_counted) == (10, 9)
    assert (turns["get"].connect_ms, turns["get"].slices) == (60, 4)


def test_iterations_do_not_limit_a_delete_in_turns(load):
    by_hand = load((["scenarios", "delete"], TOO_MANY))
    assert by_hand.scenarios[-1].turns.requests == 12


def test_a_profile_that_has_its_arms_alone_may_do_without_turns_and_reads_none(load):
    paper = load((["turns"], {"get": "nonsense"}), of="paper")
    assert replace(paper, name="paper", path=FOLDER / "paper.json") == load_profile("paper")
