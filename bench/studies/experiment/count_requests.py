"""Counts what requests do, for `python -c` in an arm's folder: METHOD PATH BODY COUNT.

The app that Gunicorn's configuration names answers them here, one after the other, without a
server. Printed as JSON, a request: collections of the garbage collector and the µs they take, calls
of functions, how long it takes, hops to another thread, connections to SQLite that are opened,
statements to it by their first word. An ü in the body stands for the request's number.
"""

import asyncio
import gc
import importlib
import inspect
import io
import json
import os
import runpy
import sqlite3
import sys
import threading
import time
from collections import Counter

method, path, template, count = *sys.argv[1:4], int(sys.argv[4])
WARM, PROFILED = 30, 50  # requests
statements, hops, opened = Counter(), Counter(), Counter()


calls = Counter()


def profile(frame, event, argument):
    if event in ("call", "c_call"):
        calls["calls"] += 1


threading.setprofile(profile)  # of threads that begin from now on: a pool's live long


def traced(connect):
    def connect_traced(*arguments, **options):
        connection = connect(*arguments, **options)
        opened["opened"] += 1
        connection.set_trace_callback(lambda sql: statements.update([sql.split()[0].lower()]))
        return connection

    return connect_traced


sqlite3.connect = sqlite3.dbapi2.connect = traced(sqlite3.connect)
try:
    import anyio.to_thread
except ImportError:  # Flask and Django have none
    pass
else:
    run_sync = anyio.to_thread.run_sync

    async def counted_run_sync(*arguments, **options):
        hops["hops"] += 1
        return await run_sync(*arguments, **options)

    anyio.to_thread.run_sync = counted_run_sync

module, _, name = runpy.run_path("gunicorn.conf.py")["wsgi_app"].partition(":")
app = getattr(importlib.import_module(module), name or "application")
is_asgi = inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)
loop = asyncio.new_event_loop() if is_asgi else None


async def start_asgi():
    """As a server does before the first request; what it is to keep must be referred to."""
    told, answered = asyncio.Queue(), asyncio.Event()
    told.put_nowait({"type": "lifespan.startup"})

    async def send(message):
        answered.set()

    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = loop.create_task(app(scope, told.get, send))
    await answered.wait()
    return running


async def ask_asgi(body):
    sent, unread = [], [{"type": "http.request", "body": body, "more_body": False}]
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http"},
        **{"method": method, "path": path, "raw_path": path.encode(), "query_string": b""},
        **{"root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "state": {}},
        "server": ("127.0.0.1", 80),
    }

    async def receive():
        return unread.pop() if unread else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"]


def ask_wsgi(body):
    said = []
    environ = {
        **{"REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": ""},
        **{"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1"},
        **{"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))},
        **{"wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body)},
        **{"wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": True},
        **{"wsgi.run_once": False, "REMOTE_ADDR": "127.0.0.1"},
    }
    answer = app(environ, lambda status, headers, error=None: said.append(status))
    for _ in answer:
        pass
    getattr(answer, "close", lambda: None)()
    return int(said[0].split()[0])


def ask(first, count):
    bodies = [template.replace("ü", str(n)).encode() for n in range(first, first + count)]
    if is_asgi:
        statuses = loop.run_until_complete(ask_all(bodies))
    else:
        statuses = {ask_wsgi(body) for body in bodies}
    if any(not 200 <= status < 300 for status in statuses):
        sys.exit(f"{method} {path} answers {sorted(statuses)}")


async def ask_all(bodies):
    """In one task, to which the threads of anyio's pool belong."""
    return {await ask_asgi(body) for body in bodies}


running = loop.run_until_complete(start_asgi()) if is_asgi else None
ask(0, WARM)
statements.clear()
hops.clear()
opened.clear()
collecting, began = [0.0], [0.0]


def clock(phase, info):
    if phase == "start":
        began[0] = time.perf_counter()
    else:
        collecting[0] += time.perf_counter() - began[0]


gc.callbacks.append(clock)
before, started = sum(of["collections"] for of in gc.get_stats()), time.perf_counter()
ask(WARM, count)
waited = time.perf_counter() - started
collections = sum(of["collections"] for of in gc.get_stats()) - before
gc.callbacks.remove(clock)
told = {
    "collections": collections / count,
    "collecting_us": 1e6 * collecting[0] / count,
    "waited_ms": 1000 * waited / count,
    "hops": hops["hops"] / count,
    "opened": opened["opened"] / count,
    **{f"{word}s": times / count for word, times in sorted(statements.items())},
}
calls.clear()
sys.setprofile(profile)
ask(WARM + count, PROFILED)
sys.setprofile(None)
told["calls"] = calls["calls"] / PROFILED
print(json.dumps(told), flush=True)
os._exit(0)  # whatever threads a pool has
