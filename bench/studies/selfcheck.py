"""Whether this machine and its k6 can be believed: a stub whose delay and count are known."""

import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import Mistake
from bench.answer.comparison import tukey
from bench.host.disturbance import disturbance, read_counters
from bench.host.leftovers import mark
from bench.host.machine import Partition, cpu_seconds, pinned
from bench.measure.k6 import K6, Load, run_scenario
from bench.measure.profile import load_profile
from bench.progress import Say
from bench.serve.start import free_port, wait_until_ready

DELAY_MS = 20.0
LATEST_MS = 22.0  # for an answer that the stub sends after 20 ms
WINDOWS = 10
STACKS, BLOCKS = 5, 5  # of the campaign for which the answer is given
TOO_NOISY = 0.08  # sd of equal windows: five runs would resolve no difference below 18 %

# Answers anything with 200 after a delay; says at its end how many it has answered.
STUB = """
import asyncio, json, signal, sys

port, delay, answered = int(sys.argv[1]), float(sys.argv[2]), 0
BODY = b'{"message": "Hello, World!"}'
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n"

async def serve(reader, writer):
    global answered
    try:
        while True:
            request = await reader.readuntil(b"\\r\\n\\r\\n")
            asked = not request.startswith(b"GET /hello ")  # whether it is ready, perhaps twice
            if delay:
                await asyncio.sleep(delay)
            answered += 1 * asked
            writer.write(HEAD % len(BODY) + BODY)
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        writer.close()

async def main():
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        await ended.wait()
    print(answered)

asyncio.run(main())
"""


def check_machine(k6: K6, cpus: Partition, say: Say) -> tuple[list[str], list[str]]:
    """What was found, a line each; and of that what speaks against believing this machine."""
    told, against = [], []
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "load.json"
        say("a known delay", 0)
        load, answered = _load_stub(k6, cpus, summary, DELAY_MS)
        mean = load.mean_ms or 0.0
        told.append(
            f"delay   {mean:.2f} ms measured of {DELAY_MS:.0f} ms, {load.requests} requests"
        )
        if not DELAY_MS <= mean <= LATEST_MS:
            against.append(f"k6 measures a delay of {DELAY_MS:.0f} ms as {mean:.2f} ms")
        told.append(f"count   {load.requests} counted by k6 of {answered} answered")
        if load.requests != answered or load.failed:
            against.append("k6 does not count what was answered")
        rates, costs, worst = _equal_windows(k6, cpus, summary, say)
    for what, values in (("throughput", rates), ("CPU", costs)):
        sd = statistics.stdev(map(math.log, values))
        least = math.expm1(tukey(STACKS, (STACKS - 1) * (BLOCKS - 2)) * sd * math.sqrt(2 / BLOCKS))
        told.append(
            f"noise   {what} of {WINDOWS} equal windows differs by {sd:.1%} (sd):"
            f" {BLOCKS} runs of {STACKS} stacks can tell {least:.0%} at best"
        )
        if what == "throughput" and sd > TOO_NOISY:
            against.append(f"equal work differs by {sd:.0%}: no claim can be carried")
    for name, share in worst.items():
        told.append(
            f"{name:7} " + (f"at most {share:.2%} of the CPUs" if share is not None else "not told")
        )
    return told, against


def _equal_windows(
    k6: K6, cpus: Partition, summary: Path, say: Say
) -> tuple[list[float], list[float], dict[str, float | None]]:
    """Requests a second and CPU a request of each window, and the greatest disturbance."""
    rates, costs, disturbed = [], [], []
    for window in range(WINDOWS):
        say(f"window {window + 1} of {WINDOWS}", (1 + window) / (1 + WINDOWS))
        with serve_stub(cpus, 0) as (stub, url):
            before, used = read_counters(), cpu_seconds(stub.pid) or 0.0
            load = _hello(k6, cpus, summary, url, "hello")
            used = (cpu_seconds(stub.pid) or 0.0) - used
            disturbed.append(disturbance(before, read_counters(), used, load.cpu_s))
        if not (load.requests and load.seconds and used):
            raise Mistake(f"k6 measures nothing here; it ended with status {load.exit_status}")
        rates.append(load.requests / load.seconds)
        costs.append(used / load.requests)
    worst = {}
    for name in ("steal", "foreign"):
        shares = [found[f"{name}_share"] for found in disturbed]
        worst[name] = None if None in shares else max(shares)
    return rates, costs, worst


def _load_stub(k6: K6, cpus: Partition, summary: Path, delay_ms: float) -> tuple[Load, int]:
    with serve_stub(cpus, delay_ms) as (stub, url):
        load = _hello(k6, cpus, summary, url, "get")
        return load, answered(stub)


def _hello(k6: K6, cpus: Partition, summary: Path, url: str, scenario: str) -> Load:
    return run_scenario(k6, scenario, load_profile("quick").path, url, cpus.k6, summary)


def answered(stub: subprocess.Popen[str]) -> int:
    """Stop the stub; how many requests it has answered."""
    stub.send_signal(signal.SIGTERM)
    said, _ = stub.communicate(timeout=10)
    return int(said)


@contextmanager
def serve_stub(cpus: Partition, delay_ms: float) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the stub on the server's CPUs; its process and its URL."""
    port = free_port()
    with pinned(cpus.server):
        stub = subprocess.Popen(
            [sys.executable, "-c", STUB, str(port), str(delay_ms / 1000)],
            env={**os.environ, **mark()}, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until_ready("the stub", port, lambda: stub.poll() is None, lambda: "it has ended")
        yield stub, f"http://127.0.0.1:{port}"
    finally:
        stub.kill()
        stub.wait()
