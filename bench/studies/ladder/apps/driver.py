"""What the driver does for a request: rows are fetched, and nothing is made of them."""

import os
import sqlite3
import threading

DATABASE = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
INSERT = (
    "INSERT INTO items (name, description, price, in_stock)"
    " VALUES (:name, :description, :price, :in_stock)"
)
local = threading.local()


def get_db():
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(DATABASE, timeout=30, isolation_level=None)
    return local.db


def select_all():
    return get_db().execute("SELECT * FROM items ORDER BY id").fetchall()


def select_one(item_id):
    return get_db().execute("SELECT * FROM items WHERE id = ?", (item_id,)).fetchone()


def insert(values, commits):
    """Written, and taken back where it is not to be committed: no lock is waited for, no disk."""
    db = get_db()
    if commits:
        db.execute(INSERT, values)
        return
    db.execute("BEGIN")
    db.execute(INSERT, values)
    db.execute("ROLLBACK")
