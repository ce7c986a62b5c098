"""PUT of Flask with sqlite3, on a connection that is kept or opened, with other values or not."""

import os
import sqlite3

from flask import abort, g

from app import DATABASE, app, get_db
from validation import values_from_request

IS_KEPT = os.environ["CONNECTION"] == "kept"
CHANGES = {
    "sent": "name = :name, description = :description, price = :price, in_stock = :in_stock",
    "same": "name = name, description = description, price = price, in_stock = in_stock",
}[os.environ["VALUES"]]


def opened():
    """Flask's tutorial: a connection of this request's, in flask.g."""
    if "db" not in g:
        g.db = sqlite3.connect(DATABASE, timeout=30, isolation_level=None)
        g.db.row_factory = sqlite3.Row
    return g.db


@app.teardown_appcontext
def close(error):
    db = g.pop("db", None)
    if db is not None:
        db.close()


def update_item(item_id):
    item = {"id": item_id, **values_from_request()}
    database = get_db() if IS_KEPT else opened()
    cursor = database.execute(f"UPDATE items SET {CHANGES} WHERE id = :id", item)
    if cursor.rowcount == 0:
        abort(404)
    return item


app.view_functions["update_item"] = update_item
