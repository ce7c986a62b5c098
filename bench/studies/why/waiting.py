"""Does async pay? Where a request waits, and by how much beside what threads do about it.

First a pure wait (a sleep in a thread, or in none), then a query that takes so long. Whatever the
way, no more than min(users, limit) requests can wait at a time, so throughput is at most that by
wait and service, until the CPU is full: only what an arm has beyond that is async's own.
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
SLEEP = 10  # ms
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


def variant(name: str) -> Variant:
    stack, way, limit = WAYS[name]
    framework = stack.partition("_")[0]
    threads = limit if framework == "flask" else 2
    return Variant(
        name,
        stack,
        files=app(f"query_{framework}") + app("query"),
        app=f"query_{framework}:app",
        variables={"WAY": way, "LIMIT": str(limit), "SLEEP_MS": str(SLEEP)},
        settings=Settings(threads=threads, database="postgres", packages=PACKAGES),
    )


def turns(wait: int, users: int) -> dict[str, int]:
    """The gap is long enough for the users who wait for the arm with the fewest threads."""
    fewest = 2 * min(limit for _, _, limit in WAYS.values())
    gap = 250 + int(1.3 * wait * users / fewest)
    some = {"runs": 1, "rounds": 1, "connect_ms": 300, "stagger_ms": 2}
    return some | {"gap_ms": gap, "lead_in_ms": 150, "counted_ms": 800, "lead_out_ms": 100}


def label(wait: int | None, users: int) -> str:
    return f"sleep, {users} users" if wait is None else f"query of {wait} ms, {users} users"


def loads() -> Iterator[Load]:
    """How long an item's query waits is in the item: its price, in ms."""
    for users in USERS:
        yield Load("hello", users, turns(SLEEP, users), label(None, users))
    for wait in WAITS:
        told = f"UPDATE items SET price = {wait}"
        for users in USERS:
            yield Load("get", users, turns(wait, users), label(wait, users), told)


WAITING = Part("waiting", [variant(name) for name in WAYS], tuple(loads()), sessions=5)


def times(name: str, fast: str, slow: str, *labels: str) -> Iterator[Contrast]:
    for of in labels:
        said = f"{of}: {name}, requests/s"
        yield ratio(said, fast, slow, WAITING.name, of, what="per_s")


ALL = tuple(label(wait, users) for wait in (None, *WAITS) for users in USERS)
CROWDED = tuple(label(wait, 100) for wait in (0, 10, 50))
EXPERIMENT = Experiment(
    name="waiting",
    about=__doc__,
    sentence="FastAPI is exceptionally fast due to its ASGI foundation and native support for"
    " asynchronous programming",
    says="where requests wait, async serves more of them than as many threads",
    parts=(WAITING,),
    contrasts=(
        *times("async by def, 50 in flight in each", "fastapi_async", "fastapi_def_50", *ALL),
        *times("async by Flask, 50 in flight in each", "fastapi_async", "flask_50", *CROWDED),
        *times("async by Flask with its 2 threads", "fastapi_async", "flask_2", *ALL[6:]),
        *times("asyncpg by psycopg, both async", "fastapi_asyncpg", "fastapi_async", ALL[3]),
    ),
    varied=tuple(
        Varied(WAITING.name, name, "waited_ms", wait, wait + 40, label(wait, 10))
        for wait in WAITS
        for name in ("flask_2", "fastapi_async")
    ),
    found="Where a query waits for 10 ms, async serves {6} as many requests of ten users as 50"
    " threads do in FastAPI's def, and {7} of a hundred; of these it serves {14} as many as Flask"
    " with its 2 threads, and {11} as many as Flask with 50.",
    survives="more users than threads are wanted for: 1,000 who wait need 1,000 of them",
    postgres=("max_connections=250",),
)
