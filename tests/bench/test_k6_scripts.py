"""The k6 scripts load as the profiles say, run.sh starts them clean, and the summary is true."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from contract_service import Service

from bench.keep.summary import read_summary
from bench.measure.load.k6 import find_k6

K6_FOLDER = Path(__file__).resolve().parents[2] / "k6"
PAYLOADS = json.loads((K6_FOLDER / "lib" / "payloads.json").read_text())

# The paper's section 3.3 in k6's words, written out: the profile must not be its own judge.
PAPER = {
    "hello": {"hello": {"executor": "constant-vus", "vus": 50, "duration": "10s"}},
    "echo": {"echo": {"executor": "constant-vus", "vus": 100, "duration": "15s"}},
    "list": {"list": {"executor": "shared-iterations", "vus": 10, "iterations": 100}},
    "get": {"get": {"executor": "shared-iterations", "vus": 10, "iterations": 1000}},
    "create": {"create": {"executor": "shared-iterations", "vus": 10, "iterations": 1000}},
    "update": {"update": {"executor": "shared-iterations", "vus": 10, "iterations": 1000}},
    "delete": {"delete": {"executor": "per-vu-iterations", "vus": 1, "iterations": 100}},
    "warmup": {
        "hello": {"exec": "hello", "executor": "constant-vus", "vus": 20, "duration": "10s"},
        "list": {
            "exec": "list",
            "executor": "shared-iterations",
            "vus": 1,
            "iterations": 20,
            "startTime": "10s",
        },
    },
}
MEASURED = [name for name in PAPER if name != "warmup"]
K6_MODULES = ("k6", "k6/http", "k6/data", "k6/execution", "k6/metrics")


@pytest.fixture(scope="session")
def k6():
    return find_k6().path


@pytest.fixture
def service():
    with Service() as service:
        yield service


@pytest.fixture
def profile(tmp_path):
    """Write a profile of a few iterations and give back its path."""

    def write(users=2, iterations=12, rows=30):
        load = {"executor": "shared-iterations", "vus": users, "iterations": iterations}
        alone = {"executor": "per-vu-iterations", "vus": 1, "iterations": iterations}
        warmup = {
            "hello": {**load, "exec": "hello"},
            "list": {"executor": "shared-iterations", "vus": 1, "iterations": 3, "exec": "list"},
        }
        scenarios = {name: load for name in MEASURED} | {"delete": alone}
        path = tmp_path / "small.json"
        path.write_text(json.dumps({"rows": rows, "warmup": warmup, "scenarios": scenarios}))
        return path

    return write


@pytest.fixture
def run(k6, service, profile, tmp_path):
    """Run run.sh as the bench does, and read the summary; a keyword None unsets a variable."""

    def run(scenario, cwd=None, load=None, **changes):
        summary = tmp_path / "summary.json"
        environment = {
            **os.environ,
            "K6": str(k6),
            "BASE_URL": service.url,
            "PROFILE": str(profile(**load or {})),
            "SUMMARY_PATH": str(summary),
            **changes,
        }
        environment = {name: value for name, value in environment.items() if value is not None}
        process = subprocess.run(
            [K6_FOLDER / "run.sh", *([scenario] if scenario else [])],
            cwd=cwd or tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        process.summary = read_summary(summary) if summary.exists() else None
        return process

    return run


def inspect(k6, script, profile):
    """What k6 itself understands of a script under a profile."""
    command = [k6, "inspect", "--execution-requirements", "-e", f"PROFILE={profile}", script]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def loads(options):
    """The scenarios that k6 understood, without what was not set and without the emergency stop."""
    return {
        name: {
            key: value for key, value in load.items() if value is not None and key != "maxDuration"
        }
        for name, load in options["scenarios"].items()
    }


def shuffled_ids(rows):
    """The twin of lib/items.js in Python."""
    ids = list(range(1, rows + 1))
    x = PAYLOADS["seed"]
    for last in range(rows - 1, 0, -1):
        x = x * 48271 % 2147483647
        other = x % (last + 1)
        ids[last], ids[other] = ids[other], ids[last]
    return ids


# What the profiles ask for


@pytest.mark.parametrize("scenario", PAPER)
def test_under_the_paper_profile_a_script_is_the_papers_load(k6, scenario):
    options = inspect(k6, K6_FOLDER / f"{scenario}.js", K6_FOLDER / "profiles" / "paper.json")
    assert loads(options) == PAPER[scenario]


@pytest.mark.parametrize("scenario", PAPER)
@pytest.mark.parametrize("name", ["standard", "quick"])
def test_under_another_profile_a_script_is_the_load_that_stands_there(k6, name, scenario):
    path = K6_FOLDER / "profiles" / f"{name}.json"
    profile = json.loads(path.read_text())
    planned = profile["scenarios"] | {"warmup": profile["warmup"]}
    wanted = planned[scenario] if scenario == "warmup" else {scenario: planned[scenario]}
    assert loads(inspect(k6, K6_FOLDER / f"{scenario}.js", path)) == loads({"scenarios": wanted})


def test_the_paper_profile_waits_and_repeats_as_the_paper_does():
    paper = json.loads((K6_FOLDER / "profiles" / "paper.json").read_text())
    assert paper["pauses"] == {"settle": 20, "seeded": 2, "warm": 5, "between": 3}
    assert (paper["arms"], paper["sessions"]) == ("alone", 5)
    assert (paper["rows"], paper["journal_mode"], paper["reseed"]) == (1500, "delete", [])
    assert "turns" not in paper


@pytest.mark.parametrize("name", ["paper", "standard", "quick"])
def test_every_profile_keeps_the_papers_users_and_order(name):
    profile = json.loads((K6_FOLDER / "profiles" / f"{name}.json").read_text())
    users = {scenario: load["vus"] for scenario, load in profile["scenarios"].items()}
    assert list(users) == MEASURED
    assert users == {scenario: PAPER[scenario][scenario]["vus"] for scenario in MEASURED}


@pytest.mark.parametrize("scenario", PAPER)
@pytest.mark.parametrize("name", ["paper", "standard", "quick"])
def test_a_load_without_a_window_is_not_cut_short_by_a_slow_disk(k6, name, scenario):
    options = inspect(k6, K6_FOLDER / f"{scenario}.js", K6_FOLDER / "profiles" / f"{name}.json")
    for load in options["scenarios"].values():
        assert "duration" in load or load["maxDuration"] == "10m0s"


@pytest.mark.parametrize("scenario", PAPER)
def test_one_failed_or_dropped_request_fails_a_run_and_bodies_are_discarded(k6, scenario):
    options = inspect(k6, K6_FOLDER / f"{scenario}.js", K6_FOLDER / "profiles" / "standard.json")
    assert options["thresholds"] == {
        "http_req_failed": ["rate==0"],
        "dropped_iterations": ["count==0"],
    }
    assert options["discardResponseBodies"] is True


def test_the_scripts_import_nothing_but_k6_and_each_other():
    sources = [path.read_text() for path in K6_FOLDER.rglob("*.js")]
    imported = {name for text in sources for name in re.findall(r"from\s+['\"](.+?)['\"]", text)}
    assert imported
    for name in imported:
        assert name.startswith(("./", "../lib/")) or name in K6_MODULES
    assert not [text for text in sources if re.search(r"://|k6/x/|\bimport\s*\(|require\(", text)]


def test_the_measured_loops_check_nothing_and_have_no_setup():
    for path in K6_FOLDER.rglob("*.js"):
        assert not re.search(r"\bcheck\(|\bsetup\b|\bteardown\b", path.read_text()), path
        waits = path.relative_to(K6_FOLDER).as_posix() == "lib/turns.js"  # where it is not its turn
        assert waits or "sleep" not in path.read_text(), path


# What they send


def test_hello_asks_for_hello(run, service):
    assert run("hello").returncode == 0
    assert Counter(service.asked) == {("GET", "/hello", b"", None): 12}


def test_list_asks_for_all_items(run, service):
    assert run("list").returncode == 0
    assert Counter(service.asked) == {("GET", "/items/", b"", None): 12}


@pytest.mark.parametrize(("scenario", "path"), [("echo", "/echo"), ("create", "/items/")])
def test_echo_and_create_send_their_payload_as_json(run, service, scenario, path):
    assert run(scenario).returncode == 0
    assert len(service.asked) == 12
    for method, where, body, content_type in service.asked:
        assert (method, where, content_type) == ("POST", path, "application/json")
        assert json.loads(body) == PAYLOADS[scenario]


def test_the_shuffle_is_the_one_that_python_can_repeat(run, service):
    assert run("get", load={"users": 1, "iterations": 1500, "rows": 1500}).returncode == 0
    assert service.ids == shuffled_ids(1500)
    assert {method for method, *_ in service.asked} == {"GET"}


def test_a_user_of_get_takes_all_of_its_share_before_any_comes_again(run, service):
    users, rows = 5, 30
    assert run("get", load={"users": users, "iterations": 75, "rows": rows}).returncode == 0
    asked = Counter(service.ids)
    assert sum(asked.values()) == 75
    for user in range(users):
        times = [asked.pop(id, 0) for id in shuffled_ids(rows)[user::users]]
        assert times == sorted(times, reverse=True)  # in the shuffled order, round after round
        assert max(times) - min(times) <= 1
    assert not asked


def test_delete_takes_the_first_of_the_shuffled_ids_each_once(run, service):
    assert run("delete").returncode == 0
    assert service.ids == shuffled_ids(30)[:12]
    assert {method for method, *_ in service.asked} == {"DELETE"}


def test_update_never_sends_a_price_twice_and_the_price_tells_item_and_user(run, service):
    users, rows = 5, 30
    assert run("update", load={"users": users, "iterations": 200, "rows": rows}).returncode == 0
    ids = shuffled_ids(rows)
    cents = PAYLOADS["update_price_from"] * 100
    slots = []
    for method, path, body, content_type in service.asked:
        item = json.loads(body)
        slot = round(item["price"] * 100) - cents
        assert item == {**PAYLOADS["update"], "price": (cents + slot) / 100}
        assert (method, content_type) == ("PUT", "application/json")
        assert path == f"/items/{ids[slot % rows]}"
        slots.append(slot)
    assert len(set(slots)) == 200
    done = Counter(
        slot % users for slot in slots
    )  # each user from its first slot on, without a gap
    assert sorted(slots) == sorted(user + n * users for user in done for n in range(done[user]))


def test_the_warmup_says_hello_and_lists(run, service):
    assert run("warmup").returncode == 0
    assert Counter((method, path) for method, path, *_ in service.asked) == {
        ("GET", "/hello"): 12,
        ("GET", "/items/"): 3,
    }


# How run.sh starts them


def test_run_sh_strips_k6_variables_that_would_replace_the_load(run, service):
    process = run("hello", K6_VUS="1", K6_ITERATIONS="1", K6_DURATION="1s", K6_NO_THRESHOLDS="true")
    assert (process.returncode, len(service.asked)) == (0, 12)
    service.status = 500
    assert run("hello", K6_NO_THRESHOLDS="true").returncode == 99


AT_HOME = {
    "rps": 1,
    "noConnectionReuse": True,
    "noVUConnectionReuse": True,
    "minIterationDuration": "1s",
    "httpDebug": "full",
    "out": ["csv=at-home.csv"],
    "tags": {"arm": "home"},
    "blockHostnames": ["*"],
    "throw": True,
    "vus": 1,
    "iterations": 1,
}


@pytest.mark.parametrize("where", [".config/k6", "Library/Application Support/k6"])
@pytest.mark.parametrize("option", AT_HOME)
def test_run_sh_obeys_no_configuration_that_k6_finds_at_home(run, service, tmp_path, option, where):
    file = tmp_path / "home" / where / "config.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({option: AT_HOME[option]}))
    home = str(tmp_path / "home")
    process = run("hello", HOME=home, XDG_CONFIG_HOME=f"{home}/.config", K6_CONFIG=str(file))
    assert (process.returncode, len(service.asked)) == (0, 12)
    assert "http_req" not in process.stdout
    assert process.summary.seconds < 1
    assert sorted(os.listdir(tmp_path)) == ["home", "small.json", "summary.json"]


def test_run_sh_gives_k6_nothing_else_of_the_shell(run, tmp_path):
    stand_in = tmp_path / "k6"
    stand_in.write_text("#!/bin/sh\nenv\n")
    stand_in.chmod(0o755)
    hostile = {"GOMAXPROCS": "1", "GODEBUG": "http2debug=2", "HTTP_PROXY": "http://127.0.0.1:1"}
    said = run("hello", K6=str(stand_in), **hostile, K6_OUT="csv", SSLKEYLOGFILE="keys").stdout
    names = {line.partition("=")[0] for line in said.splitlines()} - {"PWD", "_", "SHLVL"}
    ours = {"K6_NO_USAGE_REPORT", "K6_AUTO_EXTENSION_RESOLUTION"}
    ours |= {"K6_NEW_MACHINE_READABLE_SUMMARY", "GOGC", "NO_PROXY"}
    assert names == ours | {"PATH", "TMPDIR", "PROFILE", "BASE_URL", "SUMMARY_PATH"}


ODD = "a b/é%2Fb%20#(x)?'"


@pytest.mark.parametrize("scenario", ["get", "create", "update", "delete", "hello", "list"])
def test_the_scripts_run_from_a_folder_of_any_name(service, profile, k6, tmp_path, scenario):
    folder = tmp_path / ODD / "k6"
    shutil.copytree(K6_FOLDER, folder)
    copied = shutil.copy(profile(), tmp_path / ODD / "small.json")
    summary = tmp_path / ODD / "summary.json"
    given = {"K6": k6, "BASE_URL": service.url, "PROFILE": copied, "SUMMARY_PATH": summary}
    environment = os.environ | {name: str(value) for name, value in given.items()}
    process = subprocess.run(
        [folder / "run.sh", scenario], env=environment, capture_output=True, text=True
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert read_summary(summary).arms["app"].requests > 0


def test_run_sh_finds_its_files_from_any_folder_and_a_profile_in_this_one(run, service, tmp_path):
    assert run("hello", cwd=tmp_path, PROFILE="small.json").returncode == 0
    assert len(service.asked) == 12


def test_run_sh_takes_the_k6_on_the_path_where_none_is_named(run, tmp_path):
    stand_in = tmp_path / "k6"
    stand_in.write_text('#!/bin/sh\necho "$@"\n')
    stand_in.chmod(0o755)
    process = run("hello", K6=None, PATH=f"{tmp_path}:{os.defpath}")
    assert process.stdout.startswith("run ")
    assert process.stdout.endswith("/k6/hello.js\n")


@pytest.mark.parametrize(
    ("scenario", "changes", "said"),
    [
        (
            "helo",
            {},
            "no scenario 'helo': hello, echo, list, get, create, update, delete or warmup",
        ),
        (None, {}, "no scenario '': hello, echo, list, get, create, update, delete or warmup"),
        ("hello", {"PROFILE": "papers"}, f"no profile {K6_FOLDER}/profiles/papers.json"),
        ("hello", {"PROFILE": "/none/paper.json"}, "no profile /none/paper.json"),
        ("hello", {"K6": "/none/k6"}, "no k6 at /none/k6: nox -s k6 builds it"),
    ],
)
def test_run_sh_names_a_mistake_in_one_line(run, service, scenario, changes, said):
    process = run(scenario, **changes)
    assert (process.returncode, process.stderr) == (2, f"k6/run.sh: {said}\n")
    assert not service.asked


def test_by_hand_a_person_reads_k6s_own_text(run, service):
    process = run("create", SUMMARY_PATH=None)
    assert (process.returncode, process.summary) == (0, None)
    durations = next(line for line in process.stdout.splitlines() if "http_req_duration" in line)
    columns = re.findall(r"(\S+)=", durations)
    assert columns == ["avg", "min", "med", "max", "p(90)", "p(95)"]
    assert re.search(r"http_reqs\.+: 12 ", process.stdout)
    assert process.stderr == ""


def test_by_hand_a_server_that_is_not_there_is_one_line(run, service):
    service.server.server_close()
    process = run("list", SUMMARY_PATH=None)
    assert process.returncode == 2
    assert process.stderr == f"k6/run.sh: {service.url}/hello does not answer 200\n"


# What is kept of a run


def test_the_summary_counts_what_was_sent(run, service):
    summary = run("echo", load={"users": 3, "iterations": 60}).summary
    assert (summary.dropped, summary.turns, list(summary.arms)) == (0, None, ["app"])
    app = summary.arms["app"]
    assert (app.requests, app.failed, app.iterations, app.times.count) == (60, 0, 60, 60)
    assert app.bytes_received > 60 * len("HTTP/1.1 200 OK")
    assert 0 < app.times.avg < app.iteration_mean_ms < app.iteration_max_ms
    first, last = service.requests[0].at, service.requests[-1].at
    assert summary.began_ms <= first + 1  # both are whole ms
    assert (last - first) / 1000 <= summary.seconds < (last - first) / 1000 + 1


def test_the_summary_names_the_arm_that_was_alone(run):
    assert list(run("hello", ARM="flask_sqlite").summary.arms) == ["flask_sqlite"]


def test_the_grid_of_percentiles_is_complete_and_fits_the_other_values(run):
    summary = run("hello", load={"users": 3, "iterations": 300}).summary
    times = summary.arms["app"].times
    grid = dict(zip(summary.grid, times.ms, strict=True))
    steps = [
        *range(0, 90),
        *(90 + n / 4 for n in range(32)),
        *((1960 + n) / 20 for n in range(20)),
        *((3960 + n) / 40 for n in range(36)),
        *((9990 + n) / 100 for n in range(11)),
    ]
    assert summary.grid == steps
    assert len([p for p in steps if p >= 99]) >= 40  # merged, p99.9 would else be off
    assert times.ms == sorted(times.ms)
    assert (grid[0], grid[50], grid[100]) == (times.min, times.med, times.max)
    assert times.min < times.avg < times.max
    assert all(ms == round(ms, 3) for ms in (*times.ms, times.avg))


def test_the_summary_is_small_enough_to_commit(run, tmp_path):
    run("hello")
    assert (tmp_path / "summary.json").stat().st_size < 4_000


@pytest.mark.parametrize("scenario", MEASURED)
def test_any_but_the_one_right_status_counts_as_failed(run, service, scenario):
    service.status = {"create": 200, "delete": 200}.get(scenario, 201)
    process = run(scenario)
    assert process.returncode == 99
    app = process.summary.arms["app"]
    assert (app.requests, app.failed, app.times.count) == (12, 12, 0)


def test_an_error_fails_the_run_and_its_time_is_not_among_the_answers(run, service):
    service.status = 500
    process = run("hello")
    assert process.returncode == 99
    app = process.summary.arms["app"]
    assert (app.requests, app.failed) == (12, 12)
    assert (app.times.count, app.times.avg, set(app.times.ms)) == (0, None, {None})


def test_a_server_that_is_not_there_still_gives_a_summary_without_times(run, service):
    service.server.server_close()
    process = run("hello")
    assert process.returncode == 99
    app = process.summary.arms["app"]
    assert (app.requests, app.failed, app.times.max) == (12, 12, None)
    assert app.times.ms == [None] * len(process.summary.grid)
