"""The engine `docker`: the stack's own Dockerfile, in a container that keeps no capability."""

import itertools
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench import Mistake
from bench.disturbance import throttled
from bench.leftovers import OWNER, is_left, owner
from bench.machine import cpu_seconds
from bench.server import Engine
from bench.server.start import free_port, last_error, wait_until_ready
from bench.stacks import REQUIREMENTS, Stack

LABEL = OWNER.lower().replace("_", ".")  # of every container of the bench
PYTHON = {REQUIREMENTS["today"]: "3.14", REQUIREMENTS["paper"]: "3.11"}
CGROUPS = Path("/sys/fs/cgroup")
# Controller and file of a counter, in version 2 of cgroups and in version 1.
CPU = (("", "cpu.stat"), ("cpuacct", "cpuacct.usage"))
THROTTLED = (("", "cpu.stat"), ("cpu", "cpu.stat"))
MEMORY = (("", "memory.peak"), ("memory", "memory.max_usage_in_bytes"))

numbers = itertools.count(1)


def why_no_docker() -> str | None:
    """Why no Docker engine can be used here, in a line; None where one answers."""
    try:
        _docker("version", "--format", "{{.Server.Version}}")
    except Mistake as mistake:
        return str(mistake)
    return None


def docker_engine(
    requirements: str, cpus: frozenset[int] | None, workers: int, threads: int
) -> Engine:
    """Serves images built from the folders, on these CPUs, with so many workers and threads.

    A container that a killed bench has left behind is removed first.
    """
    reason = why_no_docker()
    if reason:
        raise Mistake(f"no Docker engine answers: {reason}")
    _remove_leftovers()
    images: dict[str, str] = {}

    def prepare(stack: Stack) -> str:
        images[stack.name] = _build(stack, requirements)
        return images[stack.name]

    options = f"--workers={workers} --threads={threads}"
    on_host = _host_network_is_loopback()
    return Engine(
        name="docker" if on_host else "docker, published port",
        prepare=prepare,
        serve=lambda stack: _serve(stack, images[stack.name], cpus, options, on_host),
    )


@dataclass(frozen=True)
class DockerServer:
    stack: Stack
    image: str
    container: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seed(self, rows: int, journal_mode: str) -> None:
        try:
            self._exec("python", "seed.py", str(rows), "--journal-mode", journal_mode)
        except Mistake as mistake:
            raise Mistake(f"{self.stack.name}: seed.py fails: {mistake}") from mistake

    def python(self, program: str, *arguments: str) -> Any:
        return json.loads(self._exec("python", "-c", program, *arguments))

    def cpu_seconds(self) -> float:
        try:
            counter = self._counter(CPU).split()
        except Mistake:
            return 0.0  # the container has ended; that its workers are gone is noticed
        return int(counter[1]) / 1e6 if counter[0] == "usage_usec" else int(counter[0]) / 1e9

    def peak_bytes(self) -> int | None:
        try:
            return int(self._counter(MEMORY))
        except (Mistake, ValueError):
            return None  # version 2 has the counter since Linux 5.19

    def workers(self) -> dict[int, float | None]:
        try:
            processes = _docker("top", self.container, "-o", "pid").split()[1:]
        except Mistake:
            return {}  # the container has ended
        first = self._inspect("{{.State.Pid}}")
        here = bool(_cgroup(self.container))  # else they are the processes of a virtual machine
        workers = [int(process) for process in processes if process != first]
        return {pid: cpu_seconds(pid) if here else None for pid in workers}

    def throttled(self) -> int | None:
        try:
            return throttled(self._counter(THROTTLED))
        except Mistake:
            return None  # the container has ended

    def log(self) -> str:
        return _docker("logs", self.container)

    def describe(self) -> dict[str, Any]:
        return {
            "image": self.image,
            "image_bytes": int(_docker("image", "inspect", "--format", "{{.Size}}", self.image)),
            "docker": _docker("version", "--format", "{{.Server.Version}}").strip(),
        }

    def is_running(self) -> bool:
        return self._inspect("{{.State.Running}}") == "true"

    def _exec(self, *command: str) -> str:
        return _docker("exec", self.container, *command)

    def _inspect(self, field: str) -> str:
        return _inspect(self.container, field)

    def _counter(self, places: tuple[tuple[str, str], ...]) -> str:
        """A counter of the container's cgroup; read inside, at a cost, where it is out of reach."""
        cgroup = _cgroup(self.container)
        for controller, file in places:
            path = CGROUPS / controller / cgroup / file
            if cgroup and path.exists():
                return path.read_text()
        files = (f"/sys/fs/cgroup/{controller}/{file}" for controller, file in places)
        return self._exec("sh", "-c", " || ".join(f"cat {file} 2>/dev/null" for file in files))


def _inspect(container: str, field: str) -> str:
    return _docker("inspect", "--format", field, container).strip()


@cache  # each question to the engine takes 40 ms of CPU
def _cgroup(container: str) -> str:
    """The container's path below the cgroups' mounts; empty where it is out of reach."""
    process = Path("/proc") / _inspect(container, "{{.State.Pid}}") / "cgroup"
    lines = process.read_text().splitlines() if process.exists() else []
    identity = _inspect(container, "{{.Id}}")
    paths = [line.split(":", 2)[2].lstrip("/") for line in lines]
    return next((path for path in paths if identity in path), "")


@contextmanager
def _serve(
    stack: Stack, image: str, cpus: frozenset[int] | None, options: str, on_host: bool
) -> Iterator[DockerServer]:
    port = free_port()
    # Named before it is there, so that whatever interrupts its start, it can be removed.
    server = DockerServer(stack, image, f"bench-{os.getpid()}-{next(numbers)}", port)
    network = ("--network=host",) if on_host else (f"--publish=127.0.0.1:{port}:8000",)
    bind = f"127.0.0.1:{port}" if on_host else "0.0.0.0:8000"
    try:
        _docker(
            "run",
            "--detach",
            f"--name={server.container}",
            f"--label={LABEL}={owner(os.getpid())}",
            *network,
            *((f"--cpuset-cpus={','.join(map(str, sorted(cpus)))}",) if cpus else ()),
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
            "--mount=type=volume,target=/data",  # the host's file system, not an overlay on it
            f"--env=GUNICORN_CMD_ARGS=--bind={bind} {options}",
            image,
        )
        wait_until_ready(stack.name, port, server.is_running, server.log)
        yield server
    finally:
        _docker("rm", "--force", "--volumes", server.container, allowed=("No such container",))


def _build(stack: Stack, requirements: str) -> str:
    """The id of the image of a stack's folder."""
    arguments = {"PYTHON": PYTHON[requirements], "REQUIREMENTS": requirements}
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    kind = next(name for name, file in REQUIREMENTS.items() if file == requirements)
    try:
        _docker("build", f"--tag=bench-{stack.name}:{kind}", *options, str(stack.folder))
    except Mistake as mistake:
        raise Mistake(f"{stack.name}: its image does not build: {mistake}") from mistake
    return _docker("image", "inspect", "--format", "{{.Id}}", f"bench-{stack.name}:{kind}").strip()


def _remove_leftovers() -> None:
    columns = f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}'
    listed = _docker("ps", "--all", f"--filter=label={LABEL}", f"--format={columns}")
    for container, mark in (line.split() for line in listed.splitlines()):
        if is_left(mark):
            _docker("rm", "--force", "--volumes", container, allowed=("No such container",))


def _host_network_is_loopback() -> bool:
    """Whether a container on the host's network is on this machine's own loopback."""
    if platform.system() != "Linux":
        return False
    about = _docker("info", "--format", "{{.OperatingSystem}} {{.SecurityOptions}}")
    return "Docker Desktop" not in about and "rootless" not in about


def _docker(*arguments: str, allowed: tuple[str, ...] = ()) -> str:
    """What the docker command prints; one that fails is a Mistake with the line that says most."""
    try:
        done = subprocess.run(
            ["docker", *arguments],
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError as error:
        raise Mistake("there is no docker program on PATH") from error
    if done.returncode and not any(words in done.stderr for words in allowed):
        raise Mistake(last_error(done.stderr or done.stdout))
    return done.stdout + (done.stderr if arguments[0] == "logs" else "")
