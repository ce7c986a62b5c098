"""The query of all ways: an item, after the database has waited for so many seconds."""

import os

URL, LIMIT = os.environ["DATABASE_URL"], int(os.environ["LIMIT"])
SECONDS = float(os.environ["WAIT_MS"]) / 1000
FIELDS = ("id", "name", "description", "price", "in_stock")
ITEM = "SELECT id, name, description, price, in_stock FROM items, pg_sleep({}) WHERE id = {}"


def as_item(row):
    return dict(zip(FIELDS, row, strict=True))
