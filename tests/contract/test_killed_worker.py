"""A hundred clients write, a worker is killed: what was acknowledged is there, and there once.

For two seconds; `pytest tests/contract/test_killed_worker.py --writing-seconds 60` takes longer.
"""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import httpx2
import psutil
import pytest
from server import LAMP

CLIENTS = 100


def test_every_acknowledged_write_outlives_a_killed_worker(server, stack, pytestconfig):
    if stack.versions != "today":
        pytest.skip("once a stack and database is enough")
    seconds = pytestconfig.getoption("--writing-seconds")
    together, end = Barrier(CLIENTS + 1), time.monotonic() + seconds
    with ThreadPoolExecutor(CLIENTS) as pool:
        writers = [pool.submit(write, server, n, together, end) for n in range(CLIENTS)]
        together.wait()  # each has written once
        master = psutil.Process(server.process.pid)
        killed = master.children()[0]
        killed.kill()
        acknowledged = {id: name for writer in writers for id, name in writer.result()}
    assert len(acknowledged) > CLIENTS
    kept = {row[0]: row[1] for row in server.rows() if row[0] > 1500}
    assert acknowledged.items() <= kept.items()
    assert set(Counter(kept.values()).values()) == {1}
    assert killed.pid not in [worker.pid for worker in master.children()]
    assert server.client.post("/items/", json=LAMP).status_code == 201


def write(server, client, together, end):
    """Make items of different names until the end; id and name of each that was acknowledged."""
    transport = httpx2.HTTPTransport(uds=str(server.socket))
    made, number = [], 0
    with closing(httpx2.Client(base_url="http://stack", transport=transport, timeout=60)) as http:
        while number < 2 or time.monotonic() < end:
            name = f"client {client}, item {number}"
            number += 1
            try:
                answer = http.post("/items/", json=LAMP | {"name": name})
                if answer.status_code == 201:
                    made.append((answer.json()["id"], name))
            except httpx2.TransportError:
                pass  # its worker was killed: whether this was written, nobody can tell
            if number == 1:
                together.wait()
    return made
