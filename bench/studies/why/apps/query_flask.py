"""GET /items/{id} of Flask with psycopg, a connection for each thread."""

import atexit
import time

from flask import Flask, abort
from psycopg_pool import ConnectionPool
from query import ITEM, LIMIT, SLEEP, URL, as_item

app = Flask(__name__)
pool = ConnectionPool(URL, min_size=LIMIT, max_size=LIMIT, kwargs={"autocommit": True})
atexit.register(pool.close)


@app.get("/hello")
def hello():
    time.sleep(SLEEP)
    return {"message": "Hello, World!"}


@app.get("/items/<int:item_id>")
def get_item(item_id):
    with pool.connection() as connection:
        row = connection.execute(ITEM.format("%s"), (item_id,)).fetchone()
    return as_item(row) if row else abort(404)
