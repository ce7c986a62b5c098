"""The probe: the right answer before it is measured, and its length to the byte."""

import json
import socket
import time
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest

from bench.measure.ledger import PAYLOADS, shuffled_ids
from bench.measure.probe import LARGE_PRICE, answers, probe
from bench.measure.profile import SCENARIOS
from bench.serve.server import Row

ROWS = [Row(n, f"Item {n}", "An item", n * 1.25, n % 2) for n in range(1, 31)]
ITEMS = [row._asdict() | {"in_stock": bool(row.in_stock)} for row in ROWS]
ASKED = shuffled_ids(len(ROWS))[0]
UPDATE = PAYLOADS["update"] | {"price": LARGE_PRICE}
RIGHT = {
    ("GET", "/hello"): (200, {"message": "Hello, World!"}),
    ("POST", "/echo"): (200, PAYLOADS["echo"]),
    ("GET", "/items/"): (200, ITEMS),
    ("GET", f"/items/{ASKED}"): (200, ITEMS[ASKED - 1]),
    ("PUT", f"/items/{ASKED}"): (200, {"id": ASKED} | UPDATE),
    ("POST", "/items/"): (201, {"id": 31} | PAYLOADS["create"]),
    ("DELETE", "/items/31"): (204, None),
}


def answer(status, body, head=""):
    content = b"" if body is None else json.dumps(body).encode()
    length = "" if body is None else f"Content-Length: {len(content)}\r\n"
    return f"HTTP/1.1 {status} A reason\r\n{length}{head}\r\n".encode() + content


class Service:
    """Answers byte for byte what a test wants, in parts, and remembers what it was asked."""

    def __init__(self):
        service = self
        self.asked = []
        self.right = {what: [answer(*how)] for what, how in RIGHT.items()}
        self.stays_open = True

        class Handler(StreamRequestHandler):
            def handle(self):
                while line := self.rfile.readline():
                    method, path, _ = line.decode().split()
                    fields = dict(iter(self.field, None))
                    body = self.rfile.read(int(fields.get("content-length", 0)))
                    service.asked.append((method, path, json.loads(body) if body else None))
                    for part in service.right[method, path]:
                        self.wfile.write(part)
                        time.sleep(0.02)
                    if not service.stays_open:
                        return

            def field(self):
                line = self.rfile.readline().decode().strip()
                name, _, value = line.partition(": ")
                return (name.lower(), value) if line else None

        class Server(ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def probe(self, scenario, rows=ROWS):
        return probe(scenario, self.url, rows)

    def says(self, method, path, *parts):
        """From now on to this request, these parts."""
        self.right[method, path] = parts


@pytest.fixture
def service(serving):
    return serving(Service())


# What is asked, and what is right


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_right_answer_has_nothing_wrong_and_is_counted_to_the_byte(service, scenario):
    found = service.probe(scenario)
    assert found.wrong is None
    method, path, _ = service.asked[-1]
    assert found.bytes == len(answer(*RIGHT[method, path]))


@pytest.mark.parametrize(
    ("scenario", "asked"),
    [
        ("hello", [("GET", "/hello", None)]),
        ("echo", [("POST", "/echo", PAYLOADS["echo"])]),
        ("list", [("GET", "/items/", None)]),
        ("get", [("GET", f"/items/{ASKED}", None)]),
        ("create", [("POST", "/items/", PAYLOADS["create"])]),
        ("update", [("PUT", f"/items/{ASKED}", UPDATE)]),
        ("delete", [("POST", "/items/", PAYLOADS["create"]), ("DELETE", "/items/31", None)]),
    ],
)
def test_it_asks_as_the_scenario_does_and_deletes_what_it_has_made(service, scenario, asked):
    service.probe(scenario)
    assert service.asked == asked


def test_every_byte_counts_those_of_the_head_too(service):
    longer = answer(*RIGHT["GET", "/hello"], head="Server: a long name\r\n")
    before = service.probe("hello").bytes
    service.says("GET", "/hello", longer)
    assert service.probe("hello").bytes == before + len("Server: a long name\r\n")


CHUNKED = [
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
    b'\r\n5\r\n{"mes\r\n',
    b'17\r\nsage": "Hello, World!"}\r\n0\r\n',
    b"\r\n",
]


def test_a_chunked_answer_is_read_to_its_end_and_its_chunks_count(service):
    service.says("GET", "/hello", *CHUNKED)
    found = service.probe("hello")
    assert (found.bytes, found.wrong) == (len(b"".join(CHUNKED)), None)


def test_an_answer_may_come_in_parts(service):
    whole = answer(*RIGHT["GET", "/items/"])
    service.says("GET", "/items/", whole[:7], whole[7:70], whole[70:])
    found = service.probe("list")
    assert (found.bytes, found.wrong) == (len(whole), None)


# What is wrong


def wrong_item(**changed):
    return answer(200, ITEMS[ASKED - 1] | changed)


@pytest.mark.parametrize(
    ("scenario", "where", "said"),
    [
        ("hello", ("GET", "/hello"), answer(201, {"message": "Hello, World!"})),
        ("hello", ("GET", "/hello"), answer(200, {"message": "Goodbye!"})),
        ("hello", ("GET", "/hello"), answer(200, None, "Content-Length: 0\r\n")),
        ("echo", ("POST", "/echo"), answer(200, PAYLOADS["echo"] | {"number": 43})),
        ("list", ("GET", "/items/"), answer(200, ITEMS[:20])),
        ("list", ("GET", "/items/"), answer(200, ITEMS[::-1])),
        ("get", ("GET", f"/items/{ASKED}"), wrong_item(id=ASKED + 1)),
        ("get", ("GET", f"/items/{ASKED}"), wrong_item(price="1.25")),
        ("get", ("GET", f"/items/{ASKED}"), answer(404, {"detail": "Not found"})),
        ("update", ("PUT", f"/items/{ASKED}"), wrong_item()),
        ("create", ("POST", "/items/"), answer(201, {"id": 30} | PAYLOADS["create"])),
        ("create", ("POST", "/items/"), answer(200, {"id": 31} | PAYLOADS["create"])),
        ("delete", ("POST", "/items/"), answer(500, {})),
        ("delete", ("DELETE", "/items/31"), answer(404, {})),
    ],
)
def test_any_other_answer_is_wrong_and_is_quoted(service, scenario, where, said):
    service.says(*where, said)
    found = service.probe(scenario)
    status = said.split()[1].decode()
    assert found.wrong.startswith(f"{' '.join(where)} answers {status} ")
    assert len(found.wrong) < 130


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"220 a mail server\r\n\r\n",
    ],
)
def test_a_connection_that_is_closed_and_what_is_no_answer_are_wrong(service, said):
    service.says("GET", "/hello", said)
    service.stays_open = False
    assert service.probe("hello").wrong.startswith("GET /hello")


def test_where_nobody_listens_that_is_wrong():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        found = probe("hello", f"http://127.0.0.1:{nobody.getsockname()[1]}", ROWS)
    assert (found.bytes, found.wrong[:11]) == (0, "GET /hello:")


@pytest.mark.parametrize("scenario", ["get", "create", "update", "delete"])
def test_where_there_is_no_item_none_is_asked_for(service, scenario):
    assert service.probe(scenario, rows=[]).wrong == "there is no item to ask for"
    assert service.asked == []


# Whether it is still there


def test_an_app_that_says_hello_is_still_there(service):
    assert answers(service.url)
    assert service.asked == [("GET", "/hello", None)]


def test_an_app_that_answers_something_else_is_still_there(service):
    service.says("GET", "/hello", answer(500, {"detail": "no"}))
    assert answers(service.url)


def test_an_app_that_closes_the_connection_is_not_there(service):
    service.says("GET", "/hello", b"")
    service.stays_open = False
    assert not answers(service.url)


def test_an_app_that_takes_connections_and_never_answers_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not answers(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_where_nobody_listens_nobody_is_there():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert not answers(f"http://127.0.0.1:{nobody.getsockname()[1]}")
