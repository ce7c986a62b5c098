"""GET /items/ of FastAPI with sqlite3: in a thread or not, and the rows answered in four ways."""

import os

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from app import Item, get_db

ROUTE, ANSWER = os.environ["ROUTE"], os.environ["ANSWER"]
ITEMS = TypeAdapter(list[Item])

app = FastAPI()


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello, World!"}


def list_items():
    rows = get_db().execute("SELECT * FROM items ORDER BY id")
    if ANSWER == "model":
        return [Item(**row) for row in rows]
    items = [{**row, "in_stock": bool(row["in_stock"])} for row in rows]
    if ANSWER == "bytes":
        body = ITEMS.dump_json(ITEMS.validate_python(items))
        return Response(body, media_type="application/json")
    return JSONResponse(items) if ANSWER == "dicts" else items


async def list_items_here():
    return list_items()


app.get("/items/", response_model=list[Item] if ANSWER == "model" else None)(
    list_items if ROUTE == "def" else list_items_here
)
