"""Which engine serves: the one that is asked for, else docker where it answers, else local."""

import argparse

from bench.serve.docker import docker_engine, why_no_docker
from bench.serve.local import local_engine
from bench.serve.server import Engine

def choose_engine(arguments: argparse.Namespace, cpus: frozenset[int] | None) -> Engine:
    """Says which and why; one that is asked for and does not answer is a Mistake."""
    name, why = arguments.engine, "as asked"
    if name == "auto":
        reason = why_no_docker()
        name = "local" if reason else "docker"
        why = f"no Docker engine: {reason}" if reason else "a Docker engine answers"
    print(f"engine {name}: {why}", flush=True)
    if name == "docker":
        return docker_engine(cpus, arguments.database_url)
    return local_engine(cpus, arguments.database_url, arguments.python_downloads)
