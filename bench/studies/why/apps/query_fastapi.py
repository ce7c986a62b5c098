"""GET /items/{id} of FastAPI: psycopg in threads or asynchronously, or asyncpg."""

import asyncio
import os
import time
from contextlib import asynccontextmanager

import asyncpg
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from query import ITEM, LIMIT, SLEEP, URL, as_item

WAY = os.environ["WAY"]
SIZES = {"min_size": LIMIT, "max_size": LIMIT}
AUTOCOMMIT = {"kwargs": {"autocommit": True}, "open": False}
pools = {}


@asynccontextmanager
async def with_a_pool(app):
    current_default_thread_limiter().total_tokens = LIMIT
    if WAY == "def":
        pools["pool"] = ConnectionPool(URL, **SIZES, **AUTOCOMMIT)
        pools["pool"].open(wait=True)
        yield
        pools["pool"].close()
    elif WAY == "async":
        async with AsyncConnectionPool(URL, **SIZES, **AUTOCOMMIT) as pools["pool"]:
            yield
    else:
        async with asyncpg.create_pool(URL, **SIZES) as pools["pool"]:
            yield


app = FastAPI(lifespan=with_a_pool)


def hello() -> dict[str, str]:
    time.sleep(SLEEP)
    return {"message": "Hello, World!"}


async def hello_async() -> dict[str, str]:
    await asyncio.sleep(SLEEP)
    return {"message": "Hello, World!"}


def answer(row):
    if row is None:
        raise HTTPException(404)
    return JSONResponse(as_item(row))


def get_item(item_id: int):
    with pools["pool"].connection() as connection:
        row = connection.execute(ITEM.format("%s"), (item_id,)).fetchone()
    return answer(row)


async def get_item_async(item_id: int):
    async with pools["pool"].connection() as connection:
        cursor = await connection.execute(ITEM.format("%s"), (item_id,))
        row = await cursor.fetchone()
    return answer(row)


async def get_item_asyncpg(item_id: int):
    async with pools["pool"].acquire() as connection:
        row = await connection.fetchrow(ITEM.format("$1"), item_id)
    return answer(row)


WAYS = {"def": get_item, "async": get_item_async, "asyncpg": get_item_asyncpg}
app.get("/hello")(hello if WAY == "def" else hello_async)
app.get("/items/{item_id}")(WAYS[WAY])
