"""What an app used while k6 ran: counters subtracted, runs added up, nothing taken for known."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from bench.serve.use import Reading, Used, database_use, read, server_use, total, used_between

BEFORE = Reading(workers={7: 1.0, 8: 2.0}, throttled=3, cpu_s=4.0, database_cpu_s=0.0)
AFTER = Reading(workers={7: 1.1, 8: 2.5}, throttled=3, cpu_s=4.7, database_cpu_s=0.25)
USED = Used(
    cpu_s=0.5,
    worker_cpu_s=[0.3, 0.2],
    same_workers=True,
    throttled=0,
    database_cpu_s=0.1,
    idle_s=0.01,
)


def between(idle_s=0.0, **after):
    return used_between(BEFORE, replace(AFTER, **after), idle_s)


# One run


def test_what_was_used_is_what_the_counters_have_grown_by():
    used = between()
    assert used.cpu_s == pytest.approx(0.7)
    assert used.database_cpu_s == 0.25
    assert (used.throttled, used.same_workers) == (0, True)


def test_each_workers_share_is_told_the_busiest_first():
    assert between().worker_cpu_s == pytest.approx([0.5, 0.1])


@pytest.mark.parametrize("workers", [{7: 1.1, 9: 0.1}, {7: 1.1}, {7: 1.1, 8: 2.5, 9: 0.1}, {}])
def test_where_a_worker_went_or_came_the_cpu_is_unknown(workers):
    used = between(workers=workers)
    assert (used.same_workers, used.cpu_s, used.worker_cpu_s) == (False, None, None)


def test_an_app_without_a_worker_has_not_the_same_ones():
    nobody = replace(BEFORE, workers={})
    assert not used_between(nobody, replace(AFTER, workers={}), 0.0).same_workers


def test_what_the_system_does_not_tell_of_a_worker_is_unknown_of_it_alone():
    used = between(workers={7: None, 8: 2.5})
    assert used.worker_cpu_s == [0.5, None]
    assert used.same_workers


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_what_is_not_told_at_either_end_is_unknown(when):
    blind = replace(when, throttled=None, database_cpu_s=None)
    used = used_between(blind, AFTER, 0.0) if when is BEFORE else used_between(BEFORE, blind, 0.0)
    assert (used.throttled, used.database_cpu_s) == (None, None)
    assert used.cpu_s == pytest.approx(0.7)


# Several runs


def test_runs_are_added_up_and_workers_stay_apart_by_run():
    use = server_use([USED, replace(USED, worker_cpu_s=[0.4, 0.1], throttled=2)], 90)
    assert use.cpu_s == pytest.approx(2 * 0.5 - 2 * 0.01)
    assert use.worker_cpu_s == [[0.3, 0.2], [0.4, 0.1]]
    assert (use.throttled, use.peak_bytes, use.same_workers) == (2, 90, True)


def test_what_an_idle_arm_uses_is_taken_off_and_said():
    use = server_use([replace(USED, idle_s=0.2)], None)
    assert (use.cpu_s, use.idle_s) == (pytest.approx(0.3), 0.2)


def test_no_more_is_taken_off_than_was_used():
    assert server_use([replace(USED, idle_s=0.6)], None).cpu_s == 0


@pytest.mark.parametrize(
    ("unknown", "name"),
    [({"cpu_s": None}, "cpu_s"), ({"worker_cpu_s": None}, "worker_cpu_s")]
    + [({"throttled": None}, "throttled")],
)
def test_what_is_unknown_of_one_run_is_unknown_of_all(unknown, name):
    for runs in ([USED, replace(USED, **unknown)], [replace(USED, **unknown), USED]):
        assert getattr(server_use(runs, 90), name) is None
    assert getattr(server_use([USED, USED], 90), name) is not None


def test_a_worker_that_died_in_one_run_is_not_forgotten_in_the_next():
    assert not server_use([replace(USED, same_workers=False), USED], 90).same_workers


def test_of_no_run_nothing_is_known_and_nothing_is_assumed_good():
    use = server_use([], None)
    assert (use.cpu_s, use.worker_cpu_s, use.throttled) == (None, None, None)
    assert not use.same_workers


def test_a_sum_is_known_where_every_part_is():
    assert total([0.25, 0.5]) == 0.75
    assert total([0.0]) == 0
    assert total([0.25, None]) is None
    assert total([]) is None


# The database's own server


def app(database=None):
    return SimpleNamespace(
        database=database, workers=lambda: {7: 1.0}, throttled=lambda: 3, cpu_seconds=lambda: 4.0
    )


def database(cpu_s):
    return SimpleNamespace(cpu_seconds=lambda: cpu_s, memory_bytes=lambda: 5_000)


def test_a_database_inside_of_the_app_uses_nothing_beside_it():
    assert read(app()) == Reading(workers={7: 1.0}, throttled=3, cpu_s=4.0, database_cpu_s=0.0)
    assert database_use([USED], app()) is None


def test_a_database_of_its_own_is_counted_apart():
    beside = app(database(1.5))
    assert read(beside).database_cpu_s == 1.5
    use = database_use([USED, replace(USED, database_cpu_s=0.2)], beside)
    assert (use.cpu_s, use.memory_bytes) == (pytest.approx(0.3), 5_000)


def test_a_database_that_cannot_be_seen_is_unknown_and_not_nothing():
    beside = app(database(None))
    assert read(beside).database_cpu_s is None
    assert database_use([replace(USED, database_cpu_s=None)], beside).cpu_s is None
