"""The tasks, listed by `nox -l`. What stands after `--` goes to the program that a task calls."""

import os
import subprocess
import sys
from pathlib import Path

import nox
from nox.command import CommandFailed

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # Nox itself is elsewhere
from bench.host.shell import keep_what_is_known  # noqa: E402  it is found by the line above

STACKS = sorted(path.parent.name for path in HERE.glob("*/gunicorn.conf.py"))
NO_CONFIG = {"UV_NO_CONFIG": "1", "PIP_CONFIG_FILE": os.devnull}
PAPER_DATE = "2025-06-01"  # when the paper's packages were current
TASKS = {  # of `python -m bench`
    "bench": ("run", "Measure all stacks, session after session; then the page and the figures."),
    "report": ("report", "Write the page of each campaign in results, or of those given."),
    "show": (
        "show",
        "Print a campaign's answer again: `-- CAMPAIGN [--full | --json | --markdown]`.",
    ),
    "claims": ("claims", "Say which of the paper's and the article's sentences hold; `-- --all`."),
    "figures": ("figures", "Make anew what README and docs show; or `-- --check` it."),
    "k6": ("k6", "Build the pinned k6, unless there is one."),
    "bench-k6": ("cost scripts", "Compare our k6 scripts with the smallest for the same requests."),
    "bench-engines": ("cost engines", "Compare a request's CPU in docker with that without."),
    "bench-turns": ("turns", "Judge whether taking turns favours an arm."),
    "why": ("why", "Experiments on causes: `-- server collector`, or all, an hour and a half."),
    "scale": ("scale", "A stack on a Kubernetes cluster, with more and more replicas."),
    "merge": ("merge", "Add up what several k6 have made of one server: `-- SUMMARY.json ...`."),
    "ladder": ("ladder", "What a request costs rung by rung: `-- flask_sqlite`, or all."),
    "selfcheck": ("selfcheck", "Say whether this machine can carry a claim, and of what size."),
    "check-results": ("check", "Say of each campaign whether it is whole and unaltered."),
}

OF_A_STACK = {  # a task as TASK-STACK: what it is asked then
    "bench": (["--stacks", "{}"], "Measure {} alone."),
    "test": (["tests/contract", "-k", "{}"], "Hold {} to the contract."),
    "locust": (["--stack", "{}"], "Let Locust play the article's user against {}."),
    "scale": (["{}"], "Measure {} on a Kubernetes cluster, with more and more replicas."),
}

keep_what_is_known()  # of a person's shell: a task is the same for everybody
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = []  # a bare `nox` lists; a benchmark is never started by mistake


def install(session, group):
    """Make the session's environment what uv.lock says of this group of dependencies."""
    # Not --locked, which asks the index: a mirror's address is not the one in the lock.
    sync = ("uv", "sync", "--quiet", "--frozen", "--inexact", f"--only-group={group}")
    here = {"UV_PROJECT_ENVIRONMENT": session.virtualenv.location}
    try:
        session.install("uv", env=NO_CONFIG)
        session.run_install(*sync, env=here | NO_CONFIG)
    except CommandFailed:  # a person's own settings may name the mirror that is needed
        session.install("uv")
        session.run_install(*sync, env=here)


@nox.session(allow_parallel=False)
def compare(session):
    """Say whether this checkout is slower than a git revision, or than another checkout."""
    install(session, "bench")
    asked = [str(Path(session.bin, "python")), "-m", "bench", "compare", *session.posargs]
    sys.exit(subprocess.call(asked, cwd=HERE))  # 0, 1 or 2; of Nox itself each failure is 1


@nox.session
def plot(session):
    """Draw the figures of the newest results, or of the campaigns given."""
    install(session, "bench")
    session.run("python", "plot.py", *session.posargs)


@nox.session(allow_parallel=False)
def locust(session):
    """Let Locust play the article's user: `-- --stack flask_sqlite`, or locust-flask_sqlite."""
    install(session, "bench")
    install(session, "load")
    session.run("python", "-m", "bench", "locust", *session.posargs)


@nox.session
def lifecycle(session):
    """Create, read, update and delete items of a server that runs: `-- http://127.0.0.1:8000`."""
    install(session, "load")
    session.run("python", "lifecycle.py", *session.posargs)


@nox.session(allow_parallel=False)
def crosscheck(session):
    """Compare what k6, Locust, lifecycle.py and wrk make of the same app, and what they cost."""
    install(session, "bench")
    install(session, "load")
    session.run("python", "-m", "bench", "crosscheck", *session.posargs)


@nox.session
def test(session):
    """Run all tests: the contract on every stack, the bench, everything from end to end."""
    install(session, "test")
    session.run("python", "-m", "bench", "k6")  # once, not by each test that needs it
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    # Many tests wait, for a k6 or a server. -rR names those that were run once more: see
    # tests/conftest.py, which also says in which order and by which worker.
    session.run("pytest", "--numprocesses=3", "--no-loadscope-reorder", "-rR")


@nox.session
def docs(session):
    """Make the manual, with the pages of our campaigns: site/index.html."""
    install(session, "docs")
    session.run("sphinx-build", "--quiet", "-W", "--keep-going", "-n", "docs", "site")


@nox.session
def lint(session):
    """Check style and types, and that the bench's parts know one another in one direction."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy", "bench", "plot.py")
    session.run("lint-imports")


@nox.session
def lock(session):
    """Compile every stack's requirements anew, today's and the paper's, and uv.lock."""
    session.install("uv")
    compile_ = "uv pip compile --quiet --universal --generate-hashes --no-header --upgrade"
    compile_ += " --python-version 3.11"
    paper = ("--constraints", "../paper/constraints.txt", "--exclude-newer", PAPER_DATE)
    # Its SQLAlchemy takes another driver for PostgreSQL: that is for today's versions only.
    paper += ("--no-emit-package", "psycopg", "--no-emit-package", "psycopg-binary")
    for stack in STACKS:
        with session.chdir(stack):
            session.run(*compile_.split(), "requirements.in", "-o", "requirements.txt")
            session.run(
                *compile_.split(), *paper, "requirements.in", "-o", "requirements-paper.txt"
            )
    session.run("uv", "lock", "--upgrade")
    only_locust = "uv export --quiet --frozen --no-header --no-annotate --only-group=load"
    for other in ("httpx2", "rich"):
        only_locust += f" --prune={other}"
    session.run(*only_locust.split(), "--output-file=locust/requirements.txt", silent=True)


def define_task(task, action, about):
    @nox.session(name=task, allow_parallel=False)
    def run(session):
        install(session, "bench")
        session.run("python", "-m", "bench", *action.split(), *session.posargs)

    run.__doc__ = about


def define_alias(stack, task, asked, about):
    @nox.session(name=f"{task}-{stack}", venv_backend="none", allow_parallel=False)
    def run(session):
        session.notify(task, [part.format(stack) for part in asked] + session.posargs)

    run.__doc__ = about.format(stack)


for task, told in TASKS.items():
    define_task(task, *told)
for stack in STACKS:
    for task, told in OF_A_STACK.items():
        define_alias(stack, task, *told)
