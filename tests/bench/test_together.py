"""Which arms can take turns under a profile, and which scenarios of one may be left out."""

import json
from pathlib import Path

import pytest

from bench import Mistake
from bench.arm import Arm, Settings
from bench.measure.profile import load_profile, must_have, narrow
from bench.measure.together import KEEP_ALIVE, must_suit, session_time
from bench.serve.stacks import find_stacks

STANDARD, PAPER = load_profile("standard"), load_profile("paper")


def arm(label="flask_sqlite", **settings):
    return Arm(label, "flask_sqlite", Path(label), Settings(**settings))


def arms(count):
    return [arm(f"arm {number}") for number in range(count)]


def test_writers_with_the_delete_journal_do_not_take_turns():
    with pytest.raises(Mistake, match="a writer waits for longer than a turn; measure it alone"):
        must_suit([arm(), arm("other", journal_mode="delete")], STANDARD)


def test_alone_or_without_writers_they_are_measured(tmp_path):
    other = [arm(journal_mode="delete")]
    must_suit(other, PAPER)
    must_suit(other, narrow(STANDARD, ["hello", "get"], tmp_path))
    must_suit([arm(database="postgres")], STANDARD)


def test_so_many_arms_that_a_connection_would_be_closed_are_refused():
    must_suit(arms(24), STANDARD)
    with pytest.raises(Mistake, match="40 arms are too many for list: one may wait 8"):
        must_suit(arms(40), STANDARD)


@pytest.mark.parametrize("stack", find_stacks())
def test_a_server_keeps_an_idle_connection_for_as_long_as_is_reckoned_with(stack):
    text = (find_stacks()[stack] / "gunicorn.conf.py").read_text()
    assert f"keepalive = {KEEP_ALIVE:.0f}" in text


def test_how_long_many_arms_take_is_said_beforehand():
    assert list(session_time(arms(6), STANDARD, 20)) == []
    (line,) = session_time(arms(12), STANDARD, 20)
    assert line.startswith("12 arms: a session takes about ") and "the 20 of them" in line


def test_a_profile_with_some_of_its_scenarios_is_otherwise_the_same(tmp_path):
    some = narrow(STANDARD, ["get", "update"], tmp_path)
    assert [scenario.name for scenario in some.scenarios] == ["get", "update"]
    assert (some.name, some.reseed) == ("standard", {"update"})
    for scenario in some.scenarios:
        assert scenario in STANDARD.scenarios
    assert (some.sessions, some.warmup) == (STANDARD.sessions, STANDARD.warmup)
    data = json.loads(some.path.read_text())
    assert set(data["turns"]) == {"request_timeout_ms", "warmup", "get", "update"}


def test_a_scenario_that_a_profile_does_not_have_is_a_mistake():
    with pytest.raises(Mistake, match="standard has no scenario 'read'; it has hello, echo,"):
        must_have(STANDARD, ["get", "read"])
