"""The seven routes: what each answers when it succeeds, and where there is nothing to answer."""

import pytest
from server import LAMP


def test_hello_greets(client):
    answer = client.get("/hello")
    assert (answer.status_code, answer.json()) == (200, {"message": "Hello, World!"})


def test_echo_sends_back_the_object_it_was_sent(client):
    message = {"text": "é😀\u2028\0", "list": [1, -2.5, None, True, {}], "nested": {"": [[]]}}
    answer = client.post("/echo", json=message)
    assert (answer.status_code, answer.json()) == (200, message)


def test_echo_sends_back_an_empty_object(client):
    answer = client.post("/echo", json={})
    assert (answer.status_code, answer.json()) == (200, {})


def test_list_holds_every_item_in_order_of_id(client):
    client.delete("/items/700")
    client.put("/items/3", json=LAMP)
    client.post("/items/", json=LAMP)
    answer = client.get("/items/")
    assert answer.status_code == 200
    assert [item["id"] for item in answer.json()] == [*range(1, 700), *range(701, 1502)]
    assert answer.json()[2] == {"id": 3} | LAMP
    assert answer.json()[-1] == {"id": 1501} | LAMP


def test_list_of_no_items_is_empty(server):
    server.database.query("DELETE FROM items")
    answer = server.client.get("/items/")
    assert (answer.status_code, answer.json()) == (200, [])


def test_get_returns_the_item(client):
    answer = client.get("/items/5")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": 5,
        "name": "Item 5",
        "description": "What there is to say about item 5",
        "price": 6.25,
        "in_stock": False,
    }


def test_create_returns_the_item_and_keeps_it(server):
    answer = server.client.post("/items/", json=LAMP)
    assert (answer.status_code, answer.json()) == (201, {"id": 1501} | LAMP)
    assert server.rows()[-1] == (1501, "Lamp", "It shines.", 12.5, 0)
    assert server.client.get("/items/1501").json() == {"id": 1501} | LAMP


def test_update_returns_the_item_and_changes_nothing_but_it(server):
    before = server.rows()
    answer = server.client.put("/items/3", json=LAMP)
    assert (answer.status_code, answer.json()) == (200, {"id": 3} | LAMP)
    assert server.rows() == [*before[:2], (3, "Lamp", "It shines.", 12.5, 0), *before[3:]]
    assert server.client.get("/items/3").json() == {"id": 3} | LAMP


def test_update_to_the_same_values_succeeds(client):
    item = client.get("/items/3").json()
    answer = client.put("/items/3", json=item)
    assert (answer.status_code, answer.json()) == (200, item)


def test_delete_answers_with_nothing_and_removes_nothing_but_the_item(server):
    before = server.rows()
    answer = server.client.delete("/items/3")
    assert (answer.status_code, answer.content) == (204, b"")
    assert server.rows() == before[:2] + before[3:]
    assert server.client.get("/items/3").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_item_that_was_deleted_is_404(client, method):
    client.delete("/items/3")
    answer = client.request(method, "/items/3", json=LAMP if method == "PUT" else None)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/json")
    assert answer.json()


@pytest.mark.parametrize("path", ["/", "/nothing", "/items/3/parts", "/ITEMS/", "/hello/3"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_an_unknown_path_is_404(client, method, path):
    answer = client.request(method, path, json={})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/json")
    assert answer.json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[(method, "/hello") for method in ("POST", "PUT", "PATCH", "DELETE")],
        *[(method, "/echo") for method in ("GET", "PUT", "PATCH", "DELETE")],
        *[(method, "/items/") for method in ("PUT", "PATCH", "DELETE")],
        *[(method, "/items/3") for method in ("POST", "PATCH")],
    ],
)
def test_a_known_path_with_another_method_is_405(client, method, path):
    answer = client.request(method, path, json=LAMP)
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/json")
    assert answer.json()


@pytest.mark.parametrize("path", ["/items", "/items/3/", "/hello/", "//hello", "//items/"])
def test_no_slash_too_many_or_too_few_is_answered_with_a_redirect(client, path):
    assert client.get(path).status_code in (200, 404)
