"""A hundred clients write, a worker is killed: what was acknowledged is there, and there once.

For two seconds; `pytest tests/contract/test_killed_worker.py --writing-seconds 60` takes longer.
"""

import math
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
    together = Barrier(CLIENTS + 1)
    with ThreadPoolExecutor(CLIENTS) as pool:
        writers = [pool.submit(write, server, n, together, seconds) for n in range(CLIENTS)]
        together.wait()  # each has written once
        master = psutil.Process(server.process.pid)
        killed = master.children()[0]
        killed.kill()
        acknowledged = {id: name for writer in writers for id, name in writer.result()}
    assert len(acknowledged) >= 2 * CLIENTS  # each client also after the worker's death
    kept = {row[0]: row[1] for row in server.rows() if row[0] > 1500}
    assert acknowledged.items() <= kept.items()
    assert set(Counter(kept.values()).values()) == {1}
    assert killed.pid not in [worker.pid for worker in master.children()]
    assert server.client.post("/items/", json=LAMP).status_code == 201


def write(server, client, together, seconds):
    """Make items of different names, one and then for seconds; id, name of what was acknowledged.

    The time counts from the kill. Whoever has lost all to it goes on, a minute at most.
    """
    # A Unix socket has no certificates; to load the authorities' takes each client 50 ms.
    transport = httpx2.HTTPTransport(uds=str(server.socket), verify=False)
    made, number, end = [], 0, math.inf
    with closing(httpx2.Client(base_url="http://stack", transport=transport, timeout=60)) as http:
        while (now := time.monotonic()) < end or (len(made) < 2 and now < end + 60):
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
                end = time.monotonic() + seconds
    return made
