"""The items API in FastAPI, with hand-written SQL on the standard library's sqlite3."""

import os
import sqlite3
import sys
import threading

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, FiniteFloat

from validation import UTF8, JSONObject, Text, validation_error

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///items.db")
DATABASE = DATABASE_URL.removeprefix("sqlite:///")
if DATABASE == DATABASE_URL:
    sys.exit("DATABASE_URL must read sqlite:///PATH: this stack speaks SQLite only.")


class ItemValues(BaseModel):
    name: Text = Field(min_length=1, max_length=100)
    description: Text = Field(max_length=200)
    price: FiniteFloat = Field(ge=0)
    in_stock: bool = True


class Item(ItemValues):
    id: int


app = FastAPI(
    redirect_slashes=False,  # an unknown path is 404, never a redirect
    exception_handlers={RequestValidationError: validation_error},
)
local = threading.local()


def get_db() -> sqlite3.Connection:
    """Return this thread's connection, opened when first asked for and then kept."""
    if not hasattr(local, "db"):
        # Without an isolation level each statement is a transaction of its own, committed when
        # it ends; for several in one, BEGIN and COMMIT or ROLLBACK yourself.
        local.db = sqlite3.connect(DATABASE, timeout=30, isolation_level=None)
        local.db.row_factory = sqlite3.Row
    return local.db


@app.exception_handler(Exception)
async def server_error(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "Internal Server Error"}, status_code=500)


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello, World!"}


@app.post("/echo", dependencies=UTF8)
async def echo(message: JSONObject) -> JSONResponse:
    return JSONResponse(message.root)


@app.get("/items/")
def list_items() -> list[Item]:
    rows = get_db().execute("SELECT * FROM items ORDER BY id")
    return [Item(**row) for row in rows]


@app.get("/items/{item_id:digits}")
def get_item(item_id: int) -> Item:
    row = get_db().execute("SELECT * FROM items WHERE id = ?", (item_id,)).fetchone()
    if row is None:
        raise HTTPException(404)
    return Item(**row)


@app.post("/items/", status_code=201, dependencies=UTF8)
def create_item(values: ItemValues) -> Item:
    item = values.model_dump()
    cursor = get_db().execute(
        "INSERT INTO items (name, description, price, in_stock)"
        " VALUES (:name, :description, :price, :in_stock)",
        item,
    )
    return Item(id=cursor.lastrowid, **item)


@app.put("/items/{item_id:digits}", dependencies=UTF8)
def update_item(item_id: int, values: ItemValues) -> Item:
    item = {"id": item_id, **values.model_dump()}
    cursor = get_db().execute(
        "UPDATE items SET name = :name, description = :description,"
        " price = :price, in_stock = :in_stock WHERE id = :id",
        item,
    )
    if cursor.rowcount == 0:
        raise HTTPException(404)
    return Item(**item)


@app.delete("/items/{item_id:digits}", status_code=204)
def delete_item(item_id: int) -> None:
    cursor = get_db().execute("DELETE FROM items WHERE id = ?", (item_id,))
    if cursor.rowcount == 0:
        raise HTTPException(404)
