"""The query of all ways: an item, after the database has waited for its price, in ms."""

import os

URL, LIMIT = os.environ["DATABASE_URL"], int(os.environ["LIMIT"])
SLEEP = float(os.environ["SLEEP_MS"]) / 1000  # seconds, of a hello
FIELDS = ("id", "name", "description", "price", "in_stock")
ITEM = f"SELECT {', '.join(FIELDS)} FROM items, pg_sleep(price / 1000) WHERE id = {{}}"


def as_item(row):
    return dict(zip(FIELDS, row, strict=True))
