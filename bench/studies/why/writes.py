"""What makes a write of ten users take 80 to 116 ms, and which app looks bad by it?

The disk's commit is dosed; then how many writers are let in at a time, whether a connection is
kept, and whether what is written is a change at all.
"""

from itertools import product
from pathlib import Path

from bench.arm import Settings
from bench.studies.experiment.experiment import (
    Contrast,
    Experiment,
    Load,
    Part,
    Variant,
    Varied,
    ratio,
)
from bench.studies.why import app

SLOW = Path(__file__).with_name("fsync.c")
DOSES = ("0", "2.5", "10")  # ms, of each fsync
STACKS = ("flask_sqlite", "flask_sqlalchemy", "fastapi_sqlite")
CREATE = (Load("create", 10, {"runs": 2}),)
UPDATE = (Load("update", 10, {"runs": 2}),)


def commits() -> Part:
    def slowed(stack: str, dose: str) -> Variant:
        return Variant(f"{stack}_{dose}ms", stack, preload=SLOW, variables={"FSYNC_MS": dose})

    # Ten writes of 10 ms and more: users are given the time to come back from the slowest arm.
    load = Load("create", 10, {"runs": 2, "gap_ms": 800, "lead_out_ms": 250})
    return Part("commits", [slowed(*one) for one in product(STACKS, DOSES)], (load,), sessions=6)


def writers() -> Part:
    def let_in(stack: str, name: str, **settings: int) -> Variant:
        given = Settings(requirements="paper", **settings)  # type: ignore[arg-type]
        return Variant(name, stack, settings=given)

    variants = (
        let_in("flask_sqlite", "flask_2", threads=2),
        let_in("flask_sqlite", "flask_20", threads=20),
        let_in("fastapi_sqlite", "fastapi_2", pool=2),
        let_in("fastapi_sqlite", "fastapi_20", pool=20),
    )
    return Part("writers", variants, CREATE, sessions=6)


def connections() -> Part:
    def of(name: str, stack: str, **variables: str) -> Variant:
        kind = "orm" if stack == "flask_sqlalchemy" else "sqlite"
        return Variant(
            name,
            stack,
            files=app(f"update_{kind}"),
            app=f"update_{kind}:app",
            variables={"CONNECTION": "kept", "VALUES": "sent"} | variables,
            # What VALUES=same writes is not what k6 sent, as the ledger says.
            forgiven=frozenset({"rows", "answer"} if variables.get("VALUES") == "same" else ()),
        )

    variants = (
        of("kept", "flask_sqlite"),
        of("opened", "flask_sqlite", CONNECTION="opened"),
        of("kept_same", "flask_sqlite", VALUES="same"),
        of("orm", "flask_sqlalchemy"),
        of("orm_same", "flask_sqlalchemy", VALUES="same"),
    )
    return Part("connections", variants, UPDATE, sessions=6)


def of_commits() -> list[Contrast]:
    """How much of a dose a write takes: of ten users who wait for one another, ten times it."""
    found = []
    for stack in STACKS:
        name = f"{stack}: ms of a write, with {{}} ms more of each commit, by as it is"
        found += [
            _times(name.format(dose), "commits", f"{stack}_{dose}ms", f"{stack}_0ms")
            for dose in DOSES[1:]
        ]
    apart = "Flask + sqlite3 by FastAPI + sqlite3, ms of a write, {} ms more of each commit"
    found += [
        _times(apart.format(dose), "commits", f"flask_sqlite_{dose}ms", f"fastapi_sqlite_{dose}ms")
        for dose in DOSES
    ]
    return found


def of_writers() -> list[Contrast]:
    return [
        _times("Flask: 20 threads a worker by 2, ms of a write", "writers", "flask_20", "flask_2"),
        _times(
            "FastAPI: 20 tokens a worker by 2, ms of a write", "writers", "fastapi_20", "fastapi_2"
        ),
        _times("Flask by FastAPI, 2 of each", "writers", "flask_2", "fastapi_2"),
        _times("Flask by FastAPI, 20 of each", "writers", "flask_20", "fastapi_20"),
    ]


def of_connections() -> list[Contrast]:
    of = "connections"
    return [
        _times("a connection a request by one that is kept", of, "opened", "kept", "update"),
        _times(
            "Flask + sqlite3: values that stay by some that change",
            of,
            "kept_same",
            "kept",
            "update",
        ),
        _times(
            "Flask + SQLAlchemy: values that stay by some that change",
            of,
            "orm_same",
            "orm",
            "update",
        ),
        _times(
            "sqlite3, a connection a request, by SQLAlchemy, both with changes",
            of,
            "opened",
            "orm",
            "update",
        ),
        _times(
            "sqlite3, kept, by SQLAlchemy, where nothing changes",
            of,
            "kept_same",
            "orm_same",
            "update",
        ),
        _times("sqlite3, kept, by SQLAlchemy, both with changes", of, "kept", "orm", "update"),
    ]


def _times(name: str, part: str, slow: str, fast: str, scenario: str = "create") -> Contrast:
    return ratio(name, slow, fast, part, scenario, what="ms")


EXPERIMENT = Experiment(
    name="writes",
    about=__doc__,
    sentence="the slowest being Flask with SQLAlchemy (116.5 ms) and Flask with SQLite (112.0 ms),"
    " making them the least efficient in this scenario",
    says="how long a write takes is the app's own doing, so a slower disk changes little",
    parts=(commits(), writers(), connections()),
    contrasts=(*of_commits(), *of_writers(), *of_connections()),
    varied=(
        *(
            Varied("commits", f"{stack}_{dose}ms", "commit_ms", at_least=float(dose))
            for stack, dose in product(STACKS, DOSES)
        ),
        *(Varied("commits", f"{stack}_0ms", "commit_ms", at_most=8) for stack in STACKS),
        Varied("connections", "kept", "updates", at_least=1, at_most=1),
        Varied("connections", "kept", "opened", at_most=0),
        Varied("connections", "opened", "opened", at_least=1),
        Varied("connections", "orm", "updates", at_least=0.5),
        Varied("connections", "orm_same", "updates", at_most=0.01),
    ),
    found="With 2.5 ms more for a commit, a write of ten users takes {0} as long (Flask + "
    "sqlite3), with 10 ms more {1}. As it is Flask's takes {6} as long as FastAPI's, both"
    " with sqlite3. An update that changes something takes with sqlite3, on a connection "
    "that is kept, {18} as long as with SQLAlchemy, and one that changes nothing {17}.",
    survives="writers in DELETE mode, whose longest waits do not fit into turns: measured alone, in"
    " results/reference-paper-writes",
)
