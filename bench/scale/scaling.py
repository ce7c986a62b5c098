"""`nox -s scale-STACK`: a stack on a cluster, with one, two, four replicas in each session."""

import argparse
import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import Mistake
from bench.answer.shown.drawn.figures import styled, write_figure
from bench.keep.files import write_record
from bench.keep.store import RESULTS
from bench.measure.profile import Profile
from bench.progress import Say, show_progress
from bench.scale.cluster import Cluster, find_cluster, must_answer, must_be_allowed
from bench.scale.figure import TITLE, draw_scaling
from bench.scale.measuring import Staged, lost, measure, warmed
from bench.scale.plan import choose_profile, make_plan, must_suit, named
from bench.scale.pods import APP, DATABASE
from bench.scale.record import Scaled, ScaledSession, Scaling
from bench.scale.rows import seed
from bench.scale.stage import apply, clean, own_namespace, wait_until_ready
from bench.scale.told import LEAST, lines_of, table, write_csv


def scale(arguments: argparse.Namespace) -> None:
    """Measure each number of replicas in each session; print a table, keep everything.

    A Mistake where nothing can be measured there, or too few sessions count.
    """
    cluster = find_cluster(
        arguments.kube_context,
        arguments.namespace or f"measured-{arguments.stack}".replace("_", "-"),
    )
    if arguments.clean:
        _clean(cluster)
        return
    arguments.image = arguments.image or f"{arguments.stack}:local"
    profile = choose_profile(arguments)
    must_suit(arguments)
    must_be_allowed(cluster)
    out = arguments.out or RESULTS / f"scale-{arguments.stack}-{datetime.now():%Y%m%d-%H%M%S}"
    plan = make_plan(arguments, cluster, profile)
    sessions: list[ScaledSession] = []
    _prepare(out, plan)
    try:
        with own_namespace(cluster):
            console = Console(width=None if sys.stdout.isatty() else 120)
            with show_progress(console) as say:
                for session in _sessions(cluster, profile, plan, say):
                    write_record(out / f"session-{session.number:03}.json", session)
                    sessions.append(session)
    finally:  # of one that was stopped too, as far as it got
        if sessions:
            _tell(plan, sessions, out)
        else:
            shutil.rmtree(out, ignore_errors=True)
    _must_suffice(plan, sessions)


def _prepare(out: Path, plan: Scaling) -> None:
    """A Mistake where the folder is there: what it holds is another run's."""
    try:
        out.mkdir(parents=True)
    except OSError as error:
        raise Mistake(f"--out {out}: {error.strerror}") from error
    write_record(out / "plan.json", plan)


def _sessions(
    cluster: Cluster, profile: Profile, plan: Scaling, say: Say
) -> Iterator[ScaledSession]:
    drawn = random.Random(plan.seed)
    say(f"{plan.stack}: its first pod starts", 0.0)
    has_database = serve(cluster, plan.stack, plan.image, plan.postgres_image)
    _make_room(cluster, max(plan.replicas))
    for number in range(1, plan.sessions + 1):
        order = drawn.sample(plan.replicas, len(plan.replicas))
        began, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
        scaled: dict[str, dict[str, Scaled]] = {name: {} for name in plan.scenarios}
        for place, replicas in enumerate(order):
            of = Staged(
                *(cluster, profile, replicas, has_database, plan.load_pods),
                k6_image=named(plan.k6_image),
            )
            for nth, (name, one) in enumerate(_measured(of), start=1):
                scaled[name][str(replicas)] = one
                done = number - 1 + (place + nth / len(profile.scenarios)) / len(order)
                text = f"session {number} of {plan.sessions}, {replicas} replicas: {name} is done"
                say(text, done / plan.sessions)
        yield ScaledSession(
            number=number,
            started=started,
            seconds=time.monotonic() - began,
            order=order,
            scaled=scaled,
        )


def _measured(of: Staged) -> Iterator[tuple[str, Scaled]]:
    """By scenario, from fresh pods on; where those do not come up, all of it is lost."""
    try:
        _start_anew(of)
        of = warmed(of)
    except Mistake as mistake:
        must_answer(of.cluster)
        yield from ((one.name, lost(one, str(mistake))) for one in of.profile.scenarios)
        return
    for scenario in of.profile.scenarios:
        yield scenario.name, measure(of, scenario)


def serve(cluster: Cluster, stack: str, image: str, postgres_image: str) -> bool:
    """Lay the stack's manifests there, with one replica; whether it has a database of its own."""
    images = [{"name": stack, **named(image)}, {"name": "postgres", **named(postgres_image)}]
    apply(cluster, f"stacks/{stack}", {"images": images})
    has_database = bool(cluster.read("statefulsets")["items"])
    if has_database:
        wait_until_ready(cluster, DATABASE, 1)
    wait_until_ready(cluster, APP, 1)
    return has_database


def _make_room(cluster: Cluster, replicas: int) -> None:
    """A Mistake before anything is measured, where the nodes do not hold so many."""
    cluster.ask("scale", f"deployment/{APP}", f"--replicas={replicas}")
    wait_until_ready(cluster, APP, replicas)


def _start_anew(of: Staged) -> None:
    """Fresh pods, and a table as it was seeded."""
    for replicas in (0, of.replicas):
        of.cluster.ask("scale", f"deployment/{APP}", f"--replicas={replicas}")
        wait_until_ready(of.cluster, APP, replicas)
    seed(of.cluster, of.profile, of.has_database)


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


def _must_suffice(plan: Scaling, sessions: Sequence[ScaledSession]) -> None:
    lines = lines_of(plan, sessions)
    few = [f"{one.scenario} with {one.replicas}" for one in lines if one.sessions < LEAST]
    if few:
        raise Mistake(f"fewer than {LEAST} sessions count: {', '.join(few)}")
