"""Arms with settings of their own, measured: each is served as it was asked for, and says so.

`REWRITE=1 pytest tests/e2e/test_arms.py` writes anew what is refused, arms.md.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_bench_runs import USERS, Bench
from test_mistakes import make_workshop

from bench.arm import Arm, Settings
from bench.serve.environment import environment, environment_of
from bench.serve.local import local_engine
from bench.serve.stacks import find_stacks
from bench.serve.variant import make_variants

TABLE = Path(__file__).with_name("arms.md")
ARMS = (
    "flask_sqlite",
    "flask_sqlite@workers=1,threads=3",
    "flask_sqlite@env.NOTE=a b,journal_mode=delete",
    "flask_sqlite@with=click==8.1.8",
    f"flask_sqlite@python={sys.executable}",
    "fastapi_sqlite@threads=3",
)
refused: dict[str, str] = {}  # what was asked for: the line that says why not


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("arms"))
    bench.profile(hello=USERS, get=USERS)
    bench.process = bench.finish(bench.start_run("--arms", *ARMS, "--sessions", "1"))
    assert (bench.process.returncode, bench.process.complained) == (0, "")
    return bench


def labels_of(bench):
    return dict(zip(ARMS, bench.plan.arms, strict=True))


def test_every_arm_is_measured_under_its_own_label(measured):
    (session,) = measured.sessions()
    labels = labels_of(measured)
    assert labels["flask_sqlite"] == "flask_sqlite"
    assert labels["fastapi_sqlite@threads=3"] == "fastapi_sqlite@threads=3"
    for scenario in session.scenarios.values():
        assert {of.status for of in scenario.arms.values()} == {"valid"}
        assert set(scenario.arms) == set(labels.values())


def test_workers_and_threads_are_each_arms_own(measured):
    (session,) = measured.sessions()
    labels = labels_of(measured)
    for text, workers, in_flight in ((ARMS[0], 2, 4), (ARMS[1], 1, 3), (ARMS[5], 2, 4)):
        of = session.measured(labels[text], "get")
        assert [len(run) for run in of.server.worker_cpu_s] == [workers]
        assert of.in_flight == in_flight  # of four users


def test_a_journal_mode_is_each_arms_own_and_so_is_what_a_commit_costs(measured):
    (session,), labels, plan = measured.sessions(), labels_of(measured), measured.plan
    modes = {label: start.served.pragmas["journal_mode"] for label, start in session.arms.items()}
    assert modes.pop(labels[ARMS[2]]) == "delete" and set(modes.values()) == {"wal"}
    assert plan.conditions.database is None
    assert plan.database_of(labels[ARMS[2]]).journal_mode == "delete"
    assert plan.database_of("flask_sqlite").journal_mode == "wal"


def test_a_replaced_package_is_what_is_served_and_is_said(measured):
    (session,), labels = measured.sessions(), labels_of(measured)
    packages = session.arms[labels[ARMS[3]]].served.packages
    plain = session.arms["flask_sqlite"].served.packages
    differing = {name for name in {*packages, *plain} if packages.get(name) != plain.get(name)}
    assert (differing, packages["click"]) == ({"click"}, "8.1.8")
    assert "click 8.1.8, not " in " ".join(measured.process.said.split())


def test_every_worker_of_an_interpreter_that_was_named_says_whether_its_lock_is_on(measured):
    (session,), labels = measured.sessions(), labels_of(measured)
    assert session.arms[labels[ARMS[4]]].served.locks == [True, True]
    assert session.arms["flask_sqlite"].served.locks is None


def test_what_differs_stands_in_every_caption(measured):
    for name in ("1-hello", "4-get"):
        assert "click" in (measured.campaign / "figures" / f"{name}.svg").read_text()


def test_a_variable_reaches_the_app(tmp_path):
    folder = find_stacks()["flask_sqlite"]
    arm = Arm("a", "flask_sqlite", folder, Settings(variables=(("NOTE", "a b"),)))
    engine = local_engine(None)
    engine.prepare(arm)
    with engine.serve(arm) as server:
        assert server.python("import json, os; print(json.dumps(os.environ['NOTE']))") == "a b"


def test_fastapis_pool_has_as_many_threads_as_are_asked_for(tmp_path):
    folder = find_stacks()["fastapi_sqlite"]
    (arm,) = make_variants([Arm("a", "fastapi_sqlite", folder, Settings(pool=3))], tmp_path)
    ask = (
        "import asyncio, pooled; from anyio.to_thread import current_default_thread_limiter\n"
        "async def ask():\n"
        "    async with pooled.app.router.lifespan_context(pooled.app):\n"
        "        print(current_default_thread_limiter().total_tokens)\n"
        "asyncio.run(ask())"
    )
    command = [environment(folder), "-c", ask]
    said = subprocess.run(command, cwd=arm.folder, capture_output=True, text=True, check=True)
    assert said.stdout == "3\n"
    assert '"pooled:app"' in (arm.folder / "gunicorn.conf.py").read_text()


def test_an_arm_that_sets_nothing_is_served_from_its_own_folder(tmp_path):
    arm = Arm("a", "fastapi_sqlite", find_stacks()["fastapi_sqlite"])
    assert make_variants([arm], tmp_path) == [arm]


def test_a_package_from_a_folder_is_built_anew_when_it_is_edited(tmp_path):
    package = tmp_path / "note"
    package.mkdir()
    (package / "pyproject.toml").write_text('[project]\nname = "note"\nversion = "1"\n')
    (package / "note.py").write_text("TEXT = 1\n")
    settings = Settings(packages=(str(package),))
    arm = Arm("a", "flask_sqlite", find_stacks()["flask_sqlite"], settings)
    first = environment_of(arm)
    (package / "note.py").write_text("TEXT = 2\n")
    second = environment_of(arm)
    ask = ["-c", "import note; print(note.TEXT)"]
    said = [
        subprocess.run([python, *ask], capture_output=True, text=True, check=True).stdout
        for python in (first, second)
    ]
    assert said == ["1\n", "2\n"]
    for python in (first, second):
        shutil.rmtree(python.parents[1])


REFUSED = {
    "flask_sqlite@workers=0": "it is a whole number from 1 to 256",
    "flask_sqlite@colour=red": "there is no setting 'colour'",
    "flask_sqlite@folder=nowhere": "nowhere is no stack's folder",
    "flask_sqlite@with=nothing-of-this-name==9": "its environment cannot be made: uv pip install",
    "flask_sqlite@with=itsdangerous==2.1.2": "its environment cannot be made: uv pip check",
    "flask_sqlite@env.DATABASE_URL=x": "the bench itself sets it",
    "flask_sqlite@database=postgres": "it speaks SQLite only",
    "flask_sqlite@python=2.7": "it is 3.11, 3.12, 3.13, 3.14 or an interpreter's path",
    "flask_sqlite@python=/bin/true": "its environment cannot be made: uv venv",
    "flask_sqlite@journal_mode=delete": "a writer waits for longer than a turn",
    "flask_sqlite flask_sqlite@workers=2": "it is the same arm as flask_sqlite",
    "flask_sqlite flask_sqlite@requirements=copy.txt": "is the same arm as flask_sqlite",
    "flask_sqlite@env.A=`id`,env.A=2": "A is said twice",
    "flask_sqlite@with=$(id)": "it is NAME==VERSION, or the folder of a package",
    "../flask_sqlite": "there is no stack '../flask_sqlite'",
    "--stacks flask_sqlite": "not allowed with argument --arms",
}


@pytest.mark.parametrize("asked", REFUSED)
def test_what_cannot_be_an_arm_is_refused_before_anything_is_measured(asked, tmp_path):
    workshop = make_workshop(tmp_path)
    shutil.copy(workshop.folder / "flask_sqlite" / "requirements.txt", workshop.folder / "copy.txt")
    if "journal_mode" in asked:
        turns = json.loads((workshop.folder / "short.json").read_text())["turns"]
        workshop.profile(scenarios={"create": USERS}, turns=turns)
    arms = ["flask_sqlite", *asked.split()] if asked.startswith("--") else asked.split()
    process = workshop.start("--arms", *arms)
    said, errors = process.communicate(timeout=100)
    (line,) = errors.splitlines()
    assert (process.returncode, REFUSED[asked] in line) == (2, True), line
    assert "session 1" not in said and workshop.left() == []
    line = re.sub(r"/[\w/.-]*/bin/python[\d.]*", "PYTHON", line.replace(str(workshop.folder), "."))
    refused[asked] = line


def test_the_table_is_what_was_refused():
    rows = [f"| `{asked}` | `{line}` |" for asked, line in refused.items()]
    if os.environ.get("REWRITE"):
        TABLE.write_text("\n".join([*ABOUT, *rows]) + "\n")
    assert set(rows) <= set(TABLE.read_text().splitlines())


ABOUT = """\
<!-- Written by test_arms.py: what was asked for after --arms, and the line that refuses it. -->

| --arms | what is said, with exit status 2 |
|---|---|""".splitlines()
