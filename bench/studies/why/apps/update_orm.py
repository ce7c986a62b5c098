"""PUT of Flask with SQLAlchemy, with what was sent or with what the item has already."""

import os

from app import Item, app, db
from validation import values_from_request

IS_SAME = os.environ["VALUES"] == "same"


def update_item(item_id):
    values = values_from_request()
    item = db.get_or_404(Item, item_id)
    if IS_SAME:
        values = {field: getattr(item, field) for field in values}
    for field, value in values.items():
        setattr(item, field, value)
    db.session.commit()
    return item.to_dict()


app.view_functions["update_item"] = update_item
