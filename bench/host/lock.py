"""One campaign at a time, whoever starts it: two on one machine would measure each other."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench import Mistake


@contextmanager
def hold_machine(path: Path | None = None) -> Iterator[None]:
    """Hold this machine's lock; a Mistake that names the holder where somebody else has it.

    The system frees it however the process ends. A test passes a path of its own.
    """
    file = _open(path or Path(tempfile.gettempdir()) / "python-web-frameworks-measured.lock")
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(file, 20, 0).decode(errors="replace").strip() or "of another user"
            raise Mistake(f"process {holder} measures on this machine; wait for its end") from error
        with suppress(OSError):  # where it could be opened for reading alone
            os.ftruncate(file, 0)
            os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)


def _open(path: Path) -> int:
    """The lock's file, which every user of this machine can open: to hold it, reading will do."""
    safe = os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with suppress(FileExistsError):
            made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | safe, 0o666)
            os.fchmod(made, 0o666)  # whatever the umask
            return made
        try:
            return os.open(path, os.O_RDWR | safe)
        except PermissionError:  # an older version's, or one that somebody made by hand
            return os.open(path, os.O_RDONLY | safe)
    except OSError as error:
        raise Mistake(f"{path}, this machine's lock, cannot be opened: {error.strerror}") from error
