"""Where arms take turns k6's users do as they were told, and the summary says what was.

Against servers that note when they were asked what: their own clock judges k6's.
"""

import json
import os
import subprocess
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from contract_service import Service

from bench.keep.summary import distribution, read_summary
from bench.measure.ledger import PAYLOADS, shuffled_ids
from bench.measure.load.k6 import find_k6

K6_FOLDER = Path(__file__).resolve().parents[2] / "k6"
MEASURED = ["hello", "echo", "list", "get", "create", "update", "delete"]
EDGE = 15  # ms within which a server's clock and k6's may put a request in different parts


@pytest.fixture(scope="session")
def k6():
    return find_k6().path


@pytest.fixture
def arms():
    """Two services, a slower and a quick one."""
    with ExitStack() as stack:
        yield {
            "slow": stack.enter_context(Service(0.02)),
            "quick": stack.enter_context(Service(0.01)),
        }


@pytest.fixture
def told(arms):
    """What Python tells k6: two rounds, the second the other way round."""

    def told(**changes):
        order = [*arms, *reversed(arms)]
        times = {"gap_ms": 60, "lead_in_ms": 40, "counted_ms": 200, "lead_out_ms": 30}
        return {
            "arms": {label: service.url for label, service in arms.items()},
            "users": 5, "connect": list(arms), "order": order, "connect_ms": 120, "stagger_ms": 10,
            **times, "slices": 1, "requests": 0, "not_counted": 0, "request_timeout_ms": 5000,
            "run": 1, "done": {}, **changes,
        }  # fmt: skip

    return told


@pytest.fixture
def by_requests(told):
    """Turns of six requests of one user, the first two not counted."""

    def by_requests(**changes):
        no_times = dict.fromkeys(("connect_ms", "gap_ms", "lead_in_ms", "lead_out_ms"), 0)
        few = {"users": 1, "connect": [], "counted_ms": 0, "requests": 6, "not_counted": 2}
        return told(**(no_times | few | changes))

    return by_requests


@pytest.fixture
def run(k6, tmp_path):
    """Run a script with TURNS as the bench does, and read the summary."""

    def run(scenario, turns, **changes):
        summary = tmp_path / "summary.json"
        environment = {
            **os.environ,
            "K6": str(k6),
            "PROFILE": "standard",
            "TURNS": json.dumps(turns),
            "SUMMARY_PATH": str(summary),
            **changes,
        }
        process = subprocess.run(
            [K6_FOLDER / "run.sh", scenario], env=environment, capture_output=True, text=True
        )
        assert process.returncode == 0, process.stderr[-2000:]
        return read_summary(summary)

    return run


def parts(summary):
    """Of each turn: its arm, when its lead-in, counted part and lead-out begin, and its end."""
    turns = summary.turns
    at = summary.began_ms + len(turns.connect) * turns.connect_ms
    for arm in turns.order:
        lead_in = at + turns.gap_ms
        counted = lead_in + turns.lead_in_ms
        lead_out = counted + turns.counted_ms
        at = lead_out + turns.lead_out_ms
        yield arm, lead_in, counted, lead_out, at


def asked_between(service, first, last):
    return len([request for request in service.requests if first <= request.at < last])


# Whose turn it is


def test_each_arm_gets_its_turns_in_the_order_that_was_drawn(run, told, arms):
    summary = run("hello", told())
    assert summary.turns.order == ["slow", "quick", "quick", "slow"]
    for arm, lead_in, _, _, ends in parts(summary):
        for label, service in arms.items():
            inside = asked_between(service, lead_in + EDGE, ends - EDGE)
            assert inside > 20 if label == arm else inside == 0
    for service in arms.values():  # gaps: nobody asks in them
        for (*_, ends), (_, lead_in, *_) in pairwise(parts(summary)):
            assert asked_between(service, ends + EDGE, lead_in - 1) == 0


@pytest.mark.parametrize("slices", [1, 4])
def test_only_what_starts_in_the_counted_part_is_counted(run, told, arms, slices):
    summary = run("hello", told(slices=slices))
    counts = summary.turns.count
    assert len(counts) == len(summary.turns.mean_ms) == 4 * slices
    for turn, (arm, _, counted, lead_out, _) in enumerate(parts(summary)):
        step = (lead_out - counted) / slices
        for nth, count in enumerate(counts[turn * slices : (turn + 1) * slices]):
            first, last = counted + nth * step, counted + (nth + 1) * step
            least = asked_between(arms[arm], first + EDGE, last - EDGE)
            most = asked_between(arms[arm], first - EDGE, last + EDGE)
            assert least <= count <= most
    for label, arm in summary.arms.items():
        turns = [
            (counts[n], summary.turns.mean_ms[n])
            for n in range(len(counts))
            if summary.turns.order[n // slices] == label
        ]
        assert arm.times.count == sum(count for count, _ in turns) < arm.requests
        total = sum(count * mean for count, mean in turns)
        assert arm.times.avg == pytest.approx(total / arm.times.count, abs=0.002)


@pytest.mark.parametrize("scenario", ["hello", "echo", "list", "get", "create", "update"])
def test_an_arms_requests_of_all_parts_are_those_that_its_server_saw(run, told, arms, scenario):
    summary = run(scenario, told())
    for label, service in arms.items():
        arm = summary.arms[label]
        assert arm.requests == arm.iterations == len(service.requests)
        assert arm.failed == 0
        assert arm.bytes_received > arm.requests * len("HTTP/1.1 200 OK")
        assert distribution(summary, label).count == arm.times.count > 20
        assert arm.times.avg < arm.iteration_mean_ms < arm.times.avg + 5  # no waiting in it
    assert len({request.user for request in arms["slow"].requests}) == 5
    assert summary.turns.void == []


def test_users_connect_one_after_the_other_before_the_turns_and_ask_on(run, told, arms):
    summary = run("hello", told())
    for nth, label in enumerate(summary.turns.connect):
        begins = summary.began_ms + nth * 120
        connected = sorted(at - begins for at in arms[label].connected)
        assert len(connected) == 5
        for user, after in enumerate(connected):
            assert user * 10 - 1 <= after < 120  # a busy machine may be late, never early
        assert asked_between(arms[label], begins + 50, begins + 120) > 0


def test_a_run_of_less_than_a_second_is_padded_without_a_request(run, told, arms):
    summary = run("hello", told(order=["quick"], connect=["quick"]))
    assert asked_between(arms["slow"], 0, float("inf")) == 0
    *_, ends = next(parts(summary))
    assert asked_between(arms["quick"], ends + EDGE, float("inf")) == 0
    assert summary.seconds >= 1


def test_labels_are_any_text(run, told, arms):
    urls = {"a, b: {c}='d' e": arms["slow"].url, "f/g": arms["quick"].url}
    summary = run("hello", told(arms=urls, connect=list(urls), order=list(urls)))
    assert [arm.times.count > 20 for arm in summary.arms.values()] == [True, True]


# What is sent


def test_update_never_repeats_a_price_of_a_user_or_a_run(run, told, arms):
    ids, cents = shuffled_ids(1500), PAYLOADS["update_price_from"] * 100
    seen = {label: Counter() for label in arms}
    for number in (1, 2):
        for service in arms.values():
            service.requests.clear()
        run("update", told(run=number))
        for label, service in arms.items():
            first = cents + (number - 1) * 20_000 * 100
            slots = []
            for request in service.requests:
                item = json.loads(request.body)
                slots.append(round(item["price"] * 100) - first)
                assert item == {**PAYLOADS["update"], "price": (first + slots[-1]) / 100}
                assert request.path == f"/items/{ids[slots[-1] % 1500]}"
                seen[label][item["price"]] += 1
            # Each user from its first request to this arm on, without a gap.
            sent = Counter(slot % 5 for slot in slots)
            assert sorted(slots) == sorted(u + n * 5 for u in sent for n in range(sent[u]))
    assert all(set(prices.values()) == {1} for prices in seen.values())


def test_delete_takes_the_ids_that_this_arm_still_has(run, by_requests, arms):
    summary = run("delete", by_requests(done={"slow": 7, "quick": 0}))
    assert arms["slow"].ids == shuffled_ids(1500)[7:19]
    assert arms["quick"].ids == shuffled_ids(1500)[:12]
    assert [request.method for request in arms["quick"].requests] == ["DELETE"] * 12
    assert [arm.requests for arm in summary.arms.values()] == [12, 12]


def test_a_turn_of_requests_counts_all_but_its_first(run, by_requests, arms):
    summary = run("delete", by_requests())
    assert summary.turns.count == [4, 4, 4, 4]
    assert [arm.times.count for arm in summary.arms.values()] == [8, 8]
    asked = sorted(
        (request.at, label) for label, service in arms.items() for request in service.requests
    )
    assert [label for _, label in asked] == [arm for arm in summary.turns.order for _ in range(6)]


def test_the_warmup_covers_all_seven_routes_and_leaves_no_item_behind(run, told, arms):
    summary = run("warmup", told(order=list(arms), connect=[]))
    for label, service in arms.items():
        routes = Counter(
            (request.method, "/items/<new>" if "/items/1" < request.path else request.path)
            for request in service.requests
        )
        wanted = {("GET", "/hello"), ("POST", "/echo"), ("GET", "/items/"), ("POST", "/items/")}
        assert wanted < set(routes)
        assert ("GET", "/items/1") in {request[1:3] for request in service.requests}
        made, put, deleted = (
            [r.path for r in service.requests if r.method == method and r.path != "/echo"]
            for method in ("POST", "PUT", "DELETE")
        )
        assert len(made) == len(put) == len(deleted) > 0
        assert sorted(put) == sorted(deleted)
        assert summary.arms[label].failed == 0
        assert summary.arms[label].requests == len(service.requests)


# What goes wrong


def test_a_turn_that_begins_while_a_user_still_waits_elsewhere_is_void(run, told, arms):
    arms["slow"].seconds = 0.45  # beyond the next turn's lead-in, of 330 ms a turn
    summary = run("hello", told(order=["quick", "slow", "quick", "slow", "quick"], connect=[]))
    assert summary.turns.void == [2, 4]
    assert distribution(summary, "quick") is None
    assert summary.arms["quick"].failed == summary.arms["slow"].failed == 0


def test_a_slow_answer_to_a_connection_makes_the_first_turns_void(run, told, arms):
    arms["slow"].seconds = 0.6
    summary = run("hello", told(order=["quick"] * 4, connect=["slow"]))
    assert summary.turns.void == [0, 1]


def test_a_server_that_hangs_fails_alone_and_each_user_asks_it_once(run, told, arms):
    arms["slow"].hangs = True
    order = ["quick", "slow", *["quick"] * 3, "slow", "quick"]
    summary = run("hello", told(order=order, connect=[], request_timeout_ms=500))
    slow, quick = summary.arms["slow"], summary.arms["quick"]
    assert (slow.requests, slow.failed, slow.iterations, slow.times.count) == (5, 5, 5, 0)
    assert (quick.failed, quick.requests) == (0, len(arms["quick"].requests))
    assert summary.turns.void == [2]
    counted = [n for n, arm in enumerate(order) if arm == "quick" and n != 2]
    assert all(summary.turns.count[n] > 50 for n in counted)
    *_, (_, lead_in, _, _, ends), _ = parts(summary)  # the second turn of the one that hangs
    assert not asked_between(arms["slow"], lead_in - 100, ends)
    assert not asked_between(arms["quick"], lead_in, ends)


def test_a_server_that_hangs_costs_a_turn_of_requests_one_time_out(run, by_requests, arms):
    arms["slow"].hangs = True
    summary = run("delete", by_requests(request_timeout_ms=300))
    slow, quick = summary.arms["slow"], summary.arms["quick"]
    assert (slow.requests, slow.failed, slow.iterations) == (1, 1, 1)
    assert (quick.requests, quick.failed, quick.times.count) == (12, 0, 8)


def test_a_server_that_is_gone_fails_alone(run, told, arms):
    turns = told()
    with Service() as gone:
        turns["arms"]["slow"] = gone.url
    summary = run("hello", turns)
    assert (summary.arms["slow"].requests, summary.arms["slow"].failed) == (5, 5)
    assert summary.arms["quick"].failed == 0
    assert [count > 50 for count in summary.turns.count] == [False, True, True, False]


def test_a_wrong_status_fails_alone_and_is_asked_on(run, told, arms):
    arms["slow"].status = 500
    summary = run("hello", told())
    slow = summary.arms["slow"]
    assert slow.requests == slow.failed == len(arms["slow"].requests) > 50
    assert (slow.times.count, slow.times.avg) == (0, None)
    assert summary.arms["quick"].failed == 0


# How it starts


def test_the_collector_is_off_under_a_limit_of_memory_only(run, told, tmp_path):
    stand_in = tmp_path / "k6"
    stand_in.write_text(f'#!/bin/sh\necho "$GOGC" > {tmp_path}/gogc\n')
    stand_in.chmod(0o755)
    for changes, wanted in [({"GOMEMLIMIT": "1GiB"}, "off"), ({}, "400")]:
        with pytest.raises(FileNotFoundError):  # a stand-in leaves no summary
            run("hello", told(), K6=str(stand_in), **changes)
        assert (tmp_path / "gogc").read_text().strip() == wanted


@pytest.mark.parametrize("scenario", MEASURED)
def test_the_smallest_scripts_ask_the_same_and_their_summary_reads_the_same(
    run, told, by_requests, arms, scenario
):
    told = by_requests if scenario == "delete" else told
    turns = told(arms={"quick": arms["quick"].url}, order=["quick"], connect=[])
    for script in (scenario, f"smallest/{scenario}"):
        arms["quick"].requests.clear()
        arm = run(script, turns).arms["quick"]
        assert arm.requests == arm.iterations == len(arms["quick"].requests)
        assert arm.times.count > 0
        asked = {(r.method, r.path.rstrip("0123456789"), r.content_type)
                 for r in arms["quick"].requests}  # fmt: skip
        if script == scenario:
            wanted = asked
    assert asked == wanted


@pytest.mark.parametrize("name", ["standard", "quick"])
def test_a_profile_of_arms_together_has_the_turns_of_every_scenario(name):
    profile = json.loads((K6_FOLDER / "profiles" / f"{name}.json").read_text())
    assert profile["arms"] == "together"
    turns = profile["turns"]
    assert [scenario for scenario in turns if scenario in MEASURED] == MEASURED
    for scenario in MEASURED[:-1]:
        users = profile["scenarios"][scenario]["vus"]
        # All have connected, and ask on for 50 ms.
        assert turns[scenario]["connect_ms"] >= users * turns[scenario]["stagger_ms"] + 50
