"""The rungs of each stack, from its server to the stack itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.arm import Settings
from bench.serve.stacks import find_stacks
from bench.studies.experiment.experiment import Contrast, Experiment, Load, Part, Variant, Varied

FILES = tuple(sorted((Path(__file__).parent / "apps").glob("*.py")))
# Only the last rung does what is asked, and is held to it; the others answer what is stored.
STORED = frozenset({"answer", "bytes", "rows", "warm-up"})  # nor do they PUT and DELETE
LOADS = (  # of the first the calls are counted
    Load("get", 10, {"runs": 1}),
    Load("hello", 50, {"rounds": 3}),
    Load("list", 10, {"runs": 1, "counted_ms": 800}),
    Load("create", 10, {"runs": 1}),
)
SESSIONS = 5
TOTALS = ("get", "list", "create")  # the scenarios that have all rungs

# Gunicorn reads its configuration before it looks for modules in its folder.
LOOP = "\nimport sys\n\nsys.path.insert(0, '.')\nfrom canned import {} as worker_class\n"
ASGI = (
    ("loop", None, LOOP.format("LoopAlone")),
    ("parser", "asgi_parser:app", ""),
    ("framework", "fastapi_framework:app", ""),
    ("hop", "fastapi_hop:app", ""),
    ("input", "fastapi_input:app", ""),
    ("second hop", "fastapi_second_hop:app", ""),
    ("driver", "fastapi_driver:app", ""),
    ("commit", "fastapi_commit:app", ""),
)
WSGI = (
    ("loop", None, LOOP.format("ThreadsAlone")),
    ("parser", "wsgi_parser:app", ""),
)
FLASK = (
    *WSGI,
    ("framework", "flask_framework:app", ""),
    ("input", "flask_input:app", ""),
    ("driver", "flask_driver:app", ""),
    ("commit", "flask_commit:app", ""),
)
DJANGO = ("framework", "drf", "input", "driver", "commit", "orm")
ORM = {"fastapi_sqlalchemy": "fastapi_orm:app", "flask_sqlalchemy": "flask_orm:app"}
LAST = "response"  # the stack itself


HOPS = {"framework": 0, "hop": 1, "input": 1, "second_hop": 2, "driver": 2, "response": 2}


@dataclass(frozen=True)
class Step:
    """What a rung adds to the one before it, which is None of the first."""

    name: str
    rung: str
    before: str | None


def variants(stack: str) -> Iterator[Variant]:
    """All rungs of a stack, in order."""
    if stack == "django_drf":
        yield from (_variant(stack, *rung) for rung in WSGI)
        for name in DJANGO:
            yield _django(stack, name)
    else:
        rungs: Sequence[tuple[str, str | None, str]] = (
            ASGI if stack.startswith("fastapi") else FLASK
        )
        yield from (_variant(stack, *rung) for rung in rungs)
        if stack in ORM:
            yield _variant(stack, "orm", ORM[stack], "")
    yield Variant(LAST, stack, settings=Settings())


def _variant(stack: str, name: str, app: str | None, config: str) -> Variant:
    return Variant(
        name.replace(" ", "_"),
        stack,
        files=FILES,
        app=app,
        config=config,
        settings=Settings(),
        forgiven=STORED,
    )


def _django(stack: str, name: str) -> Variant:
    variables = {"DJANGO_SETTINGS_MODULE": "ladder_settings", "RUNG": f"django_{name}"}
    return Variant(
        name, stack, files=FILES, variables=variables, settings=Settings(), forgiven=STORED
    )


def part(stack: str) -> Part:
    return Part(stack, tuple(variants(stack)), LOADS, SESSIONS, reseed=("list",))


def steps(stack: str, scenario: str) -> Iterator[Step]:
    """What reads has no commit; an ORM stands in the driver's place."""
    before = None
    for variant in variants(stack):
        if variant.name == "commit" and scenario != "create":
            continue
        yield Step(variant.name.replace("_", " "), variant.name, before)
        before = variant.name


def contrasts(stack: str) -> Iterator[Contrast]:
    """Every step of every scenario, in µs of CPU."""
    for scenario in TOTALS:
        for step in steps(stack, scenario):
            if step.before:
                yield Contrast(
                    f"{scenario}: {step.name}",
                    stack,
                    {step.rung: 1.0, step.before: -1.0},
                    scenario,
                    scale="difference",
                    other=0.0,
                )


def ladder(stack: str) -> Experiment:
    return Experiment(
        name=stack,
        about=None,
        sentence=f"what a request costs {stack}, rung by rung",
        says="every rung costs something",
        parts=(part(stack),),
        contrasts=tuple(contrasts(stack)),
        varied=tuple(_varied(stack)),
        survives="",
        engine="auto",
    )


def _varied(stack: str) -> Iterator[Varied]:
    names = [variant.name for variant in variants(stack)]
    if stack.startswith("fastapi"):
        for name, hops in HOPS.items():
            yield Varied(stack, name, "hops", at_least=hops, at_most=hops)
    for name in names[2:]:
        asks = names.index(name) >= names.index("driver")
        yield Varied(stack, name, "selects", at_least=asks, at_most=asks)


LADDERS: dict[str, Callable[[], Experiment]] = {
    stack: partial(ladder, stack) for stack in find_stacks()
}
