"""How far a campaign is, in a pipe: plain lines, whose estimate is of what is left."""

import io

import pytest
from rich.console import Console

from bench.progress import show_progress


@pytest.fixture
def lines(monkeypatch, capsys):
    """What is said at these moments (seconds) of these parts of the whole."""

    def lines(*told):
        clock = iter([moment for moment, _ in told])
        monkeypatch.setattr("time.monotonic", lambda: next(clock))
        with show_progress(Console(file=io.StringIO())) as say:
            for _, done in told:
                say("session", done)
        return capsys.readouterr().out.splitlines()

    return lines


def test_an_estimate_is_made_from_what_was_done_and_how_long_it_took(lines):
    assert lines((0, 0.0), (50, 0.5)) == ["  0%  session", " 50%  session  50 s left"]


def test_what_an_earlier_run_has_done_is_not_taken_for_this_ones(lines):
    first, second = lines((1000, 0.8), (1060, 0.9))
    assert (first, second) == (" 80%  session", " 90%  session  60 s left")


def test_more_than_a_minute_and_a_half_is_told_in_minutes(lines):
    assert lines((0, 0.0), (60, 0.1))[-1] == " 10%  session  about 9 min left"
