"""The same, with the stack's own checks of what comes in."""

from fastapi import FastAPI, Response
from stored import HELLO, ITEM, ITEMS

from app import ItemValues
from validation import UTF8

JSON = "application/json"
app = FastAPI()


@app.get("/hello")
async def hello():
    return Response(HELLO, media_type=JSON)


@app.get("/items/")
def list_items():
    return Response(ITEMS, media_type=JSON)


@app.get("/items/{item_id:digits}")
def get_item(item_id: int):
    return Response(ITEM, media_type=JSON)


@app.post("/items/", dependencies=UTF8)
def create_item(values: ItemValues):
    return Response(ITEM, 201, media_type=JSON)
