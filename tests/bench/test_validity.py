"""Validity: each rule fires for its own fault, and for nothing else, least of all for a result."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, sampled_from
from msgspec.structs import replace
from synthetic import MACHINE

from bench.keep.record import K6Run, Load, ServerUse
from bench.keep.thresholds import THRESHOLDS
from bench.measure.load.turns import Turns
from bench.measure.probe import Probe
from bench.measure.profile import SCENARIOS, Scenario
from bench.measure.scenario import NEVER_ASKED
from bench.measure.validity import GRACEFUL_STOP, RULES, Evidence, judge, status, unobservable

WINDOW = Scenario("hello", users=50, seconds=10, iterations=None)
COUNTED = Scenario("create", users=10, seconds=None, iterations=1000)
IN_TURNS = Scenario("get", users=10, seconds=2, iterations=None, turns=Turns(1, 10, counted_ms=200))
DELETE = Scenario("delete", 1, None, 1000, Turns(1, 8, requests=12, not_counted=2))
RUN = K6Run(
    exit_status=0, seconds=10.0, dropped=0, cpu_s=1.0, peak_bytes=90_000_000, bench_cpu_s=0.1
)
GOOD = Load(
    requests=1000,
    failed=0,
    iterations=1000,
    bytes_received=150_000,
    counted=1000,
    counted_s=10.0,
    mean_ms=5.0,
    max_ms=20.0,
    iteration_mean_ms=5.1,
    iteration_max_ms=20.1,
    elsewhere=None,
    turns=0,
    void=0,
    k6_cpu_s=None,
)
IDLE = {"elsewhere": 0.01, "turns": 10, "void": 0, "k6_cpu_s": 0.5}
SERVER = ServerUse(
    cpu_s=1.0,
    idle_s=0.0,
    worker_cpu_s=[[0.6, 0.4]],
    peak_bytes=90_000_000,
    same_workers=True,
    throttled=0,
)
OBSERVED = ("steal_share", "foreign_share", "throttled", "server_throttled", "server_cpu_s")


def evidence(scenario=COUNTED, machine=(), load=(), server=(), run=(), **changed):
    """Of a faultless measurement but for what is changed."""
    of_turns = IDLE if scenario.turns else {}
    known = {
        "runs": [replace(RUN, **dict(run))],
        "planned_s": scenario.seconds or 0.0,
        "probe": Probe(150, None),
        "disagreement": None,
        "lost": None,
        "changed": (),
        "warmup": None,
        **changed,
    }
    return Evidence(
        scenario=scenario,
        load=replace(GOOD, **of_turns | dict(load)),
        server=replace(SERVER, **dict(server)),
        machine=replace(MACHINE, **dict(machine)),
        **known,
    )


def found(*arguments, **changed):
    return judge(evidence(*arguments, **changed))


def codes(*arguments, **changed):
    problems = found(*arguments, **changed)
    assert all(problem.why for problem in problems)
    return [problem.code for problem in problems]


def of_load(scenario=COUNTED, **load):
    return codes(scenario, load=load)


def of_run(scenario=COUNTED, **run):
    return codes(scenario, run=run)


def of_machine(**machine):
    """Codes and the status that they give."""
    problems = found(machine=machine)
    return [problem.code for problem in problems], status(problems)


@pytest.mark.parametrize("scenario", [WINDOW, COUNTED, IN_TURNS, DELETE])
def test_a_faultless_measurement_counts(scenario):
    assert codes(scenario) == []
    assert status([]) == "valid"


# The load generator


@pytest.mark.parametrize("exit_status", [1, 99, 105, 107, -9])
def test_k6_that_does_not_end_well_is_a_problem(exit_status):
    assert of_run(exit_status=exit_status) == ["k6-exit"]


def test_one_run_of_several_that_does_not_end_well_is_a_problem():
    runs = [RUN, replace(RUN, exit_status=-9), RUN]
    assert codes(IN_TURNS, runs=runs) == ["k6-exit"]
    assert codes(IN_TURNS, runs=[RUN, RUN, replace(RUN, seconds=0.0)]) == ["no-result"]


def test_no_answered_request_is_a_problem_also_where_k6_exits_0():
    nothing = {"requests": 0, "iterations": 0, "counted": 0, "counted_s": 0.0, "mean_ms": None}
    assert of_load(WINDOW, **nothing) == ["no-result"]
    assert of_load(WINDOW, counted=0) == ["no-result"]
    assert of_load(WINDOW, mean_ms=None) == ["no-result"]
    assert of_run(WINDOW, seconds=0.0) == ["no-result"]
    assert codes(WINDOW, load=nothing, run={"seconds": 0.0}) == ["no-result"]
    assert codes(WINDOW, load=nothing, runs=[]) == ["no-result"]


def test_one_dropped_iteration_is_a_problem():
    assert of_run(dropped=1) == ["dropped"]


def test_a_count_that_is_not_the_planned_one_is_a_problem():
    assert of_load(requests=999, iterations=999) == ["count"]
    assert of_load(requests=1001, iterations=1001) == ["count"]
    assert codes(Scenario("create", 10, None, 999)) == ["count"]
    assert of_load(iterations=999) == ["count"]


@pytest.mark.parametrize("scenario", [WINDOW, COUNTED, IN_TURNS, DELETE])
def test_an_iteration_that_is_not_one_request_is_a_problem(scenario):
    assert of_load(scenario, requests=999) == ["count"]
    assert of_load(scenario, requests=1001) == ["count"]


@pytest.mark.parametrize("scenario", [WINDOW, IN_TURNS, DELETE])
def test_neither_a_window_nor_a_turn_plans_a_count(scenario):
    few = {"requests": 7, "iterations": 7, "counted": 7, "bytes_received": 7 * 150}
    assert of_load(scenario, **few) == []


def test_requests_that_k6_cut_off_at_the_end_of_a_window_are_a_problem():
    assert of_run(WINDOW, seconds=9.9 + GRACEFUL_STOP) == []
    assert of_run(WINDOW, seconds=10.0 + GRACEFUL_STOP) == ["cut-off"]
    assert of_run(COUNTED, seconds=400.0) == []  # no window, so nothing to cut off
    assert codes(IN_TURNS, run={"seconds": 39.9}, planned_s=9.9) == ["cut-off"]


def test_users_who_waited_longer_than_there_was_time_are_a_problem():
    # 10 users for 10 s have 100 s to wait in, 1000 requests of 100 ms.
    longest = {"max_ms": 200.0, "iteration_max_ms": 200.0}
    assert of_load(mean_ms=101.9, **longest) == []
    assert of_load(mean_ms=102.1, **longest) == ["identity"]


# Turns


@pytest.mark.parametrize(
    ("void", "expected"),
    [(0, "valid"), (1, "valid"), (2, "suspect"), (5, "suspect"), (6, "invalid"), (10, "invalid")],
)
def test_void_turns_are_suspect_and_more_than_half_of_them_invalid(void, expected):
    assert (THRESHOLDS["void_suspect"], THRESHOLDS["void_invalid"]) == (0.1, 0.5)
    problems = found(IN_TURNS, load={"void": void})
    assert status(problems) == expected
    assert [problem.code for problem in problems] == ["void"] * (expected != "valid")


def test_void_turns_are_told_by_how_many():
    (problem,) = found(IN_TURNS, load={"void": 3})
    assert problem.why == "in 3 of 10 turns users still waited for another arm"


@pytest.mark.parametrize("elsewhere", [0.051, -0.051, 0.5])
def test_users_who_spend_their_time_elsewhere_are_suspect(elsewhere):
    problems = found(IN_TURNS, load={"elsewhere": elsewhere})
    assert [problem.code for problem in problems] == ["elsewhere"]
    assert status(problems) == "suspect"


@pytest.mark.parametrize("elsewhere", [0.049, -0.049, 0.0, None])
def test_a_little_of_it_is_not(elsewhere):
    assert of_load(IN_TURNS, elsewhere=elsewhere) == []


def test_in_turns_users_may_wait_longer_than_what_is_counted():
    # Whoever asks just before the end of the counted part is counted, and waits beyond it.
    longest = {"max_ms": 500.0, "iteration_max_ms": 500.0}
    assert of_load(IN_TURNS, mean_ms=150.0, **longest) == []


# The answers


def test_one_failed_request_is_a_problem():
    assert of_load(failed=1) == ["failed"]


def test_a_wrong_answer_beforehand_is_a_problem_that_quotes_it():
    (problem,) = found(probe=Probe(0, "GET /items/7 answers 200 {}"))
    assert (problem.code, problem.why) == (
        "answer",
        "asked beforehand: GET /items/7 answers 200 {}",
    )


@pytest.mark.parametrize(("received", "expected"), [(147.1, []), (152.9, []), (146, ["bytes"])])
def test_answers_of_another_length_than_the_right_one_are_a_problem(received, expected):
    assert codes(load={"bytes_received": int(1000 * received)}, probe=Probe(150, None)) == expected


def test_rows_that_disagree_are_a_problem_that_quotes_the_ledger():
    (problem,) = found(disagreement="1 rows missing")
    assert (problem.code, problem.why) == ("rows", "the database disagrees: 1 rows missing")


# The server


def test_a_server_that_was_lost_is_a_problem_that_says_why():
    (problem,) = found(lost="it no longer answers, after get")
    assert (problem.code, problem.why) == ("server", "it no longer answers, after get")


def test_of_a_server_that_was_lost_nothing_is_said_that_follows_from_it():
    # It was not asked, so it answered nothing wrong; the ledger had nothing to compare with.
    assert codes(lost="gone", probe=NEVER_ASKED, disagreement="rows") == ["server"]


def test_what_failed_before_it_was_lost_is_said():
    assert codes(lost="gone", load={"failed": 3}) == ["server", "failed"]


def test_a_worker_that_died_is_a_problem():
    assert codes(server={"same_workers": False}) == ["workers"]


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ([[0.5, 0.5]], "valid"),
        ([[0.9, 0.1]], "valid"),
        ([[0.91, 0.09]], "suspect"),
        ([[1.0, 0.0]], "suspect"),
        ([[0.5, 0.5], [0.95, 0.05], [0.5, 0.5]], "suspect"),
        ([[1.0, None]], "valid"),
        ([[1.0]], "valid"),  # of a single one nothing else can be expected
        ([[0.0, 0.0]], "valid"),
        (None, "valid"),
    ],
)
def test_an_arm_that_was_served_by_one_worker_alone_is_suspect(workers, expected):
    problems = found(IN_TURNS, server={"worker_cpu_s": workers})
    assert status(problems) == expected
    assert [problem.code for problem in problems] == ["one-worker"] * (expected == "suspect")


def test_one_user_needs_no_second_worker():
    assert codes(DELETE, server={"worker_cpu_s": [[1.0, 0.0]]}) == []


def test_a_warm_up_that_failed_is_a_problem_that_is_quoted():
    (problem,) = found(warmup="3 requests failed, k6 ended with 0")
    assert (problem.code, problem.why) == ("warm-up", "3 requests failed, k6 ended with 0")


def test_a_quota_that_stopped_the_app_is_a_problem_of_the_app():
    (problem,) = found(server={"throttled": 1})
    assert (problem.code, problem.why) == ("throttled", "a CPU quota stopped the app")


def test_what_is_no_longer_as_planned_is_a_problem_that_names_it():
    first, second = found(changed=["harness", "sources of django_drf"])
    assert (first.code, second.code) == ("changed", "changed")
    assert first.why == "harness is no longer as the plan has it"
    assert second.why == "sources of django_drf is no longer as the plan has it"


# The machine


@pytest.mark.parametrize(
    ("machine", "code"),
    [
        ({"throttled": 1}, "throttled"),
        ({"swapped_bytes": 4096}, "swap"),
        ({"clock_step_s": 0.021}, "clock"),
        ({"clock_step_s": -0.021}, "clock"),
    ],
)
def test_what_the_machine_did_to_a_measurement_is_a_problem(machine, code):
    assert of_machine(**machine) == ([code], "invalid")


def test_a_request_that_took_longer_than_its_iteration_is_a_problem_of_the_clock():
    assert of_load(max_ms=21.0) == []
    assert of_load(max_ms=21.2) == ["clock"]


def test_a_clock_that_moves_by_less_than_a_threshold_is_none():
    assert of_machine(clock_step_s=0.019) == ([], "valid")


@pytest.mark.parametrize("name", ["steal", "foreign"])
def test_cpu_that_others_had_is_suspect_and_more_of_it_is_invalid(name):
    doubtful, too_much = THRESHOLDS[f"{name}_suspect"], THRESHOLDS[f"{name}_invalid"]
    assert 0 < doubtful < too_much
    for share, expected in (
        (doubtful, ([], "valid")),
        (doubtful * 1.01, ([name], "suspect")),
        (too_much, ([name], "suspect")),
        (too_much * 1.01, ([name], "invalid")),
    ):
        assert of_machine(**{f"{name}_share": share}) == expected


@pytest.mark.parametrize("name", OBSERVED)
def test_what_a_system_does_not_tell_is_named_and_no_problem(name):
    of_server = {name.removeprefix("server_"): None} if name.startswith("server_") else {}
    of_machine = {} if of_server else {name: None}
    blind = replace(MACHINE, **of_machine), replace(SERVER, **of_server)
    assert unobservable(*blind) == [name]
    assert codes(machine=of_machine, server=of_server) == []


def test_what_a_system_tells_is_not_named_also_where_it_is_nothing():
    assert unobservable(MACHINE, SERVER) == []
    nothing = {"cpu_s": 0.0, "throttled": 0}
    assert unobservable(MACHINE, replace(SERVER, **nothing)) == []


# For whom a rule holds

SICK = {  # an arm with every fault that is its own
    "load": {"requests": 999, "failed": 3, "void": 6, "elsewhere": 0.5, "max_ms": 30.0},
    "probe": Probe(75, None),
    "disagreement": "rows",
    "server": {"same_workers": False, "throttled": 1, "worker_cpu_s": [[1.0, 0.0]]},
    "warmup": "it failed",
    "changed": ["harness"],
}
OWN = {"count", "void", "elsewhere", "failed", "bytes", "rows", "workers", "throttled"}
OWN |= {"one-worker", "warm-up", "changed", "clock"}
BAD_RUN = {"exit_status": 99, "dropped": 2, "seconds": 99.0}
BAD_MACHINE = {
    "clock_step_s": 1.0,
    "throttled": 1,
    "swapped_bytes": 4096,
    "steal_share": 0.5,
    "foreign_share": 0.5,
}
OF_MACHINE = {"clock", "throttled", "swap", "steal", "foreign"}


def by_scope(known):
    """The codes that the rules of each scope give."""
    given = {"arm": set(), "run": set(), "scenario": set()}
    for scope, rule in RULES:
        given[scope] |= {problem.code for problem in rule(known)}
    return given


def test_what_is_wrong_with_one_arm_is_wrong_with_it_alone():
    nothing = {"arm": set(), "run": set(), "scenario": set()}
    assert by_scope(evidence(IN_TURNS)) == nothing
    assert by_scope(evidence(IN_TURNS, **SICK)) == nothing | {"arm": OWN}
    assert by_scope(evidence(IN_TURNS, lost="gone"))["arm"] == {"server"}
    assert by_scope(evidence(IN_TURNS, probe=Probe(1, "wrong")))["arm"] == {"answer"}
    assert by_scope(evidence(COUNTED, load={"mean_ms": 999.0}))["arm"] == {"identity"}
    assert by_scope(evidence(IN_TURNS, load={"counted": 0}))["arm"] == {"no-result"}


@pytest.mark.parametrize("arm", [{}, SICK], ids=["faultless", "sick"])
def test_what_is_wrong_with_a_run_of_k6_is_wrong_with_every_arm(arm):
    given = by_scope(evidence(IN_TURNS, run=BAD_RUN, **arm))
    assert given["run"] == {"k6-exit", "dropped", "cut-off"}
    assert given["scenario"] == set()
    assert given["arm"] == (OWN if arm else set())
    assert by_scope(evidence(IN_TURNS, run={"seconds": 0.0}, **arm))["run"] == {"no-result"}


@pytest.mark.parametrize("arm", [{}, SICK], ids=["faultless", "sick"])
def test_the_machines_state_is_that_of_every_arm(arm):
    given = by_scope(evidence(IN_TURNS, machine=BAD_MACHINE, **arm))
    assert given["scenario"] == OF_MACHINE
    assert given["run"] == set()
    assert given["arm"] == (OWN if arm else set())


def test_each_rule_has_one_scope_and_all_of_them_are_applied():
    everything = evidence(IN_TURNS, run=BAD_RUN, machine=BAD_MACHINE, **SICK)
    assert len({rule for _, rule in RULES}) == len(RULES)
    codes = {problem.code for problem in judge(everything)}
    assert codes == OWN | OF_MACHINE | {"k6-exit", "dropped", "cut-off"}


# All together


def test_one_problem_is_enough_and_suspicion_does_not_outweigh_it():
    assert status(found(machine={"steal_share": 0.005, "swapped_bytes": 1})) == "invalid"
    assert status(found(machine={"steal_share": 0.005, "foreign_share": 0.03})) == "suspect"


def test_every_fault_is_named_not_only_the_first():
    problems = codes(
        load={"failed": 3},
        run={"exit_status": 99, "dropped": 2},
        disagreement="rows",
        server={"same_workers": False},
        machine={"swapped_bytes": 1},
    )
    assert problems == ["k6-exit", "dropped", "failed", "rows", "workers", "swap"]


def test_nothing_is_known_and_nothing_passes():
    nobody = ServerUse(
        cpu_s=None,
        idle_s=None,
        worker_cpu_s=None,
        peak_bytes=None,
        same_workers=False,
        throttled=None,
    )
    nothing = {"requests": 0, "iterations": 0, "counted": 0, "mean_ms": None}
    known = Evidence(
        scenario=IN_TURNS,
        runs=[],
        planned_s=0.0,
        load=replace(GOOD, **nothing),
        probe=NEVER_ASKED,
        disagreement=None,
        lost=None,
        server=nobody,
        machine=MACHINE,
        changed=(),
        warmup=None,
    )
    problems = judge(known)
    assert [problem.code for problem in problems] == ["no-result", "answer", "workers"]
    assert status(problems) == "invalid"


@settings(deadline=None, database=None)
@given(scenario=sampled_from(SCENARIOS), ms=floats(1, 1000), factor=sampled_from([0.1, 1, 10]))
def test_no_rule_fires_because_a_result_is_fast_or_slow(scenario, ms, factor):
    ms, users, seconds = ms * factor, 10, 10.0
    count = max(1, int(users * seconds * 1000 / ms))
    load = {
        "requests": count,
        "iterations": count,
        "counted": count,
        "bytes_received": 150 * count,
        "counted_s": max(seconds, ms / 1000),
        "mean_ms": ms,
        "max_ms": 1.5 * ms,
        "iteration_mean_ms": ms,
        "iteration_max_ms": 1.5 * ms,
    }
    counted = Scenario(scenario, users, None, count)
    window = Scenario(scenario, users, seconds, None)
    for planned in (counted, window, Scenario(scenario, users, seconds, None, IN_TURNS.turns)):
        assert codes(planned, load=load) == []
