"""The limiter: what kept an arm from being faster, told from counters."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, none, sampled_from
from msgspec.structs import replace
from synthetic import COMMITS, CONDITIONS, SCENARIOS, measurement

from bench.answer.limiter import LEAST_SECONDS, WRITES, Limiter, limiter_of
from bench.keep.record import Cpus, DatabaseUse

READS = [scenario for scenario in SCENARIOS if scenario not in WRITES]
NAMES = {"server CPU", "generator", "disk commit", "locks or waiting", "unknown"}
SHARED = "CPU of both"
ONE_CPU_EACH = Cpus(server=[0], k6=[1])


def measured(server=0.3, k6=0.3, seconds=10.0, waited=1.0, a_second=1000):
    """10 users ask so often; server and k6 have so much of their one CPU."""
    requests, cpu_s = round(seconds * a_second), None if server is None else server * seconds
    mean_ms = 1000 * waited * 10 * seconds / requests
    return measurement(requests, seconds, mean_ms, cpu_s, k6_cpu_s=k6 * seconds)


def alone(*arguments, **options):
    there = measured(*arguments, **options)
    return replace(there, load=replace(there.load, turns=0))


def limiter(scenario, *sessions, commits=COMMITS, workers=2, cpus=ONE_CPU_EACH):
    conditions = replace(CONDITIONS, cpus=cpus)
    return limiter_of(scenario, sessions, [commits] * len(sessions), workers, conditions)


def name(scenario, *sessions, **options):
    return limiter(scenario, *sessions, **options).name


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_server_that_used_its_cpu_is_the_limit(scenario):
    assert name(scenario, measured(server=0.9)) == "server CPU"
    assert name(scenario, measured(server=0.89)) != "server CPU"


def on_postgres(database, **options):
    """The same with a database whose own server has so much of a CPU."""
    beside = None if database is None else 10.0 * database
    return replace(measured(**options), database=DatabaseUse(cpu_s=beside, memory_bytes=1))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_database_beside_the_app_uses_the_same_cpus(scenario):
    assert name(scenario, on_postgres(0.5, server=0.4)) == SHARED
    assert name(scenario, on_postgres(0.49, server=0.4)) != SHARED
    two, one_worker = Cpus(server=[0, 1], k6=[2, 3]), 1
    assert name(scenario, on_postgres(1.0, server=0.8), cpus=two, workers=one_worker) == SHARED
    assert name(scenario, on_postgres(0.9, server=0.8), cpus=two, workers=one_worker) != SHARED


def test_where_the_app_alone_fills_the_cpu_the_database_is_not_named():
    assert name("hello", on_postgres(0.05, server=0.9)) == "server CPU"


def test_a_database_that_cannot_be_seen_leaves_the_app_to_be_judged():
    assert name("get", on_postgres(None, server=0.9)) == "server CPU"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_k6_that_used_its_cpu_is_the_limit_whatever_the_server_did(scenario):
    for server in (0.3, 0.99, None):
        assert name(scenario, measured(server, k6=0.8)) == "generator"
    assert name(scenario, measured(k6=0.79)) != "generator"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_users_who_did_not_wait_all_the_time_were_waiting_for_k6(scenario):
    assert name(scenario, alone(waited=0.89)) == "generator"
    assert name(scenario, alone(waited=0.91)) != "generator"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_turns_they_may_have_waited_for_another_arm(scenario):
    assert name(scenario, measured(waited=0.5)) != "generator"


@pytest.mark.parametrize("scenario", WRITES)
def test_writes_as_fast_as_commits_can_be_are_limited_by_the_disk(scenario):
    assert COMMITS["4"].a_second == 2000
    assert name(scenario, measured(a_second=1600)) == "disk commit"
    assert name(scenario, measured(a_second=1599)) == "locks or waiting"


@pytest.mark.parametrize("scenario", WRITES)
def test_writes_that_nothing_limits_wait_for_one_another(scenario):
    assert name(scenario, measured(server=0.5, a_second=1900)) == "locks or waiting"
    assert name(scenario, measured(), commits={}) == "locks or waiting"


@pytest.mark.parametrize("scenario", READS)
def test_of_reads_that_nothing_limits_the_limit_is_unknown(scenario):
    assert name(scenario, measured(a_second=1900)) == "unknown"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_where_the_servers_cpu_is_not_known_the_limit_is_not_either(scenario):
    found = limiter(scenario, measured(server=None))
    assert (found.name, found.server_busy) == ("unknown", None)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_of_a_short_window_alone_k6s_share_is_not_told(scenario):
    short = alone(k6=1.0, waited=0.5, seconds=LEAST_SECONDS - 0.1)
    found = limiter(scenario, short)
    assert found.k6_busy is None
    assert not found.is_lower_bound
    assert limiter(scenario, short, alone(k6=1.0)).k6_busy == 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_turns_k6s_share_is_told_however_short_they_are(scenario):
    found = limiter(scenario, measured(k6=0.9, seconds=1.6))
    assert (found.name, found.k6_busy) == ("generator", pytest.approx(0.9))


def test_where_k6s_clock_was_not_read_its_share_is_not_told():
    there = measured()
    unknown = replace(there, load=replace(there.load, k6_cpu_s=None))
    assert limiter("get", unknown).k6_busy is None


def test_the_servers_share_is_of_the_time_that_is_counted():
    """Its CPU is that of all requests, of which a part is counted."""
    there = measured(server=0.95)
    load = replace(there.load, requests=2 * there.load.counted)
    whole = replace(there, load=load, server=replace(there.server, cpu_s=2 * 0.95 * 10))
    assert limiter("get", whole).server_busy == pytest.approx(0.95)


def test_where_nothing_was_measured_nothing_is_known():
    assert limiter("get") == Limiter("unknown", None, None)


def test_the_shares_are_of_the_cpus_that_each_could_use():
    cell = measured(server=1.0, k6=1.0)
    two = Cpus(server=[0, 1], k6=[2, 3])
    found = limiter("get", cell, cpus=two)
    assert (found.server_busy, found.k6_busy) == (0.5, 0.5)
    assert limiter("get", cell, cpus=two, workers=1).server_busy == 1
    found = limiter("get", cell, cpus=Cpus(server=None, k6=None))  # of a machine with two
    assert (found.server_busy, found.k6_busy) == (0.5, 0.5)


def test_one_odd_session_of_three_changes_nothing():
    usual, odd = measured(server=0.95, k6=0.5), measured(server=0.1, k6=1.0, waited=0.1)
    found = limiter("get", usual, odd, usual)
    assert (found.name, found.server_busy, found.k6_busy) == ("server CPU", 0.95, 0.5)


share = floats(0, 1)


@settings(deadline=None, database=None)
@given(sampled_from(SCENARIOS), share | none(), share, floats(0.1, 1), floats(1, 10_000))
def test_every_limit_has_one_of_five_names_and_only_k6s_is_a_bound(
    scenario, server, k6, waited, a_second
):
    found = limiter(scenario, measured(server, k6, 10.0, waited, a_second))
    assert found.name in NAMES
    assert found.is_lower_bound == (found.name == "generator")
