"""How far a campaign is: a bar with an estimate on a terminal, plain lines in a pipe."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Say(Protocol):
    def __call__(self, text: str, done: float) -> None:
        """Tell what happens now, and which part from 0 to 1 of the whole is done."""


@contextmanager
def show_progress(console: Console) -> Iterator[Say]:
    """Draws at 1 Hz: a finer bar would take CPU from what is measured."""
    began: dict[str, tuple[float, float]] = {}  # when, and with which part already done

    def left(done: float) -> str:
        now = time.monotonic()
        started, first = began.setdefault("this run", (now, done))
        if done <= first:
            return ""
        seconds = (now - started) * (1 - done) / (done - first)
        return (
            f"about {max(1, round(seconds / 60))} min left"
            if seconds > 90
            else f"{seconds:.0f} s left"
        )

    if not console.is_terminal:
        yield lambda text, done: print(f"{done:4.0%}  {text}  {left(done)}".rstrip(), flush=True)
        return
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=1, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda text, done: bar.update(
            task, completed=done, description=f"{text}  {left(done)}"
        )
