"""The bench as a person runs it: from one command to a table, figures and every raw value."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench import Mistake
from bench.serve.cluster import find_binaries

ROOT = Path(__file__).resolve().parents[2]
SEVEN = ("hello", "echo", "list", "get", "create", "update", "delete")
TWENTY = {"executor": "shared-iterations", "vus": 2, "iterations": 20}
ALONE = {"executor": "per-vu-iterations", "vus": 1, "iterations": 20}
A_SECOND = {"executor": "constant-vus", "vus": 2, "duration": "1s"}

# What others do to the machine, or a quota of this container's, is not what is tested here.
QUIET = """
import sys
from bench import cell
from bench.__main__ import main
from bench.serve import local
real, told = cell.disturbance, {"steal_share": None, "foreign_share": None}
told |= {"swapped_bytes": 0, "throttled": 0}
cell.disturbance = lambda *counters: real(*counters) | told
local.own_throttled = lambda: 0
sys.exit(main())
"""


class Bench:
    """The command line of a repository, with a folder for profiles, results and its lock."""

    def __init__(self, folder, repository=ROOT):
        self.folder = folder
        self.repository = repository
        self.out = folder / "out"

    def profile(self, **scenarios):
        """Write a profile of these scenarios, as short as it can be."""
        data = {
            "runs": 1,
            "rows": 50,
            "journal_mode": "wal",
            "pauses": {"settle": 0, "seeded": 0, "warm": 0, "between": 0},
            "reseed": ["delete"],
            "warmup": {"hello": {**TWENTY, "exec": "hello"}},
            "scenarios": scenarios,
        }
        (self.folder / "tiny.json").write_text(json.dumps(data))

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, "-c", QUIET, *arguments],
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

    def cells(self):
        """Every cell.json, in the order in which they were started."""
        cells = [json.loads(p.read_text()) for p in self.campaign.glob("cells/*/cell.json")]
        return sorted(cells, key=lambda cell: cell["started"])


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


# One stack, every scenario


def every_scenario(folder, *options):
    """A run of all seven that went well."""
    bench = Bench(folder)
    bench.measure.profile(**{name: TWENTY for name in SEVEN} | {"hello": A_SECOND, "delete": ALONE})
    bench.process = bench.finish(bench.start_run(*options))
    assert (bench.process.returncode, bench.process.complained) == (0, "")
    return bench


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return every_scenario(tmp_path_factory.mktemp("one"), "--stacks", "flask_sqlite")


def test_a_run_ends_with_a_table_of_all_scenarios(one):
    lines = one.process.said.splitlines()
    titles = [
        number
        for number, line in enumerate(lines)
        if line.startswith(tuple(f"{s}, " for s in SEVEN))
    ]
    assert [lines[number].split(",")[0] for number in titles] == list(SEVEN)
    for number in titles:
        stack, median, cpu, in_flight, valid, _, attempted, *limiter = lines[number + 1].split()
        assert (stack, valid, attempted) == ("flask_sqlite", "1", "1")
        assert float(median.replace(",", "")) > 0 < float(cpu)
        assert int(in_flight) in (1, 2)
        assert limiter


def test_a_run_tells_how_far_it_is(one):
    lines = [line for line in one.process.said.splitlines() if re.match(r" *\d+%  ", line)]
    steps = [line.partition("flask_sqlite: ")[2].split()[0] for line in lines]
    assert steps == ["set", "start", "warmup", *SEVEN]
    shares = [int(line.split("%")[0]) for line in lines]
    assert shares == sorted(shares)


def test_in_a_pipe_nothing_is_coloured_or_redrawn(one):
    assert not {"\x1b", "\r"} & set(one.process.said)


def test_a_campaign_holds_its_plan_and_every_raw_value(one):
    assert {path.name for path in one.campaign.iterdir()} == {
        "plan.json",
        "profile.json",
        "journal.ndjson",
        "cells",
        "figures",
    }
    (cell,) = (one.campaign / "cells").iterdir()
    assert cell.name == "1-1-flask_sqlite"
    loads = [f"{name}.{kind}" for name in (*SEVEN, "warmup") for kind in ("json", "log")]
    assert {path.name for path in cell.iterdir()} == {"cell.json", "server.log", *loads}
    assert "Listening at" in (cell / "server.log").read_text()


def test_every_measurement_is_what_k6_counted_and_counts(one):
    (cell,) = one.cells()
    assert list(cell["scenarios"]) == list(SEVEN)
    for name, measured in cell["scenarios"].items():
        path = one.campaign / "cells" / "1-1-flask_sqlite" / f"{name}.json"
        metrics = json.loads(path.read_text())["metrics"]
        requests = measured["load"]["requests"]
        assert requests == metrics["http_reqs"]["count"] == metrics["iterations"]["count"]
        assert requests == 20 or name == "hello"
        assert measured["server"]["cpu_s"] > 0
        by_worker = sum(measured["server"]["worker_cpu_s"])
        assert by_worker == pytest.approx(measured["server"]["cpu_s"], rel=0.2)  # but the master's
        assert measured["load"]["bytes_received"] == pytest.approx(
            requests * measured["probe_bytes"], rel=0.02
        )
        assert (measured["status"], measured["problems"]) == ("valid", [])


def test_a_cell_says_under_which_conditions_it_was_measured(one):
    plan = json.loads((one.campaign / "plan.json").read_text())
    (cell,) = one.cells()
    conditions = cell["conditions"]
    assert conditions.items() >= plan["conditions"].items()
    assert (conditions["engine"], conditions["profile"]["name"]) == ("local", "tiny")
    assert conditions["database"] == {"kind": "sqlite", "journal_mode": "wal", "rows": 50}
    assert (conditions["workers"], conditions["threads"]) == (2, 2)
    assert conditions["python"] == cell["served"]["python"]


def test_a_run_draws_its_figures(one):
    names = [f"{place}-{name}" for place, name in enumerate(SEVEN, start=1)]
    figures = {path.name for path in (one.campaign / "figures").iterdir()}
    drawn = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    assert figures == drawn | {"summary.csv", "pairs.csv"}
    assert str(one.campaign / "figures") in one.process.said.splitlines()[-1]


def test_what_a_run_wrote_can_be_quoted(one):
    process = one.finish(one.start("check", str(one.campaign)))
    assert (process.returncode, process.said) == (0, f"{one.campaign.name}: complete\n")


def test_nothing_is_left_beside_the_results(one):
    assert {path.name for path in one.folder.iterdir() if path.is_dir()} == {"out"}


# Several stacks


def test_stacks_take_turns_as_the_plan_says(bench):
    bench.measure.profile(hello=TWENTY, create=TWENTY)
    process = bench.finish(
        bench.start_run("--stacks", "flask_sqlite,fastapi_sqlite", "--runs", "2")
    )
    assert (process.returncode, process.complained) == (0, "")
    plan = json.loads((bench.campaign / "plan.json").read_text())["cells"]
    measured = [
        {key: cell[key] for key in ("block", "position", "stack")} for cell in bench.cells()
    ]
    assert measured == plan
    first, second, third, fourth = (cell["stack"] for cell in plan)
    assert {first, second} == {"flask_sqlite", "fastapi_sqlite"}
    assert (third, fourth) == (second, first)
    assert process.said.count(" 2 of 2 ") == 4  # of two stacks in two scenarios


# On PostgreSQL


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory):
    try:
        find_binaries()
    except Mistake as mistake:
        pytest.skip(str(mistake))
    return every_scenario(tmp_path_factory.mktemp("on-postgres"), "--database", "postgres")


def test_the_stacks_that_speak_postgresql_are_measured_on_it(on_postgres):
    cells = on_postgres.cells()
    stacks = {"django_drf", "fastapi_sqlalchemy", "flask_sqlalchemy"}
    assert {cell["stack"] for cell in cells} == stacks
    for cell in cells:
        database = cell["conditions"]["database"]
        assert (database["kind"], database["server"]) == ("postgresql", "private cluster")
        assert cell["served"]["postgresql"]["server_version"].startswith(database["version"])
        assert {m["status"] for m in cell["scenarios"].values()} == {"valid"}


def test_what_the_database_server_used_is_counted_apart(on_postgres):
    for cell in on_postgres.cells():
        for name, measured in cell["scenarios"].items():
            beside = measured["database"]
            assert beside["cpu_s"] > 0 or name in ("hello", "echo")
            assert beside["memory_bytes"] > 0
    assert "CPU s/1000  database's" in on_postgres.process.said


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
    assert "cannot share a figure: they differ in database" in drawn.stderr


# A stack that does not do its work


def test_lost_inserts_are_named_and_do_not_count(bench):
    repository = bench.folder / "repository"
    for part in ("bench", "k6", "paper", "flask_sqlite"):
        shutil.copytree(ROOT / part, repository / part)
    shutil.copy(ROOT / "plot.py", repository)
    (repository / ".cache").symlink_to(ROOT / ".cache")  # its environments and its k6
    app = repository / "flask_sqlite" / "app.py"
    answer = '    return {"id": cursor.lastrowid'
    lose = '    get_db().execute("DELETE FROM items WHERE id > 50 AND id % 7 = 0")\n'
    assert answer in app.read_text()
    app.write_text(app.read_text().replace(answer, lose + answer))
    bench.repository = repository
    bench.measure.profile(hello=TWENTY, create=TWENTY)

    process = bench.finish(bench.start_run())
    assert process.returncode == 2
    *lost, verdict = process.complained.splitlines()
    for attempt, line in enumerate(lost, start=1):
        where = f"invalid: flask_sqlite, run 1, attempt {attempt}, create: "
        assert line.startswith(f"{where}rows: the database disagrees: ")
        assert "3 rows missing or changed, 0 unexpected, such as Row(id=56," in line
    assert len(lost) == 3
    unmeasured = "no attempt was valid for 1 of its measurements: flask_sqlite, run 1, create"
    assert verdict == f"bench: {bench.campaign.name} is degraded: {unmeasured}"
    hello, create = (line for line in process.said.splitlines() if " flask_sqlite  " in line)
    assert " 1 of 3 " in hello
    assert create.split()[:2] == ["flask_sqlite", "none"]
    assert " 0 of 3 " in create
    assert (bench.campaign / "figures" / "5-create.svg").exists()


# What goes wrong


def test_a_run_that_is_interrupted_keeps_the_cells_that_were_finished(bench):
    bench.measure.profile(hello=A_SECOND)
    process = bench.start_run("--stacks", "flask_sqlite", "--runs", "2")
    while "run 2 of 2, flask_sqlite: hello" not in process.stdout.readline():
        assert process.poll() is None, process.stderr.read()
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    bench.finish(process)
    assert process.returncode == 2
    kept = f"the cells that were finished are kept; --resume {bench.campaign} goes on"
    assert process.complained == f"bench: stopped; {kept}\n"
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert os.listdir(bench.campaign / "cells") == ["1-1-flask_sqlite"]
    assert bench.cells()[0]["scenarios"]["hello"]["problems"] == []

    resumed = bench.finish(bench.start("run", "--resume", str(bench.campaign)))
    assert (resumed.returncode, resumed.complained) == (0, "")
    names = {cell["block"]: cell["stack"] for cell in bench.cells()}
    assert names == {1: "flask_sqlite", 2: "flask_sqlite"}
    journal = [json.loads(line) for line in (bench.campaign / "journal.ndjson").open()]
    begun = [event["cell"] for event in journal if event["event"] == "begun"]
    assert begun == ["1-1-flask_sqlite", "2-1-flask_sqlite", "2-1-flask_sqlite"]
    assert [event["event"] for event in journal].count("kept") == 2


def test_only_a_campaign_can_be_resumed(bench):
    process = bench.finish(bench.start("run", "--resume", str(bench.folder)))
    assert process.returncode == 2
    assert process.complained.startswith("bench: ")
    assert "plan.json cannot be read" in process.complained


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: run | k6 | cost | locust | "),
        (("measure",), "invalid choice: 'measure'"),
        (("run", "--runs", "0"), "argument --runs: '0' is no whole number from 1 on"),
        (("run", "--runs", "-1"), "argument --runs: '-1' is no whole number from 1 on"),
        (("run", "--workers", "two"), "argument --workers: 'two' is no whole number from 1 on"),
        (("run", "--engine", "podman"), "argument --engine: invalid choice: 'podman'"),
        (("run", "--fast"), "unrecognized arguments: --fast"),
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
