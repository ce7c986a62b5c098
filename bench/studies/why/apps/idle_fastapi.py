"""A hello that never touches its database, beside as much of an ORM as LEVEL says."""

import os

from fastapi import Depends, FastAPI

LEVEL = os.environ["LEVEL"]
if LEVEL == "import":
    import sqlmodel  # noqa: F401  it is there, and that is all
elif LEVEL != "nothing":
    from sqlmodel import Session

    from app import engine  # the stack's own, with its models

app = FastAPI()

if LEVEL == "session":

    @app.get("/hello")
    async def hello() -> dict[str, str]:
        with Session(engine):
            return {"message": "Hello, World!"}

elif LEVEL == "given":

    def get_session():  # as FastAPI's own tutorial has it
        with Session(engine) as session:
            yield session

    @app.get("/hello")
    async def hello(session: Session = Depends(get_session)) -> dict[str, str]:  # noqa: B008  FastAPI's own way
        return {"message": "Hello, World!"}

else:

    @app.get("/hello")
    async def hello() -> dict[str, str]:
        return {"message": "Hello, World!"}
