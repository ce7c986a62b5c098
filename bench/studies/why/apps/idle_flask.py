"""A hello that never touches its database, beside as much of an ORM as LEVEL says."""

import os

from flask import Flask

LEVEL = os.environ["LEVEL"]

app = Flask(__name__, instance_path=os.getcwd())


@app.get("/hello")
def hello():
    return {"message": "Hello, World!"}


def hello_with_a_session():
    with Session(engine):
        return {"message": "Hello, World!"}


if LEVEL == "import":
    import sqlalchemy  # noqa: F401  it is there, and that is all
elif LEVEL == "given":  # the extension looks for a session after each request
    from flask_sqlalchemy import SQLAlchemy

    from database import DATABASE_URL

    app.config["SQLALCHEMY_DATABASE_URI"] = DATABASE_URL
    db = SQLAlchemy(app)
elif LEVEL in ("engine", "session"):
    from sqlalchemy import Boolean, Column, Float, Integer, String, create_engine
    from sqlalchemy.orm import Session, declarative_base

    from database import DATABASE_URL, OPTIONS

    engine = create_engine(DATABASE_URL, **OPTIONS)

    class Item(declarative_base()):
        __tablename__ = "items"
        id = Column(Integer, primary_key=True)
        name = Column(String(100))
        description = Column(String(200))
        price = Column(Float)
        in_stock = Column(Boolean)

    if LEVEL == "session":
        app.view_functions["hello"] = hello_with_a_session
