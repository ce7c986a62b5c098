"""A run of k6: real k6 against a real server, what it tells, and whatever may go wrong with it."""

import errno
import os
import signal
import threading

import psutil
import pytest
from msgspec.structs import replace
from service import Service
from synthetic import MACHINE, in_turns

from bench.keep.load import load_of
from bench.keep.record import ServerUse
from bench.measure.load.k6 import K6, find_k6
from bench.measure.load.run import Ran, run_k6
from bench.measure.load.turns import Turns, told_to_k6
from bench.measure.probe import Probe
from bench.measure.profile import load_profile
from bench.measure.validity import Evidence, judge

SMALL = '"executor": "shared-iterations", "vus": 2, "iterations": 12'
LONG = '"executor": "constant-vus", "vus": 2, "duration": "100s"'
SERVER = ServerUse(
    cpu_s=1.0, idle_s=0.0, worker_cpu_s=None, peak_bytes=None, same_workers=True, throttled=0
)


@pytest.fixture
def service(serving):
    return serving(Service())


@pytest.fixture(scope="module")
def k6():
    return find_k6()


@pytest.fixture
def run(k6, service, tmp_path):
    """Run hello as the bench does; gives what ran, its load, and the codes of what is wrong."""

    def run(options=SMALL, k6=k6, cpus=None):
        path = tmp_path / "small.json"
        pauses = '"settle": 0, "seeded": 0, "warm": 0, "between": 0'
        path.write_text(f"""{{
            "arms": "alone", "sessions": 1, "rows": 30, "journal_mode": "wal",
            "pauses": {{{pauses}}}, "reseed": [], "warmup": {{}},
            "scenarios": {{"hello": {{{options}}}}}
        }}""")
        summary = tmp_path / "hello.json"
        ran = run_k6(k6, "hello", path, summary, cpus, url=service.url, arm="app")
        (scenario,) = load_profile(str(path)).scenarios
        summaries = [ran.summary] if ran.summary else []
        load = load_of(summaries, "app", scenario.users, None)
        bytes = round(load.bytes_received / load.requests) if load.requests else 1
        known = {
            "runs": [ran.record(0.0)],
            "planned_s": scenario.seconds or 0.0,
            "probe": Probe(bytes or 1, None),
            **dict.fromkeys(["disagreement", "lost", "warmup"]),
        }
        found = judge(
            Evidence(scenario, load=load, server=SERVER, machine=MACHINE, changed=(), **known)
        )
        return ran, load, [problem.code for problem in found]

    return run


def running_k6():
    """The k6 that this process has started."""
    (process,) = (p for p in psutil.Process().children() if "k6" in p.name())
    return process


def stand_in(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_load_is_what_the_server_was_asked(run, service, tmp_path):
    ran, load, problems = run()
    assert problems == []
    assert (ran.exit_status, load.failed, ran.summary.dropped) == (0, 0, 0)
    assert load.requests == load.iterations == load.counted == service.asked.total() == 12
    assert load.bytes_received > 12 * len("HTTP/1.1 200 OK")
    assert min(load.mean_ms, load.counted_s, ran.cpu_s, ran.peak_bytes) > 0
    assert load.mean_ms < load.max_ms < load.iteration_max_ms
    assert load.mean_ms < load.iteration_mean_ms < load.iteration_max_ms
    assert (load.turns, load.void, load.elsewhere) == (0, 0, None)
    assert {path.name for path in tmp_path.iterdir()} == {"small.json", "hello.json", "hello.log"}


def test_k6_variables_of_the_caller_do_not_matter(run, service, monkeypatch):
    for name, value in {"VUS": "1", "ITERATIONS": "1", "DURATION": "1s", "OUT": "none"}.items():
        monkeypatch.setenv(f"K6_{name}", value)
    _, load, problems = run()
    assert (load.requests, service.asked.total(), problems) == (12, 12, [])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU can be pinned")
def test_k6_runs_on_its_cpus_and_nobody_else_does(run, service):
    before = os.sched_getaffinity(0)
    one = frozenset({max(before)})
    seen = []
    service.at_the_first = lambda: seen.append(os.sched_getaffinity(running_k6().pid))
    assert run(cpus=one)[-1] == []
    assert seen == [one]
    assert os.sched_getaffinity(0) == before


def test_answers_of_a_wrong_status_do_not_count(run, service):
    service.status = 500
    ran, load, problems = run()
    assert (ran.exit_status, load.requests, load.failed) == (99, 12, 12)
    assert {"k6-exit", "failed"} <= set(problems)


def test_a_server_that_is_not_there_does_not_count(run, service):
    service.server.server_close()
    _, load, problems = run()
    assert (load.requests, load.failed) == (12, 12)
    assert {"k6-exit", "failed"} <= set(problems)


def test_a_k6_that_is_killed_does_not_count(run, service):
    service.at_the_first = lambda: running_k6().kill()
    ran, _, problems = run(LONG)
    assert ran.exit_status == -signal.SIGKILL
    assert {"k6-exit", "no-result"} <= set(problems)


def test_a_k6_that_is_told_to_stop_does_not_count(run, service):
    service.at_the_first = lambda: running_k6().terminate()
    ran, _, problems = run(LONG)
    assert ran.exit_status == 105
    assert "k6-exit" in problems


@pytest.mark.parametrize("summary", ["", "{", "{}"])
def test_a_summary_that_is_missing_or_broken_does_not_count(run, tmp_path, summary):
    write = f"echo '{summary}' > \"$SUMMARY_PATH\"" if summary else "exit 0"
    ran, load, problems = run(k6=K6(stand_in(tmp_path / "k6", write), "v2.2.0"))
    assert (ran.exit_status, ran.summary) == (0, None)
    assert (load.requests, load.mean_ms) == (0, None)
    assert problems == ["no-result"]


def test_the_summary_of_an_earlier_run_is_not_taken_for_this_ones(run, tmp_path):
    assert run()[-1] == []
    silent = K6(stand_in(tmp_path / "k6", "exit 0"), "v2.2.0")
    assert run(k6=silent)[-1] == ["no-result"]


def test_an_interrupt_while_k6_runs_leaves_no_k6(run, service):
    started = []

    def interrupt():
        started.append(running_k6())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    service.at_the_first = interrupt
    with pytest.raises(KeyboardInterrupt):
        run(LONG)
    assert not started[0].is_running()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_where_the_kernel_has_no_handle_of_a_process_it_runs_to_its_end_all_the_same(
    run, monkeypatch, number
):
    def refused(pid):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pidfd_open", refused, raising=False)
    ran, load, codes = run()
    assert (ran.exit_status, load.requests, codes) == (0, 12, [])
    monkeypatch.delattr(os, "pidfd_open")
    assert run()[-1] == []


def test_of_what_k6_prints_the_end_is_kept(run, tmp_path):
    print_much = "seq 1 100000; echo the end"
    run(k6=K6(stand_in(tmp_path / "k6", print_much), "v2.2.0"))
    log = (tmp_path / "hello.log").read_text()
    assert log.endswith("100000\nthe end\n")
    assert len(log) <= 64_000


# What a run is asked for


ASKED = 'echo "$TURNS|$BASE_URL|$ARM|$GOMEMLIMIT" > asked; exit 0'


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """What k6 finds in its environment: turns, address, arm, limit of memory."""

    def asked(**options):
        there = tmp_path / "asked"
        k6 = K6(stand_in(tmp_path / "k6", ASKED.replace("asked;", f"{there};")), "v2.2.0")
        run_k6(k6, "hello", load_profile("quick").path, tmp_path / "hello.json", None, **options)
        return there.read_text().rstrip("\n").split("|")

    monkeypatch.setenv("TURNS", '{"left": "by somebody"}')
    monkeypatch.delenv("GOMEMLIMIT", raising=False)
    return asked


def test_an_arm_alone_is_told_by_its_address_and_its_label(asked):
    assert asked(url="http://127.0.0.1:1", arm="a") == ["", "http://127.0.0.1:1", "a", ""]


def test_an_arm_alone_has_a_collector_as_the_paper_had(asked):
    assert asked(url="http://127.0.0.1:1", arm="a", memory=1000)[-1] == ""


def test_turns_are_told_as_json_and_with_a_limit_of_memory(asked):
    turns, _, arm, memory = asked(turns={"arms": {"a": "u"}}, memory=1000)
    assert (turns, arm, memory) == ('{"arms": {"a": "u"}}', "", "1000")


# k6's own CPU, by arm


def used(summary, clock):
    return Ran(0, summary, 1.0, None, tuple(clock)).cpu_while_counted()


def test_k6s_cpu_is_what_its_clock_says_between_the_ends_of_the_counted_parts():
    turns = Turns(1, 2, gap_ms=50, lead_in_ms=50, counted_ms=200, lead_out_ms=30)
    summary = in_turns({"a": 2.0, "b": 3.0}, "get", [], ["a", "b", "b", "a"])
    assert summary.turns.counted_ms == turns.counted_ms
    # A core in a's turns, half of one in b's; read at other times than the turns' ends.
    ends = [(0, 0.0), (330, 0.33), (990, 0.66), (1320, 0.99)]
    assert used(summary, ends) == pytest.approx({"a": 0.4, "b": 0.2})


def test_a_void_turn_is_not_in_k6s_cpu_either():
    summary = in_turns({"a": 2.0, "b": 3.0}, "get", [], ["a", "b", "b", "a"])
    summary = replace(summary, turns=replace(summary.turns, void=[3]))
    assert used(summary, [(0, 0.0), (1320, 1.32)]) == pytest.approx({"a": 0.2, "b": 0.4})


def test_where_k6_was_hardly_seen_or_tells_nothing_its_cpu_by_arm_is_unknown():
    summary = in_turns({"a": 2.0}, "get", [], ["a"])
    assert used(summary, []) == used(summary, [(0, 0.1)]) == {}
    assert used(None, [(0, 0.0), (100, 0.1)]) == {}


def test_a_run_in_turns_tells_k6s_cpu_of_each_arm(k6, serving, tmp_path):
    arms = {"a": serving(Service()).url, "b": serving(Service()).url}
    parts = {"gap_ms": 20, "lead_in_ms": 20, "counted_ms": 150, "lead_out_ms": 20}
    turns = Turns(1, 3, connect_ms=100, stagger_ms=5, **parts)
    told = told_to_k6(turns, arms, 4, (["a", "b"], ["a", "b"] * 3), 1, 5000, {"a": 0, "b": 0})
    path, summary = load_profile("quick").path, tmp_path / "hello.json"
    ran = run_k6(k6, "hello", path, summary, None, turns=told, memory=2**30)
    assert (ran.exit_status, set(ran.summary.arms)) == (0, {"a", "b"})
    of_arm = ran.cpu_while_counted()
    assert set(of_arm) == {"a", "b"}
    assert min(of_arm.values()) > 0
    assert sum(of_arm.values()) < ran.cpu_s
