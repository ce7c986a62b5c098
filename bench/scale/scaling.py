"""`nox -s scale-STACK`: a stack on a cluster, with one, two, four replicas in each session."""

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import Mistake
from bench.answer.shown.figures import styled, write_figure
from bench.keep.files import digest, write_record
from bench.keep.pins import digest_of_git
from bench.keep.record import ProfilePin
from bench.keep.store import RESULTS
from bench.measure.profile import FOLDER, Profile, load_profile, must_have
from bench.progress import Say, show_progress
from bench.scale.cluster import Cluster, find_cluster, must_be_allowed
from bench.scale.figure import TITLE, draw_scaling
from bench.scale.measuring import DATABASE, Staged, measure, seed
from bench.scale.record import Node, Scaled, ScaledSession, Scaling
from bench.scale.stage import MANIFESTS, apply, clean, own_namespace, wait_until_ready
from bench.scale.told import LEAST, lines_of, table, write_csv

IMAGE = re.compile(r"(?P<newName>.+?)(?::(?P<newTag>[\w.-]+))?(?:@(?P<digest>sha256:\w+))?")


def scale(arguments: argparse.Namespace) -> None:
    """Measure each number of replicas in each session; print a table, keep everything.

    A Mistake where nothing can be measured there, or too few sessions count.
    """
    cluster = find_cluster(arguments.kube_context, arguments.namespace or _namespace(arguments))
    if arguments.clean:
        _clean(cluster)
        return
    arguments.image = arguments.image or f"{arguments.stack}:local"
    profile = _profile(arguments)
    _must_suit(arguments)
    must_be_allowed(cluster)
    out = arguments.out or RESULTS / f"scale-{arguments.stack}-{datetime.now():%Y%m%d-%H%M%S}"
    plan = _plan(arguments, cluster, profile)
    with own_namespace(cluster):
        out.mkdir(parents=True)
        write_record(out / "plan.json", plan)
        console = Console(width=None if sys.stdout.isatty() else 120)
        with show_progress(console) as say:
            sessions = list(_sessions(arguments, cluster, profile, plan, out, say))
    _tell(plan, sessions, out)


def _sessions(
    arguments: argparse.Namespace,
    cluster: Cluster,
    profile: Profile,
    plan: Scaling,
    out: Path,
    say: Say,
) -> Iterator[ScaledSession]:
    drawn = random.Random(plan.seed)
    say(f"{plan.stack}: its first pod starts", 0.0)
    has_database = serve(cluster, plan.stack, arguments.image)
    for number in range(1, plan.sessions + 1):
        order = drawn.sample(plan.replicas, len(plan.replicas))
        began, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
        scaled: dict[str, dict[str, Scaled]] = {name: {} for name in plan.scenarios}
        for place, replicas in enumerate(order):
            of = Staged(
                *(cluster, profile, replicas, has_database, plan.load_pods),
                k6_image=named(plan.k6_image),
            )
            _start_anew(of)
            for nth, scenario in enumerate(profile.scenarios):
                done = place + nth / len(profile.scenarios)
                text = f"session {number} of {plan.sessions}, {replicas} replicas: {scenario.name}"
                say(text, (number - 1 + done / len(order)) / plan.sessions)
                if scenario.name in profile.reseed:
                    seed(of)
                scaled[scenario.name][str(replicas)] = measure(of, scenario)
        session = ScaledSession(
            number=number,
            started=started,
            seconds=time.monotonic() - began,
            order=order,
            scaled=scaled,
        )
        write_record(out / f"session-{number:03}.json", session)
        yield session


def serve(cluster: Cluster, stack: str, image: str) -> bool:
    """Lay the stack's manifests there, with one replica; whether it has a database of its own."""
    apply(cluster, f"stacks/{stack}", {"images": [{"name": stack, **named(image)}]})
    has_database = bool(cluster.read("statefulsets")["items"])
    if has_database:
        wait_until_ready(cluster, DATABASE, 1)
    wait_until_ready(cluster, "app", 1)
    return has_database


def _start_anew(of: Staged) -> None:
    """Fresh pods, and a table as it was seeded."""
    for replicas in (0, of.replicas):
        of.cluster.ask("scale", "deployment/app", f"--replicas={replicas}")
        wait_until_ready(of.cluster, "app", replicas)
    seed(of)


def named(image: str) -> Mapping[str, str]:
    """As kustomize has it: newName, newTag, digest."""
    found = IMAGE.fullmatch(image)
    if not found:
        raise Mistake(f"{image!r} is no name of an image")
    return {key: value for key, value in found.groupdict().items() if value}


def _plan(arguments: argparse.Namespace, cluster: Cluster, profile: Profile) -> Scaling:
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


def _namespace(arguments: argparse.Namespace) -> str:
    return f"measured-{arguments.stack}".replace("_", "-")


def _profile(arguments: argparse.Namespace) -> Profile:
    """By its name alone: the pods find it among the scripts."""
    known = sorted(path.stem for path in FOLDER.glob("*.json"))
    if arguments.profile not in known:
        raise Mistake(f"on a cluster a profile is {', '.join(known)}, not {arguments.profile!r}")
    profile = load_profile(arguments.profile)
    if not arguments.scenarios:
        return profile
    must_have(profile, arguments.scenarios)
    chosen = tuple(one for one in profile.scenarios if one.name in arguments.scenarios)
    return replace(profile, scenarios=chosen)


def _must_suit(arguments: argparse.Namespace) -> None:
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


def _clean(cluster: Cluster) -> None:
    gone, unknown = clean(cluster)
    print(f"removed: {', '.join(gone)}" if gone else "no run has left anything")
    for namespace in unknown:
        print(f"left alone, for it is not known whose it is: namespace {namespace}")


def _tell(plan: Scaling, sessions: Sequence[ScaledSession], out: Path) -> None:
    lines = list(lines_of(plan, sessions))
    write_csv(lines, out / "scaling.csv")
    text = "\n".join(table(plan, lines))
    (out / "scaling.md").write_text(f"{text}\n")
    with styled():
        figure = draw_scaling(plan, lines)
        write_figure(figure, out / "scaling", f"{plan.stack}: {TITLE}", text, ("svg", "png"))
    print(text)
    for line in lines:
        for problem in line.problems:
            print(f"{plan.stack}, {line.scenario}, {line.replicas} replicas: {problem}")
    print(f"kept in {out}")
    few = [f"{one.scenario} with {one.replicas}" for one in lines if one.sessions < LEAST]
    if few:
        raise Mistake(f"fewer than {LEAST} sessions count: {', '.join(few)}")
