"""Two arms that judge the campaign itself: one stack again, and once more with more to do."""

import shutil
from pathlib import Path

from bench import ROOT, Mistake
from bench.arm import CONTROLLED, CONTROLS, DOSED, Arm, Settings
from bench.measure.profile import load_profile
from bench.measure.run import run_k6
from bench.measure.standing import Setting
from bench.serve import inside

DOSE = 0.10  # of the CPU that a hello needs

DOSED_APP = '''"""The app, with an empty loop before each request: more CPU, and nothing else."""

from app import app


def dosed(environ, start_response):
    for _ in range({turns}):
        pass
    return app(environ, start_response)
'''


def make_controls(folder: Path, settings: Settings, turns: int, root: Path = ROOT) -> list[Arm]:
    """Two copies of the controlled stack under folder, the second with a loop of so many turns."""
    arms = [
        Arm(label, CONTROLLED, folder / label, settings, True, turns if label == DOSED else None)
        for label in CONTROLS
    ]
    for arm in arms:
        shutil.copytree(
            root / CONTROLLED, arm.folder, ignore=shutil.ignore_patterns("*.db*", "__pycache__")
        )
    (folder / DOSED / "dosed.py").write_text(DOSED_APP.format(turns=turns))
    config = folder / DOSED / "gunicorn.conf.py"
    text = config.read_text()
    if text.count('"app:app"') != 1:
        raise Mistake(
            f"{CONTROLLED}/gunicorn.conf.py does not name app:app: no control can be made"
        )
    config.write_text(text.replace('"app:app"', '"dosed:dosed"'))
    return arms


def calibrate(setting: Setting, settings: Settings, folder: Path, root: Path = ROOT) -> int:
    """The turns of a loop that add about the dose to the CPU of a hello; k6 writes to folder."""
    arm, turns = Arm(CONTROLLED, CONTROLLED, root / CONTROLLED, settings), 100_000
    setting.engine.prepare(arm)
    profile, summary = load_profile("quick").path, folder / "hello.json"
    with setting.engine.serve(arm) as server:
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
                arm=arm.label,
            )
            told = ran.summary.arms[arm.label] if ran.summary else None
            if not told or not told.requests or told.failed:
                raise Mistake(f"the dose cannot be calibrated: {CONTROLLED} does not answer k6")
            costs.append((server.cpu_seconds() - used) / told.requests)
        return round(DOSE * min(costs) * turns / inside.loop_seconds(server, turns))
