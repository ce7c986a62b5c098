"""A hello that waits in its thread."""

import os
import time

from flask import Flask

SECONDS = float(os.environ["WAIT_MS"]) / 1000

app = Flask(__name__)


@app.get("/hello")
def hello():
    time.sleep(SECONDS)
    return {"message": "Hello, World!"}
