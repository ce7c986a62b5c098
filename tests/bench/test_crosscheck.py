"""The comparison of load generators: in turn, by the same arithmetic, against a known truth."""

import urllib.request
from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from rich.console import Console

import bench.studies.stub
from bench import Mistake
from bench.arm import Arm
from bench.host.machine import Partition
from bench.serve.stacks import find_stacks
from bench.studies.clients.client import Account, Client
from bench.studies.clients.crosscheck import app_table, crosscheck, figures, stub_table

ARM = Arm("flask_sqlite", "flask_sqlite", find_stacks()["flask_sqlite"])
SECONDS = 5


@contextmanager
def serve(arm):
    cpu_s = iter(range(1000))  # a CPU second from one reading to the next
    yield SimpleNamespace(
        url="http://app", seed=lambda rows, journal_mode: None, cpu_seconds=lambda: next(cpu_s)
    )


ENGINE = SimpleNamespace(name="local", prepare=lambda arm: None, serve=serve)


def client(name, asked, rate=1000, start_s=0.5, each_us=100):
    """One that asks for so many a second, takes so long to start, and counts right."""

    def load(route, window):
        asked.append((name, "app" if window.url == "http://app" else "stub", route, window.seconds))
        if window.url != "http://app":
            for _ in range(3):
                urllib.request.urlopen(f"{window.url}/items/1").read()
            return Account(3, 0, 50.0, 20.5), 0.1
        requests = rate * window.seconds
        return Account(requests, 0, rate * 1.01, 10.0), start_s + requests * each_us / 1e6

    return Client(name, "1.0", load)


def compare(*clients, rounds=2, seconds=SECONDS, seed=1, done=None):
    cpus = Partition(None, None)
    say = lambda text, part: done is None or done.append(part)  # noqa: E731  it is handed over
    return crosscheck(clients, ARM, ENGINE, cpus, rounds, seconds, seed, say)


def order_of(measured):
    return [(m["round"], m["client"], m["target"]) for m in measured]


def test_each_client_loads_each_target_once_a_round():
    asked, done = [], []
    measured = compare(client("a", asked), client("b", asked), rounds=3, done=done)
    assert set(Counter(order_of(measured)).values()) == {1}
    assert len(measured) == 3 * 2 * 3
    assert Counter(asked)[("a", "app", "hello", SECONDS)] == 3
    assert Counter(asked)[("b", "app", "get", 1)] == 3
    assert Counter(asked)[("b", "stub", "get", SECONDS)] == 3
    assert done == sorted(done)
    assert max(done) < 1


def test_the_order_is_drawn_anew_each_round_and_kept_by_its_seed():
    clients = [client(name, []) for name in "abcd"]
    first, again, other = (order_of(compare(*clients, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other
    rounds = [[load[1:] for load in first if load[0] == number] for number in (1, 2)]
    assert rounds[0] != rounds[1]
    assert sorted(rounds[0]) == sorted(rounds[1])


def test_what_it_costs_to_start_is_in_no_request():
    for start_s in (0.0, 3.0):
        measured = compare(client("a", [], start_s=start_s, each_us=250), rounds=1)
        shown = [figures(m, SECONDS) for m in measured if m["target"] == "get"]
        assert shown[0]["client_us"] == pytest.approx(250)
        assert shown[0]["busy"] == pytest.approx(25)  # 1,000 a second, 250 µs each


def test_a_rate_is_told_by_the_client_and_clocked_by_us():
    (shown,) = [figures(m, SECONDS) for m in compare(client("a", [])) if m["target"] == "hello"][:1]
    assert shown["told"] == pytest.approx(1010)
    assert shown["clocked"] == pytest.approx(1000)
    assert shown["mean_ms"] == 10.0
    assert shown["server_us"] == pytest.approx(1e6 / 5000)


def test_the_stub_knows_how_many_it_has_answered():
    (found,) = [m for m in compare(client("a", []), rounds=1) if m["target"] == "stub"]
    assert found["answered"] == found["long"]["requests"] == 3


def test_a_stub_that_counts_wrong_would_be_seen(monkeypatch):
    stub = bench.studies.stub.STUB
    assert stub.count("answered += 1") == 1
    monkeypatch.setattr(bench.studies.stub, "STUB", stub.replace("answered += 1", "answered += 2"))
    (found,) = [m for m in compare(client("a", []), rounds=1) if m["target"] == "stub"]
    assert found["answered"] == 6


def test_a_client_that_asks_no_more_in_a_longer_window_is_a_mistake():
    stalled = Client("a", "1.0", lambda route, window: (Account(7, 0, 7.0, 1.0), 0.1))
    with pytest.raises(Mistake, match="a: no more requests in 5 s than in 1 s"):
        compare(stalled, rounds=5)


def test_no_client_at_all_is_a_mistake():
    with pytest.raises(Mistake, match="there is no k6, no Locust"):
        compare()


def test_a_window_that_is_no_longer_than_the_short_one_is_a_mistake():
    with pytest.raises(Mistake, match="--seconds is 2 or more"):
        compare(client("a", []), seconds=1)


def text_of(table):
    console = Console(width=140, record=True, file=open("/dev/null", "w"))
    console.print(table)
    return console.export_text()


def test_the_tables_show_medians_and_intervals_and_name_who_is_left_out():
    measured = compare(client("a", []), client("b", [], each_us=200), rounds=6)
    app = text_of(app_table(measured, SECONDS, ["a", "b", "c"]))
    assert app.count("left out") == 2  # in hello and in get
    assert "1,010" in app and "1,000" in app
    assert "100 to 100" in app and "200 to 200" in app
    stub = text_of(stub_table(measured, ["a", "b", "c"]))
    assert stub.count("left out") == 1
    assert "20.5 to 20.5" in stub
    assert stub.count("18.0") == 4  # counted of answered, of each client
