"""Hostile requests: never 5xx, never a redirect, always JSON; refused ones change nothing."""

import json

import pytest

LIMITS = [*range(250, 261), *range(900, 1001), *range(9_990, 10_011), 100_000]
ITEM = '{"description": "", "price": 1, "name": '


@pytest.fixture
def hostile(server):
    """Send a request that a client should not send, and look at all that must hold then."""

    def send(method, path, content=None):
        server.database.untouched()
        answer = server.send(method, path, content)
        said = f"{method} {path[:80]}: {answer.status_code} {answer.text[:200]}"
        assert 200 <= answer.status_code < 300 or 400 <= answer.status_code < 500, said
        if answer.status_code != 204:
            assert answer.headers["Content-Type"].startswith("application/json"), said
            assert answer.content, said
        if answer.status_code >= 400:
            assert server.database.untouched(), said
        return answer

    complaints = server.complaints()
    yield send
    assert server.client.get("/hello").json() == {"message": "Hello, World!"}
    assert server.complaints() == complaints  # no worker died, nothing was swallowed


def nested(levels, opening, closing):
    return opening * levels + "1" + closing * levels


KINDS = {"objects": ('{"a":', "}"), "arrays": ("[", "]")}


@pytest.mark.parametrize("brackets", KINDS.values(), ids=KINDS)
def test_echo_of_what_is_nested_at_any_depth_is_whole_or_refused(hostile, brackets):
    def echo(levels):
        message = '{"a":' + nested(levels, *brackets) + "}"
        answer = hostile("POST", "/echo", message)
        if answer.status_code == 200:
            assert answer.text.replace(" ", "").strip() == message
        return answer.status_code

    assert echo(200) == 200
    for levels in LIMITS + around_the_edges(echo):
        echo(levels)


@pytest.mark.parametrize("brackets", KINDS.values(), ids=KINDS)
def test_a_name_that_is_nested_at_any_depth_is_refused(hostile, brackets):
    def update(levels):
        answer = hostile("PUT", "/items/3", ITEM + nested(levels, *brackets) + "}")
        assert answer.status_code in (400, 422)
        return answer.status_code

    for levels in LIMITS + around_the_edges(update):
        update(levels)


def test_an_ignored_field_that_is_nested_at_any_depth_harms_nobody(hostile):
    def update(levels):
        value = nested(levels, *KINDS["arrays"])
        return hostile("PUT", "/items/3", ITEM + f'"Lamp", "parts": {value}' + "}").status_code

    for levels in LIMITS + around_the_edges(update):
        update(levels)


def around_the_edges(answer):
    """The depths around the one where this interpreter and framework begin to answer otherwise."""
    low, high = 1, 100_000
    while high - low > 1:
        middle = (low + high) // 2
        if answer(middle) == answer(low):
            low = middle
        else:
            high = middle
    return [*range(max(1, low - 10), low + 10)]


@pytest.mark.parametrize("levels", [1_000, 100_000])
@pytest.mark.parametrize("opening", ["[", "{", '{"a":', "[{", '"', "-", "[1,"])
def test_a_body_that_only_opens_is_refused(hostile, opening, levels):
    for method, path in [("POST", "/echo"), ("POST", "/items/"), ("PUT", "/items/3")]:
        assert hostile(method, path, opening * levels).status_code in (400, 422)


NOT_AN_OBJECT = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a text": b'"name"',
    "an array": b"[]",
    "an array with an object": b'[{"name": "Lamp", "description": "", "price": 1}]',
    "an array of pairs": b'[["name", "Lamp"], ["description", ""], ["price", 1]]',
    "NaN": b"NaN",
    "cut off": b'{"name": "Lamp", "description": "", "price": 1',
    "cut off in a text": b'{"name": "Lam',
    "cut off in an escape": b'{"name": "\\u00',
    "cut off in a letter": '{"name": "é'.encode()[:-1],
    "an unknown escape": b'{"name": "\\x41", "description": "", "price": 1}',
    "a comma too many": b'{"name": "Lamp", "description": "", "price": 1,}',
    "single quotes": b"{'name': 'Lamp', 'description': '', 'price': 1}",
    "no quotes": b'{name: "Lamp", description: "", price: 1}',
    "a comment": b'{"name": "Lamp", "description": "", "price": 1} // really',
    "two objects": b'{"name": "Lamp", "description": "", "price": 1}{}',
    "a line break in a text": b'{"name": "a\nb", "description": "", "price": 1}',
    "NUL in a text": b'{"name": "a\0b", "description": "", "price": 1}',
    "NUL alone": b"\0",
    "a hexadecimal number": b'{"name": "Lamp", "description": "", "price": 0x1}',
    "a leading zero": b'{"name": "Lamp", "description": "", "price": 01}',
    "a plus sign": b'{"name": "Lamp", "description": "", "price": +1}',
    "no digit after the point": b'{"name": "Lamp", "description": "", "price": 1.}',
    "bytes that are no UTF-8": b'{"name": "\xff\xfe", "description": "", "price": 1}',
    "Latin-1": '{"name": "Lämpchen", "description": "", "price": 1}'.encode("latin-1"),
    **{
        encoding: '{"name": "Lamp", "description": "", "price": 1}'.encode(encoding)
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
    },
    "NUL in two bytes": b'{"name": "\xc0\x80", "description": "", "price": 1}',
    "a form": b"name=Lamp&description=&price=1",
    "XML": b"<item><name>Lamp</name></item>",
    "a number of 5,000 digits": b'{"name": "", "description": "", "price": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("content", NOT_AN_OBJECT.values(), ids=NOT_AN_OBJECT)
def test_a_body_that_is_no_json_object_is_refused(hostile, content):
    for method, path in [("POST", "/echo"), ("POST", "/items/"), ("PUT", "/items/3")]:
        assert hostile(method, path, content).status_code in (400, 422)


LEFT_OPEN = {
    "a byte order mark": b'\xef\xbb\xbf{"name": "Lamp", "description": "", "price": 1}',
    "half a surrogate pair in a key": rb'{"\ud800": 1, "name": "Lamp", "description": ""}',
    "half a surrogate pair deep inside": rb'{"a": [{"\udfff": ["\ud800"]}], "name": 1}',
    "half a surrogate pair in bytes": b'{"name": "\xed\xa0\x80", "description": 1}',
    "NaN in an unknown field": b'{"a": NaN, "name": "Lamp", "description": "", "price": 1}',
    "a key twice": b'{"name": "", "name": "Lamp", "description": "", "price": -1, "price": 1}',
    "a key that every object has": b'{"__proto__": 1, "__class__": 1, "": 1, "self": 1, "pk": 1}',
    "60,000 keys": json.dumps({f"key{number}": number for number in range(60_000)}).encode(),
}


@pytest.mark.parametrize("content", LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_a_body_that_the_contract_leaves_open_harms_nobody(hostile, content):
    for method, path in [("POST", "/echo"), ("POST", "/items/"), ("PUT", "/items/3")]:
        hostile(method, path, content)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "1e999", "-1e999"])
def test_echo_refuses_numbers_that_json_does_not_have(hostile, literal):
    for message in ('{"a": %s}', '{"a": [{"b": %s}]}'):
        assert hostile("POST", "/echo", message % literal).status_code in (400, 422)


NUMBERS = [*"-0.0 1e308 5e-324 0.1 1E2 9007199254740993".split(), "1" + "0" * 400, "-" + "9" * 4000]


@pytest.mark.parametrize("literal", NUMBERS, ids=lambda literal: literal[:20])
def test_echo_sends_back_every_number_that_json_has(hostile, literal):
    answer = hostile("POST", "/echo", f'{{"a": [{literal}]}}')
    assert (answer.status_code, answer.json()) == (200, {"a": [json.loads(literal)]})


MEBIBYTE = 2**20
LARGE = {
    "one text": lambda size: {"a": "x" * (size - len('{"a": ""}'))},
    "one key": lambda size: {"k" * (size - len('{"": 1}')): 1},
    "numbers": lambda size: {"a": [1] * ((size - len('{"a": []}')) // 3)},
    "keys": lambda size: {f"key{number}": number for number in range(10_000, 10_000 + size // 19)},
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_echo_sends_back_a_mebibyte(hostile, make):
    message = make(MEBIBYTE)
    content = json.dumps(message)
    assert MEBIBYTE * 0.99 < len(content) <= MEBIBYTE
    answer = hostile("POST", "/echo", content)
    assert (answer.status_code, answer.json()) == (200, message)


@pytest.mark.parametrize("field", ["name", "description", "price", "parts"])
def test_a_mebibyte_in_one_field_of_an_item_harms_nobody(hostile, field):
    item = {"name": "Lamp", "description": "", "price": 1} | {field: "9" * 1_000_000}
    answer = hostile("PUT", "/items/3", json.dumps(item))
    assert (answer.status_code == 200) == (field == "parts")


LONG = ["/items/" + "a" * 4000, "/" + "a/" * 2000, "/items/1?" + "a" * 4000, "/" + "%2e" * 1300]
PATHS = [
    *"//items/ /items//1 /items/1/ /items// /items/../items/1 /items/./1 /./items/1".split(),
    *"/items/.. /items/%2e%2e /items/%2e%2e/hello /%2e/hello /../../etc/passwd /%68ello/".split(),
    *"/items/1%2f /items%2f1 /items/1%00 /items/1%0d%0a /items/1;a=b /items/% /items/%zz".split(),
    *"/items/%ff /items/%c3%28 /items/%ed%a0%80 /items/1? /items/1?id=2 /items/?%ff=%zz".split(),
    *"/items/?page=2&limit=1 /items/1?_method=PUT /items/#1 /items/\\1 /~ /items/*".split(),
    *LONG,
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:30])
def test_a_tricky_path_harms_nobody(hostile, path):
    for method in ("GET", "POST", "PUT", "DELETE"):
        hostile(method, path, '{"name": "Lamp", "description": "", "price": 1}')
