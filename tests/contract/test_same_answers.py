"""Every stack answers the same list of requests as flask_sqlite does, to the value."""

import json

from server import LAMP


def item(**values):
    return json.dumps(LAMP | values)


REQUESTS = [
    ("GET", "/hello"),
    ("POST", "/hello"),
    ("GET", "/echo"),
    ("POST", "/echo", "{}"),
    ("POST", "/echo", '{"b": [1, 1.5, -0.0, 1e308, null, true, "\\u0000\\ud83d\\ude00"], "a": {}}'),
    ("POST", "/echo", "[]"),
    ("POST", "/echo", ""),
    ("GET", "/items/"),
    ("GET", "/items/1"),
    ("GET", "/items/0001500"),
    ("GET", "/items/0"),
    ("GET", "/items/1501"),
    ("POST", "/items/", item()),
    ("POST", "/items/", item(name=" é😀\n", description="")),
    ("POST", "/items/", item(name="")),
    ("GET", "/items/1502"),
    ("DELETE", "/items/1502"),
    ("DELETE", "/items/1502"),
    ("PUT", "/items/1502", item()),
    ("POST", "/items/", item(name="x" * 100, description="y" * 200, price=0)),
    ("POST", "/items/", item(id=7, colour="red")),
    ("POST", "/items/", '{"name": "Lamp", "description": "", "price": 10}'),
    ("POST", "/items/", '{"name": "Lamp", "price": 10}'),
    ("PUT", "/items/5", '{"name": "Lamp", "description": "", "price": 10}'),
    ("PUT", "/items/5", '{"name": "Lamp"}'),
    ("PUT", "/items/6", item(id=7, name="x" * 101)),
    ("PUT", "/items/6", item(id=7, price=1e308)),
    ("PUT", "/items/7", item(price=-1)),
    ("PUT", "/items/7", item(price=float("nan"))),
    ("PUT", "/items/7", item()),
    ("PUT", "/items/7", item()),
    ("PATCH", "/items/7", item()),
    ("DELETE", "/items/8"),
    ("GET", "/items/8"),
    ("GET", "/items/9223372036854775808"),
    ("DELETE", "/items/eight"),
    ("GET", "/nothing"),
    ("DELETE", "/items/"),
    ("GET", "/items/"),
]


def answer(server, request):
    """What the contract says of an answer: all of a success, of an error only its class."""
    response = server.send(*request)
    if response.status_code >= 400:
        return 400 if response.status_code == 422 else response.status_code
    return response.status_code, response.json() if response.content else None


def test_answers_are_the_same_to_the_value(server, reference):
    reference.database.restore()
    for request in REQUESTS:
        assert answer(server, request) == answer(reference, request), request
    assert server.rows() == reference.rows()
