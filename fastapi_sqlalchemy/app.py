"""The items API in FastAPI, with SQLModel's models and session on SQLAlchemy's engine."""

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import FiniteFloat
from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Field, Session, SQLModel, create_engine, select

from database import DATABASE_URL, OPTIONS
from validation import UTF8, JSONObject, Text, validation_error

engine = create_engine(DATABASE_URL, **OPTIONS)
BigId = BigInteger().with_variant(Integer, "sqlite")  # whose own integers have 64 bits


class ItemValues(SQLModel):
    name: Text = Field(min_length=1, max_length=100)
    description: Text = Field(max_length=200)
    price: FiniteFloat = Field(ge=0)
    in_stock: bool = True


class ItemPublic(ItemValues):
    id: int


class Item(ItemValues, table=True):
    __tablename__ = "items"
    __table_args__ = {"sqlite_autoincrement": True}  # an id is never used again

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)


app = FastAPI(
    redirect_slashes=False,  # an unknown path is 404, never a redirect
    exception_handlers={RequestValidationError: validation_error},
)


@app.exception_handler(StaleDataError)
async def deleted_meanwhile(request: Request, error: StaleDataError) -> JSONResponse:
    return JSONResponse({"detail": "The item was deleted meanwhile."}, status_code=404)


@app.exception_handler(Exception)
async def server_error(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "Internal Server Error"}, status_code=500)


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"message": "Hello, World!"}


@app.post("/echo", dependencies=UTF8)
async def echo(message: JSONObject) -> JSONResponse:
    return JSONResponse(message.root)


@app.get("/items/", response_model=list[ItemPublic])
def list_items():
    # A session by Depends would hold its connection while the answer waits for another thread.
    with Session(engine) as session:
        return session.exec(select(Item).order_by(Item.id)).all()


@app.get("/items/{item_id:digits}", response_model=ItemPublic)
def get_item(item_id: int):
    with Session(engine) as session:
        item = session.get(Item, item_id)
        if item is None:
            raise HTTPException(404)
        return item


@app.post("/items/", status_code=201, response_model=ItemPublic, dependencies=UTF8)
def create_item(values: ItemValues):
    item = Item.model_validate(values)
    # An item is answered as it was committed, without reading it back.
    with Session(engine, expire_on_commit=False) as session:
        session.add(item)
        session.commit()
        return item


@app.put("/items/{item_id:digits}", response_model=ItemPublic, dependencies=UTF8)
def update_item(item_id: int, values: ItemValues):
    with Session(engine, expire_on_commit=False) as session:
        item = session.get(Item, item_id)
        if item is None:
            raise HTTPException(404)
        item.sqlmodel_update(values)
        session.commit()
        return item


@app.delete("/items/{item_id:digits}", status_code=204)
def delete_item(item_id: int) -> None:
    with Session(engine) as session:
        item = session.get(Item, item_id)
        if item is None:
            raise HTTPException(404)
        session.delete(item)
        session.commit()
