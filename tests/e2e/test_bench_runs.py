"""The bench as a person runs it: from one command to a table, figures and every raw value."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest
from test_mistakes import QUIET

from bench import Mistake
from bench.answer.answering import read_answer
from bench.answer.shown.numbers import shown
from bench.keep.plan import draw_turns
from bench.keep.store import read_campaign, read_plan, summary_path
from bench.keep.summary import read_summary
from bench.serve.databases.cluster import find_binaries

ROOT = Path(__file__).resolve().parents[2]
SEVEN = ("hello", "echo", "list", "get", "create", "update", "delete")
MAIN = """
import sys
from bench.__main__ import main
sys.exit(main())
"""
KINDS = ("json", "log")
# Turns as short as they can be: a session of all seven scenarios takes some seconds.
USERS = {"executor": "constant-vus", "vus": 4, "duration": "1s"}
ONE_USER = {"executor": "per-vu-iterations", "vus": 1, "iterations": 24}
TURN = {
    **{"runs": 1, "rounds": 2, "connect_ms": 80, "stagger_ms": 10},
    **{"gap_ms": 100, "lead_in_ms": 30, "counted_ms": 150, "lead_out_ms": 30},
}
TURNS = {
    "request_timeout_ms": 10_000,
    "warmup": {"vus": 2, "ms": 200},
    **dict.fromkeys(SEVEN, TURN),
    "hello": {**TURN, "rounds": 2},
    "update": {**TURN, "runs": 2},
    "delete": {"runs": 2, "rounds": 2, "requests": 6, "not_counted": 2},
}
ALL_SEVEN = dict.fromkeys(SEVEN, USERS) | {"delete": ONE_USER}
RUNS = {name: TURNS[name]["runs"] for name in SEVEN}


class Bench:
    """The command line of a repository, with a folder for profiles, results and its lock."""

    def __init__(self, folder, repository=ROOT):
        self.folder = folder
        self.repository = repository
        self.out = folder / "out"

    def profile(self, **scenarios):
        """Write a profile of these scenarios, as short as it can be."""
        data = {
            "arms": "together",
            "sessions": 2,
            "sessions_of_one_arm": 1,
            "rows": 52,
            "journal_mode": "wal",
            "reseed": ["delete"],
            "warmup": {},
            "scenarios": scenarios,
            "turns": TURNS,
        }
        (self.folder / "tiny.json").write_text(json.dumps(data))

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, "-c", QUIET + MAIN, *arguments],
            cwd=self.repository,
            env=os.environ | {"TMPDIR": str(self.folder)},  # where the machine's lock is
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start_run(self, *arguments):
        profile, out = str(self.folder / "tiny.json"), str(self.out)
        common = ("--profile", profile, "--out", out, "--engine", "local")
        return self.start("run", *common, *arguments)

    def finish(self, process):
        process.said, process.complained = process.communicate(timeout=300)
        return process

    @property
    def campaign(self):
        (folder,) = self.out.iterdir()
        return folder

    @property
    def plan(self):
        return read_plan(self.campaign)

    def sessions(self):
        """Every one, in the order in which they were started."""
        return read_campaign(self.campaign)[1]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


# One stack, every scenario


def every_scenario(folder, *options):
    """A run of all seven that went well, unless the options say which."""
    bench = Bench(folder)
    bench.profile(**ALL_SEVEN)
    bench.process = bench.finish(bench.start_run(*options))
    assert (bench.process.returncode, bench.process.complained) == (0, "")
    return bench


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return every_scenario(tmp_path_factory.mktemp("one"), "--stacks", "flask_sqlite")


def test_a_run_ends_with_a_line_for_every_scenario_and_says_where_the_page_lies(one):
    lines = one.process.said.splitlines()
    of = [line for line in lines if line.startswith(tuple(f"{s:8}flask_sqlite: " for s in SEVEN))]
    assert [line.split()[0] for line in of] == list(SEVEN)
    for line in of:
        found = re.fullmatch(r"\w+ +flask_sqlite: (?:≥ |≤ )?([\d,.]+) (requests/s|ms)", line)
        assert found and float(found[1].replace(",", "")) > 0, line
    assert "7 of 7 measurements count" in one.process.said
    assert lines[-2] == f"the page: {one.campaign / 'report.html'}"
    assert max(map(len, lines[lines.index(of[0]) : -2])) <= 80


def test_the_page_and_the_answer_say_what_the_terminal_says(one):
    answer = read_answer(one.campaign / "answer.json")
    page = (one.campaign / "report.html").read_text()
    for scenario in answer.scenarios:
        (value,) = scenario.values
        assert shown(value, scenario.unit) in one.process.said
        assert shown(value, "").strip() in page


def test_a_finished_campaign_is_shown_again(one):
    brief, full = (
        one.finish(one.start("show", str(one.campaign), *more)).said for more in ((), ("--full",))
    )
    assert brief in one.process.said and brief in full and "CPU" in full
    kept = one.finish(one.start("show", str(one.campaign), "--json"))
    assert msgspec.json.decode(kept.said)["campaigns"] == [one.campaign.name]
    table = one.finish(one.start("show", str(one.campaign), "--markdown")).said
    assert table.count("\n| ") == 1 + 1 + len(SEVEN)


def test_a_run_tells_how_far_it_is(one):
    lines = [line for line in one.process.said.splitlines() if re.match(r" *\d+%  ", line)]
    of = "session 1 of 1, flask_sqlite: "
    steps = [line.partition("%  ")[2].removeprefix(of).split("  ")[0] for line in lines]
    assert steps == ["flask_sqlite: set up", "start", "warmup", *SEVEN]
    shares = [int(line.split("%")[0]) for line in lines]
    assert shares == sorted(shares)


def test_in_a_pipe_nothing_is_coloured_or_redrawn(one):
    assert not {"\x1b", "\r"} & set(one.process.said)


def test_a_campaign_holds_its_plan_and_every_raw_value(one):
    assert {path.name for path in one.campaign.iterdir()} == {
        "plan.json",
        "profile.json",
        "journal.ndjson",
        "sessions",
        "figures",
        "answer.json",
        "report.html",
    }
    (session,) = (one.campaign / "sessions").iterdir()
    assert session.name == "001"
    runs = [(name, run) for name in SEVEN for run in range(1, 1 + RUNS[name])]
    loads = [f"{name}-{run}.{kind}" for name, run in [*runs, ("warmup", 1)] for kind in KINDS]
    assert {path.name for path in session.iterdir()} == {
        "session.json",
        "flask_sqlite.server.log",
        *loads,
    }
    assert "Listening at" in (session / "flask_sqlite.server.log").read_text()


def test_every_measurement_is_what_k6_counted_and_counts(one):
    (session,) = one.sessions()
    assert list(session.scenarios) == list(SEVEN)
    for name, scenario in session.scenarios.items():
        measured = scenario.arms["flask_sqlite"]
        runs = [
            read_summary(summary_path(one.campaign, 1, name, run))
            for run in range(1, 1 + RUNS[name])
        ]
        told = [run.arms["flask_sqlite"] for run in runs]
        requests, counted = measured.load.requests, measured.load.counted
        assert requests == sum(of_run.requests for of_run in told)
        assert requests == sum(of_run.iterations for of_run in told)
        # A turn may be void where the machine is busy.
        void = sum(run.turns.count[place] for run in runs for place in run.turns.void)
        assert counted == sum(of_run.times.count for of_run in told) - void > 0
        assert requests > counted or name == "hello"
        assert (requests, counted) == (24, 16) or name != "delete"
        assert measured.load.failed == 0
        assert measured.load.turns == RUNS[name] * TURNS[name]["rounds"]
        assert len(measured.server.worker_cpu_s) == RUNS[name]
        assert all(len(workers) == 2 for workers in measured.server.worker_cpu_s)
        assert measured.load.bytes_received == pytest.approx(
            requests * measured.probe_bytes, rel=0.02
        )
        assert (measured.status, measured.problems) == ("valid", [])


def test_a_campaign_says_under_which_conditions_it_was_measured(one):
    conditions, (session,) = one.plan.conditions, one.sessions()
    assert (conditions.engine, conditions.profile.name) == ("local", "tiny")
    database = conditions.database
    assert (database.kind, database.journal_mode, database.rows) == ("sqlite", "wal", 52)
    settings = one.plan.arms["flask_sqlite"].settings
    assert (settings.workers, settings.threads, settings.requirements) == (2, 2, "today")
    served = session.arms["flask_sqlite"].served
    assert served.environment == one.plan.pins.served["flask_sqlite"]
    assert served.pragmas["journal_mode"] == "wal"
    assert served.python.startswith("3.")


def test_a_run_draws_its_figures(one):
    names = [f"{place}-{name}" for place, name in enumerate(SEVEN, start=1)]  # of one arm alone
    figures = {path.name for path in (one.campaign / "figures").iterdir()}
    drawn = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    assert figures == drawn | {"summary.csv", "pairs.csv"}
    assert str(one.campaign / "figures") in one.process.said.splitlines()[-1]


def test_what_a_run_wrote_can_be_quoted(one):
    process = one.finish(one.start("check", str(one.campaign)))
    assert (process.returncode, process.said) == (0, f"{one.campaign.name}: complete\n")


def test_nothing_is_left_beside_the_results(one):
    assert {path.name for path in one.folder.iterdir() if path.is_dir()} == {"out"}


# Several arms


def test_arms_take_turns_as_the_plans_seed_draws_them(bench):
    bench.profile(hello=USERS, create=USERS)
    process = bench.finish(bench.start_run("--stacks", "flask_sqlite,fastapi_sqlite"))
    assert (process.returncode, process.complained) == (0, "")
    plan, arms = bench.plan, ["fastapi_sqlite", "flask_sqlite"]
    assert [sorted(session.arms) for session in plan.sessions] == [arms, arms]
    for session in bench.sessions():
        assert sorted(session.arms) == arms
        for name in ("hello", "create"):
            turns = read_summary(summary_path(bench.campaign, session.number, name, 1)).turns
            connect, order = draw_turns(
                arms, TURNS[name]["rounds"], plan.seed, session.number, name, 1
            )
            assert (turns.connect, turns.order) == (connect, order)
            failed = {one.load.failed for one in session.scenarios[name].arms.values()}
            assert failed == {0}
    assert "8 of 8 measurements count" in process.said  # of two arms in two scenarios, twice


# On PostgreSQL


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory):
    try:
        find_binaries()
    except Mistake as mistake:
        pytest.skip(str(mistake))
    some = ("--scenarios", "get,update,delete", "--database", "postgres", "--sessions", "1")
    return every_scenario(tmp_path_factory.mktemp("on-postgres"), *some)


def test_the_stacks_that_speak_postgresql_are_measured_on_it(on_postgres):
    stacks = {"django_drf", "fastapi_sqlalchemy", "flask_sqlalchemy"}
    database = on_postgres.plan.conditions.database
    assert (database.kind, database.server) == ("postgresql", "private cluster")
    for session in on_postgres.sessions():
        assert set(session.arms) == stacks
        for start in session.arms.values():
            assert start.served.postgresql["server_version"].startswith(database.version)
        for scenario in session.scenarios.values():
            assert {measured.status for measured in scenario.arms.values()} == {"valid"}
            assert {measured.load.failed for measured in scenario.arms.values()} == {0}


def test_what_the_database_server_used_is_counted_apart(on_postgres):
    for session in on_postgres.sessions():
        for name, scenario in session.scenarios.items():
            for measured in scenario.arms.values():
                assert measured.database.cpu_s > 0 or name not in ("create", "update")
                assert measured.database.memory_bytes > 0
    assert "database&#39;s" in (on_postgres.campaign / "report.html").read_text()


def test_a_figure_says_that_it_was_postgresql_and_shows_no_bar_of_the_paper(on_postgres):
    for figure in (on_postgres.campaign / "figures").glob("*.svg"):
        assert "PostgreSQL 1" in figure.read_text()
        assert "the paper" not in figure.read_text()


def test_a_campaign_on_postgresql_can_be_quoted_and_is_not_mixed_with_sqlite(on_postgres, one):
    process = on_postgres.finish(on_postgres.start("check", str(on_postgres.campaign)))
    assert (process.returncode, process.said) == (0, f"{on_postgres.campaign.name}: complete\n")
    command = [sys.executable, str(ROOT / "plot.py"), on_postgres.campaign, one.campaign]
    drawn = subprocess.run(command, capture_output=True, text=True)
    assert drawn.returncode == 2
    assert re.search("cannot share a figure: they differ in .*database", drawn.stderr)


# A stack that does not do its work


def test_lost_inserts_are_named_and_do_not_count(bench):
    repository = bench.folder / "repository"
    for part in ("bench", "k6", "paper", "flask_sqlite"):
        shutil.copytree(ROOT / part, repository / part)
    shutil.copy(ROOT / "plot.py", repository)
    (repository / ".cache").symlink_to(ROOT / ".cache")  # its environments and its k6
    app = repository / "flask_sqlite" / "app.py"
    answer = '    return {"id": cursor.lastrowid'
    # Long ago: the warm-up asks for what it has just made, and would notice. A writer may wait for
    # so long that others write dozens of rows meanwhile.
    old = "id % 7 = 0 AND id > 52 AND id < ?"
    lose = f'    get_db().execute("DELETE FROM items WHERE {old}", (cursor.lastrowid - 60,))\n'
    assert answer in app.read_text()
    app.write_text(app.read_text().replace(answer, lose + answer))
    bench.repository = repository
    bench.profile(hello=USERS, create=USERS)

    process = bench.finish(bench.start_run("--sessions", "2"))
    assert process.returncode == 2
    *lost, verdict = process.complained.splitlines()
    for session, line in enumerate(lost, start=1):
        where = f"invalid: flask_sqlite, session {session}, create: "
        assert line.startswith(f"{where}rows: the database disagrees: ")
        assert re.search(r"[1-9]\d* rows missing or changed, 0 unexpected, such as Row", line)
    assert len(lost) == 3  # of two that were planned and one that was added
    lacking = "too few sessions count: flask_sqlite, create: 0 of 2 sessions count"
    assert verdict == f"bench: {bench.campaign.name} is degraded: {lacking}"
    assert "create  flask_sqlite: none\n" in process.said
    found = read_answer(bench.campaign / "answer.json").scenarios
    counted = [(one.name, one.values[0].counted, one.values[0].attempted) for one in found]
    assert counted == [("hello", 3, 3), ("create", 0, 3)]
    assert (bench.campaign / "figures" / "5-create.svg").exists()


# What goes wrong


def test_a_run_that_is_interrupted_keeps_the_sessions_that_were_finished(bench):
    bench.profile(hello=USERS)
    process = bench.start_run("--stacks", "flask_sqlite", "--sessions", "2")
    while "session 2 of 2, flask_sqlite: hello" not in process.stdout.readline():
        assert process.poll() is None, process.stderr.read()
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    bench.finish(process)
    assert process.returncode == 2
    kept = f"the sessions that were finished are kept; --resume {bench.campaign} goes on"
    assert process.complained == f"bench: stopped; {kept}\n"
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert os.listdir(bench.campaign / "sessions") == ["001"]
    assert bench.sessions()[0].measured("flask_sqlite", "hello").problems == []

    resumed = bench.finish(bench.start("run", "--resume", str(bench.campaign)))
    assert (resumed.returncode, resumed.complained) == (0, "")
    assert [session.number for session in bench.sessions()] == [1, 2]
    journal = [json.loads(line) for line in (bench.campaign / "journal.ndjson").open()]
    begun = [event["session"] for event in journal if event["event"] == "begun"]
    assert begun == ["001", "002", "002"]
    assert [event["event"] for event in journal].count("kept") == 2


def test_only_a_campaign_can_be_resumed(bench):
    process = bench.finish(bench.start("run", "--resume", str(bench.folder)))
    assert process.returncode == 2
    assert process.complained.startswith("bench: ")
    assert "plan.json cannot be read" in process.complained


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: run | compare | show | "),
        (("measure",), "invalid choice: 'measure'"),
        (("run", "--sessions", "0"), "argument --sessions: '0' is no whole number from 1 on"),
        (("run", "--sessions", "-1"), "argument --sessions: '-1' is no whole number from 1 on"),
        (("run", "--workers", "two"), "argument --workers: 'two' is no whole number from 1 on"),
        (("run", "--engine", "podman"), "argument --engine: invalid choice: 'podman'"),
        (("run", "--fast"), "unrecognized arguments: --fast"),
        (("run", "--runs", "3"), "unrecognized arguments: --runs 3"),
        (("run", "--stacks", ""), "there is no stack ''; there are django_drf, "),
        (("run", "--engine", "local", "--k6", "none"), "there is no program none"),
        (("run", "--database", "oracle"), "argument --database: invalid choice: 'oracle'"),
        (("run", "--database", "postgres", "--stacks", "flask_sqlite"), "speaks SQLite only"),
        (("run", "--database", "postgres", "--controls"), "--controls are copies of flask_sqlite"),
        (("run", "--database", "postgres", "--requirements", "paper"), "needs today's versions"),
        (("run", "--database-url", "mysql://there"), "--database-url reads postgresql://USER:"),
        (
            ("run", "--engine", "local", "--database-url", "postgresql://a:b@127.0.0.1:1/items"),
            "--database-url: connection failed",
        ),
        (("check", "nowhere"), "1 of 1 campaigns are not to be quoted"),
        (("crosscheck", "--out", __file__), f"{__file__}: File exists"),
        (("cost", "scripts", "--out", __file__), f"{__file__}: File exists"),
        (("locust", "--stack", "flask_sqlite", "--out", __file__), f"{__file__}: File exists"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(bench, arguments, said):
    out = ("--out", str(bench.out)) if arguments[:1] == ("run",) else ()
    process = bench.finish(bench.start(*arguments, *out))
    assert (process.returncode, process.complained.count("\n")) == (2, 1), process.complained
    assert process.complained.startswith("bench: ")
    assert said in process.complained
    assert not bench.out.exists()


def test_the_bench_says_where_its_k6_is(bench):
    process = bench.finish(bench.start("k6"))
    assert process.returncode == 0
    assert os.access(process.said.strip(), os.X_OK)
