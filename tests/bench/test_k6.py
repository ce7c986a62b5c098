"""Which k6 makes the load: the one that is named, else the one on PATH, else the pinned one."""

import os
import shutil

import pytest

from bench import Mistake
from bench.measure.load.k6 import K6_FOLDER, built_k6, find_k6


@pytest.fixture(scope="module")
def k6():
    return find_k6()


def stand_in(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_k6_that_is_named_is_taken(tmp_path):
    named = stand_in(tmp_path / "my-k6", "echo 'k6 v1.1.0 (go1.24)'")
    found = find_k6(str(named))
    assert (found.path, found.version) == (named, "v1.1.0")


def test_the_k6_on_the_path_comes_before_the_pinned_one(tmp_path, monkeypatch):
    on_path = stand_in(tmp_path / "k6", "echo 'k6 v3.0.0-rc1'")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = find_k6()
    assert (found.path, found.version) == (on_path, "v3.0.0-rc1")


def test_where_none_is_on_the_path_the_pinned_one_is_taken(k6):
    if not shutil.which("k6"):
        assert f"go.k6.io/k6/v2 {k6.version}" in (K6_FOLDER / "go.mod").read_text()


@pytest.mark.parametrize("version", ["v0.57.0", "v1.0.0"])
def test_a_k6_that_is_too_old_is_a_mistake(tmp_path, version):
    old = stand_in(tmp_path / "k6", f"echo 'k6 {version} (go1.23)'")
    with pytest.raises(Mistake, match=f"k6 {version}, too old: 1.1 or newer is needed"):
        find_k6(str(old))


@pytest.mark.parametrize("script", ["echo 'GNU bash 5.2'", "exit 1", "kill -9 $$", ":"])
def test_what_is_no_k6_is_a_mistake(tmp_path, script):
    other = stand_in(tmp_path / "other", script)
    with pytest.raises(Mistake, match="other is no k6: "):
        find_k6(str(other))


def test_a_k6_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(Mistake, match="there is no program .*none"):
        find_k6(str(tmp_path / "none"))
    (tmp_path / "not-a-program").touch()
    with pytest.raises(Mistake, match="there is no program .*not-a-program"):
        find_k6(str(tmp_path / "not-a-program"))


def test_another_pin_is_built_to_another_place(tmp_path, monkeypatch):
    here = built_k6()
    (tmp_path / "go.sum").write_text("another pin")
    monkeypatch.setattr("bench.measure.load.k6.K6_FOLDER", tmp_path)
    assert built_k6() != here
    assert built_k6().parent == here.parent
