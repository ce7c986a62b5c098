"""A stack's environment: what its lock says, made once, whole or not at all."""

import re
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import bench.serve.environment
from bench import Mistake
from bench.serve.environment import environment
from bench.serve.stacks import find_stacks

PACKAGES = """
from importlib.metadata import distributions
for package in distributions():
    print(f"{package.name}=={package.version}")
"""


@pytest.fixture
def environments(tmp_path, monkeypatch):
    """The folder of a cache of this test's own."""
    monkeypatch.setattr(bench.serve.environment, "CACHE", tmp_path / "cache")
    return tmp_path / "cache" / "environments"


@pytest.fixture
def stack(tmp_path):
    """A stack that needs nothing, so that no network is needed either."""
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / "requirements.txt").write_text("")
    return folder


def run(python, *arguments):
    return subprocess.run([python, *arguments], capture_output=True, text=True, check=True).stdout


def test_an_environment_holds_what_the_lock_says_and_nothing_else():
    stack = find_stacks()["flask_sqlite"]
    installed = {name.lower() for name in run(environment(stack), "-c", PACKAGES).split()}
    locked = set(re.findall(r"^(\S+==[^ \\]+)", (stack / "requirements.txt").read_text(), re.M))
    assert {name.partition("==")[0] for name in installed} >= {"flask", "gunicorn", "werkzeug"}
    assert installed <= locked


@pytest.mark.parametrize("settings", ["offline = true", '[pip]\ntarget = "elsewhere"', "nonsense"])
def test_a_persons_own_settings_of_uv_do_not_matter(environments, monkeypatch, tmp_path, settings):
    (tmp_path / "home" / ".config" / "uv").mkdir(parents=True)
    (tmp_path / "home" / ".config" / "uv" / "uv.toml").write_text(settings)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    python = environment(find_stacks()["flask_sqlite"])
    assert run(python.with_name("gunicorn"), "--version").startswith("gunicorn")


def test_where_an_index_is_known_by_a_persons_own_settings_alone_those_are_taken(
    environments, stack, monkeypatch
):
    asked = []

    def run_uv(command, **_):
        asked.append("--no-config" in command)
        failed = asked[-1] and "pip" in command
        (environments / "made").mkdir(parents=True, exist_ok=True)
        return subprocess.CompletedProcess(command, int(failed), "", "no such index")

    monkeypatch.setattr("bench.serve.environment.subprocess.run", run_uv)
    environment(stack)
    assert asked == [True, True, False]


def test_its_programs_run_from_where_it_was_moved_to(environments):
    python = environment(find_stacks()["flask_sqlite"])
    assert run(python.with_name("gunicorn"), "--version").startswith("gunicorn")


def test_an_environment_is_made_once(environments, stack, monkeypatch):
    python = environment(stack)
    monkeypatch.setattr(
        bench.serve.environment, "_uv", None
    )  # would be called, if it were made again
    assert environment(stack) == python
    assert run(python, "-c", "import sys; print(sys.prefix)").strip() == str(python.parents[1])


def test_another_lock_is_another_environment(environments, stack):
    python = environment(stack)
    (stack / "requirements.txt").write_text("# another\n")
    assert environment(stack) != python


def test_two_who_ask_at_once_get_the_same_one(environments, stack, monkeypatch):
    uv, both_are_done = bench.serve.environment._uv, threading.Barrier(2)

    def in_step(*arguments):
        uv(*arguments)
        if arguments[0] == "pip":
            both_are_done.wait(timeout=60)  # so that both want to put theirs in place

    monkeypatch.setattr(bench.serve.environment, "_uv", in_step)
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(environment, [stack, stack])
    assert first == second
    assert list(environments.iterdir()) == [first.parents[1]]
    assert run(first, "-c", "print(1)") == "1\n"


@pytest.mark.parametrize(
    "lock", ["flask==\n", "flask==3.1.3\n", "flask==3.1.3 --hash=sha256:0\n"]
)  # no version, no hash, no such hash
def test_a_broken_lock_is_a_mistake_that_leaves_nothing(environments, stack, lock):
    (stack / "requirements.txt").write_text(lock)
    with pytest.raises(Mistake, match=r"^its environment cannot be made: uv pip install: .+$"):
        environment(stack)
    assert list(environments.iterdir()) == []


def test_an_interrupt_leaves_nothing_and_the_next_one_makes_it(environments, stack, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(bench.serve.environment, "_uv", interrupted)
        environment(stack)
    assert list(environments.iterdir()) == []
    assert environment(stack).exists()


def test_uv_need_not_be_on_path(environments, stack, monkeypatch):
    monkeypatch.setenv("PATH", "/none")
    assert environment(stack).exists()
    assert Path(bench.serve.environment.find_uv()).is_absolute()
