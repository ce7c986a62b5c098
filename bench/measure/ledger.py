"""What the database must hold after a scenario: the rows that the acknowledged requests imply."""

import json
from typing import Any

from bench import ROOT
from bench.serve.server import Row

PAYLOADS: dict[str, Any] = json.loads((ROOT / "k6" / "lib" / "payloads.json").read_text())


def shuffled_ids(rows: int) -> list[int]:
    """The ids 1 to rows in the order of k6/lib/items.js, which explains it."""
    ids = list(range(1, rows + 1))
    x = PAYLOADS["seed"]
    for last in range(rows - 1, 0, -1):
        x = x * 48271 % 2147483647
        other = x % (last + 1)
        ids[last], ids[other] = ids[other], ids[last]
    return ids


def update_cents(run: int) -> int:
    """The price of the first update of k6's how manyth run, in cents; no two runs send the same."""
    first, a_run = int(PAYLOADS["update_price_from"]), int(PAYLOADS["update_price_a_run"])
    return (first + a_run * (run - 1)) * 100


def disagreement(
    scenario: str,
    before: list[Row],
    after: list[Row],
    requests: int,
    *,
    seeded: int,
    users: int,
    run: int = 1,
    done: int = 0,
) -> str | None:
    """How the rows after a run of k6 differ from what its acknowledged requests imply, if so.

    seeded: how many rows there were at first; done: how many of their ids were deleted before this
    run, k6's how manyth of the scenario it was.
    """
    if scenario == "update":
        return _update_disagreement(before, after, requests, users, shuffled_ids(seeded), run)
    if scenario == "create":
        implied = before + _created(before, requests)
    elif scenario == "delete":
        gone = set(shuffled_ids(seeded)[done : done + requests])
        implied = [row for row in before if row.id not in gone]
    else:
        implied = before
    return _difference(implied, after)


def _created(before: list[Row], requests: int) -> list[Row]:
    first = before[-1].id + 1 if before else 1
    return [_row(id, PAYLOADS["create"]) for id in range(first, first + requests)]


def _update_disagreement(
    before: list[Row], after: list[Row], requests: int, users: int, ids: list[int], run: int
) -> str | None:
    """Every price that was sent names its user and the user's how manyth request it was.

    A user changes items of its own, one after the other: its last price tells how many it has sent,
    and with that the last price of each of its items.
    """
    cents = update_cents(run)
    sent = [0] * users
    for row in set(after) - set(before):
        slot = round(row.price * 100) - cents
        sent[slot % users] = max(sent[slot % users], slot // users + 1)
    if sum(sent) != requests:
        return f"the prices tell of {sum(sent)} updates, k6 of {requests}"
    implied = {row.id: row for row in before}
    for user, count in enumerate(sent):
        for turn in range(count):
            slot = turn * users + user
            id = ids[slot % len(ids)]
            implied[id] = _row(id, {**PAYLOADS["update"], "price": (cents + slot) / 100})
    return _difference(list(implied.values()), after)


def _row(id: int, item: dict[str, Any]) -> Row:
    return Row(id, item["name"], item["description"], float(item["price"]), int(item["in_stock"]))


def _difference(implied: list[Row], found: list[Row]) -> str | None:
    if implied == found:
        return None
    missing, extra = set(implied) - set(found), set(found) - set(implied)
    example = min(missing or extra, default=None)
    return f"{len(missing)} rows missing or changed, {len(extra)} unexpected, such as {example}"
