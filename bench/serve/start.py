"""What every engine does to start an app: a free port, then waiting until it answers."""

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

from bench import Mistake

READY_SECONDS = 60
given: set[int] = set()  # ports, by this process
one_at_a_time = threading.Lock()
given_up = threading.Event()  # the bench was stopped: nobody waits for an app any more


def free_port() -> int:
    """A port of loopback that nobody listens on; never the same twice.

    Whoever gets it listens a moment later: till then the system takes it for free, and might name
    it to the next who asks.
    """
    with one_at_a_time:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in given:
                given.add(port)
                return port


def wait_until_ready(
    name: str, port: int, is_running: Callable[[], bool], log: Callable[[], str]
) -> None:
    """Return when the app says hello; one that ends, or does not in time, is a Mistake."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and not given_up.is_set():
        if not is_running():
            raise Mistake(f"{name} does not start: {last_error(log())}")
        if _says_hello(port):
            return
        time.sleep(0.05)
    said = last_error(log())
    raise Mistake(f"{name} does not say hello within {READY_SECONDS} s; its log ends: {said}")


def _says_hello(port: int) -> bool:
    """Whether GET /hello answers; Gunicorn takes a connection before a worker can answer it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/hello")
        answer = connection.getresponse()
        return answer.status == 200 and json.loads(answer.read()) == {"message": "Hello, World!"}
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def affinities(processes: Iterable[int]) -> set[int]:
    """The CPUs on which these may run; empty where the system does not tell."""
    found: set[int] = set()
    for pid in processes:
        with suppress(psutil.Error, AttributeError):
            found |= set(psutil.Process(pid).cpu_affinity())
    return found


def must_be_pinned(name: str, found: set[int], cpus: frozenset[int] | None) -> None:
    """A Mistake where an app may run elsewhere than it was told: an engine may ignore that."""
    if cpus and not found <= cpus:
        asked, told = (", ".join(map(str, sorted(some))) for some in (cpus, found))
        raise Mistake(f"{name} is to run on CPU {asked} and runs on {told}: nothing pins it here")


def last_error(log: str) -> str:
    """The line of a log that says most: the last exception, else the first error, else the end."""
    lines = [line.strip() for line in log.splitlines() if line.strip()] or ["it prints nothing"]
    exceptions = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Exit)\b", line)]
    errors = [line for line in lines if "[ERROR]" in line]
    fatal = [line for line in lines if " FATAL: " in line]  # PostgreSQL's
    said = (exceptions[-1:] or errors[:1] or fatal[-1:] or lines[-1:])[0]
    return re.sub(r"^\[[^]]*\] \[\d+\] \[\w+\] ", "", said)  # Gunicorn's time, process and level
