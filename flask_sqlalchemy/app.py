"""The items API in Flask, with Flask-SQLAlchemy's models and session."""

import os

from flask import Flask, jsonify
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from database import DATABASE_URL, OPTIONS
from validation import DigitsConverter, StrictJSONProvider, object_from_request, values_from_request

app = Flask(__name__, instance_path=os.getcwd())  # where a relative SQLite path starts
app.config["SQLALCHEMY_DATABASE_URI"] = DATABASE_URL
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = OPTIONS
app.json = StrictJSONProvider(app)
app.url_map.converters["digits"] = DigitsConverter
app.url_map.strict_slashes = False  # else a redirect, as here:
app.url_map.merge_slashes = False


class Base(DeclarativeBase):
    pass


# An item is answered as it was committed, without reading it back.
db = SQLAlchemy(app, model_class=Base, session_options={"expire_on_commit": False})
BigId = BigInteger().with_variant(Integer, "sqlite")  # whose own integers have 64 bits


class Item(db.Model):
    __tablename__ = "items"
    __table_args__ = {"sqlite_autoincrement": True}  # an id is never used again

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(200))
    price: Mapped[float]
    in_stock: Mapped[bool]

    def to_dict(self):
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "price": self.price,
            "in_stock": self.in_stock,
        }


@app.errorhandler(HTTPException)
def http_error(error):
    response = error.get_response()  # keeps its headers, such as Allow
    response.content_type = "application/json"
    response.data = app.json.dumps({"detail": error.description})
    return response


@app.errorhandler(RecursionError)
def nested_too_deeply(error):
    return {"detail": "The JSON is nested too deeply."}, 400


@app.errorhandler(StaleDataError)
def deleted_meanwhile(error):
    return {"detail": "The item was deleted meanwhile."}, 404


@app.get("/hello")
def hello():
    return {"message": "Hello, World!"}


@app.post("/echo")
def echo():
    return jsonify(object_from_request())


@app.get("/items/")
def list_items():
    items = db.session.scalars(db.select(Item).order_by(Item.id))
    return [item.to_dict() for item in items]


@app.get("/items/<digits:item_id>")
def get_item(item_id):
    return db.get_or_404(Item, item_id).to_dict()


@app.post("/items/")
def create_item():
    item = Item(**values_from_request())
    db.session.add(item)
    db.session.commit()
    return item.to_dict(), 201


@app.put("/items/<digits:item_id>")
def update_item(item_id):
    values = values_from_request()
    item = db.get_or_404(Item, item_id)
    for field, value in values.items():
        setattr(item, field, value)
    db.session.commit()
    return item.to_dict()


@app.delete("/items/<digits:item_id>")
def delete_item(item_id):
    db.session.delete(db.get_or_404(Item, item_id))
    db.session.commit()
    return "", 204
