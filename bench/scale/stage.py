"""A namespace of one's own, with what is served in it: made, marked as ours, and removed again."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import CACHE, ROOT, Mistake
from bench.host.leftovers import Fate, fate, folder_prefix, owner
from bench.scale.cluster import Cluster, Refused

MANIFESTS = ROOT / "deploy" / "kubernetes"
MARK = "python-web-frameworks-measured/owner"
SURE = 10  # seconds for which a pod could not start that will not
PATIENCE = 240  # seconds until pods must be ready
# What a container waits for that will never come of itself.
HOPELESS = {
    *("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"),
    *("CreateContainerConfigError", "CreateContainerError"),
}


@dataclass(frozen=True)
class Left:
    """A namespace that bears our mark, and what has become of who set it."""

    namespace: str
    fate: Fate


def leftovers(cluster: Cluster) -> list[Left]:
    """Every namespace of ours that is there."""
    found = cluster.read("namespaces", "--selector", MARK)["items"]
    return [
        Left(one["metadata"]["name"], fate(one["metadata"]["labels"][MARK]))
        for one in found
        if "deletionTimestamp" not in one["metadata"]
    ]


def clean(cluster: Cluster) -> tuple[list[str], list[str]]:
    """Remove what runs left that are gone; give its names, and those of what nobody knows."""
    gone = [left.namespace for left in leftovers(cluster) if left.fate == "gone"]
    for namespace in gone:
        _delete(cluster, namespace)
    return gone, [left.namespace for left in leftovers(cluster) if left.fate == "unknown"]


@contextmanager
def own_namespace(cluster: Cluster) -> Iterator[None]:
    """A Mistake where it exists, whoever made it. It goes at the end, whatever happened."""
    _must_be_free(cluster)
    about = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": cluster.namespace, "labels": {MARK: owner(os.getpid())}},
    }
    try:
        cluster.ask("create", "--filename", "-", given=json.dumps(about))
        yield
    finally:
        _delete(cluster, cluster.namespace)


def _must_be_free(cluster: Cluster) -> None:
    name = cluster.namespace
    fates = {left.namespace: left.fate for left in leftovers(cluster)}
    if fates.get(name) == "gone":
        raise Mistake(f"a run that was interrupted has left namespace {name}: --clean removes it")
    if name in fates:
        raise Mistake(f"another run uses namespace {name}; name another by --namespace")
    try:
        cluster.ask("get", "namespace", name)
    except Refused:
        return
    raise Mistake(f"namespace {name} exists and is not ours; name another by --namespace")


def _delete(cluster: Cluster, namespace: str) -> None:
    # By the mark too: a namespace that somebody else has made is never removed.
    ours = ("--selector", MARK, "--field-selector", f"metadata.name={namespace}")
    if cluster.read("namespaces", *ours)["items"]:
        # Its pods first, at once: else the namespace waits for the longest time they may take.
        there = replace(cluster, namespace=namespace)
        there.ask("delete", "deployments,statefulsets,jobs,pods", "--all", "--grace-period", "1")
        cluster.ask("delete", "namespace", *ours, "--timeout", "120s", seconds=150)


def apply(cluster: Cluster, base: str, changes: Mapping[str, Any]) -> None:
    """Lay kustomize's changes over one of our manifests, in a folder that goes again."""
    CACHE.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=CACHE, prefix=folder_prefix()))
    try:
        overlay = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": cluster.namespace,
            "resources": [os.path.relpath(MANIFESTS / base, folder)],
            **changes,
        }
        (folder / "kustomization.yaml").write_text(json.dumps(overlay))  # JSON is YAML
        cluster.ask("apply", "--kustomize", str(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_ready(cluster: Cluster, app: str, replicas: int, seconds: float = PATIENCE) -> None:
    """Until so many pods, and no others, are ready. A Mistake says why they never will be."""
    end, since = time.monotonic() + seconds, dict[str, float]()
    while time.monotonic() < end:
        pods = cluster.pods(app)
        if len(pods) == replicas and all(_is_ready(pod) for pod in pods):
            return
        must_start(pods, since)
        time.sleep(1)
    states = [f"{pod['metadata']['name']}: {_state(pod)}" for pod in cluster.pods(app)]
    found = ", ".join(states) or "there is no pod"
    raise Mistake(f"{app} is not ready after {seconds:.0f} s: {found}")


def _state(pod: Mapping[str, Any]) -> str:
    """CrashLoopBackOff, or else its phase."""
    waits = [container["state"].get("waiting") for container in _containers(pod["status"])]
    reasons = [str(wait.get("reason")) for wait in waits if wait]
    return reasons[0] if reasons else str(pod["status"]["phase"])


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", ())}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def must_start(pods: Sequence[Mapping[str, Any]], since: dict[str, float]) -> None:
    """A Mistake where one of them cannot start, and could not for a while.

    since: for who asks again and again; a claim may not be bound yet, an image be tried again.
    """
    for pod in pods:
        name, why = str(pod["metadata"]["name"]), hopeless(pod)
        if not why:
            since.pop(name, None)
        elif time.monotonic() - since.setdefault(name, time.monotonic()) > SURE:
            raise Mistake(f"{name} cannot start: {why}")


def hopeless(pod: Mapping[str, Any]) -> str | None:
    """Why a pod will not start: an image that its node cannot have, or no room on any node."""
    for condition in pod["status"].get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return str(condition["message"])
    for container in _containers(pod["status"]):
        waiting = container["state"].get("waiting", {})
        if waiting.get("reason") in HOPELESS:
            return f"{waiting['reason']}: {waiting.get('message', container['image'])}"
    return None


def _containers(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
