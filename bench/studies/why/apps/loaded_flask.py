"""The stack's app, with more CPU before each request, or a sleep, of EXTRA_US."""

import os
import time

from app import app

EXTRA, SECONDS = os.environ["EXTRA"], float(os.environ["EXTRA_US"]) / 1e6
answer = app.wsgi_app


def burn(seconds):
    """CPU, however often others have it meanwhile."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def loaded(environ, start_response):
    if EXTRA == "cpu":
        burn(SECONDS)
    else:
        time.sleep(SECONDS)
    return answer(environ, start_response)


if EXTRA != "none":
    app.wsgi_app = loaded
