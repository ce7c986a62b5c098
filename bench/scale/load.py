"""A scenario of k6 from several pods at the same time: an Indexed Job, and the summaries of it."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.keep.record import Load, Problem
from bench.keep.summary import Summary
from bench.measure.profile import Profile, Scenario
from bench.scale.cluster import Cluster, Refused
from bench.scale.stage import apply, must_start

LEAD = 6  # seconds between the order and the common start: pods are made meanwhile
AFTER = 120  # seconds that a Job may take beside what its scenario takes
OF_ITERATIONS = 300  # seconds, for a scenario that ends with its iterations
APART = 1.0  # seconds within which all pods should begin


@dataclass(frozen=True)
class Loaded:
    """What the pods of a scenario told."""

    summaries: Sequence[Summary]
    problems: Sequence[Problem]
    apart_s: float | None  # between the first pod's beginning and the last one's


def begin(
    cluster: Cluster, scenario: Scenario, profile: Profile, pods: int, image: Mapping[str, str]
) -> float:
    """Order as many pods of k6; when they are to begin, in seconds since 1970."""
    cluster.ask("delete", "job", "load", "--ignore-not-found", "--cascade", "foreground")
    start = time.time() + LEAD
    told = {
        "SCENARIO": scenario.name,
        "PROFILE": "/load/profile.json",
        "profile.json": profile.path.read_text(),
        "HOSTS": str(pods),
        "START_AT": f"{start:.3f}",
    }
    apply(
        cluster,
        "load",
        {
            "configMapGenerator": [
                {
                    "name": "load",
                    "behavior": "merge",
                    "literals": [f"{name}={value}" for name, value in told.items()],
                }
            ],
            "generatorOptions": {"disableNameSuffixHash": True},
            "images": [{"name": "k6", **image}],
            "patches": [{"target": {"kind": "Job"}, "patch": json.dumps(_of_pods(pods))}],
        },
    )
    return start


def finish(cluster: Cluster, scenario: Scenario, pods: int) -> Loaded:
    """What they told; a pod that fails is a problem, one that never starts a Mistake."""
    _wait(cluster, pods, (scenario.seconds or OF_ITERATIONS) + LEAD + AFTER)
    return _told(cluster, pods)


def _of_pods(pods: int) -> list[dict[str, Any]]:
    return [
        {"op": "replace", "path": f"/spec/{what}", "value": pods}
        for what in ("completions", "parallelism")
    ]


def _wait(cluster: Cluster, pods: int, seconds: float) -> None:
    """Until every pod has ended, well or not."""
    end, since = time.monotonic() + seconds, dict[str, float]()
    while time.monotonic() < end:
        there = cluster.pods("load")
        if sum(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in there) == pods:
            return
        must_start(there, since)
        time.sleep(1)


def _told(cluster: Cluster, pods: int) -> Loaded:
    summaries, problems = [], []
    there = cluster.pods("load")
    if len(there) != pods:
        problems.append(
            Problem(code="load-lost", why=f"{len(there)} of {pods} pods of k6 are there")
        )
    for pod in there:
        name, status = str(pod["metadata"]["name"]), _exit_status(pod)
        if status != 0:
            why = "has not ended" if status is None else f"ended with status {status}"
            problems.append(Problem(code="k6-exit", why=f"k6 in {name} {why}"))
        try:
            summaries.append(summary_in(cluster.ask("logs", name)))
        except (Refused, ValueError) as error:
            problems.append(Problem(code="no-result", why=f"{name} tells nothing: {error}"))
    began = [one.began_ms for one in summaries if one.began_ms is not None]
    apart = (max(began) - min(began)) / 1000 if began else None
    if apart is not None and apart > APART:
        why = f"the pods of k6 began {apart:.1f} s apart"
        problems.append(Problem(code="apart", why=why, suspect=True))
    return Loaded(summaries, problems, apart)


def _exit_status(pod: Mapping[str, Any]) -> int | None:
    for container in pod["status"].get("containerStatuses", ()):
        ended = container["state"].get("terminated")
        return None if ended is None else int(ended["exitCode"])
    return None


def summary_in(log: str) -> Summary:
    """k6 prints it as one line, between others where a threshold failed. A ValueError if not."""
    for line in log.splitlines():
        if line.startswith("{"):
            return msgspec.json.decode(line, type=Summary)
    raise ValueError("there is no summary in its log")


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
