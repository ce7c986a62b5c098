"""Why does Flask's list with sqlite3 take less than half of FastAPI's, with the same query?

What is done with the rows differs: FastAPI's answer is validated and serialised, and goes to a
thread twice. Hops to a thread are made equal by `async def`, which a real app would not do with a
query that blocks.
"""

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


def fastapi(name: str, route: str, answer: str) -> Variant:
    return Variant(
        name,
        "fastapi_sqlite",
        files=app("list_rows"),
        app="list_rows:app",
        variables={"ROUTE": route, "ANSWER": answer},
    )


LIST = Part(
    "list",
    (
        Variant("flask", "flask_sqlite"),
        fastapi("def_model", "def", "model"),
        fastapi("async_model", "async", "model"),
        fastapi("async_encoder", "async", "encoder"),
        fastapi("async_dicts", "async", "dicts"),
        fastapi("async_bytes", "async", "bytes"),
        fastapi("def_dicts", "def", "dicts"),
    ),
    (Load("list", 10, {"runs": 2}),),
    sessions=8,
)


def times(name: str, slow: str, fast: str, other: float = 1.0) -> Contrast:
    return ratio(name, slow, fast, "list", "list", other=other)


EXPERIMENT = Experiment(
    name="rows",
    about=__doc__,
    sentence="Flask with SQLite, which achieved an average response time of just 28.2 ms,"
    " indicating highly efficient data retrieval",
    says="what differs is the retrieval, so FastAPI stays as slow when it answers plain rows",
    parts=(LIST,),
    contrasts=(
        times("FastAPI as deployed, def with a model, by Flask", "def_model", "flask"),
        times("FastAPI that answers plain rows, in def, by Flask", "def_dicts", "flask", 2.0),
        times(
            "FastAPI that answers plain rows, without a hop, by Flask", "async_dicts", "flask", 2.0
        ),
        times(
            "validation and serialisation: a model by plain rows, without a hop",
            "async_model",
            "async_dicts",
        ),
        times("no model, but FastAPI's encoder: by plain rows", "async_encoder", "async_dicts"),
        times("what an app can do: a model by Pydantic's own bytes", "async_model", "async_bytes"),
        times("two hops by none, with a model", "def_model", "async_model"),
    ),
    varied=(
        Varied("list", "flask", "selects", at_least=1, at_most=1),
        Varied("list", "def_model", "selects", at_least=1, at_most=1),
        Varied("list", "def_model", "hops", at_least=2, at_most=2),
        Varied("list", "async_model", "hops", at_most=0),
        Varied("list", "async_dicts", "hops", at_most=0),
        Varied("list", "def_dicts", "hops", at_least=1, at_most=1),
        Varied("list", "async_bytes", "hops", at_most=0),
    ),
    found="As both are deployed, FastAPI takes {0} as much CPU for a list as Flask; where it"
    " answers plain rows without a hop {2}. A model in place of plain rows makes it {3} as dear.",
    survives="another way to open the database, which the paper's text does not give",
)
