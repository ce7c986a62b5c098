"""The same by the ORM in place of the driver; what it makes of rows is not answered."""

from stored import HELLO, ITEM, ITEMS

from app import Item, app, db
from validation import values_from_request

JSON = {"Content-Type": "application/json"}


def hello():
    return HELLO, JSON


def list_items():
    db.session.scalars(db.select(Item).order_by(Item.id)).all()
    return ITEMS, JSON


def get_item(item_id):
    db.get_or_404(Item, item_id)
    return ITEM, JSON


def create_item():
    item = Item(**values_from_request())
    db.session.add(item)
    db.session.commit()
    return ITEM, 201, JSON


for route in (hello, list_items, get_item, create_item):
    app.view_functions[route.__name__] = route
