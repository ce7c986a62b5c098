"""One campaign at a time: two on one machine would measure each other."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import Mistake


@contextmanager
def hold_machine(path: Path | None = None) -> Iterator[None]:
    """Hold this machine's lock; a Mistake that names the holder where somebody else has it.

    The system frees it however the process ends. A test passes a path of its own.
    """
    path = path or Path(tempfile.gettempdir()) / "python-web-frameworks-measured.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip()
            raise Mistake(f"process {holder} measures on this machine; wait for its end") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
