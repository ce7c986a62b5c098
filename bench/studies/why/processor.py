"""Was the processor the bottleneck, though "CPU usage never reached 100 %"?

To each request 25 % more CPU is added, or a sleep that is as long. Where the CPU limits, the first
takes throughput away, and the second hardly any; where something else does, neither or the second.
"""

from collections.abc import Iterator, Mapping, Sequence

from bench.studies.experiment.experiment import (
    Contrast,
    Experiment,
    Load,
    Part,
    Trial,
    Variant,
)
from bench.studies.why import app

SHARE = 0.25
STACKS = {"flask": "flask_sqlite", "fastapi": "fastapi_sqlite"}
USERS = {"hello": 50, "list": 10, "create": 10}
SESSIONS = 10


def variants(framework: str, extra_us: float) -> Iterator[Variant]:
    for extra in ("none", "cpu", "sleep"):
        yield Variant(
            f"{framework}_{extra}",
            STACKS[framework],
            files=app(f"loaded_{framework}"),
            app=f"loaded_{framework}:app",
            variables={"EXTRA": extra, "EXTRA_US": f"{extra_us:.1f}"},
        )


def part(scenario: str, extra_us: Mapping[str, float]) -> Part:
    made = [variant for name, us in extra_us.items() for variant in variants(name, us)]
    runs = {"runs": 1, "rounds": 6} if scenario == "hello" else {"runs": 1, "rounds": 2}
    return Part(scenario, made, (Load(scenario, USERS[scenario], runs),), SESSIONS)


def dosed(trial: Trial) -> Sequence[Part]:
    """By what a request takes here, as it is."""
    parts = []
    for scenario in USERS:
        took = trial(part(scenario, dict.fromkeys(STACKS, 0.0)))
        parts.append(part(scenario, {name: SHARE * took[f"{name}_none"] for name in STACKS}))
    return parts


def contrasts() -> Iterator[Contrast]:
    names = {"cpu": "a quarter more CPU", "sleep": "a sleep as long"}
    for scenario in USERS:
        for framework in STACKS:
            for extra, name in names.items():
                weights = {f"{framework}_{extra}": 1.0, f"{framework}_none": -1.0}
                said = f"{framework}, {scenario}: {{}} with {name}, by as it is"
                yield Contrast(said.format("CPU"), scenario, weights, scenario)
                yield Contrast(said.format("requests/s"), scenario, weights, scenario, what="per_s")


EXPERIMENT = Experiment(
    name="processor",
    about=__doc__,
    sentence="CPU usage never reached 100% during any test, suggesting that the processor was not a"
    " bottleneck",
    says="a quarter more CPU in each request takes nothing of the throughput",
    parts=tuple(part(scenario, dict.fromkeys(STACKS, 0.0)) for scenario in USERS),
    dosed=dosed,
    contrasts=tuple(contrasts()),
    varied=(),
    applied=tuple(
        contrast.name
        for contrast in contrasts()
        if contrast.what == "cpu_us" and "more CPU" in contrast.name
    ),
    survives="a machine on which two processes have more than one processor each for themselves",
)
