"""A server of which everything is known: it answers after a delay, and counts its answers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.host.leftovers import mark
from bench.host.machine import Partition, pinned
from bench.serve.start import free_port, wait_until_ready

DELAY_MS = 20.0

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
