"""One scenario on so many replicas: probed, loaded, counted and judged, as everywhere else."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bench import Mistake
from bench.keep.record import Load, Measurement, Problem, ServerUse
from bench.keep.summary import Summary, distribution
from bench.measure.probe import Probe, probe
from bench.measure.profile import Profile, Scenario
from bench.measure.validity import status
from bench.merge.merging import CLOSE, PERCENTAGES
from bench.merge.percentiles import merge
from bench.scale.cluster import Cluster, forwarded, must_answer
from bench.scale.limits import cpus, limited_by, own_share
from bench.scale.load import Loaded, added, begin, finish
from bench.scale.pods import (
    APP,
    DATABASE,
    Counters,
    Used,
    busiest_node,
    killed_for_memory,
    must_be_read,
    read_counters,
    unread,
    used_between,
    what_befell,
)
from bench.scale.record import Percentile, Scaled
from bench.scale.rows import of_rows, read_rows, seed
from bench.scale.stage import wait_until_ready

READING = 0.4  # seconds that a pod's counters may take to be read
BACK = 60  # seconds until pods that were lost must be ready again
# What other engines tell, and a cluster does not.
UNOBSERVABLE = ["steal_share", "foreign_share", "swapped_bytes", "k6_cpu_s", "worker_cpu_s"]


@dataclass(frozen=True)
class Staged:
    """What is served, and how it is loaded."""

    cluster: Cluster
    profile: Profile
    replicas: int
    has_database: bool
    load_pods: int
    k6_image: Mapping[str, str]
    cold: str | None = None  # what went wrong when it was warmed up


def warmed(of: Staged) -> Staged:
    """After users have asked for hello and list; none of it is measured."""
    asks = Scenario("warmup", 1, of.profile.warmup_seconds, None)
    _begin(of, asks)
    told = finish(of.cluster, asks, of.load_pods)
    return replace(of, cold="; ".join(p.why for p in told.problems if not p.suspect) or None)


def measure(of: Staged, scenario: Scenario) -> Scaled:
    """What befalls it is a problem of this scenario alone; a Mistake where the cluster is gone."""
    try:
        wait_until_ready(of.cluster, APP, of.replicas, BACK)
        if scenario.name in of.profile.reseed:
            seed(of.cluster, of.profile, of.has_database)
        return _measured(of, scenario)
    except Mistake as mistake:
        must_answer(of.cluster)
        return lost(scenario, str(mistake))


def lost(scenario: Scenario, why: str) -> Scaled:
    """What could not be measured."""
    return Scaled(
        measurement=_measurement(
            *(scenario, [Problem(code="lost", why=why)], 0),
            *(added([], scenario.users), Used(None, None, None)),
        ),
        per_s=None,
        percentiles=[],
        apart_s=None,
        busiest_pod=None,
        database_cpu_s=None,
        node_busy=None,
        limited_by="not told",
    )


def _measured(of: Staged, scenario: Scenario) -> Scaled:
    cluster = of.cluster
    asked = _probed(of, scenario)
    before = read_rows(cluster)
    # As near to the beginning as can be: what pods of k6 take to start is nobody's load.
    time.sleep(max(0.0, _begin(of, scenario) - READING * of.replicas - time.time()))
    apps, databases = read_counters(cluster, APP), _of_database(of)
    must_be_read(apps, APP, of.replicas)
    must_be_read(databases, DATABASE, int(of.has_database))
    loaded = finish(cluster, scenario, of.load_pods)
    apps_after, databases_after = read_counters(cluster, APP), _of_database(of)
    told = added(loaded.summaries, scenario.users)
    problems = [
        *([Problem(code="warm-up", why=of.cold)] if of.cold else ()),
        *loaded.problems,
        *what_befell(APP, apps, cluster.pods(APP)),
        *(what_befell(DATABASE, databases, cluster.pods(DATABASE)) if of.has_database else ()),
        *killed_for_memory(APP, apps, apps_after),
        *killed_for_memory(DATABASE, databases, databases_after),
        *unread(APP, apps_after, of.replicas),
        *unread(DATABASE, databases_after, int(of.has_database)),
        *_of_answers(told, asked),
        *of_rows(cluster, of.profile, scenario, before, told),
    ]
    used = used_between(apps, apps_after)
    database = used_between(databases, databases_after)
    if used.throttled:
        why = f"its CPU limit stopped the app {used.throttled} times"
        problems.append(Problem(code="throttled", why=why, suspect=True))
    busy = busiest_node(apps, apps_after, told.counted_s)
    return Scaled(
        measurement=_measurement(scenario, problems, asked.bytes, told, used),
        per_s=told.counted / told.counted_s if told.counted and told.counted_s else None,
        percentiles=_percentiles(loaded.summaries),
        apart_s=loaded.apart_s,
        busiest_pod=used.busiest,
        database_cpu_s=database.cpu_s,
        node_busy=busy,
        limited_by=_limit(of, loaded, told, used.cpu_s, database.cpu_s, busy),
    )


def _begin(of: Staged, scenario: Scenario) -> float:
    return begin(of.cluster, scenario, of.profile, of.load_pods, of.k6_image)


def _measurement(
    scenario: Scenario, problems: list[Problem], probed: int, told: Load, used: Used
) -> Measurement:
    return Measurement(
        status=status(problems),
        problems=problems,
        unobservable=UNOBSERVABLE,
        users=scenario.users,
        in_flight=scenario.users,
        probe_bytes=probed,
        load=told,
        server=ServerUse(
            cpu_s=used.cpu_s,
            idle_s=None,
            worker_cpu_s=None,
            peak_bytes=used.memory_bytes,
            same_workers=used.cpu_s is not None,
            throttled=used.throttled,
        ),
    )


def _probed(of: Staged, scenario: Scenario) -> Probe:
    with forwarded(of.cluster) as url:
        return probe(scenario.name, url, read_rows(of.cluster))


def _of_database(of: Staged) -> dict[str, Counters]:
    return read_counters(of.cluster, DATABASE) if of.has_database else {}


def _of_answers(told: Load, asked: Probe) -> Iterator[Problem]:
    if asked.wrong:
        yield Problem(code="answer", why=f"asked beforehand: {asked.wrong}")
    if told.failed:
        yield Problem(code="failed", why=f"{told.failed} of {told.requests} requests failed")
    if not told.counted:
        yield Problem(code="no-result", why="k6 tells of no answered request that counts")


def _percentiles(summaries: Sequence[Summary]) -> list[Percentile]:
    told = [distribution(summary, arm) for summary in summaries for arm in summary.arms]
    hosts = [one for one in told if one]
    merged = [merge(hosts, percentage) for percentage in PERCENTAGES] if hosts else []
    return [
        Percentile(
            percentage=one.percentage,
            ms=one.ms if one.off <= CLOSE else None,
            low=one.low,
            high=one.high,
        )
        for one in merged
    ]


def _limit(
    of: Staged,
    loaded: Loaded,
    told: Load,
    app_s: float | None,
    database_s: float | None,
    busy: float | None,
) -> str:
    seconds = told.counted_s
    if not seconds:
        return "not told"
    app, database = (None if used is None else used / seconds for used in (app_s, database_s))
    limits = [_cpu_limit(of.cluster, name) for name in (APP, DATABASE)[: 1 + of.has_database]]
    database_limit = limits[1] if of.has_database else 1.0
    own = own_share(loaded.summaries)
    return limited_by(app, of.replicas * limits[0], database, database_limit, busy, own)


def _cpu_limit(cluster: Cluster, app: str) -> float:
    container = cluster.pods(app)[0]["spec"]["containers"][0]
    return cpus(str(container["resources"]["limits"]["cpu"]))
