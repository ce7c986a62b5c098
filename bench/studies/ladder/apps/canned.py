"""Servers that read a request's first line and write: what is left is the loop, or the threads."""

import asyncio
import http

from gunicorn.workers.gthread import ThreadWorker
from stored import answer_to

try:
    from uvicorn_worker import UvicornWorker
except ImportError:  # Flask's and Django's environments have none
    UvicornWorker = object

HEAD = "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


def answer(data):
    method, path, _ = data.split(b"\r\n", 1)[0].decode().split(" ")
    status, body = answer_to(method, path)
    return HEAD.format(status, http.HTTPStatus(status).phrase, len(body)).encode() + body


class Canned(asyncio.Protocol):
    """In place of Uvicorn's parser. k6 sends a request in one piece."""

    def __init__(self, config, server_state, app_state, _loop=None):
        self.connections = server_state.connections

    def connection_made(self, transport):
        self.transport = transport
        self.connections.add(self)

    def connection_lost(self, error):
        self.connections.discard(self)

    def data_received(self, data):
        self.transport.write(answer(data))

    def shutdown(self):
        self.transport.close()


class LoopAlone(UvicornWorker):
    CONFIG_KWARGS = {"loop": "uvloop", "http": Canned}


class ThreadsAlone(ThreadWorker):
    def handle(self, conn):
        conn.sock.setblocking(True)  # as Gunicorn's own, which then parses
        conn.init()
        data = conn.sock.recv(65536)
        if data:
            conn.sock.sendall(answer(data))
        return bool(data)
