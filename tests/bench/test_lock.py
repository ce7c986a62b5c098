"""The machine's lock: one holder, whoever it is, and open for the next one whoever that is."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from bench import Mistake
from bench.host.lock import hold_machine

SOMEBODY = 65534  # a user's number that is not root's


@pytest.fixture
def path():
    with tempfile.TemporaryDirectory() as folder:  # not pytest's, which only its user may enter
        Path(folder).chmod(0o777)
        yield Path(folder, "lock")


def as_another_user(act):
    """What a user says who is not the one of this test, nor root."""
    if os.getuid():
        pytest.skip("only root can become another user")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgid(SOMEBODY)
            os.setuid(SOMEBODY)
            os.write(write, str(act()).encode())
        except Mistake as mistake:
            os.write(write, str(mistake).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as told:
        return told.read()


def hold(path):
    with hold_machine(path):
        return "held"


def test_a_second_one_is_told_who_holds_it(path):
    with hold_machine(path), pytest.raises(Mistake, match=f"^process {os.getpid()} measures on "):
        hold(path)
    assert hold(path) == "held"


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_another_user_is_told_who_holds_it_and_gets_it_afterwards(path, umask):
    before = os.umask(umask)
    try:
        with hold_machine(path):
            said = as_another_user(lambda: hold(path))
        assert said == f"process {os.getpid()} measures on this machine; wait for its end"
        assert as_another_user(lambda: hold(path)) == "held"
        assert hold(path) == "held"
    finally:
        os.umask(before)


def test_a_file_that_only_its_owner_may_write_is_a_lock_for_others_too(path):
    path.write_text("")
    path.chmod(0o644)
    assert as_another_user(lambda: hold(path)) == "held"
    with hold_machine(path):
        assert as_another_user(lambda: hold(path)).startswith("process ")


def test_a_file_that_only_its_owner_may_read_is_one_line(path):
    path.write_text("")
    path.chmod(0o600)
    said = as_another_user(lambda: hold(path))
    assert said == f"{path}, this machine's lock, cannot be opened: Permission denied"


def test_a_link_to_another_file_is_not_followed(path, tmp_path):
    (tmp_path / "precious").write_text("keep me")
    path.symlink_to(tmp_path / "precious")
    with pytest.raises(Mistake, match="this machine's lock, cannot be opened"):
        hold(path)
    assert (tmp_path / "precious").read_text() == "keep me"


def test_everybody_may_open_it_whatever_the_makers_umask(path):
    hold(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
