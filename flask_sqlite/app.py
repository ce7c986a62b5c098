"""The items API in Flask, with hand-written SQL on the standard library's sqlite3."""

import os
import sqlite3
import sys
import threading

from flask import Flask, abort, jsonify
from werkzeug.exceptions import HTTPException

from validation import DigitsConverter, StrictJSONProvider, object_from_request, values_from_request

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///items.db")
DATABASE = DATABASE_URL.removeprefix("sqlite:///")
if DATABASE == DATABASE_URL:
    sys.exit("DATABASE_URL must read sqlite:///PATH: this stack speaks SQLite only.")

app = Flask(__name__)
app.json = StrictJSONProvider(app)
app.url_map.converters["digits"] = DigitsConverter
app.url_map.strict_slashes = False  # else a redirect, as here:
app.url_map.merge_slashes = False
local = threading.local()


def get_db():
    """Return this thread's connection, opened when first asked for and then kept.

    Flask's tutorial opens one for each request, in flask.g: that costs more than the query itself.
    """
    if not hasattr(local, "db"):
        # Without an isolation level each statement is a transaction of its own, committed when
        # it ends; for several in one, BEGIN and COMMIT or ROLLBACK yourself.
        local.db = sqlite3.connect(DATABASE, timeout=30, isolation_level=None)
        local.db.row_factory = sqlite3.Row
    return local.db


def to_item(row):
    return {**row, "in_stock": bool(row["in_stock"])}


@app.errorhandler(HTTPException)
def http_error(error):
    response = error.get_response()  # keeps its headers, such as Allow
    response.content_type = "application/json"
    response.data = app.json.dumps({"detail": error.description})
    return response


@app.errorhandler(RecursionError)
def nested_too_deeply(error):
    return {"detail": "The JSON is nested too deeply."}, 400


@app.get("/hello")
def hello():
    return {"message": "Hello, World!"}


@app.post("/echo")
def echo():
    return jsonify(object_from_request())


@app.get("/items/")
def list_items():
    rows = get_db().execute("SELECT * FROM items ORDER BY id")
    return [to_item(row) for row in rows]


@app.get("/items/<digits:item_id>")
def get_item(item_id):
    row = get_db().execute("SELECT * FROM items WHERE id = ?", (item_id,)).fetchone()
    if row is None:
        abort(404)
    return to_item(row)


@app.post("/items/")
def create_item():
    item = values_from_request()
    cursor = get_db().execute(
        "INSERT INTO items (name, description, price, in_stock)"
        " VALUES (:name, :description, :price, :in_stock)",
        item,
    )
    return {"id": cursor.lastrowid, **item}, 201


@app.put("/items/<digits:item_id>")
def update_item(item_id):
    item = {"id": item_id, **values_from_request()}
    cursor = get_db().execute(
        "UPDATE items SET name = :name, description = :description,"
        " price = :price, in_stock = :in_stock WHERE id = :id",
        item,
    )
    if cursor.rowcount == 0:
        abort(404)
    return item


@app.delete("/items/<digits:item_id>")
def delete_item(item_id):
    cursor = get_db().execute("DELETE FROM items WHERE id = ?", (item_id,))
    if cursor.rowcount == 0:
        abort(404)
    return "", 204
