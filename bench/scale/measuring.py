"""One scenario on so many replicas: probed, loaded, counted and judged, as everywhere else."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench import Mistake
from bench.keep.record import Load, Measurement, Problem, ServerUse
from bench.keep.summary import Summary, distribution
from bench.measure.ledger import disagreement
from bench.measure.probe import Probe, probe
from bench.measure.profile import Profile, Scenario
from bench.measure.validity import status
from bench.merge.merging import CLOSE, PERCENTAGES
from bench.merge.percentiles import merge
from bench.scale.cluster import Cluster
from bench.scale.limits import cpus, limited_by, own_share
from bench.scale.load import Loaded, load
from bench.scale.pods import (
    Counters,
    busiest_node,
    must_be_read,
    read_counters,
    used_between,
    what_befell,
)
from bench.scale.record import Percentile, Scaled
from bench.serve.inside import ROWS
from bench.serve.server import Row

APP, DATABASE = "app", "database"
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


def measure(of: Staged, scenario: Scenario) -> Scaled:
    """A Mistake where nothing can be measured; what befalls it is a problem of this one alone."""
    cluster = of.cluster
    asked = _probed(of, scenario)
    before = _rows(cluster)
    apps, databases = read_counters(cluster, APP), _of_database(of)
    must_be_read(apps, APP, of.replicas)
    loaded = load(cluster, scenario, of.profile, of.load_pods, of.k6_image)
    apps_after, databases_after = read_counters(cluster, APP), _of_database(of)
    told = added(loaded.summaries, scenario.users)
    problems = [
        *loaded.problems,
        *what_befell(APP, apps, cluster.pods(APP)),
        *(what_befell(DATABASE, databases, cluster.pods(DATABASE)) if of.has_database else ()),
        *_of_answers(told, asked),
        *_of_rows(of, scenario, before, told),
    ]
    used = used_between(apps, apps_after)
    database = used_between(databases, databases_after)
    if used.throttled:
        why = f"its CPU limit stopped the app {used.throttled} times"
        problems.append(Problem(code="throttled", why=why, suspect=True))
    busy = busiest_node(apps, apps_after)
    return Scaled(
        measurement=Measurement(
            status=status(problems),
            problems=problems,
            unobservable=UNOBSERVABLE,
            users=scenario.users,
            in_flight=scenario.users,
            probe_bytes=asked.bytes,
            load=told,
            server=ServerUse(
                cpu_s=used.cpu_s,
                idle_s=None,
                worker_cpu_s=None,
                peak_bytes=used.memory_bytes,
                same_workers=used.cpu_s is not None,
                throttled=used.throttled,
            ),
        ),
        per_s=told.counted / told.counted_s if told.counted and told.counted_s else None,
        percentiles=_percentiles(loaded.summaries),
        apart_s=loaded.apart_s,
        database_cpu_s=database.cpu_s,
        node_busy=busy,
        limited_by=_limit(of, loaded, told, used.cpu_s, database.cpu_s, busy),
    )


def added(summaries: Sequence[Summary], users: int) -> Load:
    """All pods' counts. counted_s: for how long all users asked, by their own iterations."""
    arms = [arm for summary in summaries for arm in summary.arms.values()]
    timed = [arm for arm in arms if arm.times.count and arm.times.avg is not None]
    counted = sum(arm.times.count for arm in arms)
    iterations = sum(arm.iterations for arm in arms)
    iterated_ms = sum(a.iterations * a.iteration_mean_ms for a in arms if a.iteration_mean_ms)
    return Load(
        requests=sum(arm.requests for arm in arms),
        failed=sum(arm.failed for arm in arms),
        iterations=iterations,
        bytes_received=sum(arm.bytes_received for arm in arms),
        counted=counted,
        counted_s=iterated_ms / 1000 / users,
        mean_ms=sum(a.times.count * (a.times.avg or 0) for a in timed) / counted
        if counted
        else None,
        max_ms=max((a.times.max for a in timed if a.times.max is not None), default=None),
        iteration_mean_ms=iterated_ms / iterations if iterations else None,
        iteration_max_ms=max((a.iteration_max_ms or 0.0 for a in arms), default=None),
        elsewhere=None,
        turns=0,
        void=0,
        k6_cpu_s=None,
    )


def seed(of: Staged) -> None:
    """All rows anew, by an app's own program."""
    command = ["python", "seed.py", str(of.profile.rows)]
    if not of.has_database:
        command += ["--journal-mode", of.profile.journal_mode]
    of.cluster.run_in(_one_pod(of.cluster), *command)


def _probed(of: Staged, scenario: Scenario) -> Probe:
    with forwarded(of.cluster) as url:
        return probe(scenario.name, url, _rows(of.cluster))


def _rows(cluster: Cluster) -> list[Row]:
    """From the database itself, by a pod of the app."""
    told = cluster.run_in(_one_pod(cluster), "python", "-c", ROWS)
    return [Row(*row) for row in json.loads(told)]


def _one_pod(cluster: Cluster) -> str:
    for pod in cluster.pods(APP):
        if "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] == "Running":
            return str(pod["metadata"]["name"])
    raise Mistake("no pod of the app is running")


def _of_database(of: Staged) -> dict[str, Counters]:
    return read_counters(of.cluster, DATABASE) if of.has_database else {}


def _of_answers(told: Load, asked: Probe) -> Iterator[Problem]:
    if asked.wrong:
        yield Problem(code="answer", why=f"asked beforehand: {asked.wrong}")
    if told.failed:
        yield Problem(code="failed", why=f"{told.failed} of {told.requests} requests failed")
    if not told.counted:
        yield Problem(code="no-result", why="k6 tells of no answered request that counts")


def _of_rows(of: Staged, scenario: Scenario, before: list[Row], told: Load) -> Iterator[Problem]:
    differs = disagreement(
        scenario.name, before, _rows(of.cluster), told.requests - told.failed,
        seeded=of.profile.rows, users=scenario.users,
    )  # fmt: skip
    if differs:
        yield Problem(code="rows", why=f"the database disagrees: {differs}")


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


@contextmanager
def forwarded(cluster: Cluster) -> Iterator[str]:
    """The Service's address on this machine. A Mistake where nothing comes through."""
    command = ["kubectl", "--context", cluster.context, "--namespace", cluster.namespace]
    process = subprocess.Popen(
        [*command, "port-forward", "service/app", ":8000"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        said = process.stdout.readline()
        if not said.startswith("Forwarding from "):
            raise Mistake(
                f"the Service cannot be reached: {said.strip() or 'kubectl says nothing'}"
            )
        yield f"http://127.0.0.1:{said.split(' -> ')[0].rpartition(':')[2]}"
    finally:
        process.terminate()
        process.wait()
