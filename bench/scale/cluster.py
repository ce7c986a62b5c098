"""kubectl, asked of one cluster and one namespace; what it refuses is one line."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench import Mistake


class Refused(Mistake):
    """What kubectl was asked for and did not do; the line is its own."""


@dataclass(frozen=True)
class Cluster:
    context: str
    namespace: str

    def ask(self, *arguments: str, given: str | None = None, seconds: float = 60) -> str:
        """What kubectl prints. Refused where it refuses, a Mistake where no answer comes."""
        where = ("--context", self.context, "--namespace", self.namespace)
        return _kubectl(*where, *arguments, given=given, seconds=seconds)

    def read(self, *what: str) -> Any:
        """Of `get`, as JSON."""
        return json.loads(self.ask("get", *what, "--output", "json"))

    def pods(self, app: str) -> list[dict[str, Any]]:
        """With this label, by name."""
        found = self.read("pods", "--selector", f"app={app}")["items"]
        return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))

    def run_in(self, pod: str, *command: str, seconds: float = 60) -> str:
        """What a command prints inside of a pod."""
        return self.ask("exec", pod, "--", *command, seconds=seconds)


def find_cluster(context: str, namespace: str) -> Cluster:
    """A Mistake where kubectl is missing, does not know the context, or hears nothing from it."""
    if not shutil.which("kubectl"):
        raise Mistake("there is no kubectl on PATH: kubernetes.io/docs/tasks/tools has it")
    known = _kubectl("config", "get-contexts", "--output", "name").split()
    if context not in known:
        there = f"it knows {', '.join(known)}" if known else "it knows none: is KUBECONFIG set?"
        raise Mistake(f"kubectl knows no context {context!r}; {there}")
    cluster = Cluster(context, namespace)
    must_answer(cluster)
    return cluster


def must_answer(cluster: Cluster) -> None:
    """A Mistake where nothing is heard from it."""
    try:
        cluster.ask("version", "--output", "json", "--request-timeout", "10s", seconds=20)
    except Refused as refused:
        raise Mistake(f"the cluster of {cluster.context} does not answer: {refused}") from refused


def must_be_allowed(cluster: Cluster) -> None:
    """A Mistake that names the first thing that this user may not do there."""
    wanted = (
        *(("create", "namespaces"), ("create", "deployments.apps"), ("create", "jobs.batch")),
        *(("create", "secrets"), ("create", "pods/exec"), ("create", "pods/portforward")),
    )
    for verb, kind in wanted:
        try:
            cluster.ask("auth", "can-i", verb, kind)
        except Refused as refused:  # it says no, with status 1
            who = f"this user of {cluster.context}"
            raise Mistake(f"{who} may not {verb} {kind} in {cluster.namespace}") from refused


@contextmanager
def forwarded(cluster: Cluster, service: str = "app") -> Iterator[str]:
    """The Service's address on this machine. A Mistake where nothing comes through."""
    command = ["kubectl", "--context", cluster.context, "--namespace", cluster.namespace]
    process = subprocess.Popen(
        [*command, "port-forward", f"service/{service}", ":8000"],
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


def _kubectl(*arguments: str, given: str | None = None, seconds: float = 60) -> str:
    try:
        done = subprocess.run(
            ["kubectl", *arguments], input=given, text=True, capture_output=True,
            timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as expired:
        what = " ".join(arguments)[:80]
        raise Mistake(f"the cluster did not answer in {seconds:.0f} s: kubectl {what}") from expired
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
        raise Refused(lines[-1])
    return done.stdout
