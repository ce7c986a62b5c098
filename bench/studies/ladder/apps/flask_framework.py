"""Flask, with stored answers."""

from flask import Flask
from stored import HELLO, ITEM, ITEMS

JSON = {"Content-Type": "application/json"}
app = Flask(__name__)


@app.get("/hello")
def hello():
    return HELLO, JSON


@app.get("/items/")
def list_items():
    return ITEMS, JSON


@app.get("/items/<item_id>")
def get_item(item_id):
    return ITEM, JSON


@app.post("/items/")
def create_item():
    return ITEM, 201, JSON
