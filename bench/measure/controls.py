"""Two arms that judge the campaign itself: one stack again, and once more with more to do."""

import shutil
from pathlib import Path

from bench import ROOT, Mistake
from bench.measure.k6 import run_scenario
from bench.measure.profile import load_profile
from bench.measure.session import Setting
from bench.serve import inside
from bench.serve.stacks import CONTROLLED, DOSED, SAME, Stack

DOSE = 0.10  # of the CPU that a hello needs

DOSED_APP = '''"""The app, with an empty loop before each request: more CPU, and nothing else."""

from app import app


def dosed(environ, start_response):
    for _ in range({turns}):
        pass
    return app(environ, start_response)
'''


def make_controls(folder: Path, turns: int, root: Path = ROOT) -> list[Stack]:
    """Two copies of the controlled stack under folder, the second with a loop of so many turns."""
    stacks = [Stack(SAME, folder / SAME), Stack(DOSED, folder / DOSED, turns)]
    for stack in stacks:
        shutil.copytree(
            root / CONTROLLED, stack.folder, ignore=shutil.ignore_patterns("*.db*", "__pycache__")
        )
    (folder / DOSED / "dosed.py").write_text(DOSED_APP.format(turns=turns))
    settings = folder / DOSED / "gunicorn.conf.py"
    text = settings.read_text()
    if text.count('"app:app"') != 1:
        raise Mistake(
            f"{CONTROLLED}/gunicorn.conf.py does not name app:app: no control can be made"
        )
    settings.write_text(text.replace('"app:app"', '"dosed:dosed"'))
    return stacks


def calibrate(setting: Setting, folder: Path, root: Path = ROOT) -> int:
    """The turns of a loop that add about the dose to the CPU of a hello; k6 writes to folder."""
    stack, turns = Stack(CONTROLLED, root / CONTROLLED), 100_000
    setting.engine.prepare(stack)
    profile = load_profile("quick")
    with setting.engine.serve(stack) as server:
        costs = []
        for _ in range(3):
            used = server.cpu_seconds()
            load = run_scenario(
                setting.k6,
                "hello",
                profile.path,
                server.url,
                setting.k6_cpus,
                folder / "hello.json",
            )
            if not load.requests or load.failed:
                raise Mistake(f"the dose cannot be calibrated: {CONTROLLED} does not answer k6")
            costs.append((server.cpu_seconds() - used) / load.requests)
        return round(DOSE * min(costs) * turns / inside.loop_seconds(server, turns))
