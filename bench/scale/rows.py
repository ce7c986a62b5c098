"""The rows of the app's database on a cluster: seeded, read, and held against what k6 counts."""

import json
from collections.abc import Iterator

from bench import Mistake
from bench.keep.record import Load, Problem
from bench.measure.ledger import disagreement
from bench.measure.profile import Profile, Scenario
from bench.scale.cluster import Cluster, Refused
from bench.scale.pods import APP
from bench.serve.inside import ROWS
from bench.serve.server import Row


def seed(cluster: Cluster, profile: Profile, has_database: bool) -> None:
    """All rows anew, by an app's own program."""
    command = ["python", "seed.py", str(profile.rows)]
    if not has_database:
        command += ["--journal-mode", profile.journal_mode]
    cluster.run_in(_one_pod(cluster), *command)


def read_rows(cluster: Cluster) -> list[Row]:
    """From the database itself, by a pod of the app."""
    told = cluster.run_in(_one_pod(cluster), "python", "-c", ROWS)
    return [Row(*row) for row in json.loads(told)]


def of_rows(
    cluster: Cluster, profile: Profile, scenario: Scenario, before: list[Row], told: Load
) -> Iterator[Problem]:
    """Where the rows are not what was acknowledged, or cannot be read."""
    try:
        after = read_rows(cluster)
    except Refused as refused:
        yield Problem(code="rows", why=f"the database cannot be read afterwards: {refused}")
        return
    differs = disagreement(
        scenario.name, before, after, told.requests - told.failed,
        seeded=profile.rows, users=scenario.users,
    )  # fmt: skip
    if differs:
        yield Problem(code="rows", why=f"the database disagrees: {differs}")


def _one_pod(cluster: Cluster) -> str:
    for pod in cluster.pods(APP):
        if "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] == "Running":
            return str(pod["metadata"]["name"])
    raise Mistake("no pod of the app is running")
