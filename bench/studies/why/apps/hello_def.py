"""FastAPI's hello as `def`: it runs in a thread of a pool."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/hello")
def hello() -> dict[str, str]:
    return {"message": "Hello, World!"}
