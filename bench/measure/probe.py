"""One request of a scenario before it is measured: the right answer, and how many bytes it has."""

import http.client
import io
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.measure.ledger import PAYLOADS, shuffled_ids
from bench.serve.server import Row

LARGE_PRICE = 99999.99  # as many digits as those that k6 sends, and none of them


@dataclass(frozen=True)
class Probe:
    bytes: int
    wrong: str | None  # what is wrong with the answer, if something is


def probe(scenario: str, url: str, rows: list[Row]) -> Probe:
    """Ask as the scenario does, once, and compare the answer with what the database holds.

    A probe of create, update or delete writes: read the rows after it.
    """
    item = next((row for row in rows if row.id == shuffled_ids(len(rows))[0]), None)
    if scenario == "hello":
        return _ask(url, "GET", "/hello", None, 200, {"message": "Hello, World!"})
    if scenario == "echo":
        return _ask(url, "POST", "/echo", PAYLOADS["echo"], 200, PAYLOADS["echo"])
    if scenario == "list":
        return _ask(url, "GET", "/items/", None, 200, [_item(row) for row in rows])
    if item is None:
        return Probe(0, "there is no item to ask for")
    if scenario == "get":
        return _ask(url, "GET", f"/items/{item.id}", None, 200, _item(item))
    if scenario == "update":
        update = {**PAYLOADS["update"], "price": LARGE_PRICE}
        return _ask(url, "PUT", f"/items/{item.id}", update, 200, {"id": item.id, **update})
    made = {"id": rows[-1].id + 1, **PAYLOADS["create"]}
    created = _ask(url, "POST", "/items/", PAYLOADS["create"], 201, made)
    if scenario == "create" or created.wrong:
        return created
    return _ask(url, "DELETE", f"/items/{made['id']}", None, 204, None)


def answers(url: str) -> bool:
    """Whether the app still says hello, within two seconds."""
    return _ask(url, "GET", "/hello", None, 200, {"message": "Hello, World!"}, within=2).bytes > 0


def _item(row: Row) -> dict[str, Any]:
    return {**row._asdict(), "in_stock": bool(row.in_stock)}


def _ask(
    url: str, method: str, path: str, body: Any, status: int, expected: Any, within: float = 30
) -> Probe:
    content = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}", "User-Agent: probe"]
    if content:
        head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    try:
        answer = _exchange(url, "\r\n".join([*head, "", ""]).encode() + content, within)
        found = http.client.HTTPResponse(_Received(answer), method=method)  # type: ignore[arg-type]
        found.begin()
        text = found.read()
        wrong = found.status != status or (json.loads(text) if text else None) != expected
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Probe(0, f"{method} {path}: {error}")
    said = f"{method} {path} answers {found.status} {text[:80].decode(errors='replace')}"
    return Probe(len(answer), said if wrong else None)


def _exchange(url: str, request: bytes, within: float) -> bytes:
    """An answer, byte for byte, on a connection that stays open, as k6's do."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=within) as connection:
        connection.sendall(request)
        answer = b""
        while not _is_whole(answer):
            part = connection.recv(1 << 16)
            if not part:
                break
            answer += part
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    fields = http.client.parse_headers(io.BytesIO(head.partition(b"\r\n")[2] + b"\r\n\r\n"))
    if fields.get("Transfer-Encoding") == "chunked":
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(fields.get("Content-Length", 0))


@dataclass(frozen=True)
class _Received:
    """What http.client reads an answer from, in a socket's place."""

    answer: bytes

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self.answer)
