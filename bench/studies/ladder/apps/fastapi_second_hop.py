"""The same, with a second way to a thread and back, which validating an answer takes in `def`."""

from fastapi import Depends, FastAPI, Response
from stored import HELLO, ITEM, ITEMS

from app import ItemValues
from validation import UTF8

JSON = "application/json"
app = FastAPI()


def hop():
    """As a dependency, which goes to a thread as well, and costs a little itself."""


@app.get("/hello")
async def hello():
    return Response(HELLO, media_type=JSON)


@app.get("/items/", dependencies=[Depends(hop)])
def list_items():
    return Response(ITEMS, media_type=JSON)


@app.get("/items/{item_id:digits}", dependencies=[Depends(hop)])
def get_item(item_id: int):
    return Response(ITEM, media_type=JSON)


@app.post("/items/", dependencies=[*UTF8, Depends(hop)])
def create_item(values: ItemValues):
    return Response(ITEM, 201, media_type=JSON)
