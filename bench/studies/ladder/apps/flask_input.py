"""The same, with the stack's own checks of what comes in."""

from flask import Flask
from stored import HELLO, ITEM, ITEMS

from validation import DigitsConverter, StrictJSONProvider, values_from_request

JSON = {"Content-Type": "application/json"}
app = Flask(__name__)
app.json = StrictJSONProvider(app)
app.url_map.converters["digits"] = DigitsConverter


@app.get("/hello")
def hello():
    return HELLO, JSON


@app.get("/items/")
def list_items():
    return ITEMS, JSON


@app.get("/items/<digits:item_id>")
def get_item(item_id):
    return ITEM, JSON


@app.post("/items/")
def create_item():
    values_from_request()
    return ITEM, 201, JSON
