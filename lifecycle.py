"""Create, read, update and delete items under load, each verb timed apart.

python lifecycle.py http://127.0.0.1:8000 --users 10 --items 200 --out lifecycle.json
python lifecycle.py http://127.0.0.1:8000 --get '/items/{id}' --seconds 10

The second one asks for one route, again and again. It needs httpx2, rich and no other file.
"""

import argparse
import asyncio
import json
import math
import os
import platform
import random
import signal
import statistics
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import NamedTuple

try:
    import httpx2
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
except ImportError as error:
    print(f"lifecycle.py: {error}; `pip install httpx2 rich` brings it", file=sys.stderr)
    sys.exit(2)

VERBS = ("create", "read", "update", "delete")
ROWS = 1500  # ids that --get draws from
BUSY = 0.8  # of a core: above it this client may be what limits the rate

stopped = threading.Event()  # by Ctrl-C: what was asked is waited for, nothing more is asked


class Failure(Exception):
    """Printed as one line, exit status 2."""


class Job(NamedTuple):
    method: str
    path: str
    status: int  # that it must get
    item: dict | None = None  # that POST and PUT send, and that the answer must hold


class Answer(NamedTuple):
    job: Job
    ms: float
    status: int  # 0 where there is none
    content: bytes

    def is_right(self):
        if self.status != self.job.status or self.job.item is None:
            return self.status == self.job.status
        try:
            return self.job.item.items() <= json.loads(self.content).items()
        except (ValueError, AttributeError):
            return False


async def load(client, name, jobs, users):
    """Let users take one job after the other: the answers, and figures of them.

    While the clock runs nothing is done but to ask; the answers are looked at afterwards.
    """
    answers, jobs = [], iter(jobs)

    async def user():
        for job in jobs:
            if stopped.is_set() and job.method != "DELETE":  # that goes on: it cleans up
                return
            asked = time.perf_counter()
            sent = job.item if job.method in ("POST", "PUT") else None
            try:
                answer = await client.request(job.method, job.path, json=sent)
                status, content = answer.status_code, answer.content
            except httpx2.HTTPError as error:
                status, content = 0, repr(error).encode()
            answers.append(Answer(job, 1000 * (time.perf_counter() - asked), status, content))

    console = Console(stderr=True)
    line = {"get_renderable": lambda: f"{name}: {len(answers)} requests", "refresh_per_second": 1}
    with Live(console=console, **line):  # drawn more often, it takes time from what is measured
        started, cpu_s = time.perf_counter(), time.process_time()
        await asyncio.gather(*(user() for _ in range(users)))
        seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu_s
    if not console.is_terminal:
        console.line()  # which on a terminal Live has done
    return answers, {"phase": name, **figures(answers, users, seconds, cpu_s)}


def figures(answers, users, seconds, cpu_s):
    """Of the right answers; None where they are too few to tell."""
    ms = sorted(answer.ms for answer in answers if answer.is_right())

    def percentile(percentage):
        # One stall of the server delays every user: ten times as many answers must lie beyond it.
        if len(ms) * (100 - percentage) < 100 * 10 * users:
            return None
        return ms[math.ceil(len(ms) * percentage / 100) - 1]

    return {
        "requests": len(answers),
        "failed": len(answers) - len(ms),
        "seconds": seconds,
        "per_second": len(ms) / seconds,
        "mean_ms": statistics.fmean(ms) if ms else None,
        "median_ms": percentile(50),
        "p95_ms": percentile(95),
        "p99_ms": percentile(99),
        "client_cpu_us": 1e6 * cpu_s / max(1, len(answers)),
        "client_busy": cpu_s / seconds,
    }


async def lifecycle(client, verbs, count, users):
    """All items are created, then all read, and so on; afterwards none of them is there."""
    await client.get("/hello")  # raises where nobody answers
    await load(client, "warm-up", [Job("GET", "/hello", 200)] * (10 * users), users)
    mark = f"lifecycle {uuid.uuid4().hex[:12]}"  # by it they are found again, whatever happens
    plain = {"description": "Made by lifecycle.py.", "in_stock": True}
    items = [plain | {"name": f"{mark} {n}", "price": n + 0.5} for n in range(count)]
    made, phases = {}, []
    try:
        for verb in VERBS:
            if verb in ("create", *verbs):  # without "create" the items are made all the same
                phase = await load(client, verb, jobs_of(verb, items, made), users)
                phases += [phase] * (verb in verbs)
            if verb == "create":
                right = [answer for answer in phase[0] if answer.is_right()]
                made = {json.loads(answer.content)["id"]: answer.job.item for answer in right}
    finally:
        await clean_up(client, mark, users)
    return phases


def jobs_of(verb, items, made):
    if verb == "create":
        return [Job("POST", "/items/", 201, item) for item in items]
    if verb == "read":
        return [Job("GET", f"/items/{id}", 200, item) for id, item in made.items()]
    if verb == "update":
        changed = {id: item | {"price": item["price"] + 1} for id, item in made.items()}
        return [Job("PUT", f"/items/{id}", 200, item) for id, item in changed.items()]
    return [Job("DELETE", f"/items/{id}", 204) for id in made]


async def clean_up(client, mark, users):
    """Delete what is left of the items, also those whose answer never came."""
    try:
        listed = (await client.get("/items/")).raise_for_status().json()
        left = [item["id"] for item in listed if item["name"].startswith(mark)]
    except (httpx2.HTTPError, ValueError, TypeError, KeyError) as error:  # or it lists otherwise
        raise Failure(f"items named {mark!r} may be left there: {error!r}") from error
    jobs = [Job("DELETE", f"/items/{id}", 204) for id in left]
    answers, _ = await load(client, "clean-up", jobs, users)
    if not all(answer.is_right() for answer in answers):
        raise Failure(f"items named {mark!r} are left there: they cannot be deleted")


def gets(path, seconds):
    """GETs of a path for so long, {id} each time a random one."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield Job("GET", path.replace("{id}", str(random.randint(1, ROWS))), 200)


async def measure(asked):
    limits = httpx2.Limits(max_connections=asked.users, max_keepalive_connections=asked.users)
    options = {"base_url": asked.url, "limits": limits, "timeout": 30, "trust_env": False}
    async with httpx2.AsyncClient(**options) as client:
        if not asked.get:
            return await lifecycle(client, asked.verbs, asked.items, asked.users)
        jobs = gets(asked.get, asked.seconds)
        return [await load(client, f"GET {asked.get}", jobs, asked.users)]


def tell(rows):
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for key in rows[0]:
        table.add_column(key.replace("_", " "), justify="left" if key == "phase" else "right")
    for row in rows:
        values = ["" if value is None else value for value in row.values()]
        table.add_row(*(f"{v:.4g}" if isinstance(v, float) else str(v) for v in values))
    Console(width=None if sys.stdout.isatty() else 130).print(table)
    for row in rows:
        if row["client_busy"] > BUSY:
            print(f"{row['phase']}: this client was the limit; the server may do more")


def parse():
    parser = argparse.ArgumentParser(prog="lifecycle.py", description=__doc__.splitlines()[0])
    parser.add_argument("url", help="of the server, such as http://127.0.0.1:8000")
    parser.add_argument("--users", type=int, default=10, help="who ask at the same time (10)")
    parser.add_argument("--items", type=int, default=200, help="how many (200)")
    parser.add_argument("--verbs", default=",".join(VERBS), help="which are told of (all four)")
    parser.add_argument("--get", metavar="PATH", help="this in place of the verbs")
    parser.add_argument("--seconds", type=float, default=10.0, help="for how long (10)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="for the result as JSON")
    asked = parser.parse_args()
    asked.verbs = asked.verbs.split(",")
    if unknown := set(asked.verbs) - set(VERBS):
        raise Failure(f"there is no verb {min(unknown)!r}; there are {', '.join(VERBS)}")
    if min(asked.users, asked.items, asked.seconds) <= 0:
        raise Failure("--users, --items and --seconds must be more than 0")
    return asked


def main():
    asked = parse()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        phases = asyncio.run(measure(asked))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Failure(f"{asked.url} does not answer: {error}") from error
    if stopped.is_set():
        raise Failure("stopped; none of its items is left there")
    rows = [row for _, row in phases]
    tell(rows)
    if asked.out:
        unfinished = asked.out.with_name(f".{asked.out.name}")
        client = {"python": platform.python_version(), "httpx2": httpx2.__version__}
        client |= {"system": platform.platform(), "cpus": os.cpu_count()}
        result = {"url": asked.url, "users": asked.users, "client": client, "phases": rows}
        unfinished.write_text(json.dumps(result, indent=1) + "\n")
        os.replace(unfinished, asked.out)
    for answer in (answer for answers, _ in phases for answer in answers):
        if not answer.is_right():
            said = f"{answer.status or 'no answer'} {answer.content[:80].decode(errors='replace')}"
            raise Failure(f"not all is right: {answer.job.method} {answer.job.path} gets {said}")


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError) as failure:
        print(f"lifecycle.py: {failure}", file=sys.stderr)
        sys.exit(2)
