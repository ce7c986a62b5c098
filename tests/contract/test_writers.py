"""A hundred clients write at once: no 5xx, and what was acknowledged is in the file, once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from server import LAMP

CLIENTS = 100


@pytest.fixture(params=["delete", "wal"])
def crowded(request, running, running_in_wal):
    """A server whose file has this journal mode."""
    server = {"delete": running, "wal": running_in_wal}[request.param]
    server.database.restore()
    return server


def at_once(client, requests):
    """Send each of these requests in a thread of its own; return the answers in their order."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        sent = [pool.submit(client.request, *request[:2], json=request[2]) for request in requests]
        return [future.result() for future in sent]


def test_every_write_of_a_crowd_is_kept_and_kept_once(crowded):
    requests = []
    for number in range(CLIENTS):
        requests += [
            ("POST", "/items/", LAMP | {"name": f"new {number}"}),
            ("PUT", f"/items/{number + 1}", LAMP | {"name": f"changed {number}"}),
            ("DELETE", f"/items/{number + 1001}", None),
        ]
    answers = at_once(crowded.client, requests)
    assert Counter(answer.status_code for answer in answers) == {201: 100, 200: 100, 204: 100}

    created = {answer.json()["id"]: answer.json()["name"] for answer in answers[::3]}
    assert sorted(created) == list(range(1501, 1601))
    changed = {number + 1: f"changed {number}" for number in range(CLIENTS)}
    untouched = {id: f"Item {id}" for id in [*range(101, 1001), *range(1101, 1501)]}
    assert {row[0]: row[1] for row in crowded.rows()} == changed | untouched | created
    assert Counter(created.values()) == Counter(f"new {number}" for number in range(CLIENTS))


def test_an_item_that_a_crowd_changes_ends_as_one_of_them_said(crowded):
    values = [LAMP | {"name": f"version {n}", "description": f"version {n}"} for n in range(50)]
    answers = at_once(crowded.client, [("PUT", "/items/3", each) for each in values])
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json() for answer in answers] == [{"id": 3} | each for each in values]
    assert crowded.client.get("/items/3").json() in [{"id": 3} | each for each in values]


def test_an_update_that_races_a_delete_succeeds_or_finds_nothing(crowded):
    requests = []
    for id in range(1, 51):
        requests += [("PUT", f"/items/{id}", LAMP), ("DELETE", f"/items/{id}", None)]
    answers = at_once(crowded.client, requests)
    assert {answer.status_code for answer in answers[::2]} <= {200, 404}
    assert {answer.status_code for answer in answers[1::2]} == {204}
    assert crowded.rows()[0][0] == 51  # none of them came back
