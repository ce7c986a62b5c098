"""The stack's app, with more CPU before each request, or a sleep, by EXTRA_US."""

import asyncio
import json
import os
import time

from app import app as answer

EXTRA, MICROSECONDS = os.environ["EXTRA"], json.loads(os.environ["EXTRA_US"])  # by method and path


def burn(seconds):
    """CPU, however often others have it meanwhile."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def loaded(scope, receive, send):
    if scope["type"] == "http":
        seconds = MICROSECONDS.get(f"{scope['method']} {scope['path']}", 0.0) / 1e6
        if EXTRA == "cpu":
            burn(seconds)
        else:
            await asyncio.sleep(seconds)
    await answer(scope, receive, send)


app = answer if EXTRA == "none" else loaded
