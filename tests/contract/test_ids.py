"""Ids: ASCII digits of any length, and never used again."""

import pytest
from server import LAMP

BEYOND = [0, 1501, 2**31 - 1, 2**31, 2**32 + 3, 10**18, 2**63 - 1, 2**63, 2**64, 10**30, 10**4000]
NOT_DIGITS = """
    +3 -3 3.0 3_0 0x3 3e0 3,3 %203 3%20 3%0a %0a3 3%00 3%09 %ff %25 three None null NaN *
    %d9%a3 %ef%bc%93 %c2%b3 %e0%a5%a9
""".split()  # the last four are a 3 in other scripts


def answers(server, path):
    yield server.send("GET", path)
    yield server.send("PUT", path, '{"name": "Lamp", "description": "", "price": 1}')
    yield server.send("DELETE", path)


@pytest.mark.parametrize("id", BEYOND, ids=lambda id: f"{id:.1e}" if id < 10**40 else "huge")
def test_a_number_that_names_no_item_is_404(server, id):
    before = server.rows()
    assert [answer.status_code for answer in answers(server, f"/items/{id}")] == [404, 404, 404]
    assert server.rows() == before


@pytest.mark.parametrize("id", NOT_DIGITS)
def test_what_is_not_ascii_digits_names_no_item(server, id):
    before = server.rows()
    assert all(400 <= answer.status_code < 500 for answer in answers(server, f"/items/{id}"))
    assert server.rows() == before


def test_an_id_is_never_used_again(client):
    for id in (1501, 1502, 1503):
        assert client.post("/items/", json=LAMP).json()["id"] == id
        assert client.delete(f"/items/{id}").status_code == 204


def test_the_id_of_the_last_item_is_never_used_again(server):
    server.database.query("DELETE FROM items WHERE id < 1500")
    assert server.client.delete("/items/1500").status_code == 204
    assert server.client.post("/items/", json=LAMP).json()["id"] == 1501
