"""GET /items/ of Flask with SQLAlchemy, with two things that can be changed one by one."""

import os

from collector import apply_collector

from app import Item, app, db

HAS_OBJECTS = os.environ["ROWS"] == "objects"
COLUMNS = [getattr(Item, field) for field in ("id", "name", "description", "price", "in_stock")]


def list_items():
    if HAS_OBJECTS:
        items = db.session.scalars(db.select(Item).order_by(Item.id))
        return [item.to_dict() for item in items]
    rows = db.session.execute(db.select(*COLUMNS).order_by(Item.id)).mappings()
    return [dict(row) for row in rows]


app.view_functions["list_items"] = list_items
apply_collector()
