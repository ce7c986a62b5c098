"""Whether what an experiment varies did vary: counts, exactly, before anything is timed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psycopg

from bench import Mistake
from bench.arm import Arm
from bench.measure.ledger import PAYLOADS
from bench.measure.standing import Setting
from bench.serve import inside
from bench.serve.server import Server
from bench.studies.experiment.experiment import Experiment, Load, Part, Varied

PROGRAM = Path(__file__).with_name("count_requests.py").read_text()
REQUESTS = 300
LIBRARIES = ("uvloop", "httptools", "granian")  # whose code a worker may have loaded
COMMIT = "commit_ms"
ASKED = {
    "hello": ("GET", "/hello", None),
    "list": ("GET", "/items/", None),
    "get": ("GET", "/items/7", None),
    "create": ("POST", "/items/", PAYLOADS["create"]),
    "update": ("PUT", "/items/7", PAYLOADS["update"] | {"price": "ü"}),
}
Counts = dict[tuple[str, str], dict[str, float]]  # by variant and load, then by what is counted


def count(part: Part, arms: Sequence[Arm], setting: Setting, varied: Sequence[Varied]) -> Counts:
    """Of every variant of which something must be known: each is served once, and asked."""
    asked: dict[str, dict[str, set[str]]] = {}
    for one in varied:
        if one.part == part.name:
            loads = asked.setdefault(one.variant, {})
            loads.setdefault(one.load or part.loads[0].label, set()).add(one.what)
    counts: Counts = {}
    for arm in arms:
        if arm.label in asked:
            with setting.engine.serve(arm) as server:
                server.seed(setting.profile.rows, setting.journal_mode(arm))
                for load in part.loads:
                    if what := asked[arm.label].get(load.label):
                        told = dict(_counted(server, load, arm, setting, what))
                        counts[arm.label, load.label] = told
    return counts


def _counted(
    server: Server, load: Load, arm: Arm, setting: Setting, asked: set[str]
) -> Iterator[tuple[str, float]]:
    tell_database(server, load)
    if asked & {*LIBRARIES}:
        loaded = _loaded(server)
        for library in LIBRARIES:
            yield library, float(library in loaded)
    if COMMIT in asked:
        yield COMMIT, inside.commits(server, 1, setting.journal_mode(arm)).median_ms
    method, path, payload = ASKED[load.scenario]
    body = "" if payload is None else json.dumps(payload, ensure_ascii=False).replace('"ü"', "ü")
    yield from server.python(PROGRAM, method, path, body, str(REQUESTS)).items()


def tell_database(server: Server, load: Load) -> None:
    """What is to be so before a load; a Mistake where it has no database to be told."""
    if not load.sql:
        return
    if server.database is None:
        raise Mistake(f"{load.label} tells a server of PostgreSQL something, and there is none")
    with psycopg.connect(server.database.url, autocommit=True) as connection:
        connection.execute(load.sql.encode())


def _loaded(server: Server) -> set[str]:
    """Which of the libraries the workers have in memory, as Linux tells it."""
    found = set()
    for pid in server.workers():
        try:
            maps = Path(f"/proc/{pid}/maps").read_text()
        except OSError as error:
            raise Mistake(f"what a worker has loaded cannot be read here: {error}") from error
        found |= {library for library in LIBRARIES if f"/{library}" in maps}
    return found


def must_vary(
    experiment: Experiment, part: Part, counts: Mapping[tuple[str, str], Mapping[str, float]]
) -> None:
    """A Mistake where a variant is not what its name says: what it is timed for would be noise."""
    for one in experiment.varied:
        if one.part != part.name:
            continue
        found = counts[one.variant, one.load or part.loads[0].label].get(one.what, 0.0)
        if not one.at_least <= found <= one.at_most:
            bounds = f"{one.at_least:g} to {one.at_most:g}"
            raise Mistake(
                f"{experiment.name}: {one.variant} has {found:.4g} {one.what} a request, not"
                f" {bounds}: what is to be varied is not; nothing was measured"
            )
