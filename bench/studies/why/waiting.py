"""Does async pay? Where a request waits, and by how much beside what threads do about it.

First pure waits, then a query that takes so long. Whatever the way, no more than min(users, limit)
requests can wait at a time, so throughput is at most that by wait and service, until the CPU is
full: only what an arm has beyond that is async's own.
"""

from collections.abc import Iterator

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

WAITS = (0, 2, 10, 50)  # ms
USERS = (10, 100)
PACKAGES = ("psycopg-pool==3.2.6", "asyncpg==0.30.0")
FLASK, FASTAPI = "flask_sqlalchemy", "fastapi_sqlalchemy"
# By name: the stack, the way, requests in flight of one of the two workers.
WAYS = {
    "flask_2": (FLASK, "threads", 2),
    "flask_40": (FLASK, "threads", 40),
    "flask_50": (FLASK, "threads", 50),
    "fastapi_def_40": (FASTAPI, "def", 40),
    "fastapi_def_50": (FASTAPI, "def", 50),
    "fastapi_async": (FASTAPI, "async", 50),
    "fastapi_asyncpg": (FASTAPI, "asyncpg", 50),
}


def variant(name: str, kind: str, wait: int) -> Variant:
    stack, way, limit = WAYS[name]
    framework = stack.partition("_")[0]
    threads = limit if framework == "flask" else 2
    settings = Settings(threads=threads)
    if kind == "query":
        settings = Settings(threads=threads, database="postgres", packages=PACKAGES)
    return Variant(
        name,
        stack,
        files=app(f"{kind}_{framework}") + app("query"),
        app=f"{kind}_{framework}:app",
        variables={"WAY": way, "LIMIT": str(limit), "WAIT_MS": str(wait)},
        settings=settings,
    )


def part(kind: str, wait: int) -> Part:
    names = [name for name in WAYS if kind == "query" or name != "fastapi_asyncpg"]
    scenario = "get" if kind == "query" else "hello"
    turns = {"runs": 1, "rounds": 1, "connect_ms": 300, "stagger_ms": 2}
    turns |= {"gap_ms": 300, "lead_in_ms": 150, "counted_ms": 800, "lead_out_ms": 100}
    loads = tuple(Load(scenario, users, turns, f"{users} users") for users in USERS)
    return Part(f"{kind} of {wait} ms", [variant(n, kind, wait) for n in names], loads, sessions=4)


PARTS = (part("sleep", 10), *(part("query", wait) for wait in WAITS))


def times(name: str, fast: str, slow: str) -> Iterator[Contrast]:
    """In every part that has both, under every load."""
    for of in PARTS:
        if {fast, slow} <= {one.name for one in of.variants}:
            for load in of.loads:
                said = f"{of.name}, {load.label}: {name}, requests/s"
                yield ratio(said, fast, slow, of.name, load.label, what="per_s")


EXPERIMENT = Experiment(
    name="waiting",
    about=__doc__,
    sentence="FastAPI is exceptionally fast due to its ASGI foundation and native support for"
    " asynchronous programming",
    says="where requests wait, async serves more of them than as many threads",
    parts=PARTS,
    contrasts=(
        *times("async by def, 50 in flight in each", "fastapi_async", "fastapi_def_50"),
        *times("async by Flask, 50 in flight in each", "fastapi_async", "flask_50"),
        *times("async by Flask with its 2 threads", "fastapi_async", "flask_2"),
        *times("asyncpg by psycopg, both async", "fastapi_asyncpg", "fastapi_async"),
    ),
    varied=tuple(
        Varied(f"query of {wait} ms", name, "waited_ms", at_least=wait, at_most=wait + 40)
        for wait in WAITS
        for name in ("flask_2", "fastapi_async")
    ),
    survives="more users than threads are wanted for: 1,000 who wait need 1,000 of them",
    postgres=("max_connections=250",),
)
