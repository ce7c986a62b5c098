"""The script against a real stack: what it tells is what was done, and nothing of it is left."""

import json
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench import CACHE
from bench.arm import Arm
from bench.serve import inside
from bench.serve.local import local_engine
from bench.serve.stacks import find_stacks

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "lifecycle.py"
ARM = Arm("flask_sqlite", "flask_sqlite", find_stacks()["flask_sqlite"])
VERBS = ["create", "read", "update", "delete"]


@pytest.fixture(scope="module")
def app():
    """flask_sqlite with 20 items of somebody else's."""
    CACHE.mkdir(exist_ok=True)
    engine = local_engine(None)
    engine.prepare(ARM)
    with engine.serve(ARM) as server:
        server.seed(20, "wal")
        yield server


@pytest.fixture
def untouched(app):
    """What was there before is there afterwards, and nothing else."""
    before = inside.rows(app)
    yield
    assert inside.rows(app) == before


def start(*arguments, python=(sys.executable,)):
    return subprocess.Popen(
        [*python, SCRIPT, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments, **options):
    process = start(*arguments, **options)
    said, complained = process.communicate(timeout=120)
    return process.returncode, said, complained


def one_line(complained):
    (line,) = [line for line in complained.splitlines() if line.startswith("lifecycle.py: ")]
    assert "Traceback" not in complained
    return line


def test_each_verb_is_told_of_and_nothing_is_left(app, untouched, tmp_path):
    out = tmp_path / "lifecycle.json"
    status, said, _ = run(app.url, "--users", 4, "--items", 100, "--out", out)
    assert status == 0
    told = json.loads(out.read_text())["phases"]
    assert [phase["phase"] for phase in told] == VERBS
    for phase in told:
        assert (phase["requests"], phase["failed"]) == (100, 0)
        assert phase["per_second"] == pytest.approx(100 / phase["seconds"])
        assert 0 < phase["client_cpu_us"] < 1e6 * phase["seconds"]
        assert phase["phase"] in said
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_percentiles_are_told_where_there_are_enough_requests(app, untouched, tmp_path):
    out = tmp_path / "out.json"
    for users, items, shown in (
        (1, 19, [False, False, False]),
        (1, 20, [True, False, False]),
        (1, 200, [True, True, False]),
        (1, 1000, [True, True, True]),
        (2, 200, [True, False, False]),
    ):
        run(app.url, "--users", users, "--items", items, "--verbs", "create", "--out", out)
        (phase,) = json.loads(out.read_text())["phases"]
        told = [phase[key] is not None for key in ("median_ms", "p95_ms", "p99_ms")]
        assert told == shown


def test_only_the_verbs_that_were_asked_for_are_told_of(app, untouched, tmp_path):
    out = tmp_path / "out.json"
    status, said, _ = run(app.url, "--items", 20, "--verbs", "update,read", "--out", out)
    assert status == 0
    told = json.loads(out.read_text())["phases"]
    assert [phase["phase"] for phase in told] == ["read", "update"]
    assert "create" not in said


def test_one_route_is_asked_for_a_time(app, untouched, tmp_path):
    out = tmp_path / "out.json"
    status, _, _ = run(app.url, "--get", "/hello", "--seconds", 1, "--users", 2, "--out", out)
    (phase,) = json.loads(out.read_text())["phases"]
    assert (status, phase["phase"], phase["failed"]) == (0, "GET /hello", 0)
    assert 1 <= phase["seconds"]


def test_ids_that_are_not_there_are_failures(app, untouched):
    status, said, complained = run(app.url, "--get", "/items/{id}", "--seconds", 0.2)
    assert status == 2
    assert "not all is right: GET /items/" in one_line(complained)
    assert "404" in complained


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_stopped_leaves_nothing(app, untouched, tmp_path, number):
    before = len(inside.rows(app))
    process = start(app.url, "--items", 100_000, "--out", tmp_path / "out.json")
    while len(inside.rows(app)) < before + 50:
        assert process.poll() is None
    process.send_signal(number)
    _, complained = process.communicate(timeout=60)
    assert process.returncode == 2
    assert one_line(complained) == "lifecycle.py: stopped; none of its items is left there"
    assert list(tmp_path.iterdir()) == []


def test_piped_output_is_plain(app, untouched):
    _, said, complained = run(app.url, "--items", 20)
    assert "\x1b" not in said + complained
    lines = ["warm-up: 100", *(f"{verb}: 20" for verb in VERBS), "clean-up: 0"]
    assert complained.splitlines() == [f"{line} requests" for line in lines]


# What may go wrong


class Forgetful(BaseHTTPRequestHandler):
    """A service that answers each of our requests with a good status; what it says is wrong."""

    protocol_version = "HTTP/1.1"
    said: dict = {}

    def do_GET(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        status = {"POST": 201, "DELETE": 204}.get(self.command, 200)
        content = b"" if status == 204 else json.dumps(self.said.get(self.command, [])).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    with ThreadingHTTPServer(("127.0.0.1", 0), Forgetful) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "said", [{}, {"POST": {"id": 1, "name": "Another"}}, {"POST": "no object"}]
)
def test_an_answer_that_says_something_else_is_a_failure(service, monkeypatch, said, tmp_path):
    monkeypatch.setattr(Forgetful, "said", said)
    out = tmp_path / "out.json"
    status, _, complained = run(service, "--items", 20, "--out", out)
    assert status == 2
    assert "not all is right: POST /items/ gets 201" in one_line(complained)
    create, *others = json.loads(out.read_text())["phases"]
    assert (create["requests"], create["failed"], create["mean_ms"]) == (20, 20, None)
    assert {phase["requests"] for phase in others} == {0}


def test_a_list_of_another_shape_is_one_line_that_names_what_may_be_left(service, monkeypatch):
    page = {"count": 1, "results": [{"id": 1, "name": "Lamp"}]}
    monkeypatch.setattr(Forgetful, "said", {"GET": page})
    status, _, complained = run(service, "--items", 5)
    assert status == 2
    assert "items named 'lifecycle " in one_line(complained)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:8000", "http://[", "ftp://x"])
def test_a_server_that_does_not_answer_is_one_line(url):
    status, _, complained = run(url)
    assert (status, complained.count("\n")) == (2, 1)
    assert f"{url} does not answer: " in one_line(complained)


def test_a_server_that_ends_meanwhile_is_one_line_that_names_what_may_be_left(tmp_path):
    engine = local_engine(None)
    with engine.serve(ARM) as server:
        server.seed(20, "wal")
        process = start(server.url, "--items", 5_000)
        while len(inside.rows(server)) < 50:
            assert process.poll() is None
    _, complained = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "lifecycle.py: items named 'lifecycle " in one_line(complained)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--verbs", "create,remove"], "there is no verb 'remove'"),
        (["--users", "0"], "must be more than 0"),
        (["--items", "-1"], "must be more than 0"),
        (["--out", "/nowhere/at/all.json", "--items", "1"], "/nowhere/at"),
    ],
)
def test_a_mistake_is_one_line(app, untouched, arguments, says):
    status, _, complained = run(app.url, *arguments)
    assert status == 2
    assert says in one_line(complained)


def test_where_a_library_is_missing_one_line_says_so():
    status, _, complained = run("http://127.0.0.1:1", python=(sys.executable, "-S"))
    assert (status, complained.count("\n")) == (2, 1)
    assert "No module named 'httpx2'" in one_line(complained)
