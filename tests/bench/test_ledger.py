"""The ledger: the rows of a real database must be those that the acknowledged requests imply."""

import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis.strategies import data, integers, lists

from bench.measure.ledger import PAYLOADS, disagreement, shuffled_ids, update_cents
from bench.serve.server import Row

SCHEMA = Path(__file__).parents[2] / "flask_sqlite" / "schema.sql"
ROWS, USERS = 30, 5


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

    def disagreement(self, scenario, requests, **of_run):
        """Of what happened since the last time that this was asked: a run of k6."""
        before, self.before = self.before, self.rows()
        options = {"seeded": ROWS, "users": USERS, **of_run}
        return disagreement(scenario, before, self.before, requests, **options)


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


@pytest.mark.parametrize("already", [1, 12, 18])
def test_deletes_go_on_where_earlier_runs_have_ended(items, already):
    ids = shuffled_ids(ROWS)
    for id in ids[:already]:
        items.delete(id)
    assert items.disagreement("delete", already) is None
    for id in ids[already : already + 12]:
        items.delete(id)
    assert items.disagreement("delete", 12, run=2, done=already) is None


def test_a_delete_of_the_next_run_that_is_missing_is_named(items):
    ids = shuffled_ids(ROWS)
    for id in ids[:12]:
        items.delete(id)
    assert items.disagreement("delete", 12) is None
    for id in ids[12:23]:
        items.delete(id)
    said = items.disagreement("delete", 12, run=2, done=12)
    assert said.startswith("0 rows missing or changed, 1 unexpected")
    assert f"Row(id={ids[23]}," in said


def test_ids_are_those_of_the_seeded_rows_whatever_was_created_meanwhile(items):
    for _ in range(7):
        items.insert(PAYLOADS["create"])
    assert items.disagreement("create", 7) is None
    for id in shuffled_ids(ROWS)[:12]:
        items.delete(id)
    assert items.disagreement("delete", 12) is None


# update


def change(items, slot, id=None, run=1):
    """What request number slot of a run does: k6/update.js explains it."""
    price = (update_cents(run) + slot) / 100
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


# Several runs of k6


def test_prices_of_the_first_run_begin_where_the_payloads_say():
    assert update_cents(1) == 100 * PAYLOADS["update_price_from"]


def test_no_two_of_four_runs_send_the_same_price_until_one_sends_two_million():
    starts = [update_cents(run) for run in (1, 2, 3, 4)]
    assert [b - a for a, b in zip(starts, starts[1:], strict=False)] == [2_000_000] * 3


@unhurried
@given(first=users_in_any_order, second=users_in_any_order)
def test_updates_of_a_second_run_are_told_from_those_of_the_first(first, second):
    items = Items()
    for run, users in enumerate((first, second), start=1):
        for slot in slots_of(users):
            change(items, slot, run=run)
        assert items.disagreement("update", len(users), run=run) is None


def test_the_same_update_as_in_the_run_before_is_not_the_second_runs(items):
    for run in (1, 2):
        change(items, 0, run=1)
        said = items.disagreement("update", 1, run=run)
        assert (said is None) == (run == 1)


def test_a_lost_update_of_the_second_run_is_named(items):
    for slot in range(20):
        change(items, slot)
    assert items.disagreement("update", 20) is None
    for slot in range(19):
        change(items, slot, run=2)
    said = items.disagreement("update", 20, run=2)
    assert said == "the prices tell of 19 updates, k6 of 20"


def test_rows_that_an_earlier_run_made_are_not_this_ones(items):
    for _ in range(5):
        items.insert(PAYLOADS["create"])
    assert items.disagreement("create", 5) is None
    assert items.disagreement("create", 5, run=2).startswith("5 rows missing or changed")
    for _ in range(3):
        items.insert(PAYLOADS["create"])
    assert items.disagreement("create", 3, run=3) is None
