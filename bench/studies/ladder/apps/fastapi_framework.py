"""FastAPI, with stored answers, in the event loop."""

from fastapi import FastAPI, Response
from stored import HELLO, ITEM, ITEMS

JSON = "application/json"
app = FastAPI()


@app.get("/hello")
async def hello():
    return Response(HELLO, media_type=JSON)


@app.get("/items/")
async def list_items():
    return Response(ITEMS, media_type=JSON)


@app.get("/items/{item_id}")
async def get_item():
    return Response(ITEM, media_type=JSON)


@app.post("/items/")
async def create_item():
    return Response(ITEM, 201, media_type=JSON)
