"""The warm-up: every arm is asked before it counts; where arms are together, on every route."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.host.memory import for_k6
from bench.keep.load import load_of
from bench.measure.run import Ran, run_k6
from bench.measure.standing import Setting, Standing, working
from bench.measure.turns import told_to_k6
from bench.serve import inside


def warm_up(arms: Sequence[Standing], setting: Setting, folder: Path) -> None:
    """What goes wrong is noted by arm: then nothing of this session counts for it."""
    there = working(arms)
    dosed = [one for one in there if one.arm.dose_turns]
    with ThreadPoolExecutor(1) as beside:
        # Under load, as in a request: a busy neighbour makes every loop take more CPU time.
        loops = [
            beside.submit(inside.loop_seconds, one.server, one.arm.dose_turns or 0) for one in dosed
        ]
        ran = _run(there, setting, folder / "warmup-1.json")
    for one, loop in zip(dosed, loops, strict=True):
        one.dose_s = loop.result()
    for one in there:
        load = load_of([ran.summary] if ran.summary else [], one.arm.label, 1, None)
        if ran.exit_status or load.failed or not load.requests:
            failed = f"{load.failed} requests failed, k6 ended with {ran.exit_status}"
            one.warmup = failed


def _run(there: Sequence[Standing], setting: Setting, summary: Path) -> Ran:
    profile = setting.profile
    program = setting.k6, "warmup", profile.path, summary, setting.k6_cpus
    if profile.warmup is None:
        (one,) = there
        return run_k6(*program, url=one.server.url, arm=one.arm.label)
    urls = {one.arm.label: one.server.url for one in there}
    drawn = (), list(urls)
    users, timeout = profile.warmup_users, profile.request_timeout_ms
    turns = told_to_k6(profile.warmup, urls, users, drawn, 1, timeout, dict.fromkeys(urls, 0))
    return run_k6(*program, turns=turns, memory=for_k6())
