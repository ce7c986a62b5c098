"""Was the processor the bottleneck, though "CPU usage never reached 100 %"?

To each request 25 % more CPU is added, or a sleep that is as long. Where the CPU limits, the first
takes throughput away, and the second hardly any; where something else does, neither or the second.
"""

import json
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
LOADS = (
    Load("hello", 50, {"runs": 1, "rounds": 6}),
    Load("list", 10, {"runs": 1, "rounds": 2}),
    Load("create", 10, {"runs": 1, "rounds": 2}),
)
WAYS = {"hello": "GET /hello", "list": "GET /items/", "create": "POST /items/"}
NOTHING = dict.fromkeys(WAYS.values(), 0.0)


def variants(framework: str, extra_us: Mapping[str, float]) -> Iterator[Variant]:
    for extra in ("none", "cpu", "sleep"):
        yield Variant(
            f"{framework}_{extra}",
            STACKS[framework],
            files=app(f"loaded_{framework}"),
            app=f"loaded_{framework}:app",
            variables={"EXTRA": extra, "EXTRA_US": json.dumps(extra_us)},
        )


def part(extra_us: Mapping[str, Mapping[str, float]]) -> Part:
    """By framework and method how many µs are added to a request."""
    made = [variant for name, us in extra_us.items() for variant in variants(name, us)]
    return Part("requests", made, LOADS, sessions=5)


def dosed(trial: Trial) -> Sequence[Part]:
    """By what a request takes here, as it is."""
    took = trial(part(dict.fromkeys(STACKS, NOTHING)))
    extra = {
        name: {way: SHARE * took[f"{name}_none", load] for load, way in WAYS.items()}
        for name in STACKS
    }
    return [part(extra)]


def contrasts() -> Iterator[Contrast]:
    names = {"cpu": "a quarter more CPU", "sleep": "a sleep as long"}
    for load in WAYS:
        for framework in STACKS:
            for extra, name in names.items():
                weights = {f"{framework}_{extra}": 1.0, f"{framework}_none": -1.0}
                said = f"{framework}, {load}: {{}} with {name}, by as it is"
                # A sleep that limits, and CPU that does not, would be the other way round.
                cpu, rate = (1 + SHARE, 1 / (1 + SHARE)) if extra == "sleep" else (1.0, 1.0)
                of = "requests", weights, load
                yield Contrast(said.format("CPU"), *of, other=cpu)
                yield Contrast(said.format("requests/s"), *of, what="per_s", other=rate)


EXPERIMENT = Experiment(
    name="processor",
    about=__doc__,
    sentence="CPU usage never reached 100% during any test, suggesting that the processor was not a"
    " bottleneck",
    says="a quarter more CPU in each request takes nothing of the throughput",
    parts=(part(dict.fromkeys(STACKS, NOTHING)),),
    dosed=dosed,
    contrasts=tuple(contrasts()),
    varied=(),
    applied=tuple(
        contrast.name
        for contrast in contrasts()
        if contrast.what == "cpu_us" and "more CPU" in contrast.name
    ),
    found="A quarter more CPU leaves {1} of a hello's requests/s (Flask) and {5} (FastAPI), {9}"
    " and {13} of list's, {17} and {21} of create's.",
    survives="a machine on which two processes have more than one processor each for themselves",
)
