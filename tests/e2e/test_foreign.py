"""What stands in a home, a shell or a machine changes no number and breaks nothing: foreign.md.

`REWRITE=1 pytest tests/e2e/test_foreign.py` writes that table anew from what happened.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from test_mistakes import QUIET, WINDOW, Workshop, make_workshop

from bench.host.leftovers import owner
from bench.keep.store import read_campaign

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("foreign.md")
OWNER = f"OWNER_OF_TEST_{os.getpid()}"  # a name of the mark that no other test's bench knows
OURS = f"import bench.host.leftovers as leftovers; leftovers.OWNER = '{OWNER}'\n"
ODD = "a b/é%2Fb%20#(x)?'"
HOME = {
    ".config/k6/config.json": '{"rps": 5, "noConnectionReuse": true, "out": ["csv=k6.csv"]}',
    ".config/matplotlib/matplotlibrc": "text.usetex: True\nfigure.facecolor: red\n",
    ".config/uv/uv.toml": 'offline = true\n[pip]\ntarget = "elsewhere"\n',
    ".config/pip/pip.conf": "[install]\nuser = true\n",
    ".gitconfig": "[status]\nshowUntrackedFiles = no\n",
    ".locust.conf": "processes = 2\n",
    ".netrc": "machine 127.0.0.1 login a password b\n",
    ".pg_service.conf": "[items]\nhost=127.0.0.1\nport=1\n",
    ".pgpass": "*:*:*:*:wrong\n",
}
SHELL = {
    "GOMAXPROCS": "1",
    "GODEBUG": "http2debug=2",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "K6_VUS": "1",
    "K6_ITERATIONS": "1",
    "TURNS": "{}",
    "MPLBACKEND": "none",
    "GIT_DIR": "/none",
    "PGSSLMODE": "require",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGSERVICE": "items",
    "GUNICORN_CMD_ARGS": "--workers=1",
    "WEB_CONCURRENCY": "1",
    "DATABASE_URL": "sqlite:////none/items.db",
    "FLASK_DEBUG": "1",
    "UV_PYTHON": "3.99",
    "UV_TARGET": "elsewhere",
    "PYTHONOPTIMIZE": "2",
    "GOFLAGS": "-mod=mod",
}
happened: dict[str, str] = {}  # setting: what happens now


@pytest.fixture
def workshop(tmp_path):
    return make_workshop(tmp_path / ODD)


def a_person(folder: Path) -> dict[str, str]:
    """The variables of somebody whose home is full of settings."""
    for name, text in HOME.items():
        file = folder / "home" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
    return SHELL | {"HOME": str(folder / "home")}


def told(errors: str, workshop: Workshop) -> str:
    """The one line that says why not."""
    assert "Traceback" not in errors
    (line,) = [line for line in errors.splitlines() if line.startswith("bench: ")]
    return line.replace(str(workshop.folder), ".")


def requests_of(campaign: Path) -> int:
    (session,) = read_campaign(campaign)[1]
    measured = session.measured("flask_sqlite", "get")
    assert (measured.status, measured.problems, measured.load.failed) == ("valid", [], 0)
    return measured.load.counted


def test_a_campaign_of_a_person_full_of_settings_counts_as_much_as_of_one_without(
    workshop, tmp_path
):
    counted = {}
    for name, given in (("without", {}), ("full", a_person(tmp_path))):
        out = str(workshop.folder / name)
        process = workshop.start("--out", out, fault=QUIET, **given)
        said, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, ""), errors
        (campaign,) = Path(out).iterdir()
        counted[name] = requests_of(campaign)
    # With five requests a second, or one user, it would be a hundredth; a busy machine halves it.
    assert counted["full"] > counted["without"] / 10
    assert [path for path in tmp_path.rglob("*.csv") if "k6" in path.name] == []
    for names in (HOME, SHELL):
        kind = "at home" if names is HOME else "in the shell"
        happened[f"{kind}: {', '.join(sorted(names))}"] = "is not obeyed: valid, as many requests"
    happened["a folder whose name has a space, %, #, ?, ', ( or é"] = "valid; nothing is elsewhere"


def test_nothing_is_written_beside_a_folder_of_an_odd_name(workshop, tmp_path):
    process = workshop.start(fault=QUIET)
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert os.listdir(tmp_path) == ["a b"]
    assert os.listdir(tmp_path / "a b") == [Path(ODD).name]


def test_the_stacks_with_an_orm_open_their_database_in_a_folder_of_an_odd_name(workshop, tmp_path):
    for stack in ("django_drf", "fastapi_sqlalchemy", "flask_sqlalchemy"):
        shutil.copytree(ROOT / stack, workshop.folder / stack)
        process = workshop.start("--stacks", stack, fault=QUIET)
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, ""), stack
    assert os.listdir(tmp_path / "a b") == [Path(ODD).name]
    assert not list(workshop.folder.rglob("items.db*"))


# Others on the same machine


@contextmanager
def marked(mark: str):
    """A process that bears a mark, as one that a bench has started."""
    sleep = [sys.executable, "-c", "import time; time.sleep(100)"]
    process = subprocess.Popen(sleep, env=os.environ | {OWNER: mark})
    try:
        while not psutil.Process(process.pid).environ():
            pass
        yield process
    finally:
        process.kill()
        process.wait()


def dead() -> str:
    process = subprocess.Popen(["sleep", "100"])
    mark = owner(process.pid)
    process.kill()
    process.wait()
    return mark


@pytest.mark.parametrize("command", [["--help"], ["k6"], ["check", "nowhere"]])
def test_what_does_not_measure_ends_nobodys_processes(workshop, command):
    mark = dead()
    folder = workshop.folder / ".cache" / f"serve-{mark}-x1y2z3"
    folder.mkdir()
    with marked(mark) as process:
        code = f"{OURS}import sys\nfrom bench.__main__ import main\nsys.exit(main())"
        bench = [sys.executable, "-c", code, *command]
        subprocess.run(bench, cwd=workshop.folder, capture_output=True, check=False)
        assert process.poll() is None
        assert folder.exists()
    happened[f"a dead run's process and folder, beside `bench {' '.join(command)}`"] = "are left"


@pytest.mark.parametrize(
    ("kind", "mark", "becomes"),
    [
        ("a dead run's", dead, "is ended, and its folder removed"),
        ("another container's", lambda: "1-1-00000000", "is left, and named"),
    ],
)
def test_a_campaign_ends_what_was_certainly_ours_alone(workshop, kind, mark, becomes):
    mark = mark()
    folder = workshop.folder / ".cache" / f"serve-{mark}-x1y2z3"
    folder.mkdir()
    with marked(mark) as process:
        fault = (
            f"{OURS}import bench.commands.run as run; run.choose_engine = lambda *_: sys.exit(7)"
        )
        _, errors = workshop.start(fault=fault).communicate(timeout=60)
        ended = process.poll() is not None
    assert (ended, not folder.exists()) == (becomes != "is left, and named",) * 2
    assert (f"folder {folder}" in errors) == (not ended)
    happened[f"{kind} process, beside `bench run`"] = becomes


# Docker engines


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_an_engine_on_another_machine_is_one_line_before_anything_is_built(workshop, variable):
    if not shutil.which("docker"):
        pytest.skip("there is no docker program")
    home = workshop.folder / "home"
    given = {"HOME": str(home), "DOCKER_CONFIG": str(home / ".docker")}
    there = "ssh://me@192.0.2.1"
    value = there
    if variable == "DOCKER_CONTEXT":
        value = "there"
        create = ["docker", "context", "create", "there", f"--docker=host={there}"]
        subprocess.run(create, env=os.environ | given, capture_output=True, check=True)
    process = workshop.start("--engine", "docker", **given, **{variable: value})
    line = told(process.communicate(timeout=60)[1], workshop)
    assert line == f"bench: no Docker engine answers: it is on another machine, {there}"
    assert (process.returncode, workshop.left()) == (2, [])
    happened[f"{variable} of another machine"] = f"`{line}`"


def test_an_engine_that_stops_answering_holds_nobody(workshop):
    workshop.program(
        "docker", "case $1 in version) echo 28;; ps|info|context) ;; *) sleep 9;; esac"
    )
    fault = "import bench.serve.image as m; real = m.docker\n"
    fault += "m.docker = lambda *a, seconds=0: real(*a, seconds=0.5)"
    process = workshop.start("--engine", "docker", fault=fault)
    line = told(process.communicate(timeout=60)[1], workshop)
    assert re.search("the Docker engine does not answer: docker build took 0 s$", line)
    assert (process.returncode, workshop.left()) == (2, [])
    happened["a Docker engine that stops answering"] = f"`{line.replace('0 s', 'N s')}`"


def test_an_image_that_a_builder_keeps_for_itself_is_not_an_older_ones(workshop):
    script = 'case $1 in version) echo 28;; image) echo "No such image: $5" >&2; exit 1;; esac\n'
    script += 'for a; do case $a in --iidfile=*) echo sha256:new > "${a#--iidfile=}";; esac; done'
    workshop.program("docker", script)
    process = workshop.start("--engine", "docker")
    line = told(process.communicate(timeout=60)[1], workshop)
    assert line.startswith("bench: flask_sqlite: its image does not build: No such image: sha256:n")
    happened["an image build that leaves the image elsewhere"] = f"`{line}`"


def test_a_clone_for_its_owners_eyes_alone_gives_an_image_that_serves(docker_engine, tmp_path):
    shutil.copytree(ROOT / "flask_sqlite", tmp_path / "stack")
    for path in [tmp_path / "stack", *(tmp_path / "stack").rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    name = f"test-modes-{os.getpid()}"
    build = ["docker", "build", "--quiet", "--tag", name, str(tmp_path / "stack")]
    subprocess.run(build, capture_output=True, check=True)
    try:
        seed = ["docker", "run", "--rm", name, "python", "seed.py", "3"]
        done = subprocess.run(seed, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    finally:
        subprocess.run(["docker", "rmi", "--force", name], capture_output=True, check=False)
    happened["a clone with umask 077"] = "its image serves: its user may read the code"


def test_a_cpu_set_that_nobody_keeps_is_one_line(workshop):
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("there is one CPU")
    fault = "from contextlib import nullcontext\nimport bench.serve.local as m\n"
    fault += "m.pinned = lambda cpus: nullcontext()"
    process = workshop.start(fault=fault)
    line = told(process.communicate(timeout=60)[1], workshop)
    assert re.search(r"flask_sqlite is to run on CPU \d+ and runs on .*: nothing pins it", line)
    assert (process.returncode, workshop.left()) == (2, [])
    line = re.sub(r"CPU .* and runs on [^:]*", "CPU N and runs on N, M", line)
    happened["an app that is not pinned as it was asked for"] = f"`{line}`"


# Make


TINY = """

@nox.session
def tiny(session):
    install(session, "nox")
"""


def test_make_and_nox_install_whatever_a_shell_and_a_home_say_of_pip_and_uv(tmp_path):
    folder, home = tmp_path / "a b", a_person(tmp_path)["HOME"]
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "uv.lock", "noxfile.py"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "bench" / "host", folder / "bench" / "host")
    shutil.copy(ROOT / "bench" / "__init__.py", folder / "bench")
    with (folder / "noxfile.py").open("a") as tasks:
        tasks.write(TINY)
    poison = tmp_path / "poison"
    poison.mkdir()
    (poison / "packaging.py").write_text("raise SystemExit('the wrong module')")
    given = {"UV_PROJECT_ENVIRONMENT": str(tmp_path / "elsewhere"), "PYTHONPATH": str(poison)}
    given |= {"UV_PYTHON": "3.99", "PIP_USER": "1", "PIP_TARGET": str(tmp_path / "target")}
    whole = os.environ | given | {"HOME": home}
    make = ["make", ".venv/bin/nox"]
    for _ in range(2):
        done = subprocess.run(
            make, cwd=folder, env=whole, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    whole["PYTHONPATH"] = ""  # of Nox itself, which has begun before it can forget it
    for backend in ("uv", "virtualenv"):
        done = subprocess.run(
            [folder / ".venv" / "bin" / "nox", "-s", "tiny", "--no-reuse-existing-virtualenvs"],
            cwd=folder, env=whole | {"NOX_DEFAULT_VENV_BACKEND": backend},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert (folder / ".nox" / "tiny" / "bin" / "nox").exists()
    assert sorted(os.listdir(tmp_path)) == ["a b", "home", "poison"]
    happened[f"for make: {', '.join(sorted(given))}"] = "is not obeyed: Nox is where it belongs"


def test_a_profile_with_an_option_that_only_k6_knows_is_one_line(workshop):
    workshop.profile(scenarios={"get": WINDOW | {"gracefulStop": "0s"}})
    process = workshop.start()
    line = told(process.communicate(timeout=60)[1], workshop)
    assert "gracefulStop is not known here; what is: executor, vus, duration" in line
    assert json.loads((workshop.folder / "short.json").read_text())
    happened["a profile's option that only k6 knows"] = f"`{line}`"


def test_the_table_is_what_happened():
    rows = {name: f"| {name} | {what} |" for name, what in happened.items()}
    if os.environ.get("REWRITE"):
        title = "<!-- Written by test_foreign.py: what stands somewhere, and what happens now. -->"
        head = ["| setting | what happens |", "|---|---|"]
        TABLE.write_text("\n".join([title, "", *head, *rows.values()]) + "\n")
    written = TABLE.read_text().splitlines()
    assert [row for row in rows.values() if row not in written] == []
