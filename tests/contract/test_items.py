"""An item's values: which are required, which are refused, and that they are kept as they came."""

import json

import pytest
from server import LAMP

REFUSED = (400, 422)


def body(**literals):
    """The lamp as JSON, some of its values replaced by these literals, or left out where None."""
    values = {field: json.dumps(value) for field, value in LAMP.items()} | literals
    pairs = (f'"{field}": {value}' for field, value in values.items() if value is not None)
    return "{" + ", ".join(pairs) + "}"


def create_and_update(server, content):
    """Send the same values to both routes that take an item."""
    yield server.send("POST", "/items/", content)
    yield server.send("PUT", "/items/3", content)


def accepted(server, content):
    """Create and update with these values; return what both answered, which is what is kept."""
    created, updated = create_and_update(server, content)
    assert (created.status_code, updated.status_code) == (201, 200), (created.text, updated.text)
    item = created.json()
    assert item.pop("id") == 1501
    assert updated.json() == {"id": 3} | item
    assert [server.client.get(f"/items/{id}").json() for id in (3, 1501)] == [
        {"id": 3} | item,
        {"id": 1501} | item,
    ]
    stored = (item["name"], item["description"], item["price"], item["in_stock"])
    assert [row for row in server.rows() if row[0] in (3, 1501)] == [(3, *stored), (1501, *stored)]
    return item


def refuses(server, content):
    """Are these values refused by both routes, without a change to the table?"""
    before = server.rows()
    answers = list(create_and_update(server, content))
    assert all(answer.status_code < 500 for answer in answers)
    assert all(answer.json() for answer in answers)
    return all(answer.status_code in REFUSED for answer in answers) and server.rows() == before


def in_chunks(server, method, path, content):
    """Send this body piece by piece: it has no length then."""
    pieces = (content[place : place + 7].encode() for place in range(0, len(content), 7))
    headers = {"Content-Type": "application/json"}
    return server.client.request(method, path, content=pieces, headers=headers)


def test_a_body_in_chunks_is_taken_like_any_other(server):
    created = in_chunks(server, "POST", "/items/", body())
    updated = in_chunks(server, "PUT", "/items/3", body(price="2.5"))
    echoed = in_chunks(server, "POST", "/echo", '{"message": "Hello"}')
    assert (created.status_code, created.json()) == (201, {"id": 1501, **LAMP})
    assert (updated.status_code, updated.json()) == (200, {"id": 3, **LAMP, "price": 2.5})
    assert (echoed.status_code, echoed.json()) == (200, {"message": "Hello"})


@pytest.mark.parametrize("content", ["", "[]", '{"name": "La', body(price='"much"')])
def test_a_body_in_chunks_that_is_no_item_is_refused_and_the_next_request_is_answered(
    server, content
):
    before = server.rows()
    for method, path in [("POST", "/items/"), ("PUT", "/items/3")]:
        assert in_chunks(server, method, path, content).status_code in REFUSED
        assert server.client.get("/items/3").status_code == 200
    assert server.rows() == before


@pytest.mark.parametrize("field", ["name", "description", "price"])
def test_a_field_is_required(server, field):
    assert refuses(server, body(**{field: None}))


def test_in_stock_is_true_where_it_is_left_out(server):
    server.client.put("/items/3", json=LAMP)
    assert accepted(server, body(in_stock=None)) == LAMP | {"in_stock": True}


@pytest.mark.parametrize("field", LAMP)
def test_null_is_refused(server, field):
    assert refuses(server, body(**{field: "null"}))


TEXTS = {
    "a space": " ",
    "spaces around": "  lamp \t\r\n",
    "a line break": "a\nb",
    "a line break at the end": "a\n",
    "every control character": "".join(map(chr, [*range(1, 32), 127, 133])),
    "letters": "é ü ß 漢 ﷽",
    "a letter in two forms": "\u00e9e\u0301",
    "outside of the basic plane": "😀𝕏",
    "invisible characters": "\u200b\u202e\ufeff\uffff\u2028",
    "what SQL and HTML care about": "'; DROP TABLE items; -- <b>&amp;\"\\ %s ? :name",
    "what looks like a number": "1e5",
}


@pytest.mark.parametrize("field", ["name", "description"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_is_kept_as_it_was_sent(server, field, text):
    assert accepted(server, json.dumps(LAMP | {field: text}))[field] == text


@pytest.mark.parametrize("field", ["name", "description"])
@pytest.mark.parametrize(
    "literal",
    [r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'"a\udc00"', r'"\ude00\ud83d"', "[]", "{}", '["a"]'],
)
def test_what_is_no_text_or_no_database_can_hold_is_refused(server, field, literal):
    assert refuses(server, body(**{field: literal}))


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_a_text_may_be_as_long_as_its_limit_in_characters(server, letter):
    item = accepted(server, body(name=f'"{letter * 100}"', description=f'"{letter * 200}"'))
    assert (item["name"], item["description"]) == (letter * 100, letter * 200)
    assert refuses(server, body(name=f'"{letter * 101}"'))
    assert refuses(server, body(description=f'"{letter * 201}"'))


def test_a_name_may_not_be_empty_but_a_description_may(server):
    assert refuses(server, body(name='""'))
    assert accepted(server, body(description='""'))["description"] == ""


@pytest.mark.parametrize(
    "literal",
    [
        *["0", "10", "10.0", "1e1", "0.1", "0.30000000000000004", "5e-324", "1e-400", "-0.0", "-0"],
        *["1e308", "1.7976931348623157e308", "1" + "0" * 308, "9007199254740993", "1E+2"],
    ],
)
def test_a_price_is_kept_as_the_double_it_is(server, literal):
    assert accepted(server, body(price=literal))["price"] == float(literal)
    assert server.database.types() == [server.database.TYPES]


@pytest.mark.parametrize(
    "literal",
    [
        *["-1", "-0.01", "-5e-324", "NaN", "Infinity", "-Infinity", "1e999", "-1e999"],
        *["1" + "0" * 309, "1" + "0" * 400, "1" + "0" * 5000],
        *['"NaN"', '"inf"', '"1e999"', '"x"', '""', "[]", "[1]", "{}"],
    ],
    ids=lambda literal: literal[:20] + f"({len(literal)})",
)
def test_what_is_no_price_is_refused(server, literal):
    assert refuses(server, body(price=literal))


@pytest.mark.parametrize("literal", ['"maybe"', "2", "-1", "[]", "{}", '""', "[true]"])
def test_what_is_neither_true_nor_false_is_refused(server, literal):
    assert refuses(server, body(in_stock=literal))


@pytest.mark.parametrize(
    ("field", "literals"),
    {
        "name": ["1", "1.5", "true"],
        "description": ["1", "1.5", "true"],
        "price": ['"12.5"', '" 12.5 "', '"1_0"', '"\u0663"', "true"],
        "in_stock": ["1", "0", "1.0", '"true"', '"no"', '"on"'],
    }.items(),
)
def test_a_value_of_another_type_is_refused_or_converted(server, field, literals):
    kinds = {"name": str, "description": str, "price": (int, float), "in_stock": bool}
    for literal in literals:
        server.database.restore()
        if not refuses(server, body(**{field: literal})):
            server.database.restore()
            value = accepted(server, body(**{field: literal}))[field]
            assert isinstance(value, kinds[field])
            assert isinstance(value, bool) == (field == "in_stock")
    assert server.database.types() == [server.database.TYPES]
    neither = "SELECT count(*) FROM items WHERE in_stock NOT IN (true, false)"
    assert server.database.query(neither) == [(0,)]


def test_unknown_fields_and_an_id_are_ignored(server):
    for id in ("7", '"seven"', "null", "-1", "1" + "0" * 400):
        server.database.restore()
        assert accepted(server, body(id=id, colour='"red"', parts="[{}]")) == LAMP
