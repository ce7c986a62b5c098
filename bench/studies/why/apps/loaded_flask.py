"""The stack's app, with more CPU before each request, or a sleep, by EXTRA_US."""

import json
import os
import time

from app import app

EXTRA, MICROSECONDS = os.environ["EXTRA"], json.loads(os.environ["EXTRA_US"])  # by method and path
answer = app.wsgi_app


def burn(seconds):
    """CPU, however often others have it meanwhile."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def loaded(environ, start_response):
    seconds = MICROSECONDS.get(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", 0.0) / 1e6
    if EXTRA == "cpu":
        burn(seconds)
    else:
        time.sleep(seconds)
    return answer(environ, start_response)


if EXTRA != "none":
    app.wsgi_app = loaded
