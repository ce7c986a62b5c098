"""The items API in FastAPI, with SQLModel's models and session on SQLAlchemy's engine."""

import os
from collections.abc import Sequence

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import FiniteFloat
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Field, Session, SQLModel, create_engine, select

from validation import Message, Text, validation_error

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///items.db")
engine = create_engine(DATABASE_URL, connect_args={"timeout": 30})


class ItemValues(SQLModel):
    name: Text = Field(min_length=1, max_length=100)
    description: Text = Field(max_length=200)
    price: FiniteFloat = Field(ge=0)
    in_stock: bool = True


class Item(ItemValues, table=True):
    __tablename__ = "items"
    __table_args__ = {"sqlite_autoincrement": True}  # an id is never used again

    id: int | None = Field(default=None, primary_key=True)


app = FastAPI(redirect_slashes=False)
app.add_exception_handler(RequestValidationError, validation_error)


@app.exception_handler(StaleDataError)
async def deleted_meanwhile(request: Request, error: StaleDataError) -> JSONResponse:
    return JSONResponse({"detail": "The item was deleted meanwhile."}, status_code=404)


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello, World!"}


@app.post("/echo")
async def echo(message: Message) -> JSONResponse:
    return JSONResponse(message.root)


@app.get("/items/")
def list_items() -> Sequence[Item]:
    with Session(engine) as session:
        return session.exec(select(Item).order_by(Item.id)).all()


@app.get("/items/{item_id:item_id}")
def get_item(item_id: int) -> Item:
    with Session(engine) as session:
        item = session.get(Item, item_id)
        if item is None:
            raise HTTPException(404)
        return item


@app.post("/items/", status_code=201)
def create_item(values: ItemValues) -> Item:
    item = Item(**values.model_dump())
    with Session(engine, expire_on_commit=False) as session:
        session.add(item)
        session.commit()
        return item


@app.put("/items/{item_id:item_id}")
def update_item(item_id: int, values: ItemValues) -> Item:
    with Session(engine, expire_on_commit=False) as session:
        item = session.get(Item, item_id)
        if item is None:
            raise HTTPException(404)
        item.sqlmodel_update(values)
        session.commit()
        return item


@app.delete("/items/{item_id:item_id}", status_code=204)
def delete_item(item_id: int) -> None:
    with Session(engine) as session:
        item = session.get(Item, item_id)
        if item is None:
            raise HTTPException(404)
        session.delete(item)
        session.commit()
