"""The ledger: the rows of a real database must be those that the acknowledged requests imply."""

import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis.strategies import data, integers, lists

from bench.measure.ledger import PAYLOADS, disagreement, shuffled_ids
from bench.measure.profile import Profile, Scenario
from bench.serve.server import Row

SCHEMA = Path(__file__).parents[2] / "flask_sqlite" / "schema.sql"
ROWS, USERS = 30, 5
PROFILE = Profile(
    name="small",
    path=Path("small.json"),
    runs=1,
    rows=ROWS,
    journal_mode="wal",
    pauses={},
    reseed=frozenset(),
    warmup_seconds=0,
    scenarios=(Scenario("update", USERS, None, 100),),
)


class Items:
    """A real table, to which happens what a stack does when a scenario's requests arrive."""

    def __init__(self):
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.execute(SCHEMA.read_text())
        for n in range(1, ROWS + 1):
            self.insert({"name": f"Item {n}", "description": "", "price": n * 1.25, "in_stock": 1})
        self.before = self.rows()

    def insert(self, item):
        columns = ", ".join(item)
        values = ", ".join(f":{column}" for column in item)
        self.db.execute(f"INSERT INTO items ({columns}) VALUES ({values})", item)

    def update(self, id, **item):
        changes = ", ".join(f"{column} = :{column}" for column in item)
        self.db.execute(f"UPDATE items SET {changes} WHERE id = :id", {"id": id, **item})

    def delete(self, id):
        self.db.execute("DELETE FROM items WHERE id = ?", (id,))

    def rows(self):
        query = "SELECT id, name, description, price, in_stock FROM items ORDER BY id"
        return [Row(*row) for row in self.db.execute(query)]

    def disagreement(self, scenario, requests):
        return disagreement(scenario, PROFILE, self.before, self.rows(), requests)


@pytest.fixture
def items():
    return Items()


@pytest.mark.parametrize("scenario", ["hello", "echo", "list", "get"])
def test_who_only_reads_leaves_every_row_as_it_was(items, scenario):
    assert items.disagreement(scenario, 1000) is None
    items.update(7, price=1)
    assert "1 rows missing or changed, 1 unexpected" in items.disagreement(scenario, 1000)


def test_no_request_implies_no_change(items):
    for scenario in ("create", "update", "delete"):
        assert items.disagreement(scenario, 0) is None


# create


def test_created_rows_are_implied(items):
    for _ in range(20):
        items.insert(PAYLOADS["create"])
    assert items.disagreement("create", 20) is None


def test_a_lost_insert_is_named(items):
    for _ in range(19):
        items.insert(PAYLOADS["create"])
    assert items.disagreement("create", 20).startswith("1 rows missing or changed, 0 unexpected")


def test_an_extra_row_is_named(items):
    for _ in range(21):
        items.insert(PAYLOADS["create"])
    assert items.disagreement("create", 20).startswith("0 rows missing or changed, 1 unexpected")


@pytest.mark.parametrize(
    "field", [{"name": "An old item"}, {"description": ""}, {"price": 12}, {"in_stock": False}]
)
def test_a_field_that_was_not_sent_so_is_named(items, field):
    items.insert(PAYLOADS["create"] | field)
    assert "1 rows missing or changed, 1 unexpected" in items.disagreement("create", 1)


def test_a_changed_row_that_no_insert_touches_is_named(items):
    items.insert(PAYLOADS["create"])
    items.update(7, name="Item 8")
    said = items.disagreement("create", 1)
    assert "1 rows missing or changed, 1 unexpected" in said
    assert "Row(id=7, name='Item 7'" in said


# delete


def test_the_rows_that_delete_asks_for_are_gone(items):
    for id in shuffled_ids(ROWS)[:12]:
        items.delete(id)
    assert items.disagreement("delete", 12) is None


def test_a_missing_delete_is_named(items):
    for id in shuffled_ids(ROWS)[:11]:
        items.delete(id)
    said = items.disagreement("delete", 12)
    assert said.startswith("0 rows missing or changed, 1 unexpected")
    assert f"Row(id={shuffled_ids(ROWS)[11]}," in said


def test_a_delete_of_the_wrong_item_is_named(items):
    for id in [*shuffled_ids(ROWS)[:11], shuffled_ids(ROWS)[12]]:
        items.delete(id)
    assert "1 rows missing or changed, 1 unexpected" in items.disagreement("delete", 12)


# update


def change(items, slot, id=None):
    """What request number slot does: k6/update.js explains it."""
    price = PAYLOADS["update_price_from"] + slot / 100
    items.update(id or shuffled_ids(ROWS)[slot % ROWS], **PAYLOADS["update"], price=price)


def slots_of(users):
    """The requests' numbers, where users come in this order."""
    done = Counter()
    for user in users:
        yield done[user] * USERS + user
        done[user] += 1


users_in_any_order = lists(integers(0, USERS - 1), min_size=1, max_size=4 * ROWS)
unhurried = settings(deadline=None, database=None)


@unhurried
@given(users=users_in_any_order)
def test_users_may_update_in_any_order(users):
    items = Items()
    for slot in slots_of(users):
        change(items, slot)
    assert items.disagreement("update", len(users)) is None


@unhurried
@given(users=users_in_any_order, choice=data())
def test_an_items_last_update_that_is_lost_is_named(users, choice):
    items = Items()
    slots = list(slots_of(users))
    last = sorted({slot % ROWS: slot for slot in slots}.values())
    lost = choice.draw(integers(0, len(last) - 1).map(last.__getitem__))
    for slot in slots:
        if slot != lost:
            change(items, slot)
    assert items.disagreement("update", len(slots)) is not None


def test_an_update_that_k6_does_not_know_of_is_named(items):
    for slot in range(20):
        change(items, slot)
    assert items.disagreement("update", 19) == "the prices tell of 20 updates, k6 of 19"


def test_an_update_of_the_wrong_item_is_named(items):
    for slot in range(19):
        change(items, slot)
    change(items, 19, id=shuffled_ids(ROWS)[20])
    assert "2 rows missing or changed, 2 unexpected" in items.disagreement("update", 20)


def test_an_update_of_the_price_alone_is_named(items):
    change(items, 0)
    items.update(shuffled_ids(ROWS)[0], name="Item 1")
    assert "1 rows missing or changed, 1 unexpected" in items.disagreement("update", 1)


@pytest.mark.parametrize("price", [0, 1, 9999.99, 1e9, 1e300])
def test_a_changed_row_that_no_update_touches_is_named(items, price):
    for slot in range(20):
        change(items, slot)
    items.update(shuffled_ids(ROWS)[25], price=price)
    assert items.disagreement("update", 20) is not None


def test_a_row_that_updates_remove_is_named(items):
    change(items, 0)
    items.delete(shuffled_ids(ROWS)[25])
    assert "1 rows missing or changed, 0 unexpected" in items.disagreement("update", 1)


def test_a_row_that_updates_add_is_named(items):
    items.insert(PAYLOADS["create"])
    assert items.disagreement("update", 0) is not None
