"""What all rungs but the last answer: bytes that are made once, as long as the real ones."""

import json


def make_item(number):
    return {
        "id": number,
        "name": f"Item {number}",
        "description": f"What there is to say about item {number}",
        "price": number * 1.25,
        "in_stock": number % 5 != 0,
    }


def as_bytes(value):
    return json.dumps(value, separators=(",", ":")).encode()


HELLO = as_bytes({"message": "Hello, World!"})
ITEM = as_bytes(make_item(777))
ITEMS = as_bytes([make_item(number) for number in range(1, 1501)])


def answer_to(method, path):
    """Status and body."""
    if path == "/hello":
        return 200, HELLO
    if method == "POST":
        return 201, ITEM
    return 200, ITEMS if path == "/items/" else ITEM
