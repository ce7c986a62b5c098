"""A scenario of a session: who is asked, what is compared when, and what is made of the counters.

The apps and k6 are stand-ins here, so that every number is known.
"""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from synthetic import MACHINE, TURNS, USERS, alone, in_turns

from bench import Mistake
from bench.arm import Arm
from bench.host.leftovers import mark
from bench.host.machine import Partition
from bench.keep.plan import draw_turns
from bench.measure.ledger import PAYLOADS, shuffled_ids, update_cents
from bench.measure.load.k6 import K6
from bench.measure.load.run import Ran
from bench.measure.probe import Probe
from bench.measure.profile import load_profile
from bench.measure.scenario import Underway, measure_scenario
from bench.measure.standing import Setting, Standing, side_by_side, working
from bench.serve import inside
from bench.serve.server import Row
from bench.serve.stacks import find_stacks
from bench.serve.start import free_port, given_up, wait_until_ready

STANDARD = load_profile("standard")
FOLDER = find_stacks()["flask_sqlite"]
SEED, SESSION, SECONDS = 5, 12, 10.0
MS = {"a": 2.0, "b": 3.0, "c": 4.0}
CREATED = PAYLOADS["create"]


@dataclass
class App:
    """Rows and counters as a test wants them; nobody listens."""

    url: str
    rows: list = field(default_factory=list)
    cpu_s: float = 0.0
    pids: tuple = (1, 2)
    gone: bool = False
    database = None

    def seed(self):
        self.rows = [Row(n, f"Item {n}", "", n * 1.25, 1) for n in range(1, STANDARD.rows + 1)]

    def python(self, program):
        assert program == inside.ROWS
        if self.gone:
            raise Mistake("No such container")
        return [list(row) for row in self.rows]

    def workers(self):
        return {} if self.gone else {pid: self.cpu_s / len(self.pids) for pid in self.pids}

    def cpu_seconds(self):
        return 0.0 if self.gone else self.cpu_s

    def throttled(self):
        return 0

    def peak_bytes(self):
        return 90_000_000

    def create(self, count):
        for id in range(self.rows[-1].id + 1, self.rows[-1].id + 1 + count):
            item = CREATED["name"], CREATED["description"], CREATED["price"], CREATED["in_stock"]
            self.rows.append(Row(id, *item[:2], float(item[2]), int(item[3])))

    def delete(self, ids):
        gone = set(ids)
        self.rows = [row for row in self.rows if row.id not in gone]


@dataclass
class Bench:
    """Stands in for all that a scenario does to the world, and remembers what it was asked."""

    apps: dict
    told: list = field(default_factory=list)  # by run of k6
    ran: dict = field(default_factory=dict)  # (run, arm): what happens to it in this run
    failed: dict = field(default_factory=dict)  # (run, arm): how many requests fail
    silent: set = field(default_factory=set)  # arms that do not say hello any more
    without_summary: set = field(default_factory=set)  # runs
    probed: list = field(default_factory=list)
    reads: list = field(default_factory=list)  # rows that were read: of which arm, after which run

    def k6(self, k6, script, profile, summary, cpus, *, url="", arm="", turns=None, memory=None):
        run = len(self.told) + 1
        self.told.append(turns or {"arms": {arm: url}})
        labels = list(self.told[-1]["arms"])
        if turns:
            took = {label: MS[label] for label in labels}
            told = in_turns(took, script, turns["connect"], turns["order"])
        else:
            told = alone(arm, script, MS[arm])
        for label in labels:
            app, of_arm = self.apps[label], told.arms[label]
            app.cpu_s += 0.5
            self.ran.get((run, label), lambda app, count: None)(app, of_arm.requests)
            failed = self.failed.get((run, label), 0)
            changed = msgspec.structs.replace(of_arm, failed=failed)
            told = msgspec.structs.replace(told, arms={**told.arms, label: changed})
        kept = None if run in self.without_summary else told
        return Ran(0, kept, 2.0, 1_000_000, ((0.0, 0.0), (10_000.0, 10.0)))

    def probe(self, scenario, url, rows):
        self.probed.append((scenario, url, len(rows)))
        return Probe(150, None)


@pytest.fixture
def bench(monkeypatch):
    apps = {label: App(f"http://{label}") for label in MS}
    for app in apps.values():
        app.seed()
    bench = Bench(apps)
    read = inside.rows

    def rows(server):
        bench.reads.append((server.url[-1], len(bench.told)))
        return read(server)

    module = "bench.measure.scenario"
    monkeypatch.setattr(f"{module}.run_k6", bench.k6)
    monkeypatch.setattr(f"{module}.probe", bench.probe)
    monkeypatch.setattr(f"{module}.answers", lambda url: url[-1] not in bench.silent)
    monkeypatch.setattr(f"{module}.inside.rows", rows)
    monkeypatch.setattr(f"{module}.disturbance", lambda windows: MACHINE)
    return bench


@pytest.fixture
def standing(bench):
    """The arms, as they stand before a scenario."""
    return [
        Standing(Arm(label, "flask_sqlite", FOLDER), app, idle_cpu=0.01)
        for label, app in bench.apps.items()
    ]


@pytest.fixture
def measured(bench, standing, monkeypatch):
    """What each arm gave in a scenario."""

    def measured(name, arms=None, profile=STANDARD, changed=(), **parts):
        (scenario,) = (s for s in profile.scenarios if s.name == name)
        if scenario.turns:
            kept = {**TURNS[name], **parts}
            scenario = replace(scenario, turns=replace(scenario.turns, **kept))
        setting = Setting(profile, None, K6(Path("k6"), "v2.2.0"), Partition(None, None), SEED)
        of = Underway(scenario, arms or standing, setting, SESSION, Path("/nowhere"), changed)
        record, _ = measure_scenario(of, 0.0)
        return record

    return measured


def codes(record, arm):
    return [problem.code for problem in record.arms[arm].problems]


# Who is asked, and in which order


def test_every_arm_is_probed_then_k6_runs_as_often_as_the_profile_says(bench, measured):
    record = measured("get")
    assert [probed[:2] for probed in bench.probed] == [("get", f"http://{arm}") for arm in "abc"]
    assert len(bench.told) == len(record.runs) == 3
    assert {arm: codes(record, arm) for arm in "abc"} == {"a": [], "b": [], "c": []}


def test_the_order_of_each_run_is_what_seed_session_scenario_and_run_draw(bench, measured):
    measured("get")
    for run, told in enumerate(bench.told, start=1):
        drawn = draw_turns("abc", TURNS["get"]["rounds"], SEED, SESSION, "get", run)
        assert (told["connect"], told["order"]) == drawn
        assert told["run"] == run
    assert bench.told[0]["order"] != bench.told[1]["order"]


def test_k6_is_told_the_users_and_the_time_out_of_the_profile(bench, measured):
    measured("get")
    assert bench.told[0]["users"] == USERS["get"]
    assert bench.told[0]["request_timeout_ms"] == STANDARD.request_timeout_ms


def test_an_arm_alone_is_told_to_k6_by_its_address(bench, standing, measured):
    record = measured("hello", standing[:1], load_profile("paper"))
    assert bench.told == [{"arms": {"a": "http://a"}}]
    assert record.arms["a"].load.turns == 0


# The rows


def test_rows_of_what_only_reads_are_compared_once_after_the_last_run(bench, measured):
    measured("get")
    assert [read for read in bench.reads if read[0] == "a"] == [("a", 0), ("a", 3)]


def test_rows_of_what_writes_are_compared_after_every_run(bench, measured):
    for run in (1, 2):
        for arm in "abc":
            bench.ran[run, arm] = App.create
    record = measured("create")
    assert codes(record, "a") == []
    # Before the probe, after it, then after each of two runs.
    assert [read for read in bench.reads if read[0] == "a"] == [
        ("a", 0), ("a", 0), ("a", 1), ("a", 2),
    ]  # fmt: skip


def test_rows_that_a_reader_changed_are_named_for_that_arm_alone(bench, measured):
    bench.ran[2, "b"] = lambda app, count: app.delete([7])
    record = measured("get")
    assert [codes(record, arm) for arm in "abc"] == [[], ["rows"], []]


def test_rows_that_one_run_lost_are_named_though_the_next_one_is_right(bench, measured):
    for run in (1, 2):
        for arm in "abc":
            bench.ran[run, arm] = App.create
    bench.ran[1, "c"] = lambda app, count: app.create(count - 1)
    record = measured("create")
    assert [codes(record, arm) for arm in "abc"] == [[], [], ["rows"]]
    (problem,) = record.arms["c"].problems
    assert problem.why.startswith("the database disagrees: 1 rows missing or changed")


def test_each_run_of_delete_goes_on_with_the_next_items(bench, standing, measured):
    ids = {app.url: iter(shuffled_ids(STANDARD.rows)) for app in bench.apps.values()}

    def delete(app, count):
        app.delete(islice(ids[app.url], count))

    bench.ran = {(run, arm): delete for run in (1, 2, 3) for arm in "abc"}
    record = measured("delete")
    a_run = record.arms["a"].load.requests // 3
    assert [told["done"]["a"] for told in bench.told] == [0, a_run, 2 * a_run]
    assert standing[0].deleted == 3 * a_run
    assert [codes(record, arm) for arm in "abc"] == [[], [], []]


def test_updates_of_each_run_are_told_by_their_prices(bench, measured):
    def update(app, count):
        first = update_cents(len(bench.told))
        for slot in range(count):
            place = ids[slot % len(ids)] - 1
            changed = PAYLOADS["update"] | {"price": (first + slot) / 100}
            app.rows[place] = Row(place + 1, *(changed[name] for name in Row._fields[1:]))

    ids = shuffled_ids(STANDARD.rows)
    bench.ran = {(run, arm): update for run in (1, 2) for arm in "abc"}
    record = measured("update")
    assert [codes(record, arm) for arm in "abc"] == [[], [], []]


# An arm that is lost


def test_an_arm_that_fails_and_no_longer_answers_is_lost_and_asked_no_more(
    bench, standing, measured
):
    bench.failed[1, "b"] = 3
    bench.silent = {"b"}
    record = measured("get")
    assert [list(told["arms"]) for told in bench.told] == [["a", "b", "c"], ["a", "c"], ["a", "c"]]
    assert standing[1].lost == "it no longer answers, after get"
    assert [one.arm.label for one in working(standing)] == ["a", "c"]
    assert "server" in codes(record, "b") and record.arms["b"].status == "invalid"
    assert codes(record, "a") == codes(record, "c") == []


def test_an_arm_that_fails_but_answers_goes_on_and_does_not_count(bench, standing, measured):
    bench.failed[1, "b"] = 3
    record = measured("get")
    assert [list(told["arms"]) for told in bench.told] == [["a", "b", "c"]] * 3
    assert standing[1].lost is None
    assert [codes(record, arm) for arm in "abc"] == [[], ["failed"], []]


def test_an_arm_whose_database_cannot_be_read_any_more_is_lost(bench, standing, measured):
    bench.apps["b"].gone = True
    record = measured("get")
    assert standing[1].lost == "No such container"
    assert [list(told["arms"]) for told in bench.told] == [["a", "c"]] * 3
    assert codes(record, "b") == ["server", "no-result", "workers"]


def test_an_arm_that_was_lost_before_is_neither_probed_nor_asked_and_stands_as_invalid(
    bench, standing, measured
):
    standing[1].lost = "it no longer answers, after echo"
    record = measured("get")
    assert len(bench.probed) == 2
    measurement = record.arms["b"]
    assert measurement.status == "invalid"
    assert (measurement.load.requests, measurement.server.peak_bytes) == (0, None)
    assert measurement.problems[0].why == "it no longer answers, after echo"


def test_where_all_are_lost_k6_does_not_run_and_all_stand_as_invalid(bench, standing, measured):
    for one in standing:
        one.lost = "gone"
    record = measured("get")
    assert (bench.told, record.runs) == ([], [])
    assert {measurement.status for measurement in record.arms.values()} == {"invalid"}


def test_a_run_without_a_summary_counts_for_nobody_and_rows_are_read_anew(bench, measured):
    for run in (1, 2):
        for arm in "abc":
            bench.ran[run, arm] = App.create
    bench.without_summary = {1}
    record = measured("create")
    # What was made in the first run is not held against the second one.
    assert [codes(record, arm) for arm in "abc"] == [["no-result"]] * 3


# What is made of the counters


def test_what_an_idle_arm_uses_is_taken_off_for_the_time_in_which_others_were_asked(
    bench, standing, measured, monkeypatch
):
    moments = iter(range(0, 1000, int(SECONDS)))

    class Counters:
        def __init__(self):
            self.monotonic = float(next(moments))

    monkeypatch.setattr("bench.measure.scenario.read_counters", Counters)
    record = measured("get")
    own = TURNS["get"]["connect_ms"] + TURNS["get"]["rounds"] * (50 + 50 + 200 + 30)
    idle = 3 * 0.01 * (SECONDS - own / 1000)
    server = record.arms["a"].server
    assert server.idle_s == pytest.approx(idle)
    assert server.cpu_s == pytest.approx(3 * 0.5 - idle)


def test_of_an_arm_alone_nothing_is_taken_off(bench, standing, measured):
    standing[0].idle_cpu = None
    server = measured("hello", standing[:1], load_profile("paper")).arms["a"].server
    assert (server.idle_s, server.cpu_s) == (0, 0.5)


def test_workers_shares_are_told_by_run(bench, measured):
    server = measured("get").arms["a"].server
    assert server.worker_cpu_s == [[0.25, 0.25]] * 3


def test_a_worker_that_was_replaced_makes_only_its_arm_invalid(bench, measured):
    def restart(app, count):
        app.pids = (1, 3)

    bench.ran[2, "b"] = restart
    record = measured("get")
    assert [codes(record, arm) for arm in "abc"] == [[], ["workers"], []]
    assert record.arms["b"].server.cpu_s is None


def test_k6s_cpu_while_an_arm_was_counted_is_added_up_over_the_runs(bench, measured):
    # The stand-in's clock goes at one core.
    counted_s = 3 * TURNS["get"]["rounds"] * 0.2
    for measurement in measured("get").arms.values():
        assert measurement.load.k6_cpu_s == pytest.approx(counted_s)


def test_what_is_no_longer_as_planned_and_a_bad_warm_up_stand_with_what_was_measured(
    standing, measured
):
    standing[1].warmup = "it failed"
    record = measured("get", changed=["harness"])
    assert [codes(record, arm) for arm in "abc"] == [
        ["changed"], ["warm-up", "changed"], ["changed"],
    ]  # fmt: skip


def test_what_an_arm_can_work_on_at_the_same_time_stands_with_it(measured):
    measurement = measured("get").arms["a"]
    assert (measurement.users, measurement.in_flight) == (USERS["get"], 4)
    assert measurement.probe_bytes == 150


# Standing


def test_what_first_went_wrong_with_an_arm_stays_the_reason(standing):
    with standing[0].lost_if_it_fails():
        raise Mistake("first")
    with standing[0].lost_if_it_fails():
        raise Mistake("second")
    assert standing[0].lost == "first"


def test_what_is_no_mistake_is_not_taken_for_a_lost_server(standing):
    with pytest.raises(ZeroDivisionError), standing[0].lost_if_it_fails():
        raise ZeroDivisionError
    assert standing[0].lost is None


def test_what_is_done_side_by_side_is_done_for_all_and_raises_in_the_end():
    done = []

    def act(number):
        done.append(number)
        if number == 1:
            raise Mistake("one")

    with pytest.raises(Mistake, match="one"):
        side_by_side(act, [1, 2, 3])
    assert sorted(done) == [1, 2, 3]


def test_who_stops_the_bench_does_not_wait_for_an_app_that_never_answers():
    stop = iter([lambda: os.kill(os.getpid(), signal.SIGINT)])
    looks = []

    def is_running():
        next(stop, lambda: None)()
        looks.append(True)
        assert len(looks) < 100, "it waits on"
        return True

    def act(name):
        with pytest.raises(Mistake, match=f"{name} does not say hello"):
            wait_until_ready(name, free_port(), is_running, lambda: "")

    with pytest.raises(KeyboardInterrupt):
        side_by_side(act, ["an app"])
    assert len(looks) < 100
    assert not given_up.is_set()  # what is started next is waited for


def test_a_program_that_was_begun_while_the_bench_was_stopped_is_not_waited_for(monkeypatch):
    begun, submit, ended = threading.Event(), ThreadPoolExecutor.submit, []

    def stopped_in_submit(pool, *given):
        submit(pool, *given)
        begun.wait(10)
        raise KeyboardInterrupt

    def act(name):
        program = [sys.executable, "-c", "import time; time.sleep(20); print('by itself')"]
        of = {"env": os.environ | mark(), "stdout": subprocess.PIPE}
        with subprocess.Popen(program, **of) as process:
            begun.set()
            ended.append(process.stdout.read())

    monkeypatch.setattr(ThreadPoolExecutor, "submit", stopped_in_submit)
    with pytest.raises(KeyboardInterrupt):
        side_by_side(act, ["an app"])
    assert ended == [b""]
