"""A container of the bench: marked as ours, read by its counters, removed whatever happens."""

import itertools
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from bench import Mistake
from bench.host.cgroups import CGROUPS, throttled, throttled_in
from bench.host.leftovers import OWNER, fate, mark, name_unknown, owner
from bench.host.machine import cpu_seconds
from bench.host.processes import family, find_process
from bench.host.shell import kept
from bench.serve.start import affinities, last_error

LABEL = OWNER.lower().replace("_", ".")  # of every container of the bench
# Controller and file of a counter, in version 2 of cgroups and in version 1.
CPU = (("", "cpu.stat"), ("cpuacct", "cpuacct.usage"))
THROTTLED = (("", "cpu.stat"), ("cpu", "cpu.stat"))
PEAK = (("", "memory.peak"), ("memory", "memory.max_usage_in_bytes"))
MEMORY = (("", "memory.current"), ("memory", "memory.usage_in_bytes"))
MEMORY_STAT = (("", "memory.stat"), ("memory", "memory.stat"))

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANSWER_SECONDS = 60.0  # in which an engine answers everything but what takes long by itself
numbers = itertools.count(1)


@dataclass(frozen=True)
class Container:
    name: str

    def cpu_seconds(self) -> float:
        """CPU time since its start; 0 where it has ended."""
        try:
            counter = self._counter(CPU).split()
        except Mistake:
            return 0.0  # that its workers are gone is noticed
        return int(counter[1]) / 1e6 if counter[0] == "usage_usec" else int(counter[0]) / 1e9

    def peak_bytes(self) -> int | None:
        try:
            return int(self._counter(PEAK))
        except (Mistake, ValueError):
            return None  # version 2 has the counter since Linux 5.19

    def memory_bytes(self) -> int | None:
        """What it holds now, less the files that the system keeps in memory for it."""
        try:
            held, stat = int(self._counter(MEMORY)), self._counter(MEMORY_STAT).split()
        except (Mistake, ValueError):
            return None
        counted = dict(zip(stat[::2], map(int, stat[1::2]), strict=True))
        shared = counted.get("total_shmem", counted.get("shmem", 0))  # counted among the files
        return held - counted.get("total_cache", counted.get("file", 0)) + shared

    def throttled(self) -> int | None:
        """How often a CPU quota has stopped it; None where that cannot be told."""
        first = self.first_process()
        if first:
            return throttled(first)
        try:
            return throttled_in(self._counter(THROTTLED))
        except Mistake:
            return None  # it has ended

    def processes(self) -> dict[int, float | None]:
        """CPU seconds of every process but the first, by its number; empty where it has ended."""
        try:
            first = _first(self.name)
            if first:
                return {child.pid: cpu_seconds(child.pid) for child in family(first)[1:]}
            listed = docker("top", self.name, "-o", "pid").split()[1:]
            number = _inspect(self.name, "{{.State.Pid}}")
        except Mistake:
            return {}
        return {int(pid): None for pid in listed if pid != number}  # of a virtual machine

    def cpus(self) -> set[int]:
        """Those on which what it runs may run."""
        pids = self.processes()
        if _first(self.name):
            return affinities(pids)
        program = "import json, os; print(json.dumps(sorted(os.sched_getaffinity(0))))"
        return set(json.loads(self.execute("python", "-c", program)))

    def first_process(self) -> int | None:
        """Its number on this machine; None where it runs in a virtual machine."""
        first = _first(self.name)
        return first.pid if first else None

    def is_running(self) -> bool:
        first = _first(self.name)
        if first:  # asking the engine costs 20 ms and more of CPU
            try:
                return first.is_running() and first.status() != psutil.STATUS_ZOMBIE
            except psutil.Error:
                return False
        return _inspect(self.name, "{{.State.Running}}") == "true"

    def execute(self, *command: str) -> str:
        """What a command prints inside; one that fails is a Mistake."""
        return docker("exec", self.name, *command, seconds=600)

    def log(self) -> str:
        return docker("logs", self.name)

    def _counter(self, places: tuple[tuple[str, str], ...]) -> str:
        """A counter of its cgroup; read inside, at a cost, where it is out of reach."""
        cgroup = _cgroup(self.name)
        for controller, file in places:
            path = CGROUPS / controller / cgroup / file
            if cgroup and path.exists():
                return path.read_text()
        files = (f"/sys/fs/cgroup/{controller}/{file}" for controller, file in places)
        return self.execute("sh", "-c", " || ".join(f"cat {file} 2>/dev/null" for file in files))


@contextmanager
def run_container(
    image: str, cpus: frozenset[int] | None, *options: str, command: Sequence[str] = ()
) -> Iterator[Container]:
    """Start it on these CPUs, with these options of `docker run`; afterwards it is gone."""
    # Named before it is there, so that whatever interrupts its start, it can be removed.
    container = Container(f"bench-{os.getpid()}-{next(numbers)}")
    pinned = (f"--cpuset-cpus={','.join(map(str, sorted(cpus)))}",) if cpus else ()
    named = f"--name={container.name}", f"--label={LABEL}={owner(os.getpid())}"
    try:
        # Where the image is not there yet, the engine fetches it.
        docker("run", "--detach", *named, *pinned, *options, image, *command, seconds=1800)
        yield container
    finally:
        docker("rm", "--force", "--volumes", container.name, allowed=("No such container",))


def remove_leftovers() -> None:
    """Remove the containers of runs that are gone; other clients of the engine have some too."""
    columns = f'{{{{.Names}}}} {{{{.Label "{LABEL}"}}}}'
    listed = docker("ps", "--all", f"--filter=label={LABEL}", f"--format={columns}")
    marks = dict(line.split() for line in listed.splitlines())
    for container, left_by in marks.items():
        if fate(left_by) == "gone":
            docker("rm", "--force", "--volumes", container, allowed=("No such container",))
    name_unknown(
        f"container {name}" for name, left_by in marks.items() if fate(left_by) == "unknown"
    )


def host_network_is_loopback() -> bool:
    """Whether a container on the host's network is on this machine's own loopback."""
    if platform.system() != "Linux":
        return False
    about = docker("info", "--format", "{{.OperatingSystem}} {{.SecurityOptions}}")
    return "Docker Desktop" not in about and "rootless" not in about


def engine_elsewhere() -> str | None:
    """The address of an engine on another machine, whose loopback is not this one's."""
    host = docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
    address = urlsplit(host)
    is_here = address.scheme in ("unix", "npipe", "fd") or address.hostname in LOOPBACK
    return None if is_here else host


def docker(*arguments: str, allowed: tuple[str, ...] = (), seconds: float = ANSWER_SECONDS) -> str:
    """What the docker command prints; one that fails is a Mistake with the line that says most.

    So is an engine that does not answer in time.
    """
    try:
        done = subprocess.run(
            ["docker", *arguments],
            env=kept() | mark(),  # what it starts itself, a builder, is not to outlive this run
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=seconds,
        )
    except FileNotFoundError as error:
        raise Mistake("there is no docker program on PATH") from error
    except subprocess.TimeoutExpired as error:
        asked = f"docker {arguments[0]}"
        raise Mistake(f"the Docker engine does not answer: {asked} took {seconds:.0f} s") from error
    if done.returncode and not any(words in done.stderr for words in allowed):
        raise Mistake(last_error(done.stderr or done.stdout))
    return done.stdout + (done.stderr if arguments[0] == "logs" else "")


def _inspect(container: str, field: str) -> str:
    return docker("inspect", "--format", field, container).strip()


@cache  # each question to the engine takes 40 ms of CPU
def _cgroup(container: str) -> str:
    """The container's path below the cgroups' mounts; empty where it is out of reach."""
    process = Path("/proc") / _inspect(container, "{{.State.Pid}}") / "cgroup"
    lines = process.read_text().splitlines() if process.exists() else []
    identity = _inspect(container, "{{.Id}}")
    paths = [line.split(":", 2)[2].lstrip("/") for line in lines]
    return next((path for path in paths if identity in path), "")


@cache
def _first(container: str) -> psutil.Process | None:
    """Its first process; None where it is out of reach, or has ended before it was asked for."""
    reached = _cgroup(container)
    return find_process(int(_inspect(container, "{{.State.Pid}}"))) if reached else None
