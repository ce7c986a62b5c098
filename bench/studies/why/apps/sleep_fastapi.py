"""A hello that waits: in a thread of a pool of LIMIT, or in no thread at all."""

import asyncio
import os
import time
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

WAY, LIMIT = os.environ["WAY"], int(os.environ["LIMIT"])
SECONDS = float(os.environ["WAIT_MS"]) / 1000


@asynccontextmanager
async def with_a_pool(app):
    current_default_thread_limiter().total_tokens = LIMIT
    yield


app = FastAPI(lifespan=with_a_pool)

if WAY == "def":

    @app.get("/hello")
    def hello() -> dict[str, str]:
        time.sleep(SECONDS)
        return {"message": "Hello, World!"}

else:

    @app.get("/hello")
    async def hello() -> dict[str, str]:
        await asyncio.sleep(SECONDS)
        return {"message": "Hello, World!"}
