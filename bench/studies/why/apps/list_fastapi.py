"""GET /items/ of the stack with SQLModel, with three things that can be changed one by one."""

import os

from collector import apply_collector
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlmodel import Session, select

from app import Item, ItemPublic, engine

IS_VALIDATED = os.environ["VALIDATION"] == "on"
HAS_OBJECTS = os.environ["ROWS"] == "objects"
FIELDS = tuple(ItemPublic.model_fields)
COLUMNS = [getattr(Item, field) for field in ("id", "name", "description", "price", "in_stock")]

app = FastAPI()


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello, World!"}


@app.get("/items/", response_model=list[ItemPublic] if IS_VALIDATED else None)
def list_items():
    with Session(engine) as session:
        if HAS_OBJECTS:
            items = session.exec(select(Item).order_by(Item.id)).all()
        else:
            rows = session.exec(select(*COLUMNS).order_by(Item.id)).mappings()
            items = [dict(row) for row in rows]
    if IS_VALIDATED:
        return items
    if HAS_OBJECTS:
        items = [{field: getattr(item, field) for field in FIELDS} for item in items]
    return JSONResponse(items)


apply_collector()
