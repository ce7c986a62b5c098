"""What is asked for and where: refused, or written down before the first measurement."""

import argparse
import json
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bench import Mistake
from bench.keep.files import digest
from bench.keep.pins import digest_of_git
from bench.keep.record import ProfilePin
from bench.measure.profile import Profile, load_profile, must_have
from bench.scale.cluster import Cluster
from bench.scale.record import Node, Scaling
from bench.scale.stage import MANIFESTS
from bench.scale.told import LEAST

IMAGE = re.compile(r"(?P<newName>.+?)(?::(?P<newTag>[\w.-]+))?(?:@(?P<digest>sha256:\w+))?")


def must_suit(arguments: argparse.Namespace) -> None:
    """A Mistake where what is asked for cannot be, or would say nothing."""
    if not (MANIFESTS / "stacks" / arguments.stack).is_dir():
        known = sorted(path.name for path in (MANIFESTS / "stacks").iterdir())
        raise Mistake(f"no manifests for {arguments.stack!r}; there are {', '.join(known)}")
    keeps_a_file = arguments.stack.endswith("_sqlite")
    if keeps_a_file and max(arguments.replicas) > 1:
        raise Mistake(
            f"{arguments.stack} keeps its database in a file of its own: a second replica would"
            " have another database, so that --replicas is 1"
        )
    if arguments.sessions < LEAST:
        raise Mistake(f"--sessions is {LEAST} at least: of fewer there is no interval")


def choose_profile(arguments: argparse.Namespace) -> Profile:
    profile = load_profile(arguments.profile)
    if not arguments.scenarios:
        return profile
    must_have(profile, arguments.scenarios)
    chosen = tuple(one for one in profile.scenarios if one.name in arguments.scenarios)
    return replace(profile, scenarios=chosen)


def make_plan(arguments: argparse.Namespace, cluster: Cluster, profile: Profile) -> Scaling:
    version = cluster.ask("version", "--output", "json")
    return Scaling(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        stack=arguments.stack,
        replicas=arguments.replicas,
        load_pods=arguments.load_pods,
        sessions=arguments.sessions,
        scenarios=[scenario.name for scenario in profile.scenarios],
        profile=ProfilePin(name=profile.name, sha256=digest(profile.path)),
        seed=random.SystemRandom().randrange(2**32),
        kubernetes=_server_version(version),
        nodes=[_node(one) for one in cluster.read("nodes")["items"]],
        image=arguments.image,
        postgres_image=arguments.postgres_image,
        k6_image=arguments.k6_image,
        source=digest_of_git(),
    )


def _node(node: Mapping[str, Any]) -> Node:
    info, has = node["status"]["nodeInfo"], node["status"]["allocatable"]
    return Node(
        cpus=has["cpu"],
        memory=has["memory"],
        system=info["osImage"],
        kernel=info["kernelVersion"],
        kubelet=info["kubeletVersion"],
        runtime=info["containerRuntimeVersion"],
        architecture=info["architecture"],
    )


def _server_version(text: str) -> str:
    return str(json.loads(text)["serverVersion"]["gitVersion"])


def named(image: str) -> Mapping[str, str]:
    """As kustomize has it: newName, newTag, digest."""
    found = IMAGE.fullmatch(image)
    if not found:
        raise Mistake(f"{image!r} is no name of an image")
    return {key: value for key, value in found.groupdict().items() if value}
