"""The load generator: real k6 against a real server, and whatever may go wrong with it."""

import os
import shutil
import signal
import threading

import psutil
import pytest
from service import Service
from synthetic import evidence

from bench import Mistake
from bench.measure.k6 import K6, K6_FOLDER, find_k6, run_scenario
from bench.measure.profile import load_profile
from bench.measure.validity import judge

SMALL = '"executor": "shared-iterations", "vus": 2, "iterations": 12'
LONG = '"executor": "constant-vus", "vus": 2, "duration": "100s"'


@pytest.fixture
def service(serving):
    return serving(Service())


@pytest.fixture(scope="module")
def k6():
    return find_k6()


@pytest.fixture
def run(k6, service, tmp_path):
    """Run hello as the bench does; gives the load and the codes of what is wrong with it."""

    def run(options=SMALL, k6=k6, cpus=None):
        path = tmp_path / "small.json"
        pauses = '"settle": 0, "seeded": 0, "warm": 0, "between": 0'
        path.write_text(f"""{{
            "runs": 1, "rows": 30, "journal_mode": "wal", "pauses": {{{pauses}}},
            "reseed": [], "warmup": {{}}, "scenarios": {{"hello": {{{options}}}}}
        }}""")
        load = run_scenario(k6, "hello", path, service.url, cpus, tmp_path / "hello.json")
        (scenario,) = load_profile(str(path)).scenarios
        return load, [problem.code for problem in judge(evidence(scenario, load))]

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
    load, problems = run()
    assert problems == []
    assert (load.exit_status, load.failed, load.dropped) == (0, 0, 0)
    assert load.requests == load.iterations == service.asked.total() == 12
    assert load.bytes_received > 12 * len("HTTP/1.1 200 OK")
    assert min(load.mean_ms, load.seconds, load.cpu_s, load.peak_bytes) > 0
    assert load.mean_ms < load.max_ms < load.iteration_max_ms
    assert load.mean_ms < load.iteration_mean_ms < load.iteration_max_ms
    assert {path.name for path in tmp_path.iterdir()} == {"small.json", "hello.json", "hello.log"}


def test_k6_variables_of_the_caller_do_not_matter(run, service, monkeypatch):
    for name, value in {"VUS": "1", "ITERATIONS": "1", "DURATION": "1s", "OUT": "none"}.items():
        monkeypatch.setenv(f"K6_{name}", value)
    load, problems = run()
    assert (load.requests, service.asked.total(), problems) == (12, 12, [])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU can be pinned")
def test_k6_runs_on_its_cpus_and_nobody_else_does(run, service):
    before = os.sched_getaffinity(0)
    one = frozenset({max(before)})
    seen = []
    service.at_the_first = lambda: seen.append(os.sched_getaffinity(running_k6().pid))
    assert run(cpus=one)[1] == []
    assert seen == [one]
    assert os.sched_getaffinity(0) == before


def test_answers_of_a_wrong_status_do_not_count(run, service):
    service.status = 500
    load, problems = run()
    assert (load.exit_status, load.requests, load.failed) == (99, 12, 12)
    assert {"k6-exit", "failed"} <= set(problems)


def test_a_server_that_is_not_there_does_not_count(run, service):
    service.server.server_close()
    load, problems = run()
    assert (load.requests, load.failed) == (12, 12)
    assert {"k6-exit", "failed"} <= set(problems)


def test_a_k6_that_is_killed_does_not_count(run, service):
    service.at_the_first = lambda: running_k6().kill()
    load, problems = run(LONG)
    assert load.exit_status == -signal.SIGKILL
    assert {"k6-exit", "no-result"} <= set(problems)


def test_a_k6_that_is_told_to_stop_does_not_count(run, service):
    service.at_the_first = lambda: running_k6().terminate()
    load, problems = run(LONG)
    assert load.exit_status == 105
    assert "k6-exit" in problems


@pytest.mark.parametrize("summary", ["", "{", "{}"])
def test_a_summary_that_is_missing_or_broken_does_not_count(run, tmp_path, summary):
    write = f"echo '{summary}' > \"$SUMMARY_PATH\"" if summary else "exit 0"
    load, problems = run(k6=K6(stand_in(tmp_path / "k6", write), "v2.2.0"))
    assert (load.exit_status, load.requests, load.mean_ms) == (0, 0, None)
    assert problems == ["no-result"]


def test_the_summary_of_an_earlier_run_is_not_taken_for_this_ones(run, tmp_path):
    assert run()[1] == []
    silent = K6(stand_in(tmp_path / "k6", "exit 0"), "v2.2.0")
    assert run(k6=silent)[1] == ["no-result"]


def test_an_interrupt_while_k6_runs_leaves_no_k6(run, service):
    started = []

    def interrupt():
        started.append(running_k6())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    service.at_the_first = interrupt
    with pytest.raises(KeyboardInterrupt):
        run(LONG)
    assert not started[0].is_running()


def test_of_what_k6_prints_the_end_is_kept(run, tmp_path):
    print_much = "seq 1 100000; echo the end"
    run(k6=K6(stand_in(tmp_path / "k6", print_much), "v2.2.0"))
    log = (tmp_path / "hello.log").read_text()
    assert log.endswith("100000\nthe end\n")
    assert len(log) <= 64_000


# Which k6


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
