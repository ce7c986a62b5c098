"""Which engine serves: the one that is asked for, else docker where it answers, else local."""

import argparse
from collections.abc import Callable

from bench.serve.docker import docker_engine, why_no_docker
from bench.serve.local import local_engine
from bench.serve.server import Engine

ENGINES: dict[str, Callable[[frozenset[int] | None, str | None, bool], Engine]] = {
    "docker": lambda cpus, database_url, _: docker_engine(cpus, database_url),
    "local": local_engine,
}


def choose_engine(arguments: argparse.Namespace, cpus: frozenset[int] | None) -> Engine:
    """Says which and why; one that is asked for and does not answer is a Mistake."""
    name, why = arguments.engine, "as asked"
    if name == "auto":
        reason = why_no_docker()
        name = "local" if reason else "docker"
        why = f"no Docker engine: {reason}" if reason else "a Docker engine answers"
    print(f"engine {name}: {why}", flush=True)
    return ENGINES[name](cpus, arguments.database_url, arguments.python_downloads)
