"""The engine `docker`: the stack's own Dockerfile, in a container that keeps no capability."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench import Mistake
from bench.arm import Arm, Settings
from bench.keep.record import Database
from bench.serve.container import (
    Container,
    docker,
    engine_elsewhere,
    host_network_is_loopback,
    remove_leftovers,
    run_container,
)
from bench.serve.databases.postgres import (
    Postgres,
    database_on,
    describe_server,
    wait_until_it_answers,
)
from bench.serve.image import build, describe_image
from bench.serve.server import Engine, describe_sqlite, gunicorn_options
from bench.serve.start import free_port, must_be_pinned, wait_until_ready

POSTGRES = "postgres:17"


def why_no_docker() -> str | None:
    """Why no Docker engine can be used here, in a line; None where one answers."""
    try:
        if elsewhere := engine_elsewhere():
            return f"it is on another machine, {elsewhere}"
        docker("version", "--format", "{{.Server.Version}}", seconds=20)
    except Mistake as mistake:
        return str(mistake)
    return None


@dataclass(frozen=True)
class Surroundings:
    """Where an engine's containers run."""

    cpus: frozenset[int] | None
    on_host: bool  # on the host's own network, else with the app's port published there
    database_url: str | None  # of the server of the arms' databases; None: a container for each


def docker_engine(cpus: frozenset[int] | None, database_url: str | None = None) -> Engine:
    """Serves images built from the folders, on these CPUs.

    A container that a killed bench has left behind is removed first. Where an arm has PostgreSQL,
    its database is on the server of this URL, else in a container of its own.
    """
    reason = why_no_docker()
    if reason:
        raise Mistake(f"no Docker engine answers: {reason}")
    remove_leftovers()
    around = Surroundings(cpus, host_network_is_loopback(), database_url)
    if database_url:
        _describe_given(around, 0)  # now, not when the first arm starts: is it there?
    images: dict[Arm, str] = {}

    def prepare(arm: Arm) -> str:
        images[arm] = build(arm)
        return images[arm]

    return Engine(
        name="docker" if around.on_host else "docker, published port",
        prepare=prepare,
        serve=lambda arm: _serve(arm, images[arm], around),
        describe_database=partial(_describe_database, around),
    )


@dataclass(frozen=True)
class DockerServer:
    arm: Arm
    image: str
    container: Container
    beside: Container | None  # that of its database's server
    port: int
    database: Postgres | None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seed(self, rows: int, journal_mode: str | None) -> None:
        mode = ("--journal-mode", journal_mode) if journal_mode else ()
        try:
            self.container.execute("python", "seed.py", str(rows), *mode)
        except Mistake as mistake:
            raise Mistake(f"{self.arm.label}: seed.py fails: {mistake}") from mistake

    def python(self, program: str, *arguments: str) -> Any:
        return json.loads(self.container.execute("python", "-c", program, *arguments))

    def cpu_seconds(self) -> float:
        return self.container.cpu_seconds()

    def peak_bytes(self) -> int | None:
        return self.container.peak_bytes()

    def memory_bytes(self) -> int | None:
        held = self.container.memory_bytes()
        if not self.database:
            return held
        of_database = self.beside.memory_bytes() if self.beside else self.database.memory_bytes()
        return None if held is None or of_database is None else held + of_database

    def workers(self) -> dict[int, float | None]:
        return self.container.processes()

    def throttled(self) -> int | None:
        return self.container.throttled()

    def log(self) -> str:
        return self.container.log()

    def describe(self) -> dict[str, Any]:
        return describe_image(self.image)


@contextmanager
def _serve(arm: Arm, image: str, around: Surroundings) -> Iterator[DockerServer]:
    port = free_port()
    bind = f"127.0.0.1:{port}" if around.on_host else "0.0.0.0:8000"
    with ExitStack() as running:
        network = _network(around, port)
        environment = [f"--env=GUNICORN_CMD_ARGS=--bind={bind} {gunicorn_options(arm.settings)}"]
        environment += [f"--env={name}={value}" for name, value in arm.settings.variables]
        database, beside = None, None
        if arm.settings.database == "postgres":
            if around.database_url:
                database = running.enter_context(database_on(around.database_url))
            else:
                beside, database = running.enter_context(_postgres(around, port))
                if not around.on_host:  # the two share one loopback; its port is published there
                    network = (f"--network=container:{beside.name}",)
            environment.append(f"--env=DATABASE_URL={database.url}")
        container = running.enter_context(
            run_container(
                image,
                around.cpus,
                *network,
                "--cap-drop=ALL",
                "--security-opt=no-new-privileges",
                "--mount=type=volume,target=/data",  # the host's file system, not an overlay on it
                *environment,
            )
        )
        wait_until_ready(arm.label, port, container.is_running, container.log)
        must_be_pinned(arm.label, container.cpus(), around.cpus)
        yield DockerServer(arm, image, container, beside, port, database)


@contextmanager
def _postgres(around: Surroundings, app_port: int) -> Iterator[tuple[Container, Postgres]]:
    """A PostgreSQL server in a container of its own, with an empty database."""
    port = free_port()
    inside = port if around.on_host else 5432
    network = _network(around, app_port)
    if not around.on_host:
        network = (*network, f"--publish=127.0.0.1:{port}:5432")
    with run_container(
        POSTGRES,
        around.cpus,
        *network,
        "--env=POSTGRES_USER=bench",
        "--env=POSTGRES_PASSWORD=bench",
        "--env=POSTGRES_DB=items",
        f"--env=PGPORT={inside}",
        command=("postgres", "-c", f"listen_addresses={'127.0.0.1' if around.on_host else '*'}"),
    ) as container:
        url = "postgresql://bench:bench@127.0.0.1:{}/items"
        wait_until_it_answers(url.format(port), container.is_running, container.log)
        first = container.first_process()
        # Its processes are another user's: they do not tell everybody what they hold.
        yield container, Postgres(url.format(inside), first, held=container.memory_bytes)


def _network(around: Surroundings, port: int) -> tuple[str, ...]:
    return ("--network=host",) if around.on_host else (f"--publish=127.0.0.1:{port}:8000",)


def _describe_database(
    around: Surroundings, settings: Settings, rows: int, journal_mode: str | None
) -> Database:
    """What must be equal in two results that are compared."""
    if settings.database == "sqlite":
        return describe_sqlite(rows, journal_mode)
    if around.database_url:
        return _describe_given(around, rows)
    with run_container(POSTGRES, None, command=("sh", "-c", "postgres --version")) as container:
        docker("wait", container.name)
        version = container.log().split()[2]
    return Database(kind="postgresql", rows=rows, server="container", version=version)


def _describe_given(around: Surroundings, rows: int) -> Database:
    """A Mistake where it is not there, or a container does not reach it."""
    if not around.on_host:
        raise Mistake("--database-url: here a container does not reach it; take --engine local")
    return describe_server(around.database_url or "", rows)
