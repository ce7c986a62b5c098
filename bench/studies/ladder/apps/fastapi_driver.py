"""The same, with what the driver does; what is written is taken back."""

from driver import insert, select_all, select_one
from fastapi import Depends, FastAPI, Response
from stored import HELLO, ITEM, ITEMS

from app import ItemValues
from validation import UTF8

JSON = "application/json"
app = FastAPI()


def hop():
    """See fastapi_second_hop.py."""


@app.get("/hello")
async def hello():
    return Response(HELLO, media_type=JSON)


@app.get("/items/", dependencies=[Depends(hop)])
def list_items():
    select_all()
    return Response(ITEMS, media_type=JSON)


@app.get("/items/{item_id:digits}", dependencies=[Depends(hop)])
def get_item(item_id: int):
    select_one(item_id)
    return Response(ITEM, media_type=JSON)


@app.post("/items/", dependencies=[*UTF8, Depends(hop)])
def create_item(values: ItemValues):
    insert(values.model_dump(), commits=False)
    return Response(ITEM, 201, media_type=JSON)
