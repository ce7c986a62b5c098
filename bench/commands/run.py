"""`bench run`: measure a campaign as a person asked for it, then tell its answer."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench import CACHE, ROOT, Mistake
from bench.answer.answer import Answer
from bench.arm import Arm
from bench.asked import ask_as_planned, check_database, settings_of
from bench.commands.show import PAGE, tell, write_page
from bench.host.leftovers import folder_prefix, stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import partition_cpus
from bench.keep.record import Origin, Plan, Question
from bench.keep.store import read_campaign, read_plan
from bench.keep.values import missing
from bench.measure.campaign import resume_campaign, run_campaign
from bench.measure.controls import calibrate, make_controls
from bench.measure.load.k6 import find_k6
from bench.measure.planning import Campaign
from bench.measure.profile import Profile, load_profile, must_have, narrow
from bench.measure.standing import Setting
from bench.measure.together import must_suit, session_time
from bench.progress import show_progress
from bench.serve.choose import choose_engine
from bench.serve.stacks import choose_stacks, find_stacks
from bench.serve.variant import make_variants
from bench.spelling import read_arms

Arms = tuple[list[Arm], Mapping[str, Origin]]  # and by label where one was copied from


def run(arguments: argparse.Namespace) -> None:
    """Measure what is asked for, or what a campaign lacks; a Mistake where some is not valid."""
    resumed = arguments.resume and arguments.resume.resolve()
    plan = read_plan(resumed) if resumed else None
    if plan:
        ask_as_planned(arguments, plan)
    check_database(arguments)
    arms = arms_of(plan) if plan else _asked(arguments)
    measured = measure(arguments, resumed, lambda folder: (arms, {}))
    tell_found(measured)
    draw(measured)


def measure(
    arguments: argparse.Namespace,
    resumed: Path | None,
    make_arms: Callable[[Path], Arms],
    equal: bool = False,
    question: Question = "which is fastest",
) -> Path:
    """The folder of a campaign that is complete.

    make_arms gets a folder for what is gone afterwards; equal: whether two arms may be the same.
    """
    profile = load_profile(str(resumed / "profile.json") if resumed else arguments.profile)
    if resumed:
        profile = replace(profile, name=arguments.profile)
    must_have(profile, arguments.scenarios or ())
    CACHE.mkdir(exist_ok=True)
    with hold_machine(), tempfile.TemporaryDirectory(dir=CACHE, prefix=folder_prefix()) as folder:
        stop_leftovers()
        if arguments.scenarios:
            profile = narrow(profile, arguments.scenarios, Path(folder))
        arms, origins = make_arms(Path(folder))
        must_suit(arms, profile)
        blocks = arguments.sessions or _sessions(profile, len(arms))
        print(*session_time(arms, profile, blocks), sep="", end="", flush=True)
        cpus = partition_cpus(max(arm.settings.workers for arm in arms))
        engine, k6 = choose_engine(arguments, cpus.server), find_k6(arguments.k6)
        setting = Setting(profile, engine, k6, cpus)
        arms = make_variants(arms, Path(folder))
        if arguments.controls:
            arms += _controls(arguments, setting, Path(folder))
        campaign = Campaign(arms, blocks, setting, origins, equal, question)
        with show_progress(Console()) as say:
            if resumed:
                resume_campaign(campaign, resumed, say)
                return resumed
            return run_campaign(campaign, arguments.out.resolve(), say)


def arms_of(plan: Plan) -> list[Arm]:
    """The arms that a plan compares, as they were asked for."""
    stacks = find_stacks()
    found = []
    for label in plan.compared:
        of = plan.arms[label]
        folder = Path(of.settings.folder) if of.settings.folder else stacks.get(of.stack)
        if folder is None or not folder.is_dir():
            raise Mistake(f"{label}: {folder or of.stack}, which it was planned with, is not here")
        found.append(Arm(label, of.stack, folder, of.settings, side=of.side))
    return found


def _asked(arguments: argparse.Namespace) -> list[Arm]:
    settings = settings_of(arguments)
    if arguments.arms:
        return read_arms(arguments.arms, settings)
    stacks = choose_stacks(arguments.stacks, database=settings.database)
    return [Arm(name, name, folder, settings) for name, folder in stacks.items()]


def _sessions(profile: Profile, arms: int) -> int:
    return profile.sessions if arms > 1 else profile.sessions_of_one_arm


def _controls(arguments: argparse.Namespace, setting: Setting, folder: Path) -> list[Arm]:
    settings = settings_of(arguments)
    turns = arguments.dose_turns or calibrate(setting, settings, folder)
    return make_controls(folder, settings, turns)


def tell_found(folder: Path) -> Answer:
    """Write the page; print what was found, where the page lies, and what is doubtful."""
    answer = write_page(folder)
    tell(answer)
    print(*answer.problems, sep="\n", end="\n" * bool(answer.problems), file=sys.stderr, flush=True)
    print(f"the page: {folder / PAGE}", flush=True)  # plot.py writes into the same pipe
    return answer


def draw(folder: Path) -> None:
    """Let plot.py draw; a Mistake where a measurement is missing or not valid."""
    lost = missing(*read_campaign(folder))
    drawn = subprocess.run([sys.executable, ROOT / "plot.py", folder], check=False)
    if lost:
        some = f"{'; '.join(lost[:3])}" + ", …" * (len(lost) > 3)
        raise Mistake(f"{folder.name} is degraded: too few sessions count: {some}")
    if drawn.returncode:
        raise Mistake(f"{folder.name} is complete and valid, but its figures were not drawn")
