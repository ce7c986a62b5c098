"""How many SQL statements a request costs, and that connections are kept."""

from server import LAMP

BUDGET = {"hello": 0, "echo": 0, "list": 1, "get": 1, "create": 1, "update": 2, "delete": 2}
STATEMENTS = {  # the README's table
    "django_drf": BUDGET,
    "fastapi_sqlalchemy": BUDGET,
    "fastapi_sqlite": BUDGET | {"update": 1, "delete": 1},
    "flask_sqlalchemy": BUDGET,
    "flask_sqlite": BUDGET | {"update": 1, "delete": 1},
}
REQUESTS = {
    "hello": lambda client: client.get("/hello"),
    "echo": lambda client: client.post("/echo", json={"message": "Hello"}),
    "list": lambda client: client.get("/items/"),
    "get": lambda client: client.get("/items/1"),
    "create": lambda client: client.post("/items/", json=LAMP),
    "update": lambda client: client.put("/items/2", json=LAMP),
    "delete": lambda client: client.delete("/items/3"),
}
NOT_COUNTED = (
    *("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "CONNECT"),
    # Once a connection: Django's on SQLite, its and SQLAlchemy's on PostgreSQL.
    *("SELECT SQLITE_COMPILEOPTION_USED", "SELECT SET_CONFIG", "SELECT PG_CATALOG", "SHOW "),
    *("SELECT CURRENT_SCHEMA", "SELECT TYPNAME", "SET "),
    "DEALLOCATE ALL",  # psycopg's, of what it has prepared, after a rollback
    *("SELECT 1", ";"),  # whether a connection that was kept still stands
)
FIRST_LINE = "SELECT"  # of psycopg's look for types, once a connection


def test_a_request_costs_as_many_statements_as_the_readme_says(server):
    counted = {name: count(server, send) for name, send in REQUESTS.items()}
    assert {name: most for name, most in counted.items() if most > BUDGET[name]} == {}
    assert counted == STATEMENTS.get(server.name, counted)  # a new stack has no row there yet


def count(server, send):
    before = len(server.database.statements())
    assert send(server.client).is_success
    new = server.database.statements()[before:]
    return len([s for s in new if not s.upper().startswith(NOT_COUNTED) and s != FIRST_LINE])


def test_connections_are_kept_from_one_request_to_the_next(server):
    before = server.database.statements().count("CONNECT")
    for _ in range(50):
        item = server.client.post("/items/", json=LAMP).json()
        for method, values in [("GET", None), ("PUT", LAMP), ("DELETE", None)]:
            assert server.client.request(method, f"/items/{item['id']}", json=values).is_success
    assert (
        server.database.statements().count("CONNECT") - before <= 8
    )  # of 200, one a thread at most
