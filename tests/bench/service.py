"""A server that counts what it is asked, and answers as a test wants."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Service:
    """Answers every request with a status, after it did whatever a test wants done at the first."""

    def __init__(self):
        service = self
        self.status = 200
        self.asked = Counter()
        self.at_the_first = lambda: None
        turn = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with turn:
                    service.asked[self.path] += 1
                    if service.asked.total() == 1:
                        service.at_the_first()
                self.send_response(service.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A client that is killed leaves its connections broken."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
