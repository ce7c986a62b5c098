"""What makes list slow with an ORM: the garbage collector, validation, or the ORM's objects?

A factorial: one cause left out at a time adds up to more than the whole, since they interact.
"""

from itertools import product

from bench.studies.experiment.experiment import (
    Contrast,
    Experiment,
    Load,
    Part,
    Variant,
    Varied,
)
from bench.studies.why import app

COLLECTORS, REMEDY = ("default", "freeze", "off"), "threshold"


def fastapi(collector: str, validation: str, rows: str) -> Variant:
    return Variant(
        f"fastapi_{collector}_{'validated' if validation == 'on' else 'plain'}_{rows}",
        "fastapi_sqlalchemy",
        files=app("list_fastapi") + app("collector"),
        app="list_fastapi:app",
        variables={"COLLECTOR": collector, "VALIDATION": validation, "ROWS": rows},
    )


def flask(collector: str, rows: str) -> Variant:
    return Variant(
        f"flask_{collector}_{rows}",
        "flask_sqlalchemy",
        files=app("list_flask") + app("collector"),
        app="list_flask:app",
        variables={"COLLECTOR": collector, "ROWS": rows},
    )


ALL = (
    *(fastapi(*factors) for factors in product(COLLECTORS, ("on", "off"), ("objects", "rows"))),
    *(flask(*factors) for factors in product(COLLECTORS, ("objects", "rows"))),
    fastapi(REMEDY, "on", "objects"),
    flask(REMEDY, "objects"),
)
# One user makes about as many requests in a turn as ten do: the CPU is full either way.
TURNS = {"runs": 1, "rounds": 1, "counted_ms": 800, "gap_ms": 400}
LIST = Part(
    "list",
    ALL,
    tuple(Load("list", users, TURNS, f"{users} user{'s' * (users > 1)}") for users in (1, 10)),
    sessions=5,
)


def of_both(name: str, weights: dict[str, float], **more: object) -> tuple[Contrast, ...]:
    return tuple(
        Contrast(f"{name}, {load.label}", "list", weights, load.label, **more)  # type: ignore[arg-type]
        for load in LIST.loads
    )


def effect(name: str, more: str, less: str, **of: object) -> tuple[Contrast, ...]:
    return of_both(name, {more: 1.0, less: -1.0}, **of)


def together(name: str, both: str, one: str, other: str, none: str) -> tuple[Contrast, ...]:
    """What two cost at the same time beyond what each costs alone, in µs."""
    weights = {both: 1.0, one: -1.0, other: -1.0, none: 1.0}
    return of_both(name, weights, scale="difference", other=0.0)


EXPERIMENT = Experiment(
    name="collector",
    about=__doc__,
    sentence="the SQLAlchemy result stands out [...] likely due to the concurrent use of Pydantic"
    " for data validation and SQLAlchemy for ORM functionalities",
    says="validation makes the ORM's objects dearer, and without it nothing is left of the outlier",
    parts=(LIST,),
    contrasts=(
        *effect(
            "FastAPI: the collector, as it is by off",
            "fastapi_default_validated_objects",
            "fastapi_off_validated_objects",
        ),
        *effect(
            "Flask: the collector, as it is by off", "flask_default_objects", "flask_off_objects"
        ),
        *effect(
            "FastAPI: validation, on by off, without the collector",
            "fastapi_off_validated_objects",
            "fastapi_off_plain_objects",
        ),
        *effect(
            "FastAPI: objects by rows, without the collector and validation",
            "fastapi_off_plain_objects",
            "fastapi_off_plain_rows",
        ),
        *effect(
            "Flask: objects by rows, without the collector", "flask_off_objects", "flask_off_rows"
        ),
        *effect(
            "FastAPI by Flask, as they are",
            "fastapi_default_validated_objects",
            "flask_default_objects",
        ),
        *effect(
            "FastAPI by Flask, without collector and validation",
            "fastapi_off_plain_objects",
            "flask_off_objects",
        ),
        *together(
            "FastAPI: collector and validation together, beyond each",
            "fastapi_default_validated_objects",
            "fastapi_default_plain_objects",
            "fastapi_off_validated_objects",
            "fastapi_off_plain_objects",
        ),
        *together(
            "FastAPI: collector and objects together, beyond each",
            "fastapi_default_plain_objects",
            "fastapi_default_plain_rows",
            "fastapi_off_plain_objects",
            "fastapi_off_plain_rows",
        ),
        *effect(
            "what an app can do, FastAPI: as it is by gc.freeze()",
            "fastapi_default_validated_objects",
            "fastapi_freeze_validated_objects",
        ),
        *effect(
            "what an app can do, FastAPI: as it is by a threshold of 50,000",
            "fastapi_default_validated_objects",
            "fastapi_threshold_validated_objects",
        ),
        *effect(
            "what an app can do, Flask: as it is by gc.freeze()",
            "flask_default_objects",
            "flask_freeze_objects",
        ),
        *effect(
            "what an app can do, Flask: as it is by a threshold of 50,000",
            "flask_default_objects",
            "flask_threshold_objects",
        ),
    ),
    varied=(
        Varied("list", "fastapi_default_validated_objects", "collections", at_least=1),
        Varied("list", "fastapi_freeze_validated_objects", "collections", at_least=1),
        Varied("list", "fastapi_off_validated_objects", "collections", at_most=0),
        Varied("list", "fastapi_off_plain_objects", "collections", at_most=0),
        Varied("list", "flask_default_objects", "collections", at_least=1),
        Varied("list", "flask_off_objects", "collections", at_most=0),
        Varied("list", "fastapi_default_validated_objects", "collecting_us", at_least=1),
        Varied("list", "flask_default_objects", "collecting_us", at_least=1),
        Varied("list", "fastapi_default_validated_objects", "hops", at_least=2),
        Varied("list", "fastapi_off_plain_objects", "hops", at_least=1, at_most=1),
    ),
    found="With ten users FastAPI takes {11} as much CPU as Flask, and without collector and "
    "validation {13}. Alone, the collector makes FastAPI's list {1} as dear, and "
    "validation, where no collector runs, {5}. As it is, it takes {19} as much as with "
    "one gc.freeze() after the start.",
    survives="a database larger than memory, where the query itself would count",
)
