"""A namespace of one's own, with what is served in it: made, marked as ours, and removed again."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import CACHE, ROOT, Mistake
from bench.host.leftovers import Fate, fate, folder_prefix, owner
from bench.scale.cluster import Cluster, Refused

MANIFESTS = ROOT / "deploy" / "kubernetes"
MARK = "python-web-frameworks-measured/owner"
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
    ours = ("delete", "namespace", "--selector", MARK)
    # By the mark too: a namespace that somebody else has made is never removed.
    cluster.ask(
        *ours, "--field-selector", f"metadata.name={namespace}", "--ignore-not-found",
        "--timeout", "120s", seconds=150,
    )  # fmt: skip


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


def wait_until_ready(cluster: Cluster, app: str, replicas: int) -> None:
    """Until so many pods, and no others, are ready. A Mistake says why they never will be."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        pods = cluster.pods(app)
        if len(pods) == replicas and all(_is_ready(pod) for pod in pods):
            return
        for pod in pods:
            if why := hopeless(pod):
                raise Mistake(f"{pod['metadata']['name']} cannot start: {why}")
        time.sleep(1)
    states = {pod["metadata"]["name"]: pod["status"]["phase"] for pod in cluster.pods(app)}
    raise Mistake(f"{app} is not ready after {PATIENCE} s: {states or 'there is no pod'}")


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", ())}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


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
