"""A stack by itself, nothing set from outside but the socket."""

import pytest
from server import copied

from database import File


def test_an_app_says_hello_before_its_database_has_a_table_and_then_finds_it(stack):
    if stack.database != "sqlite":
        pytest.skip("without DATABASE_URL it is SQLite")
    with copied(stack.folder, stack.python) as server:
        del server.environment["DATABASE_URL"]
        server.database = File(server.folder / "items.db")  # in the working directory
        with server.running():
            assert server.client.get("/hello").json() == {"message": "Hello, World!"}
            assert server.client.post("/echo", json={"a": 1}).json() == {"a": 1}
            tables = "SELECT * FROM sqlite_schema"
            assert not server.database.path.exists() or server.database.query(tables) == []
            assert server.seed(3, "--if-missing").returncode == 0
            assert [item["id"] for item in server.client.get("/items/").json()] == [1, 2, 3]
            assert len(server.rows()) == 3
