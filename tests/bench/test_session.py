"""A session: real stacks, all up at the same time, real k6; what each gives, and what is lost.

Nothing here asks how fast anything was, nor whether other programs had the CPUs meanwhile.
"""

import json
import os
import shutil
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import psutil
import pytest

from bench import ROOT, Mistake
from bench.arm import CONTROLLED_SCENARIOS, CONTROLS, DOSED, Arm, Settings
from bench.host.machine import partition_cpus
from bench.host.memory import for_k6
from bench.keep.plan import draw_turns
from bench.keep.record import PlannedSession
from bench.keep.summary import read_summary
from bench.keep.thresholds import THRESHOLDS
from bench.measure.controls import make_controls
from bench.measure.load.k6 import find_k6
from bench.measure.load.run import run_k6
from bench.measure.profile import SCENARIOS, load_profile
from bench.measure.session import Measured, measure_session
from bench.measure.standing import Setting
from bench.serve.local import local_engine

SEED = 7
FLASK, FASTAPI = (Arm(name, name, ROOT / name) for name in ("flask_sqlite", "fastapi_sqlite"))
SHORT = {"gap_ms": 60, "lead_in_ms": 30, "counted_ms": 120, "lead_out_ms": 30}
LONGER = {"gap_ms": 400, "lead_in_ms": 50, "counted_ms": 200, "lead_out_ms": 50}
MANY = {"runs": 2, "rounds": 2, "connect_ms": 160, "stagger_ms": 8, **SHORT}
WRITING = {"runs": 2, "rounds": 1, "connect_ms": 60, "stagger_ms": 10, **LONGER}
TURNS = {
    "request_timeout_ms": 10_000,
    "warmup": {"vus": 4, "ms": 400},
    **{"hello": MANY, "echo": {**MANY, "runs": 1}, "get": {**MANY, "runs": 1}},
    **{"list": {**WRITING, "runs": 1}, "create": WRITING, "update": WRITING},
    "delete": {"runs": 2, "rounds": 2, "requests": 6, "not_counted": 2},
}
USERS = {"hello": 20, "echo": 20, "list": 5, "get": 20, "create": 5, "update": 5, "delete": 1}
PAUSES = {"settle": 2.0, "seeded": 0.5, "warm": 0.5, "between": 0.5}
# This machine has others at work while tests run, so that a user may wait for long.
# Where that makes every turn void, nothing is counted either.
OF_MACHINE = {"steal", "foreign", "swap", "void"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("session")


def profile(place, *names, **changed):
    """Of these scenarios, in turns so short that a session takes seconds."""

    def options(name):
        if name == "delete":
            return {"executor": "per-vu-iterations", "vus": 1, "iterations": 24}
        return {"executor": "constant-vus", "vus": USERS[name], "duration": "1s"}

    names = names or SCENARIOS
    data = {
        "arms": "together",
        "sessions": 1,
        "sessions_of_one_arm": 1,
        "rows": 150,
        "journal_mode": "wal",
        "reseed": ["update", "delete"],
        "warmup": {},
        "scenarios": {name: options(name) for name in names},
        "turns": TURNS,
        **changed,
    }
    path = place / f"{'-'.join([data['arms'], *names])}.json"
    path.write_text(json.dumps(data))
    return load_profile(str(path))


@dataclass
class Happened:
    """What a session gave, and what was seen of it from outside."""

    measured: Measured | None = None
    said: list = field(default_factory=list)  # what it told, and when
    servers: dict = field(default_factory=dict)  # by arm
    seeded: list = field(default_factory=list)  # from when to when a database was made anew
    folder: object = None

    def of(self, scenario):
        return self.measured.scenarios[scenario].arms

    def codes(self, scenario, arm):
        """Of what is wrong for good, but for what the machine did."""
        measurement = self.of(scenario)[arm]
        codes = {problem.code for problem in measurement.problems if not problem.suspect}
        load = measurement.load
        all_void = load.requests > 0 and load.void == load.turns > 0
        return codes - OF_MACHINE - ({"no-result"} if all_void else set())

    def summary(self, scenario, run=1):
        return read_summary(self.folder / f"{scenario}-{run}.json")

    def left(self):
        """Processes of its servers, and k6, that are there; one that is killed takes a moment."""
        deadline = time.monotonic() + 10
        while (there := self._there()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return there

    def _there(self):
        groups = {server.process.pid for server in self.servers.values() if server.process}
        return [
            process
            for process in psutil.process_iter(["pid", "ppid", "name", "status"])
            # A container without an init never buries an orphan.
            if process.info["status"] != psutil.STATUS_ZOMBIE
            if group_of(process.pid) in groups
            or (process.info["ppid"], process.info["name"][:2]) == (os.getpid(), "k6")
        ]


def group_of(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def measure(place, arms, profile, happened=None):
    """A session of these arms; happened can be looked at where it raises something."""
    happened = happened or Happened()
    happened.folder = place / f"of-{profile.path.stem}"
    happened.folder.mkdir()
    cpus = partition_cpus(2)
    local = local_engine(cpus.server)

    @contextmanager
    def serve(arm):
        with local.serve(arm) as server:
            happened.servers[arm.label] = server
            seed = server.seed

            def seed_and_note(*arguments):
                began = time.monotonic()
                seed(*arguments)
                happened.seeded.append((began, time.monotonic()))

            server.seed = seed_and_note
            yield server

    setting = Setting(profile, replace(local, serve=serve), find_k6(), cpus, SEED)
    happened.measured = measure_session(
        PlannedSession(number=3, block=3, arms=[arm.label for arm in arms]),
        {arm.label: arm for arm in arms},
        setting,
        happened.folder,
        lambda step: happened.said.append((step, time.monotonic())),
    )
    return happened


# Undisturbed, with the controls, and with one that answers 204 and deletes nothing


@pytest.fixture(scope="module")
def liar(place):
    folder = shutil.copytree(FLASK.folder, place / "liar", ignore=shutil.ignore_patterns("*.db*"))
    text = (folder / "app.py").read_text()
    assert text.count('"DELETE FROM') == 1
    (folder / "app.py").write_text(text.replace('"DELETE FROM', '"SELECT id FROM'))
    return replace(FLASK, label="liar", folder=folder)


@pytest.fixture(scope="module")
def whole(place, liar):
    """A session of all seven scenarios."""
    controls = make_controls(place / "controls", Settings(), turns=1000)
    return measure(place, [liar, *controls, FASTAPI], profile(place))


def test_every_arm_is_measured_in_every_scenario_and_the_controls_in_hello_and_get(whole):
    compared = {"liar", "fastapi_sqlite"}
    assert list(whole.measured.scenarios) == list(SCENARIOS)
    for scenario in SCENARIOS:
        controls = CONTROLS if scenario in CONTROLLED_SCENARIOS else ()
        assert set(whole.of(scenario)) == compared | set(controls)
        assert set(whole.summary(scenario).arms) == compared | set(controls)


def test_what_it_measures_counts(whole):
    for scenario in SCENARIOS:
        for arm, measurement in whole.of(scenario).items():
            if (scenario, arm) != ("delete", "liar"):
                assert whole.codes(scenario, arm) == set()
                assert measurement.load.failed == 0
                assert measurement.load.requests > measurement.load.counted
                assert measurement.load.iterations == measurement.load.requests


def test_rows_that_disagree_are_named_by_arm(whole):
    (problem,) = (p for p in whole.of("delete")["liar"].problems if p.code == "rows")
    assert problem.why.startswith("the database disagrees: 0 rows missing or changed, ")
    assert whole.of("delete")["liar"].status == "invalid"
    assert whole.codes("delete", "fastapi_sqlite") == set()


def test_it_tells_what_it_does_in_the_order_in_which_it_does_it(whole):
    assert [step for step, _ in whole.said] == ["start", "warmup", *SCENARIOS]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_run_has_the_order_that_the_plans_seed_draws(whole, scenario):
    arms, parts = list(whole.of(scenario)), TURNS[scenario]
    assert len(whole.measured.scenarios[scenario].runs) == parts["runs"]
    for run in range(1, parts["runs"] + 1):
        turns = whole.summary(scenario, run).turns
        connect, order = draw_turns(arms, parts["rounds"], SEED, 3, scenario, run)
        assert turns.order == order
        assert turns.connect == ([] if scenario == "delete" else connect)


def test_no_arm_is_served_by_one_worker_alone_and_a_run_in_which_it_was_is_told(whole):
    # Which worker gets a connection is the system's choice, drawn anew in each run of k6.
    for arm in whole.measured.arms:
        busiest = []
        for scenario in CONTROLLED_SCENARIOS:
            measurement = whole.of(scenario)[arm]
            shares = measurement.server.worker_cpu_s
            assert [len(workers) for workers in shares] == [2] * TURNS[scenario]["runs"]
            found = [max(workers) / sum(workers) for workers in shares]
            told = sum(problem.code == "one-worker" for problem in measurement.problems)
            assert told == sum(share > THRESHOLDS["one_worker"] for share in found)
            busiest += found
        assert min(busiest) <= THRESHOLDS["one_worker"], arm


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_k6s_own_cpu_is_told_by_arm_where_turns_take_a_time(whole, scenario):
    found = whole.measured.scenarios[scenario]
    loads = [measurement.load for measurement in found.arms.values()]
    told = [load.k6_cpu_s for load in loads if load.void < load.turns]
    if scenario == "delete":
        assert told == [None] * len(told)
    else:
        assert min(told) > 0
        assert sum(told) < sum(run.cpu_s for run in found.runs)


def test_what_an_arm_uses_while_nobody_asks_is_known_and_taken_off(whole):
    idle = {arm: start.idle_cpu for arm, start in whole.measured.arms.items()}
    assert min(idle.values()) >= 0
    assert idle["fastapi_sqlite"] > 0  # Uvicorn has a clock of its own
    for arm, measurement in whole.of("hello").items():
        server = measurement.server
        assert (server.idle_s > 0) == (idle[arm] > 0)
        assert server.cpu_s > server.idle_s


def test_what_each_arm_is_and_holds_is_on_record(whole):
    starts = whole.measured.arms
    assert set(starts) == {"liar", *CONTROLS, "fastapi_sqlite"}
    for arm, start in starts.items():
        assert start.memory_bytes > 10_000_000
        assert start.served.pragmas["journal_mode"] == "wal"
        assert (start.dose_s is not None) == (arm == DOSED)
    assert starts[DOSED].dose_s > 0
    assert "fastapi" in starts["fastapi_sqlite"].served.packages


def test_a_commit_is_measured_for_as_many_writers_as_there_will_be(whole):
    # delete's one user, four threads of Flask's, and all of create's five users in FastAPI's pool
    assert set(whole.measured.commits) == {"1", "4", "5"}
    assert all(canary.a_second > 0 for canary in whole.measured.commits.values())


def test_every_database_is_made_anew_at_first_after_the_warm_up_and_where_the_profile_says(whole):
    # The controls too: what they would ask next finds the rows that are expected.
    assert len(whole.seeded) == 4 * (1 + 1 + 2)


def test_logs_and_summaries_of_every_run_lie_in_its_folder(whole):
    runs = [f"{name}-{n}" for name in SCENARIOS for n in range(1, TURNS[name]["runs"] + 1)]
    k6 = {f"{run}.{end}" for run in [*runs, "warmup-1"] for end in ("json", "log")}
    servers = {f"{arm}.server.log" for arm in whole.measured.arms}
    assert {path.name for path in whole.folder.iterdir()} == k6 | servers


def test_the_warm_up_asks_every_arm(whole):
    assert set(whole.summary("warmup").arms) == set(whole.measured.arms)


def test_the_runs_of_delete_take_items_that_are_still_there(whole):
    load = whole.of("delete")["fastapi_sqlite"].load
    # Both runs' requests, none of which has got a 404.
    assert (load.requests, load.counted, load.failed) == (2 * 2 * 6, 2 * 2 * 4, 0)


def test_afterwards_no_process_is_left(whole):
    assert len(whole.servers) == 4
    assert whole.left() == []


# An arm dies, another one hangs


def when_asked(server, act):
    """Act as soon as an app works on what it is asked."""
    before = server.cpu_seconds()
    done = threading.Event()

    def wait():
        while not done.wait(0.005):
            if server.cpu_seconds() - before > 0.02:
                act()
                return

    thread = threading.Thread(target=wait)
    thread.start()
    return lambda: (done.set(), thread.join())


def send(number):
    return lambda server: os.killpg(server.process.pid, number)  # Gunicorn's master and workers


FAULTS = {
    ("echo", 1): ("killed", send(signal.SIGKILL)),
    ("get", 1): ("stopped", send(signal.SIGSTOP)),
}


@pytest.fixture(scope="module")
def faulty(place):
    """One arm is killed in echo, another one stopped in get, the third is never touched."""
    killed, stopped = (replace(FLASK, label=label) for label in ("killed", "stopped"))
    happened = Happened()

    def run(k6, script, profile, summary, *rest, **options):
        number = int(summary.stem.rpartition("-")[2])
        label, act = FAULTS.get((script, number), (None, None))
        if label is None:
            return run_k6(k6, script, profile, summary, *rest, **options)
        server = happened.servers[label]
        end = when_asked(server, lambda: act(server))
        try:
            return run_k6(k6, script, profile, summary, *rest, **options)
        finally:
            end()

    turns = TURNS | {"request_timeout_ms": 1500, "echo": MANY, "get": MANY | {"rounds": 6}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.measure.scenario.run_k6", run)
        patch.setattr("bench.serve.local.STOP_SECONDS", 1)  # one that is stopped hears nothing
        of = profile(place, "hello", "echo", "get", "delete", turns=turns)
        return measure(place, [killed, stopped, FASTAPI], of, happened)


def test_before_it_is_killed_an_arm_counts_as_the_others_do(faulty):
    for arm in ("killed", "stopped", "fastapi_sqlite"):
        assert faulty.codes("hello", arm) == set()


@pytest.mark.parametrize(("arm", "during"), [("killed", "echo"), ("stopped", "get")])
def test_an_arm_that_is_lost_loses_that_scenario_and_the_later_ones_and_says_why(
    faulty, arm, during
):
    scenarios = list(faulty.measured.scenarios)
    for scenario in scenarios[scenarios.index(during) :]:
        measurement = faulty.of(scenario)[arm]
        (problem,) = (p for p in measurement.problems if p.code == "server")
        assert problem.why == f"it no longer answers, after {during}"
        assert measurement.status == "invalid"
    assert faulty.of(during)[arm].load.failed > 0


def test_an_arm_that_is_lost_is_asked_no_more(faulty):
    arms = {
        (name, run): set(faulty.summary(name, run).arms)
        for name in ("echo", "get", "delete")
        for run in (1, 2)
    }
    everybody = {"killed", "stopped", "fastapi_sqlite"}
    assert arms["echo", 1] == everybody
    assert arms["echo", 2] == arms["get", 1] == everybody - {"killed"}
    assert arms["get", 2] == arms["delete", 1] == everybody - {"killed", "stopped"}
    assert faulty.of("delete")["stopped"].load.requests == 0


def test_a_killed_arm_tells_that_its_workers_are_gone_and_no_cpu_is_made_up(faulty):
    measurement = faulty.of("echo")["killed"]
    assert "workers" in faulty.codes("echo", "killed")
    assert measurement.server.cpu_s is None
    assert "server_cpu_s" in measurement.unobservable


def test_another_arm_is_measured_to_the_end(faulty):
    assert list(faulty.measured.scenarios) == ["hello", "echo", "get", "delete"]
    for scenario in faulty.measured.scenarios:
        measurement = faulty.of(scenario)["fastapi_sqlite"]
        assert faulty.codes(scenario, "fastapi_sqlite") == set()
        assert (measurement.load.failed, measurement.load.requests > 0) == (0, True)


def test_turns_in_which_users_waited_for_the_stopped_arm_count_for_nobody(faulty):
    turns = faulty.summary("get", 1).turns
    after = [place for place in turns.void if turns.order[place] != "stopped"]
    assert after
    load = faulty.of("get")["fastapi_sqlite"].load
    assert 0 < load.void < load.turns


def test_after_a_fault_no_process_is_left_either(faulty):
    assert len(faulty.servers) == 3
    assert faulty.left() == []


# Alone


@pytest.fixture(scope="module")
def alone(place):
    """The paper's way, with tiny pauses."""
    shared = {"executor": "shared-iterations", "vus": 5, "iterations": 50}
    one = {"executor": "per-vu-iterations", "vus": 1, "iterations": 20}
    window = {"executor": "constant-vus", "vus": 5, "duration": "1s"}
    of = profile(
        place, "hello", "create", "delete", arms="alone", pauses=PAUSES, reseed=[],
        journal_mode="delete",
        scenarios={"hello": window, "create": shared, "delete": one},
        warmup={"hello": {"exec": "hello", "executor": "constant-vus", "vus": 2, "duration": "1s"}},
    )  # fmt: skip
    return measure(place, [FLASK], of)


def test_an_arm_alone_gets_its_loads_as_k6_makes_them_and_no_turns(alone):
    for scenario in ("warmup", "hello", "create", "delete"):
        summary = alone.summary(scenario)
        assert (summary.turns, set(summary.arms)) == (None, {"flask_sqlite"})
    for scenario, planned in {"create": 50, "delete": 20}.items():
        load = alone.of(scenario)["flask_sqlite"].load
        assert load.requests == load.counted == load.iterations == planned
        assert (load.turns, load.k6_cpu_s) == (0, None)
        assert alone.codes(scenario, "flask_sqlite") == set()


def test_an_arm_alone_has_the_pauses_of_its_profile(alone):
    told = dict(alone.said)
    ((seeding, seeded),) = alone.seeded
    assert seeding - told["start"] >= PAUSES["settle"]
    assert told["warmup"] - seeded >= PAUSES["seeded"]
    begun = {name: alone.summary(name).began_ms / 1000 for name in told if name != "start"}
    lasted = {name: alone.summary(name).seconds for name in begun}
    for before, after, pause in (
        ("warmup", "hello", "warm"),
        ("hello", "create", "between"),
        ("create", "delete", "between"),
    ):
        assert begun[after] - begun[before] - lasted[before] >= PAUSES[pause]


def test_an_arm_alone_has_the_journal_mode_of_its_profile_and_no_look_at_its_idleness(alone):
    start = alone.measured.arms["flask_sqlite"]
    assert start.served.pragmas["journal_mode"] == "delete"
    assert start.idle_cpu is None
    assert alone.of("hello")["flask_sqlite"].server.idle_s == 0


def test_after_an_arm_alone_no_process_is_left(alone):
    assert len(alone.servers) == 1
    assert alone.left() == []


# Sessions that cannot be


def test_arms_that_do_not_fit_into_memory_are_refused_in_one_line_and_leave_no_server(
    place, monkeypatch
):
    monkeypatch.setattr("bench.host.memory.available_bytes", lambda: for_k6() + 1)
    arms, happened = [replace(FLASK, label=str(n)) for n in range(9)], Happened()
    small = "memory is too small for 9 arms .* measure fewer stacks"
    with pytest.raises(Mistake, match=small) as mistake:
        measure(place, arms, profile(place, "hello"), happened)
    assert "\n" not in str(mistake.value)
    assert 0 < len(happened.servers) < 9
    assert happened.left() == []


def test_an_arm_that_does_not_start_is_a_mistake_and_leaves_no_server(place):
    folder = shutil.copytree(FLASK.folder, place / "broken")
    (folder / "app.py").write_text("raise ValueError('not today')\n")
    broken, happened = replace(FLASK, label="broken", folder=folder), Happened()
    with pytest.raises(Mistake, match="^broken does not start: "):
        measure(place, [FASTAPI, broken], profile(place, "echo"), happened)
    assert set(happened.servers) == {"fastapi_sqlite"}
    assert happened.left() == []
