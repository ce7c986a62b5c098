"""The same by the ORM in place of the driver; what it makes of rows is not answered."""

from fastapi import Depends, FastAPI, Response
from sqlmodel import Session, select
from stored import HELLO, ITEM, ITEMS

from app import Item, ItemValues, engine
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
    with Session(engine) as session:
        session.exec(select(Item).order_by(Item.id)).all()
    return Response(ITEMS, media_type=JSON)


@app.get("/items/{item_id:digits}", dependencies=[Depends(hop)])
def get_item(item_id: int):
    with Session(engine) as session:
        session.get(Item, item_id)
    return Response(ITEM, media_type=JSON)


@app.post("/items/", dependencies=[*UTF8, Depends(hop)])
def create_item(values: ItemValues):
    item = Item.model_validate(values)
    with Session(engine, expire_on_commit=False) as session:
        session.add(item)
        session.commit()
    return Response(ITEM, 201, media_type=JSON)
