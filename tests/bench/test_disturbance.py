"""What disturbed a measurement: what others had of the CPUs, and what the machine did meanwhile."""

import os
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats

from bench.host.disturbance import (
    LEAST_SECONDS,
    Counters,
    Window,
    disturbance,
    read_counters,
)
from bench.keep.record import Disturbance

SERVER, OTHER, KERNEL = 100, 200, 3
BEFORE = Counters(
    wall=1e9,
    monotonic=1000.0,
    busy_s=50.0,
    programs={SERVER: 10.0, OTHER: 5.0},
    kernel={KERNEL: 1.0},
    steal_s=2.0,
    swapped=4096,
    throttled=3,
)


def disturbed(cpus=2, **what):
    """What is told of one window."""
    return told_of(window(**what), cpus=cpus)


def told_of(*windows, cpus=2):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("psutil.cpu_count", lambda: cpus)
        return disturbance(windows)


def window(own=0.0, k6=0.0, programs=(), kernel=0.0, before=BEFORE, **later):
    """By so much more of everything, ten seconds later; what is seen is busy too."""
    later = {"wall": 10.0, "monotonic": 10.0} | later
    seen = sum(dict(programs).values()) + kernel + k6
    later["busy_s"] = later.get("busy_s", 0.0) + seen
    values = {name: getattr(before, name) + more for name, more in later.items()}
    values["programs"] = dict(before.programs)
    for pid, seconds in dict(programs).items():
        values["programs"][pid] = values["programs"].get(pid, 0.0) + seconds
    values["kernel"] = {KERNEL: before.kernel[KERNEL] + kernel}
    return Window(before, replace(before, **values), own, k6)


def foreign(**what):
    return disturbed(**what).foreign_share


def test_where_nothing_happens_nothing_is_told():
    assert disturbed() == Disturbance(
        seconds=10.0,
        clock_step_s=0.0,
        steal_share=0.0,
        foreign_share=0.0,
        swapped_bytes=0,
        throttled=0,
    )


@pytest.mark.parametrize(("cpus", "share"), [(2, 0.05), (4, 0.025)])
def test_what_others_had_is_a_share_of_all_cpus(cpus, share):
    assert disturbed(cpus=cpus, steal_s=1.0).steal_share == pytest.approx(share)
    assert foreign(cpus=cpus, programs={OTHER: 1.0}) == pytest.approx(share)


def test_a_program_that_was_started_meanwhile_is_foreign():
    assert foreign(programs={999: 1.0}) == pytest.approx(0.05)


def test_what_was_busy_and_cannot_be_seen_is_foreign():
    assert foreign(busy_s=1.0) == pytest.approx(0.05)


def test_what_server_bench_and_k6_used_is_not_foreign():
    assert foreign(programs={SERVER: 9.0}, own=9.0, k6=5.0) == 0
    assert foreign(programs={SERVER: 9.0}, own=9.1) == 0  # ticks are coarse


seconds = floats(0, 10)


@settings(deadline=None, database=None)
@given(own=seconds, k6=seconds, kernel=seconds, other=seconds)
def test_neither_our_own_work_nor_the_kernels_hides_or_adds_to_what_others_did(
    own, k6, kernel, other
):
    share = foreign(programs={SERVER: own, OTHER: other}, own=own, k6=k6, kernel=kernel)
    assert share == pytest.approx(other / 20, abs=1e-9)


def test_a_share_of_too_short_a_time_is_not_told():
    short = {"wall": LEAST_SECONDS - 0.1, "monotonic": LEAST_SECONDS - 0.1}
    told = disturbed(steal_s=0.5, programs={OTHER: 0.5}, **short)
    assert (told.steal_share, told.foreign_share) == (None, None)


def test_what_cannot_be_told_is_not_nothing():
    untold = replace(BEFORE, monotonic=1010.0, steal_s=None, throttled=None)
    told = told_of(Window(replace(BEFORE, steal_s=None, throttled=None), untold, None))
    assert {told.steal_share, told.foreign_share, told.throttled} == {None}


def test_what_cannot_be_told_of_one_window_is_not_told_of_both():
    untold = replace(BEFORE, monotonic=1010.0, steal_s=None, throttled=None)
    told = told_of(window(own=1.0), Window(BEFORE, untold, None))
    assert {told.steal_share, told.foreign_share, told.throttled} == {None}
    assert told.seconds == 20.0


@pytest.mark.parametrize("step", [-3600.0, -0.05, 0.05])
def test_a_clock_that_is_set_is_told_by_how_much(step):
    assert disturbed(wall=10.0 + step).clock_step_s == pytest.approx(step, abs=1e-6)


def test_swapping_and_throttling_are_counted():
    told = disturbed(swapped=8192, throttled=2)
    assert (told.swapped_bytes, told.throttled) == (8192, 2)


# Several windows


def after(first, seconds=5.0):
    """What the counters say some time after a window."""
    of = first.after
    return replace(of, wall=of.wall + seconds, monotonic=of.monotonic + seconds)


def test_windows_are_told_of_together():
    first = window(steal_s=0.3, swapped=4096, throttled=1, programs={OTHER: 1.0})
    second = window(before=after(first), steal_s=0.1, swapped=8192, throttled=2)
    told = told_of(first, second)
    assert told.seconds == 20.0
    assert told.steal_share == pytest.approx(0.4 / 40)
    assert told.foreign_share == pytest.approx(1.0 / 40)
    assert (told.swapped_bytes, told.throttled) == (12288, 3)


def test_what_happens_between_two_windows_does_not_matter():
    first = window(own=1.0, programs={SERVER: 1.0})
    much = replace(after(first, 100.0), steal_s=50.0, busy_s=900.0, swapped=1 << 30, throttled=99)
    much = replace(much, wall=much.wall + 60.0, programs={**much.programs, OTHER: 800.0})
    assert told_of(first, window(before=much)) == told_of(first, window(before=after(first)))


def test_shares_of_short_windows_are_told_where_they_are_long_enough_together():
    short = {"wall": LEAST_SECONDS * 0.6, "monotonic": LEAST_SECONDS * 0.6}
    first = window(steal_s=0.18, **short)
    assert told_of(first).steal_share is None
    told = told_of(first, window(before=after(first), **short))
    assert told.steal_share == pytest.approx(0.05)


def test_ticks_that_fall_into_the_other_window_are_nobody_elses_work():
    first = window(own=0.5, programs={SERVER: 0.51})
    second = window(before=after(first), own=0.5, programs={SERVER: 0.49})
    assert told_of(first, second).foreign_share == pytest.approx(0)


@pytest.mark.parametrize("steps", [(-0.2, 0.1), (0.1, -0.2), (-0.2, 0.2)])
def test_steps_of_the_clock_do_not_cancel(steps):
    first, second = (window(wall=10.0 + step) for step in steps)
    assert abs(told_of(first, second).clock_step_s) == pytest.approx(0.2, abs=1e-6)


# The counters


def test_counters_only_grow():
    first, second = read_counters(), read_counters()
    for name in ("monotonic", "busy_s", "swapped"):
        assert 0 <= getattr(first, name) <= getattr(second, name)


def test_the_cpu_time_of_every_process_is_read_the_benchs_too():
    before = read_counters().programs[os.getpid()]
    started = time.process_time()
    while time.process_time() < started + 0.05:
        pass
    assert read_counters().programs[os.getpid()] >= before + 0.03


@pytest.mark.skipif(sys.platform != "linux", reason="its threads are not seen as processes")
def test_no_process_is_a_program_and_a_thread_of_the_kernel():
    counters = read_counters()
    assert not counters.programs.keys() & counters.kernel.keys()
    assert os.getpid() in counters.programs


def test_interrupts_are_nobody_elses_work(monkeypatch):
    times = SimpleNamespace(user=1.0, nice=2.0, system=3.0, irq=10.0, softirq=20.0, idle=100.0)
    monkeypatch.setattr("psutil.cpu_times", lambda: times)
    counters = read_counters()
    assert (counters.busy_s, counters.steal_s) == (6.0, None)
