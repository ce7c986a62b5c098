"""The load generators: each real one against a real server, and whatever may go wrong with it."""

import json
import os
import shutil
import signal
import threading
from dataclasses import replace
from importlib import metadata

import psutil
import pytest
from service import Service

import bench.studies.clients.client
from bench import Mistake
from bench.studies.clients.client import Window
from bench.studies.clients.generators import find_clients
from bench.studies.clients.locust import ROWS, run_locust

NAMES = ("k6", "Locust", "script", "wrk")
USERS = 2


@pytest.fixture
def service(serving):
    return serving(Service())


@pytest.fixture
def window(service, tmp_path):
    return Window(service.url, USERS, 1, None, tmp_path)


@pytest.fixture(scope="module")
def clients():
    found, left_out = find_clients()
    return {client.name: client for client in found}, left_out


@pytest.fixture(params=NAMES)
def client(request, clients):
    found, left_out = clients
    if request.param not in found:
        pytest.skip(left_out[request.param])
    return found[request.param]


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A stand-in for a program, before all others on PATH."""

    def program(name, script):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)

    return program


def test_a_client_counts_what_the_server_was_asked(client, service, window):
    account, cpu_s = client.load("hello", window)
    assert set(service.asked) == {"/hello"}
    # wrk stops while its connections wait: what they wait for is answered and not counted.
    cut = USERS if client.name == "wrk" else 0
    assert account.requests <= service.asked.total() <= account.requests + cut
    assert account.failed == 0
    assert min(account.rate, account.mean_ms, cpu_s) > 0


def test_a_client_asks_for_random_items_that_are_there(client, service, window):
    account, _ = client.load("get", window)
    ids = {int(path.removeprefix("/items/")) for path in service.asked}
    assert ids <= set(range(1, ROWS + 1))
    # Of so many draws from 1,500 ids this part is met; half of it leaves room for chance.
    assert len(ids) > ROWS * (1 - (1 - 1 / ROWS) ** account.requests) / 2


def test_a_request_that_fails_is_a_mistake(client, service, window):
    service.status = 500
    with pytest.raises(Mistake, match=f"{client.name}: .* of .* requests failed"):
        client.load("hello", window)


def test_a_server_that_is_not_there_is_a_mistake(client, service, window):
    service.server.server_close()
    with pytest.raises(Mistake, match=f"{client.name}"):
        client.load("hello", window)


def test_a_client_that_is_killed_is_a_mistake(client, service, window):
    def kill():
        for process in psutil.Process().children():
            process.kill()

    service.at_the_first = kill
    with pytest.raises(Mistake, match=f"^{client.name} "):
        client.load("hello", window)


def test_an_interrupt_leaves_no_client(client, service, window):
    started = []

    def interrupt():
        started.extend(psutil.Process().children(recursive=True))
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    service.at_the_first = interrupt
    with pytest.raises(KeyboardInterrupt):
        client.load("hello", window)
    assert started
    assert psutil.wait_procs(started, timeout=10)[1] == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU can be pinned")
def test_a_client_runs_on_its_cpus_and_nobody_else_does(client, service, window):
    before = os.sched_getaffinity(0)
    one = frozenset({max(before)})
    seen = []

    def look():
        seen.extend(os.sched_getaffinity(child.pid) for child in psutil.Process().children())

    service.at_the_first = look
    client.load("hello", replace(window, cpus=one))
    assert seen == [one]
    assert os.sched_getaffinity(0) == before


# Clients that are not there, or are something else


def test_a_client_that_is_not_installed_is_left_out_and_says_so(monkeypatch):
    def none_installed(package):
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "version", none_installed)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found, left_out = find_clients("/no/k6")
    assert found == []
    assert left_out["k6"] == "there is no program /no/k6"
    assert left_out["Locust"].startswith("locust is not installed")
    assert left_out["script"].startswith("httpx2 is not installed")
    assert left_out["wrk"] == "there is no program wrk"


@pytest.mark.parametrize(
    "printed", ["", "Requests/sec: 100", "{}", '{"requests": 1, "failed": 0}', '{"requests": 1,']
)
def test_what_wrk_prints_beside_its_script_is_no_result(program, service, window, printed):
    program("wrk", f"[ \"$1\" = --version ] && echo 'wrk 4.1.0 [epoll]' || echo '{printed}'")
    wrk = next(client for client in find_clients()[0] if client.name == "wrk")
    assert wrk.version == "4.1.0"
    with pytest.raises(Mistake, match="wrk gives no result: "):
        wrk.load("hello", window)


def test_a_client_that_does_not_end_is_ended(program, monkeypatch, service, window):
    program("wrk", "[ \"$1\" = --version ] && echo 'wrk 4.1.0' || exec tail -f /dev/null")
    monkeypatch.setattr(bench.studies.clients.client, "GRACE", -0.9)
    wrk = next(client for client in find_clients()[0] if client.name == "wrk")
    with pytest.raises(Mistake, match="wrk did not end by itself: signal 9"):
        wrk.load("hello", window)


# Locust


@pytest.fixture
def locust(clients):
    if "Locust" not in clients[0]:
        pytest.skip(clients[1]["Locust"])


def test_variables_of_locust_in_the_environment_do_not_matter(locust, service, window, monkeypatch):
    monkeypatch.setenv("LOCUST_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("LOCUST_RUN_TIME", "1h")
    monkeypatch.setenv("LOCUST_TAGS", "none-of-ours")
    accounts, _ = run_locust("HelloUser", window)
    assert accounts["GET /hello"].requests == service.asked.total()


@pytest.mark.parametrize("settings", ["processes = 2", "master = true", "users = 1\nrun-time = 1h"])
def test_settings_of_locust_at_home_do_not_matter(locust, service, window, monkeypatch, settings):
    home = window.folder / "home"
    home.mkdir()
    (home / ".locust.conf").write_text(f"{settings}\n")
    monkeypatch.setenv("HOME", str(home))
    accounts, _ = run_locust("HelloUser", window)
    assert accounts["GET /hello"].requests == service.asked.total()


def test_several_generators_count_together_and_are_paid_for_together(locust, service, window):
    # Longer than for one: on a busy machine two take seconds until they have found each other.
    accounts, cpu_s = run_locust("HelloUser", replace(window, seconds=10), processes=2)
    assert accounts["GET /hello"].requests == service.asked.total()
    generators = json.loads((window.folder / "stats.json").read_text())
    assert len(generators) == 1
    assert cpu_s > 0
    assert (window.folder / "report.html").stat().st_size > 1000


def test_a_user_that_the_locustfile_does_not_have_is_a_mistake(locust, window):
    with pytest.raises(Mistake, match="Locust gives no result: .*Nobody"):
        run_locust("Nobody", window)
