"""A scenario of k6 from several pods at the same time: an Indexed Job, and the summaries of it."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bench import Mistake
from bench.keep.record import Problem
from bench.keep.summary import Summary
from bench.measure.profile import Profile, Scenario
from bench.scale.cluster import Cluster, Refused
from bench.scale.stage import apply, hopeless

LEAD = 10  # seconds between the order and the common start: pods are made meanwhile
AFTER = 120  # seconds that a Job may take beside what its scenario takes
OF_ITERATIONS = 300  # seconds, for a scenario that ends with its iterations
APART = 1.0  # seconds within which all pods should begin


@dataclass(frozen=True)
class Loaded:
    """What the pods of a scenario told."""

    summaries: Sequence[Summary]
    problems: Sequence[Problem]
    apart_s: float | None  # between the first pod's beginning and the last one's


def load(
    cluster: Cluster, scenario: Scenario, profile: Profile, pods: int, image: Mapping[str, str]
) -> Loaded:
    """Let k6 load the Service; a pod that fails is a problem, one that never starts a Mistake."""
    cluster.ask("delete", "job", "load", "--ignore-not-found", "--cascade", "foreground")
    told = {
        "SCENARIO": scenario.name,
        "PROFILE": f"/k6/profiles/{profile.name}.json",
        "HOSTS": str(pods),
        "START_AT": f"{time.time() + LEAD:.3f}",
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
    seconds = (scenario.seconds or OF_ITERATIONS) + LEAD + AFTER
    _wait(cluster, pods, seconds)
    return _told(cluster, pods)


def _of_pods(pods: int) -> list[dict[str, Any]]:
    return [
        {"op": "replace", "path": f"/spec/{what}", "value": pods}
        for what in ("completions", "parallelism")
    ]


def _wait(cluster: Cluster, pods: int, seconds: float) -> None:
    """Until every pod has ended, well or not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        there = cluster.pods("load")
        if sum(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in there) == pods:
            return
        for pod in there:
            if why := hopeless(pod):
                raise Mistake(f"the load's {pod['metadata']['name']} cannot start: {why}")
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
