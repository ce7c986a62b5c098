"""A server that answers the contract's statuses to whatever k6 asks, and remembers it."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    at: float  # ms of the machine's clock
    method: str
    path: str
    body: bytes
    content_type: str | None
    user: int  # the client's port: each of k6's users has a connection of its own


class Service:
    """Answers after `seconds`, with `status` where a test sets one; not at all where it hangs."""

    def __init__(self, seconds=0.0):
        service = self
        self.requests = []
        self.connected = []  # ms of the machine's clock
        self.status = None
        self.seconds = seconds
        self.hangs = False
        self.ended = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                service.connected.append(time.time() * 1000)
                super().setup()

            def answer(self):
                at = time.time() * 1000
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                what = self.command, self.path, body, self.headers["Content-Type"]
                service.requests.append(Asked(at, *what, self.client_address[1]))
                if service.hangs:
                    service.ended.wait()
                if service.seconds:
                    service.ended.wait(service.seconds)
                self.reply()

            def reply(self):
                created = (self.command, self.path) == ("POST", "/items/")
                usual = 201 if created else 204 if self.command == "DELETE" else 200
                item = json.dumps({"id": 1500 + len(service.requests)}).encode() if created else b""
                self.send_response(service.status or usual)
                self.send_header("Content-Length", str(len(item)))
                self.end_headers()
                self.wfile.write(item)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 100

            def handle_error(self, *_):
                """A client that has given up leaves its connection broken."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def asked(self):
        return [request[1:5] for request in self.requests]

    @property
    def ids(self):
        return [int(request.path.removeprefix("/items/")) for request in self.requests]
