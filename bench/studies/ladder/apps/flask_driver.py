"""The same, with what the driver does; what is written is taken back."""

from driver import insert, select_all, select_one
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
    select_all()
    return ITEMS, JSON


@app.get("/items/<digits:item_id>")
def get_item(item_id):
    select_one(item_id)
    return ITEM, JSON


@app.post("/items/")
def create_item():
    insert(values_from_request(), commits=False)
    return ITEM, 201, JSON
