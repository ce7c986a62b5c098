"""What pods used, and what befell them, read from inside of them and from what Kubernetes knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import Mistake
from bench.keep.record import Problem
from bench.scale.cluster import Cluster, Refused

APP, DATABASE = "app", "database"  # what the manifests call them
# The counters of a container's control group, of either version, and of its node: a name and a
# number a line.
COUNTERS = """
cd /sys/fs/cgroup
if [ -f cpu.stat ]; then
  cat cpu.stat; echo memory_peak $(cat memory.peak 2>/dev/null || cat memory.current)
  grep '^oom_kill ' memory.events
else
  cat cpu/cpu.stat; echo usage_ns $(cat cpuacct/cpuacct.usage)
  echo memory_peak $(cat memory/memory.max_usage_in_bytes)
  grep '^oom_kill ' memory/memory.oom_control
fi
head -n 1 /proc/stat | while read _ user nice system idle wait irq soft steal _; do
  echo node_busy $((user + nice + system + irq + soft))
done
echo node_cpus $(grep -c '^cpu[0-9]' /proc/stat)
"""


@dataclass(frozen=True)
class Counters:
    """Of a pod, at one moment."""

    pod: str
    node: str
    restarts: int
    cpu_s: float
    throttled: int
    memory_bytes: int
    oom_kills: int
    node_busy: int  # ticks of all CPUs of its node, a hundred a second each
    node_cpus: int


def read_counters(cluster: Cluster, app: str) -> dict[str, Counters]:
    """By pod; one that does not answer is absent."""
    found = {}
    for pod in cluster.pods(app):
        name = str(pod["metadata"]["name"])
        try:
            lines = cluster.run_in(name, "sh", "-c", COUNTERS).split("\n")
            found[name] = _counters(name, pod, dict(line.split() for line in lines if line))
        except (Refused, KeyError, ValueError):
            continue
    return found


def _counters(name: str, pod: Mapping[str, Any], of: Mapping[str, str]) -> Counters:
    cpu_s = int(of["usage_usec"]) / 1e6 if "usage_usec" in of else int(of["usage_ns"]) / 1e9
    return Counters(
        pod=name,
        node=str(pod["spec"]["nodeName"]),
        restarts=_restarts(pod),
        cpu_s=cpu_s,
        throttled=int(of.get("nr_throttled", 0)),
        memory_bytes=int(of["memory_peak"]),
        oom_kills=int(of.get("oom_kill", 0)),
        node_busy=int(of["node_busy"]),
        node_cpus=int(of["node_cpus"]),
    )


@dataclass(frozen=True)
class Used:
    """By the pods of an app, between two looks."""

    cpu_s: float | None
    throttled: int | None
    memory_bytes: int | None
    busiest: float | None = None  # its share of their CPU: 0.5 of two that do as much


def used_between(before: Mapping[str, Counters], after: Mapping[str, Counters]) -> Used:
    """None where a pod is another one than before, or was started anew: its counters began at 0."""
    same = before.keys() == after.keys() and all(
        before[name].restarts == after[name].restarts for name in before
    )
    if not same or not before:
        return Used(None, None, None)
    cpu = [after[name].cpu_s - before[name].cpu_s for name in before]
    return Used(
        cpu_s=sum(cpu),
        throttled=sum(after[name].throttled - before[name].throttled for name in before),
        memory_bytes=sum(one.memory_bytes for one in after.values()),
        busiest=max(cpu) / sum(cpu) if sum(cpu) else None,
    )


def busiest_node(
    before: Mapping[str, Counters], after: Mapping[str, Counters], seconds: float
) -> float | None:
    """Share of its CPUs that was busy in the seconds of the load, of the node that was so most.

    The looks lie a little before and after these: what else it did then counts as well.
    """
    shares = [
        (after[name].node_busy - before[name].node_busy) / 100 / after[name].node_cpus / seconds
        for name in before.keys() & after.keys()
        if seconds
    ]
    return min(1.0, max(shares)) if shares else None


def what_befell(
    app: str, before: Mapping[str, Counters], pods: Sequence[Mapping[str, Any]]
) -> Iterator[Problem]:
    """Pods that are lost, new, started anew, killed for their memory, or not ready."""
    there = {str(pod["metadata"]["name"]): pod for pod in pods}
    for name in before.keys() - there.keys():
        yield Problem(code="pod-lost", why=f"{name} of {app} is gone")
    for name, pod in there.items():
        if name not in before:
            yield Problem(code="pod-lost", why=f"{name} of {app} is new")
            continue
        if "deletionTimestamp" in pod["metadata"]:
            why = str(pod["status"].get("reason") or "it is being removed")
            yield Problem(code="pod-lost", why=f"{name} of {app}: {why}")
        if _restarts(pod) != before[name].restarts:
            yield Problem(code="pod-restarted", why=f"{name} of {app}: {_last_end(pod)}")
        conditions = {c["type"]: c for c in pod["status"].get("conditions", ())}
        if conditions.get("Ready", {}).get("status") != "True":
            why = str(conditions.get("Ready", {}).get("message", "a probe fails"))
            yield Problem(code="pod-not-ready", why=f"{name} of {app}: {why}")


def killed_for_memory(
    app: str, before: Mapping[str, Counters], after: Mapping[str, Counters]
) -> Iterator[Problem]:
    """Processes in containers that were not started anew for it, such as one of several workers."""
    for name in sorted(before.keys() & after.keys()):
        killed = after[name].oom_kills - before[name].oom_kills
        if killed > 0:
            why = f"its memory limit killed {killed} processes in {name} of {app}"
            yield Problem(code="oom-killed", why=why)


def _restarts(pod: Mapping[str, Any]) -> int:
    return sum(int(c["restartCount"]) for c in pod["status"].get("containerStatuses", ()))


def _last_end(pod: Mapping[str, Any]) -> str:
    """Why a container ended: OOMKilled, status 137."""
    for container in pod["status"].get("containerStatuses", ()):
        ended = container.get("lastState", {}).get("terminated")
        if ended:
            return f"{ended.get('reason', 'it ended')}, status {ended['exitCode']}"
    return "it was started anew"


def must_be_read(counters: Mapping[str, Counters], app: str, replicas: int) -> None:
    """A Mistake where not every pod tells its counters: nothing could be said of any."""
    for problem in unread(app, counters, replicas):
        raise Mistake(problem.why)


def unread(app: str, counters: Mapping[str, Counters], replicas: int) -> Iterator[Problem]:
    """Pods that do not tell: their CPU would be missing from the sum."""
    if len(counters) != replicas:
        why = f"{len(counters)} of {replicas} pods of {app} tell their counters"
        yield Problem(code="counters", why=why)
