"""`bench run`: measure a campaign as a person asked for it, then tell its answer."""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench import CACHE, ROOT, Mistake
from bench.answer.report import Report, problems
from bench.answer.tables import lines_below, results_table
from bench.arguments import ask_as_planned, check_database, settings_of
from bench.arm import Arm, Settings
from bench.host.leftovers import folder_prefix, stop_leftovers
from bench.host.lock import hold_machine
from bench.host.machine import partition_cpus
from bench.keep.selection import select_campaigns
from bench.keep.store import read_campaign, read_plan
from bench.keep.values import missing
from bench.measure.campaign import Campaign, resume_campaign, run_campaign
from bench.measure.controls import calibrate, make_controls
from bench.measure.k6 import find_k6
from bench.measure.profile import Profile, load_profile
from bench.measure.standing import Setting
from bench.progress import show_progress
from bench.serve.choose import choose_engine
from bench.serve.stacks import choose_stacks


def run(arguments: argparse.Namespace) -> None:
    """Measure what is asked for, or what a campaign lacks; a Mistake where some is not valid."""
    resumed = arguments.resume and arguments.resume.resolve()
    if resumed:
        ask_as_planned(arguments, read_plan(resumed))
    check_database(arguments)
    profile = load_profile(str(resumed / "profile.json") if resumed else arguments.profile)
    if resumed:
        profile = replace(profile, name=arguments.profile)
    settings = settings_of(arguments)
    stacks = choose_stacks(arguments.stacks, database=settings.database)
    arms = [Arm(name, name, folder, settings) for name, folder in stacks.items()]
    CACHE.mkdir(exist_ok=True)
    with hold_machine(), tempfile.TemporaryDirectory(dir=CACHE, prefix=folder_prefix()) as folder:
        stop_leftovers()
        cpus = partition_cpus(settings.workers)
        engine = choose_engine(arguments, cpus.server)
        setting = Setting(profile, engine, find_k6(arguments.k6), cpus)
        blocks = arguments.sessions or _sessions(profile, len(arms))
        if arguments.controls:
            arms += _controls(arguments, setting, settings, Path(folder))
        campaign = Campaign(arms, blocks, setting)
        console = Console(width=None if sys.stdout.isatty() else 120)
        with show_progress(console) as say:
            if resumed:
                resume_campaign(campaign, resumed, say)
            else:
                resumed = run_campaign(campaign, arguments.out.resolve(), say)
    _tell(resumed, console)


def _sessions(profile: Profile, arms: int) -> int:
    return profile.sessions if arms > 1 else profile.sessions_of_one_arm


def _controls(
    arguments: argparse.Namespace, setting: Setting, settings: Settings, folder: Path
) -> list[Arm]:
    turns = arguments.dose_turns or calibrate(setting, settings, folder)
    return make_controls(folder, settings, turns)


def _tell(folder: Path, console: Console) -> None:
    """Print the table, let plot.py draw; a Mistake where a measurement is missing or not valid."""
    selection = select_campaigns([folder])
    report = Report(selection)
    console.print(results_table(report))
    for line in lines_below(report):
        print(line)
    for problem in problems(selection):
        print(problem, file=sys.stderr)
    lost = missing(*read_campaign(folder))
    sys.stdout.flush()  # plot.py writes into the same pipe
    drawn = subprocess.run([sys.executable, ROOT / "plot.py", folder], check=False)
    if lost:
        some = f"{'; '.join(lost[:3])}" + ", …" * (len(lost) > 3)
        raise Mistake(f"{folder.name} is degraded: too few sessions count: {some}")
    if drawn.returncode:
        raise Mistake(f"{folder.name} is complete and valid, but its figures were not drawn")
