"""The article's user against a real stack, and the command that lets Locust play it."""

import json
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import psutil
import pytest

from bench import CACHE
from bench.arm import Arm
from bench.serve import inside
from bench.serve.local import local_engine
from bench.serve.stacks import find_stacks
from bench.studies.clients.client import Window
from bench.studies.clients.locust import run_locust

ROOT = Path(__file__).resolve().parents[2]
ARM = Arm("flask_sqlite", "flask_sqlite", find_stacks()["flask_sqlite"])
ROUTES = {"POST /items/", "GET /items/", "GET /items/{id}", "PUT /items/{id}", "DELETE /items/{id}"}
# The same user in a hurry: in the time of a test, think time would leave it a request or two.
HURRIED = f"""
import sys
sys.path.insert(0, {str(ROOT / "locust")!r})
from locust import constant
from locustfile import ItemUser as Original

class ItemUser(Original):
    wait_time = constant(0)

    def on_start(self):
        super().on_start()
        self.create()
        self.list()
        if self.ids:  # however slow the machine is, each route is asked for
            self.read()
            self.update()
            self.delete()
"""


@pytest.fixture(scope="module", autouse=True)
def locust():
    try:
        metadata.version("locust")
    except metadata.PackageNotFoundError:
        pytest.skip("Locust is not installed")


@pytest.fixture(scope="module")
def app():
    CACHE.mkdir(exist_ok=True)
    engine = local_engine(None)
    engine.prepare(ARM)
    with engine.serve(ARM) as server:
        yield server


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Let hurried users load a server for two seconds; gives what Locust says by route."""
    file = tmp_path / "root" / "locust" / "hurried.py"
    file.parent.mkdir(parents=True)
    file.write_text(HURRIED)
    monkeypatch.setattr("bench.studies.clients.locust.ROOT", file.parents[1])

    def play(url, users):
        return run_locust("ItemUser", Window(url, users, 2, None, tmp_path))[0]

    return play


def test_the_user_does_all_that_the_contract_offers_and_touches_only_its_own_items(app, play):
    app.seed(50, "wal")
    before = inside.rows(app)
    accounts = play(app.url, users=5)
    assert set(accounts) == ROUTES
    assert {account.failed for account in accounts.values()} == {0}
    after = inside.rows(app)
    assert after[:50] == before
    made = accounts["POST /items/"].requests - accounts["DELETE /items/{id}"].requests
    assert len(after) == 50 + made <= 50 + 5 * 3


def test_the_user_thinks_from_1_to_3_seconds():
    asked = [sys.executable, "-c", "from locustfile import ItemUser; u = ItemUser.__new__(ItemUser)"
             "; print(*(u.wait_time() for _ in range(1000)))"]  # fmt: skip
    said = subprocess.run(asked, cwd=ROOT / "locust", capture_output=True, text=True, check=True)
    times = sorted(map(float, said.stdout.split()))
    assert 1 <= times[0] < 1.1 and 2.9 < times[-1] <= 3


class Agreeable(BaseHTTPRequestHandler):
    """A service that answers 200 to everything: right for GET and PUT, wrong for the others."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_):
        pass


def test_a_status_that_is_not_the_contracts_is_a_failure(play):
    with ThreadingHTTPServer(("127.0.0.1", 0), Agreeable) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            accounts = play(f"http://127.0.0.1:{server.server_port}", users=2)
        finally:
            server.shutdown()
            thread.join()
    assert accounts["POST /items/"].failed == accounts["POST /items/"].requests > 0
    assert accounts["GET /items/"].failed == 0


# The command


def bench(*arguments, repository=ROOT):
    return subprocess.Popen(
        [sys.executable, "-m", "bench", "locust", "--stack", ARM.stack, "--engine", "local",
         *map(str, arguments)],
        cwd=repository, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture
def lock(tmp_path, monkeypatch):
    """The machine's lock, in a place of its own, so that tests beside one another may run."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


def test_the_command_keeps_the_report_of_a_run(lock, tmp_path):
    out = tmp_path / "out"
    process = bench("--users", 4, "--seconds", 5, "--processes", 2, "--out", out)
    said, complained = process.communicate(timeout=120)
    assert process.returncode == 0, complained
    kept = out / f"locust-{ARM.stack}"
    files = {"Locust.log", "about.json", "report.html", "stats.json"}
    assert {path.name for path in kept.iterdir()} == files
    about = json.loads((kept / "about.json").read_text())
    assert (about["users"], about["machine"]["engine"]) == (4, "local")
    assert about["served"]["pragmas"]["journal_mode"] == "wal"
    assert sum(told["num_failures"] for told in json.loads((kept / "stats.json").read_text())) == 0
    assert "POST /items/" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--stack", "flask"], "there is no stack 'flask'"),
        (["--users", "0"], "'0' is no whole number from 1 on"),
    ],
)
def test_a_mistake_is_one_line(lock, tmp_path, arguments, says):
    process = bench("--out", tmp_path / "out", *arguments)
    _, complained = process.communicate(timeout=60)
    assert process.returncode == 2
    assert complained.startswith("bench: ") and complained.count("\n") == 1
    assert says in complained
    assert not any(tmp_path.glob("out/*"))


def test_requests_that_fail_are_one_line_that_says_where_to_read_more(lock, tmp_path):
    for name in ("bench", "k6", "locust", ARM.stack):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    (tmp_path / "copy" / ".cache").mkdir()
    (tmp_path / "copy" / ".cache" / "environments").symlink_to(CACHE / "environments")
    app = tmp_path / "copy" / ARM.stack / "app.py"
    assert app.read_text().count(", 201") == 1
    app.write_text(app.read_text().replace(", 201", ", 200"))
    out = tmp_path / "out"
    process = bench("--users", 3, "--seconds", 5, "--out", out, repository=tmp_path / "copy")
    _, complained = process.communicate(timeout=120)
    assert process.returncode == 2
    report = out / f"locust-{ARM.stack}" / "report.html"
    assert re.fullmatch(rf"bench: \d+ requests failed: see {report}\n", complained)
    assert report.exists()


def test_one_that_is_interrupted_leaves_nothing(lock, tmp_path):
    process = bench("--seconds", 100, "--processes", 2, "--out", tmp_path / "out")
    watched = psutil.Process(process.pid)
    children = []
    while not any(is_locust(child) for child in children):
        assert process.poll() is None
        children = watched.children(recursive=True)
    process.terminate()
    _, complained = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "bench: stopped" in complained
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert not any(tmp_path.glob("out/*"))


def is_locust(process):
    try:
        return "--headless" in process.cmdline()
    except psutil.NoSuchProcess:
        return False  # another one, which has just ended
