"""The pins: one changed byte of what must not change is told, and of what."""

import os
import subprocess

import pytest
from msgspec.structs import asdict

import bench.keep.pins
from bench.keep.pins import digest_of_git, pins_of
from bench.keep.record import Source

FILES = (
    "bench/session.py",
    "bench/server/local.py",
    "bench/schema/session-3.json",
    "k6/hello.js",
    "k6/lib/items.js",
    "flask_sqlite/app.py",
    "flask_sqlite/requirements.txt",
    "django_drf/app.py",
    "k6-program",
    "README.md",
)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a file or two of each kind."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"This is {name}.\n")
    monkeypatch.setattr(bench.keep.pins, "ROOT", tmp_path)
    return tmp_path


def pins(repository, **served):
    folders = {name: repository / name for name in ("flask_sqlite", "django_drf")}
    return pins_of(folders, served, repository / "k6-program")


def flat(pins):
    told = asdict(pins)
    return {**told, **told["sources"], "sources": None}


def named(before, after):
    """Where two sets of pins differ."""
    before, after = flat(before), flat(after)
    return [name for name in before if before[name] != after[name]]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("bench/session.py", "harness"),
        ("bench/server/local.py", "harness"),
        ("bench/schema/session-3.json", "harness"),
        ("k6/hello.js", "harness"),
        ("k6/lib/items.js", "harness"),
        ("flask_sqlite/app.py", "flask_sqlite"),
        ("flask_sqlite/requirements.txt", "flask_sqlite"),
        ("django_drf/app.py", "django_drf"),
        ("k6-program", "k6_binary"),
    ],
)
def test_a_changed_byte_is_named_for_where_it_is_and_nothing_else_is(repository, file, name):
    before = pins(repository)
    path = repository / file
    path.write_text(path.read_text().replace("This", "Thin"))
    os.utime(path, (1, 1))
    assert named(before, pins(repository)) == [name]


@pytest.mark.parametrize("change", ["rename", "remove", "add", "end a line"])
def test_a_file_that_is_renamed_removed_or_added_is_named(repository, change):
    before = pins(repository)
    folder = repository / "flask_sqlite"
    if change == "rename":
        (folder / "app.py").rename(folder / "main.py")
    elif change == "remove":
        (folder / "app.py").unlink()
    elif change == "add":
        (folder / "conf.py").touch()
    else:
        (folder / "app.py").write_text("This is flask_sqlite/app.py.\r\n")
    assert named(before, pins(repository)) == ["flask_sqlite"]


@pytest.mark.parametrize(
    "made",
    [
        "flask_sqlite/items.db",
        "flask_sqlite/items.db-wal",
        "flask_sqlite/items.db-shm",
        "flask_sqlite/__pycache__/app.cpython-311.pyc",
        "bench/__pycache__/session.cpython-311.pyc",
        "k6/node_modules/k6/index.js",
        "tests/test_app.py",
    ],
)
def test_what_running_makes_and_what_does_not_measure_do_not_matter(repository, made):
    before = pins(repository)
    (repository / made).parent.mkdir(parents=True, exist_ok=True)
    (repository / made).write_text("made")
    (repository / "README.md").write_text("Another text.")
    assert named(before, pins(repository)) == []


def test_what_is_served_is_told_as_it_was_given(repository):
    assert pins(repository, flask_sqlite="an image").served == {"flask_sqlite": "an image"}


@pytest.fixture
def git(tmp_path, monkeypatch):
    """A repository of git with one commit; what git prints in it."""

    def git(*arguments):
        return subprocess.check_output(["git", "-C", tmp_path, *arguments], text=True).strip()

    monkeypatch.setattr(bench.keep.pins, "ROOT", tmp_path)
    assert digest_of_git() == Source(commit=None, dirty=None)
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    git("init", "--quiet")
    git(*author, "commit", "--quiet", "--allow-empty", "--message=Nothing")
    return git


def test_a_commit_is_told_and_whether_all_is_committed(git, tmp_path):
    commit = git("rev-parse", "HEAD")
    assert digest_of_git() == Source(commit=commit, dirty=False)
    (tmp_path / "file").touch()
    assert digest_of_git() == Source(commit=commit, dirty=True)


def test_of_an_archive_that_lies_in_another_repository_no_commit_is_told(
    git, tmp_path, monkeypatch
):
    (tmp_path / "unpacked").mkdir()
    monkeypatch.setattr(bench.keep.pins, "ROOT", tmp_path / "unpacked")
    assert digest_of_git() == Source(commit=None, dirty=None)


def test_a_persons_own_settings_of_git_hide_no_file(git, tmp_path, monkeypatch):
    home = tmp_path.with_name("home")
    home.mkdir()
    (home / "ignored").write_text("my_stack\n")
    (home / ".gitconfig").write_text(
        f"[status]\nshowUntrackedFiles = no\n[core]\nexcludesFile = {home}/ignored\n"
    )
    monkeypatch.setenv("HOME", str(home))
    (tmp_path / "my_stack").mkdir()
    (tmp_path / "my_stack" / "app.py").touch()
    assert git("status", "--porcelain") == ""
    assert digest_of_git() == Source(commit=git("rev-parse", "HEAD"), dirty=True)


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_variables_of_git_lead_to_no_other_repository(git, tmp_path, monkeypatch, name):
    commit = git("rev-parse", "HEAD")
    monkeypatch.setenv(name, str(tmp_path.with_name("elsewhere")))
    assert digest_of_git() == Source(commit=commit, dirty=False)
