"""Campaigns made up in the store's own format, so that what reads results needs no measuring."""

import json
import math
import random
from pathlib import Path

import msgspec
from msgspec.structs import replace

from bench.arm import CONTROLLED, DOSED, Settings
from bench.keep.files import digest, write_record
from bench.keep.load import load_of
from bench.keep.plan import draw_block, draw_turns
from bench.keep.record import (
    ArmStart,
    Canary,
    Conditions,
    Cpus,
    Database,
    Disturbance,
    Host,
    K6Run,
    Load,
    Machine,
    Measurement,
    Pins,
    Plan,
    PlannedArm,
    Problem,
    ProfilePin,
    ScenarioRecord,
    Served,
    ServerUse,
    Session,
    Source,
)
from bench.keep.summary import ArmSummary, Summary, Times, Turns
from bench.keep.thresholds import THRESHOLDS
from bench.keep.values import takes_part

STACKS = ("django_drf", "fastapi_sqlalchemy", "fastapi_sqlite", "flask_sqlalchemy", "flask_sqlite")
WHEN = "2025-11-21T12:00:00+00:00"
DEFAULTS = Settings()
SECONDS = 10.0  # of a window, where an arm is alone
DELETED = 1000  # by the one user of delete, where its arm is alone
USERS = {"hello": 50, "echo": 100, "list": 10, "get": 10, "create": 10, "update": 10, "delete": 1}
SCENARIOS = tuple(USERS)


def _parts(runs, rounds, counted_ms):
    times = {"connect_ms": 150, "gap_ms": 50, "lead_in_ms": 50, "lead_out_ms": 30}
    return {"runs": runs, "rounds": rounds, "stagger_ms": 1, "counted_ms": counted_ms} | times


TURNS = {
    **{"hello": _parts(1, 8, 200), "echo": _parts(1, 8, 200), "list": _parts(2, 2, 1500)},
    **{"get": _parts(3, 3, 200), "create": _parts(2, 2, 1000), "update": _parts(2, 2, 1000)},
    "delete": {"runs": 3, "rounds": 8, "requests": 12, "not_counted": 2},
}
MACHINE_OF_ALL = Machine(
    cpu="A CPU", cpus=2, memory_gib=8, system="Linux", kernel="6.1", architecture="x86_64"
)
CONDITIONS = Conditions(
    engine="local",
    profile=ProfilePin(name="standard", sha256="0" * 64),
    database=Database(kind="sqlite", journal_mode="wal", rows=1500),
    machine=MACHINE_OF_ALL,
    cpus=Cpus(server=[0], k6=[1]),
    k6="v2.2.0",
)
HOST = Host(
    cpu_quota=None,
    memory_limit=None,
    governor=None,
    hypervisor=False,
    swap_bytes=0,
    load_average=0.5,
    processes=100,
    booted=WHEN,
)
SERVED = Served(
    python="3.14.0",
    implementation="CPython",
    compiler="GCC",
    configured="",
    sqlite="3.50.0",
    pragmas={"journal_mode": "wal", "synchronous": 2},
    packages={"gunicorn": "23.0.0"},
    database_filesystem="ext4",
    environment="an environment",
)
COMMITS = {
    "1": Canary(a_second=3000.0, median_ms=0.3),
    "4": Canary(a_second=2000.0, median_ms=1.5),
}
# Of the minute of a measurement that nothing disturbed.
MACHINE = Disturbance(
    seconds=10.1,
    clock_step_s=0.0,
    steal_share=0.0,
    foreign_share=0.001,
    swapped_bytes=0,
    throttled=0,
)
INVALID = Problem(code="steal", why="other virtual machines had 2.0% of the CPUs")
SUSPECT = Problem(code="steal", why="other virtual machines had 0.5% of the CPUs", suspect=True)
BYTES = 150  # of an answer
DOSE_S = 3.8e-6  # a tenth of what a hello of 2 ms costs here
# As in k6/lib/summary.js.
GRID = [
    *map(float, range(90)),
    *(90 + n / 4 for n in range(32)),
    *((9800 + 5 * n) / 100 for n in range(38)),
    *((9990 + n) / 100 for n in range(11)),
]


def measurement(
    requests=1000, seconds=2.0, mean_ms=8.0, cpu_s=0.5, problems=(), users=10, k6_cpu_s=0.5
):
    """One arm in one scenario of one session, all of whose requests count."""
    load = Load(
        requests=requests,
        failed=0,
        iterations=requests,
        bytes_received=BYTES * requests,
        counted=requests,
        counted_s=seconds,
        mean_ms=mean_ms,
        max_ms=mean_ms and 1.5 * mean_ms,
        iteration_mean_ms=mean_ms and mean_ms + 0.01,
        iteration_max_ms=mean_ms and 1.5 * mean_ms + 0.01,
        elsewhere=0.0,
        turns=8,
        void=0,
        k6_cpu_s=k6_cpu_s,
    )
    return measured(load, users, cpu_s, problems)


def measured(load, users=10, cpu_s=0.5, problems=(), runs=1):
    """What is kept of this load."""
    hard = any(not problem.suspect for problem in problems)
    return Measurement(
        status="invalid" if hard else "suspect" if problems else "valid",
        problems=list(problems),
        unobservable=[],
        users=users,
        in_flight=min(users, 4),
        probe_bytes=BYTES,
        load=load,
        server=ServerUse(
            cpu_s=cpu_s,
            idle_s=None if cpu_s is None else 0.0,
            worker_cpu_s=None
            if cpu_s is None
            else [[0.6 * cpu_s / runs, 0.4 * cpu_s / runs]] * runs,
            peak_bytes=100_000_000,
            same_workers=True,
            throttled=0,
        ),
    )


def alone(arm, scenario, ms):
    """k6's summary where a request takes so long and nobody else has a turn."""
    users = USERS[scenario]
    count = DELETED if scenario == "delete" else round(users * SECONDS * 1000 / ms)
    of_arm = _of_arm(count, count, ms)
    return Summary(
        began_ms=0.0, seconds=count * ms / users / 1000, dropped=0, grid=GRID, arms={arm: of_arm}
    )


def in_turns(arms, scenario, connect, order):
    """k6's summary of a run in which the arms take turns; arms has each one's ms a request."""
    parts, users = TURNS[scenario], USERS[scenario]
    done, counts = dict.fromkeys(arms, 0.0), []
    for arm in order:
        # Rounded for all turns so far, so that the sum is as near as it can be.
        before, asked = done[arm], users * parts.get("counted_ms", 0) / arms[arm]
        done[arm] += parts["requests"] - parts["not_counted"] if "requests" in parts else asked
        counts.append(round(done[arm]) - round(before))
    told = {}
    for arm, ms in arms.items():
        count = sum(n for n, whose in zip(counts, order, strict=True) if whose == arm)
        told[arm] = _of_arm(count, count + users * order.count(arm), ms)
    names = ("connect_ms", "gap_ms", "lead_in_ms", "counted_ms", "lead_out_ms")
    turns = Turns(
        connect=[] if "requests" in parts else connect,
        order=order,
        slices=1,
        requests=parts.get("requests", 0),
        not_counted=parts.get("not_counted", 0),
        count=counts,
        mean_ms=[arms[arm] if n else None for n, arm in zip(counts, order, strict=True)],
        void=[],
        **{name: parts.get(name, 0) for name in names},
    )
    return Summary(began_ms=0.0, seconds=9.0, dropped=0, grid=GRID, arms=told, turns=turns)


def _of_arm(count, requests, ms):
    """The times lie evenly between half the mean and one and a half."""
    spread = [ms * (0.5 + p / 100) for p in GRID]
    return ArmSummary(
        requests=requests,
        failed=0,
        iterations=requests,
        bytes_received=BYTES * requests,
        times=Times(count=count, avg=ms, min=ms / 2, med=ms, max=1.5 * ms, ms=spread),
        iteration_mean_ms=ms,
        iteration_max_ms=1.5 * ms,
    )


def noisy(sd=0.02, seed=0, **factors):
    """2 ms times an arm's factor, with a seed's own noise; sd may be by arm."""

    def ms(arm, block, scenario):
        chance = random.Random(f"{arm}, {block}, {scenario}" + f", {seed}" * bool(seed))
        of_arm = sd.get(arm, 0.02) if isinstance(sd, dict) else sd
        return 2.0 * factors.get(arm, 1.0) * math.exp(chance.gauss(0, of_arm))

    return ms


def campaign(
    results,
    name,
    arms=("flask_sqlite",),
    sessions=1,
    invalid=(),
    scenarios=SCENARIOS,
    *,
    together=True,
    suspect=(),
    extra=0,
    most_extra=None,
    controls=(),
    ms=lambda arm, block, scenario: 2.0 * block,
    server_busy=0.95,
    k6_busy=0.5,
    commits=COMMITS,
    dose_s=DOSE_S,
    settings=DEFAULTS,
    served=SERVED,
    started=WHEN,
    **changed,
):
    """A finished campaign's folder; block n took 2 n ms, and changed replaces conditions.

    sessions is how many of each arm; as many blocks as extra says were added at the end. Where arms
    are not together, each has a session of its own in every block. invalid and suspect hold (arm,
    block, scenario). settings and served may be by arm. STACK@before and STACK@after are two sides.
    """
    folder = Path(results, name)
    write(folder / "profile.json", profile(together, sessions, scenarios))
    pin = ProfilePin(name="standard", sha256=digest(folder / "profile.json"))
    labels = [*arms, *controls]
    blocks = [draw_block(labels, block, 1, together) for block in range(1, 1 + sessions + extra)]
    sides = any(label.endswith("@before") for label in arms)
    plan = Plan(
        question="slower than before" if sides else "which is fastest",
        started=started,
        seed=1,
        arms={label: _planned(label, controls, settings) for label in labels},
        sessions=[session for block in blocks[:sessions] for session in block],
        most_extra=extra if most_extra is None else most_extra,
        thresholds=THRESHOLDS,
        conditions=replace(CONDITIONS, **{"profile": pin} | changed),
        pins=Pins(
            k6_binary="0" * 64,
            harness="0" * 64,
            served=dict.fromkeys(labels, "an environment"),
            sources=dict.fromkeys(labels, "0" * 64),
        ),
    )
    write_record(folder / "plan.json", plan)

    def problems(*where):
        return [
            problem for those, problem in ((invalid, INVALID), (suspect, SUSPECT)) if where in those
        ]

    for planned in (session for block in blocks for session in block):
        place = folder / "sessions" / planned.name
        place.mkdir(parents=True)
        found = {}
        for scenario in scenarios:
            taking = [arm for arm in planned.arms if takes_part(plan, arm, scenario)]
            if taking:
                took = {arm: ms(arm, planned.block, scenario) for arm in taking}
                runs = _runs(plan, planned, scenario, took, together)
                for run, summary in enumerate(runs, start=1):
                    write(place / f"{scenario}-{run}.json", summary)
                problem = {arm: problems(arm, planned.block, scenario) for arm in taking}
                found[scenario] = _scenario(runs, scenario, problem, server_busy, k6_busy)
        session = Session(
            number=planned.number,
            block=planned.block,
            started=WHEN,
            ended=WHEN,
            seconds=100.0,
            plan_sha256=digest(folder / "plan.json"),
            host=HOST,
            source=Source(commit=None, dirty=None),
            commits=commits,
            arms={arm: _start(arm, dose_s, served) for arm in planned.arms},
            scenarios=found,
            files={path.name: digest(path) for path in place.iterdir()},
        )
        write_record(place / "session.json", session)
    sign(folder)
    return folder


def _planned(label, controls, settings):
    stack, _, rest = label.partition("@")
    return PlannedArm(
        stack=CONTROLLED if label in controls else stack,
        side=rest if rest in ("before", "after") else None,
        settings=settings.get(label, DEFAULTS) if isinstance(settings, dict) else settings,
        control=label in controls,
        dose_turns=1000 if label == DOSED else None,
    )


def _start(arm, dose_s, served):
    memory = {"memory_bytes": 90_000_000, "idle_cpu": 0.001}
    served = served.get(arm, SERVED) if isinstance(served, dict) else served
    return ArmStart(served=served, dose_s=dose_s if arm == DOSED else None, **memory)


def profile(together, sessions, scenarios):
    """As in k6/profiles: what it says of these scenarios."""

    def options(scenario):
        if scenario == "delete":
            return {"executor": "per-vu-iterations", "vus": 1, "iterations": DELETED}
        return {"executor": "constant-vus", "vus": USERS[scenario], "duration": f"{SECONDS:.0f}s"}

    turns = {"request_timeout_ms": 10_000, "warmup": {"vus": 10, "ms": 800}}
    turns |= {scenario: TURNS[scenario] for scenario in scenarios}
    return {
        "about": "Made up.",
        "arms": "together" if together else "alone",
        "sessions": sessions,
        "sessions_of_one_arm": sessions,
        "rows": 1500,
        "journal_mode": "wal",
        "reseed": ["update", "delete"],
        "warmup": {},
        "scenarios": {scenario: options(scenario) for scenario in scenarios},
        **({"turns": turns} if together else {}),
    }


def _runs(plan, planned, scenario, took, together):
    """k6's summaries of a scenario in a session."""
    if not together:
        ((arm, ms),) = took.items()
        return [alone(arm, scenario, ms)]
    parts, runs = TURNS[scenario], []
    for run in range(1, 1 + parts["runs"]):
        drawn = draw_turns(list(took), parts["rounds"], plan.seed, planned.number, scenario, run)
        runs.append(in_turns(took, scenario, *drawn))
    return runs


def _scenario(runs, scenario, problems, server_busy, k6_busy):
    """What is kept of a scenario in which each arm has one CPU, in its turns."""
    users, found = USERS[scenario], {}
    for arm, of_arm in problems.items():
        load = load_of(runs, arm, users, None)
        load = replace(load, k6_cpu_s=k6_busy * load.counted_s)
        cpu_s = server_busy * load.counted_s * load.requests / load.counted
        found[arm] = measured(load, users, cpu_s, of_arm, len(runs))
    ran = [
        K6Run(
            exit_status=0,
            seconds=run.seconds,
            dropped=0,
            cpu_s=k6_busy * run.seconds,
            peak_bytes=100_000_000,
            bench_cpu_s=0.01,
        )
        for run in runs
    ]
    return ScenarioRecord(runs=ran, machine=MACHINE, arms=found)


def sign(folder):
    """Write the journal of a campaign that has ended with what is there now."""
    sessions = sorted(folder.glob("sessions/*/session.json"))
    events = [
        {"event": "planned", "sha256": digest(folder / "plan.json")},
        *({"event": "kept", "session": s.parent.name, "sha256": digest(s)} for s in sessions),
        {"event": "ended"},
    ]
    lines = [json.dumps(event | {"at": WHEN}) + "\n" for event in events]
    (folder / "journal.ndjson").write_text("".join(lines))


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(data))
