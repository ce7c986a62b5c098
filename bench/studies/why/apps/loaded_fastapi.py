"""The stack's app, with more CPU before each request, or a sleep, of EXTRA_US."""

import asyncio
import os
import time

from app import app as answer

EXTRA, SECONDS = os.environ["EXTRA"], float(os.environ["EXTRA_US"]) / 1e6


def burn(seconds):
    """CPU, however often others have it meanwhile."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def loaded(scope, receive, send):
    if scope["type"] == "http":
        if EXTRA == "cpu":
            burn(SECONDS)
        else:
            await asyncio.sleep(SECONDS)
    await answer(scope, receive, send)


app = answer if EXTRA == "none" else loaded
