"""Two arms that judge the campaign itself: one stack again, and once more with more to do."""

from pathlib import Path

from bench import ROOT, Mistake
from bench.arm import CONTROLLED, CONTROLS, DOSED, Arm, Settings
from bench.measure.load.run import run_k6
from bench.measure.profile import load_profile
from bench.measure.standing import Setting
from bench.serve import inside
from bench.serve.variant import copy_stack, serve_instead

DOSE = 0.10  # of the CPU that a hello needs

DOSED_APP = '''"""The app, with an empty loop before each request: more CPU, and nothing else."""

import os
import time

from app import app

answer = app.wsgi_app
metered = []  # seconds


def dosed(environ, start_response):
    for _ in range({turns}):
        pass
    return answer(environ, start_response)


def loop(environ, start_response):
    for _ in range({turns}):
        pass


# The first requests tell what the loop takes in them: by itself, with warm caches, it takes less.
def meter(environ, start_response):
    time.thread_time()  # the first call takes longer than those after it
    began = time.thread_time()
    started = time.thread_time()
    loop(environ, start_response)
    ended = time.thread_time()
    metered.append(ended - started - (started - began))
    if len(metered) >= {metered} and app.wsgi_app is meter:
        app.wsgi_app = dosed
        with open(os.environ["DATABASE_URL"].removeprefix("sqlite:///") + ".dose", "a") as told:
            told.write(f"{{sum(metered) / len(metered)}}\\n")
    return answer(environ, start_response)


app.wsgi_app = meter
'''
METERED = 200  # requests of each worker, which the warm-up makes


def make_controls(folder: Path, settings: Settings, turns: int, root: Path = ROOT) -> list[Arm]:
    """Two copies of the controlled stack under folder, the second with a loop of so many turns."""
    arms = [
        Arm(label, CONTROLLED, folder / label, settings, True, turns if label == DOSED else None)
        for label in CONTROLS
    ]
    for arm in arms:
        copy_stack(root / CONTROLLED, arm.folder)
    dosed = DOSED_APP.format(turns=turns, metered=METERED)
    serve_instead(folder / DOSED, "dosed", dosed)
    return arms


def calibrate(setting: Setting, settings: Settings, folder: Path, root: Path = ROOT) -> int:
    """The turns of a loop that add about the dose to the CPU of a hello; all is tried in folder."""
    turns = 2000
    _, dosed = make_controls(folder / "tried", settings, turns, root)
    setting.engine.prepare(dosed)
    profile, summary = load_profile("quick").path, folder / "hello.json"
    with setting.engine.serve(dosed) as server:
        costs = []
        for _ in range(3):
            used = server.cpu_seconds()
            ran = run_k6(
                setting.k6,
                "hello",
                profile,
                summary,
                setting.cpus.k6,
                url=server.url,
                arm=dosed.label,
            )
            told = ran.summary.arms[dosed.label] if ran.summary else None
            if not told or not told.requests or told.failed:
                raise Mistake(f"the dose cannot be calibrated: {CONTROLLED} does not answer k6")
            costs.append((server.cpu_seconds() - used) / told.requests)
        dose = inside.dose_seconds(server)
        return round(turns * DOSE * (min(costs) - dose) / dose)
