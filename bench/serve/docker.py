"""The engine `docker`: the stack's own Dockerfile, in a container that keeps no capability."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench import Mistake
from bench.serve.container import (
    Container,
    docker,
    host_network_is_loopback,
    remove_leftovers,
    run_container,
)
from bench.serve.postgres import Postgres, database_on, describe_server, wait_until_it_answers
from bench.serve.server import SQLITE, Engine, Serving
from bench.serve.stacks import REQUIREMENTS, Stack
from bench.serve.start import free_port, wait_until_ready

PYTHON = {REQUIREMENTS["today"]: "3.14", REQUIREMENTS["paper"]: "3.11"}
POSTGRES = "postgres:17"


def why_no_docker() -> str | None:
    """Why no Docker engine can be used here, in a line; None where one answers."""
    try:
        docker("version", "--format", "{{.Server.Version}}")
    except Mistake as mistake:
        return str(mistake)
    return None


def docker_engine(serving: Serving) -> Engine:
    """Serves images built from the folders.

    A container that a killed bench has left behind is removed first.
    """
    reason = why_no_docker()
    if reason:
        raise Mistake(f"no Docker engine answers: {reason}")
    remove_leftovers()
    on_host = host_network_is_loopback()
    images: dict[str, str] = {}

    def prepare(stack: Stack) -> str:
        images[stack.name] = _build(stack, serving.requirements)
        return images[stack.name]

    return Engine(
        name="docker" if on_host else "docker, published port",
        prepare=prepare,
        serve=lambda stack: _serve(stack, images[stack.name], serving, on_host),
        database=_describe_database(serving, on_host),
    )


@dataclass(frozen=True)
class DockerServer:
    stack: Stack
    image: str
    container: Container
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
            raise Mistake(f"{self.stack.name}: seed.py fails: {mistake}") from mistake

    def python(self, program: str, *arguments: str) -> Any:
        return json.loads(self.container.execute("python", "-c", program, *arguments))

    def cpu_seconds(self) -> float:
        return self.container.cpu_seconds()

    def peak_bytes(self) -> int | None:
        return self.container.peak_bytes()

    def workers(self) -> dict[int, float | None]:
        return self.container.processes()

    def throttled(self) -> int | None:
        return self.container.throttled()

    def log(self) -> str:
        return self.container.log()

    def describe(self) -> dict[str, Any]:
        return {
            "image": self.image,
            "image_bytes": int(docker("image", "inspect", "--format", "{{.Size}}", self.image)),
            "docker": docker("version", "--format", "{{.Server.Version}}").strip(),
        }


@contextmanager
def _serve(stack: Stack, image: str, serving: Serving, on_host: bool) -> Iterator[DockerServer]:
    """On the host's own network, or with the app's port published there."""
    port = free_port()
    bind = f"127.0.0.1:{port}" if on_host else "0.0.0.0:8000"
    with ExitStack() as running:
        network = _network(on_host, port)
        environment = [f"--env=GUNICORN_CMD_ARGS=--bind={bind} {serving.options}"]
        database = None
        if serving.database_url:
            database = running.enter_context(database_on(serving.database_url))
        elif serving.database != "sqlite":
            beside, database = running.enter_context(_postgres(serving, on_host, port))
            if not on_host:  # the two share one loopback; its port is published there
                network = (f"--network=container:{beside.name}",)
        if database:
            environment.append(f"--env=DATABASE_URL={database.url}")
        container = running.enter_context(
            run_container(
                image,
                serving.cpus,
                *network,
                "--cap-drop=ALL",
                "--security-opt=no-new-privileges",
                "--mount=type=volume,target=/data",  # the host's file system, not an overlay on it
                *environment,
            )
        )
        wait_until_ready(stack.name, port, container.is_running, container.log)
        yield DockerServer(stack, image, container, port, database)


@contextmanager
def _postgres(
    serving: Serving, on_host: bool, app_port: int
) -> Iterator[tuple[Container, Postgres]]:
    """A PostgreSQL server in a container of its own, with an empty database."""
    port = free_port()
    inside = port if on_host else 5432
    network = _network(on_host, app_port)
    if not on_host:
        network = (*network, f"--publish=127.0.0.1:{port}:5432")
    with run_container(
        POSTGRES,
        serving.cpus,
        *network,
        "--env=POSTGRES_USER=bench",
        "--env=POSTGRES_PASSWORD=bench",
        "--env=POSTGRES_DB=items",
        f"--env=PGPORT={inside}",
        command=("postgres", "-c", f"listen_addresses={'127.0.0.1' if on_host else '*'}"),
    ) as container:
        url = "postgresql://bench:bench@127.0.0.1:{}/items"
        wait_until_it_answers(url.format(port), container.is_running, container.log)
        yield container, Postgres(url.format(inside), container.first_process())


def _network(on_host: bool, port: int) -> tuple[str, ...]:
    return ("--network=host",) if on_host else (f"--publish=127.0.0.1:{port}:8000",)


def _describe_database(serving: Serving, on_host: bool) -> dict[str, str]:
    """What must be equal in two campaigns that share a figure; a Mistake where it is not there."""
    if serving.database_url:
        if not on_host:
            raise Mistake("--database-url: here a container does not reach it; take --engine local")
        return describe_server(serving.database_url)
    if serving.database == "sqlite":
        return SQLITE
    with run_container(POSTGRES, None, command=("sh", "-c", "postgres --version")) as container:
        docker("wait", container.name)
        said = container.log().split()
    return {"kind": "postgresql", "server": "container", "version": said[2]}


def _build(stack: Stack, requirements: str) -> str:
    """The id of the image of a stack's folder."""
    arguments = {"PYTHON": PYTHON[requirements], "REQUIREMENTS": requirements}
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    kind = next(name for name, file in REQUIREMENTS.items() if file == requirements)
    try:
        docker(
            "build", "--force-rm", f"--tag=bench-{stack.name}:{kind}", *options, str(stack.folder)
        )
    except Mistake as mistake:
        raise Mistake(f"{stack.name}: its image does not build: {mistake}") from mistake
    return docker("image", "inspect", "--format", "{{.Id}}", f"bench-{stack.name}:{kind}").strip()
