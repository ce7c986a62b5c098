"""A campaign over stubs: the bench is the real one, the app and k6 are not; it ends in a second.

Each run is a fork of the test, in which the bench is loaded anew from a copy of the repository: so
a fault is a patch, and the libraries, which take a second to load, are there.
"""

import json
import os
import shutil
import signal
import socketserver
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import scipy.stats

import bench.commands.compare  # noqa: F401  for its libraries
from bench.measure.ledger import shuffled_ids

# The bench loads scipy.stats late, which takes a second, and asks for quantiles, a tenth each:
# once for all runs.
scipy.stats.studentized_range.ppf = cache(scipy.stats.studentized_range.ppf)
for df in range(1, 7):
    scipy.stats.studentized_range.ppf(0.95, 2, df)

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("flask_sqlite", "fastapi_sqlite")
FAULTY = STACKS[0]  # the arm whose app does what it should not
SECONDS = 120  # a run that takes longer hangs
ROWS = 8
EIGHT = {"executor": "shared-iterations", "vus": 2, "iterations": 8}
LOADS = {name: EIGHT for name in ("echo", "list", "get", "create", "update")} | {
    "hello": {"executor": "constant-vus", "vus": 2, "duration": "1s"},
    "delete": {"executor": "per-vu-iterations", "vus": 1, "iterations": 8},
}
TURN = {
    **{"runs": 1, "rounds": 3, "connect_ms": 10, "stagger_ms": 1},
    **{"gap_ms": 10, "lead_in_ms": 10, "counted_ms": 100, "lead_out_ms": 10},
}
TWO_RUNS = {**TURN, "runs": 2, "rounds": 2, "connect_ms": 0, "stagger_ms": 0}
TURNS = {
    "request_timeout_ms": 300,
    "warmup": {"vus": 2, "ms": 50},
    **dict.fromkeys(("hello", "echo", "list", "get"), TURN),
    **dict.fromkeys(("create", "update"), TWO_RUNS),
    "delete": {"runs": 2, "rounds": 1, "requests": 4, "not_counted": 1},
}
# What a counter of the machine has moved by between two readings.
QUIET = {"wall": 100, "monotonic": 100} | dict.fromkeys(
    ("busy_s", "programs", "steal_s", "swapped", "throttled"), 0
)
moves = dict(QUIET)
lock = {"digest": "a lock's digest"}

# Makes the requests of a scenario one after the other, in turns where it is told of some, and says
# what it did. Turns take no time here: each is four requests, the first of its lead-in.
K6 = r"""
import json, os, signal, socket, sys, time

if sys.argv[1] == "version":
    sys.exit(print("k6 v2.2.0"))
script, path = sys.argv[-1], os.environ["SUMMARY_PATH"]
name = os.path.basename(script).removesuffix(".js")
with open(os.environ["PROFILE"]) as file:
    profile = json.load(file)
with open(os.path.dirname(script) + "/lib/payloads.json") as file:
    payloads = json.load(file)
turns = json.loads(os.environ.get("TURNS", "null"))
beside = os.path.dirname(os.path.abspath(__file__))
with open(beside + "/ids.json") as file:
    ids = json.load(file)
urls = turns["arms"] if turns else {os.environ["ARM"]: os.environ["BASE_URL"]}
run, timeout = (turns["run"], turns["request_timeout_ms"] / 1000) if turns else (1, 60)
parts = [[0, 90, 1], [90, 98, 4], [98, 99.9, 20], [99.9, 100, 100]]
grid = [n / fine for a, b, fine in parts for n in range(round(a * fine), round(b * fine))] + [100]

class Arm:
    def __init__(self, url):
        self.sent = self.failed = self.received = 0
        self.times, self.took, self.lost, self.connection = [], 0.0, False, None
        self.address = url.removeprefix("http://").split(":")

    def request(self, done):
        slot = self.sent
        item = f"/items/{ids[(done + slot) % len(ids)]}"
        first = payloads["update_price_from"] + payloads["update_price_a_run"] * (run - 1)
        update = {**payloads["update"], "price": (100 * first + slot) / 100}
        return {
            "echo": ("POST", "/echo", payloads["echo"], 200),
            "list": ("GET", "/items/", None, 200),
            "get": ("GET", item, None, 200),
            "create": ("POST", "/items/", payloads["create"], 201),
            "update": ("PUT", item, update, 200),
            "delete": ("DELETE", item, None, 204),
        }.get(name, ("GET", "/hello", None, 200))

    def ask(self, done, counted):
        if self.lost:  # nobody gives it a second time-out
            return None
        asked, (method, url, body, expected) = time.monotonic(), self.request(done)
        self.sent += 1
        try:
            status, size = self.exchange(method, url, body)
        except (OSError, ValueError, IndexError, StopIteration):
            self.lost, status, size = True, 0, 0
        ms = 1000 * (time.monotonic() - asked)
        self.received += size
        self.failed += status != expected
        if status == expected and counted:
            self.times.append(ms)
            return ms

    def exchange(self, method, url, body):
        if not self.connection:
            host, port = self.address
            self.connection = socket.create_connection((host, int(port)), timeout).makefile("rwb")
        content = json.dumps(body).encode() if body else b""
        head = f"{method} {url} HTTP/1.1\r\nHost: app\r\nContent-Length: {len(content)}\r\n\r\n"
        self.connection.write(head.encode() + content)
        self.connection.flush()
        lines = [self.connection.readline()]
        while lines[-1].strip():
            lines.append(self.connection.readline())
        length = next(int(line.split()[1]) for line in lines if line.startswith(b"Content-Length"))
        body = self.connection.read(length)
        return int(lines[0].split()[1]), sum(map(len, lines)) + len(body)

    def summary(self, iteration_ms):
        ordered, number = sorted(self.times), len(self.times)
        at = [ordered[min(int(p / 100 * number), number - 1)] for p in grid] if number else []
        return {
            "requests": self.sent, "failed": self.failed, "iterations": self.sent,
            "bytes_received": self.received,
            "times": {
                "count": number,
                "avg": sum(ordered) / number if number else None,
                "min": ordered[0] if number else None,
                "med": ordered[number // 2] if number else None,
                "max": ordered[-1] if number else None,
                "ms": at or [None] * len(grid),
            },
            "iteration_mean_ms": iteration_ms if number else None,
            "iteration_max_ms": max(ordered[-1], iteration_ms) if number else None,
        }

asked = {label: Arm(url) for label, url in urls.items()}
began, started, count, means, void = 1000 * time.time(), time.monotonic(), [], [], []
if turns:
    for label in turns["connect"]:
        asked[label].ask(0, False)
    for place, label in enumerate(turns["order"]):
        arm, found, was_lost = asked[label], [], asked[label].lost
        for nth in range(turns["requests"] or 4):
            counted = nth >= (turns["not_counted"] if turns["requests"] else 1)
            found.append(arm.ask(turns["done"][label], counted))
        ms = [one for one in found if one is not None]
        count.append(len(ms))
        means.append(sum(ms) / len(ms) if ms else None)
        if arm.lost and not was_lost and place + 1 < len(turns["order"]):
            void.append(place + 1)  # which began while a user still waited here
else:
    load = profile["warmup"]["hello"] if name == "warmup" else profile["scenarios"][name]
    (arm,) = asked.values()
    for _ in range(load.get("iterations", 8)):
        arm.ask(0, True)
seconds = time.monotonic() - started

summary = {
    "began_ms": began, "seconds": seconds, "dropped": 0, "grid": grid, "arms": {}, "turns": None
}
for label, arm in asked.items():
    number = len(arm.times)
    iteration_ms = max(arm.times, default=0.0)
    if turns and not turns["requests"] and number:
        # As users do who never wait: their iterations fill the counted parts.
        own = sum(c > 0 for c, one in zip(count, turns["order"]) if one == label)
        iteration_ms = turns["users"] * own * turns["counted_ms"] / number
    summary["arms"][label] = arm.summary(iteration_ms)
if turns:
    told = ("connect", "order", "slices", "connect_ms", "gap_ms", "lead_in_ms", "counted_ms",
            "lead_out_ms", "requests", "not_counted")
    summary["turns"] = {key: turns[key] for key in told}
    summary["turns"] |= {"count": count, "mean_ms": means, "void": void}
faulty = summary["arms"].get("FAULTY") or next(iter(summary["arms"].values()))
status = 99 if not turns and any(arm.failed for arm in asked.values()) else 0
fault = beside + ("/fault of the warm-up" if name == "warmup" else "/fault")
if os.path.exists(fault):
    with open(fault) as file:
        exec(file.read())
with open(path, "w") as file:
    json.dump(summary, file)
sys.exit(status)
""".replace("FAULTY", FAULTY)


class App:
    """Answers the contract from a table in memory: in the place of the bench's own server."""

    def __init__(self, label: str = "app") -> None:
        self.label = label
        self.rows: dict[int, dict] = {}
        self.url = ""
        self.cpu_s = 0.0
        self.gone = False  # its container
        self.dead = False  # it closes each connection without an answer
        self.hangs = False  # it answers no more
        self.ends = threading.Event()

    def answer(
        self, method: str, path: str, body: dict | None, probing: bool
    ) -> tuple[int, object]:
        id = int(path.rpartition("/")[2] or 0) if path.startswith("/items/") else None
        if id is None:
            return 200, body or {"message": "Hello, World!"}
        if method == "POST":
            return 201, self.insert(body)
        if id == 0:
            return 200, list(self.rows.values())
        if method == "PUT":
            self.rows[id] = {"id": id, **body}
        if method != "DELETE":
            return 200, self.rows[id]
        del self.rows[id]
        return 204, None

    def insert(self, item: dict) -> dict:
        id = max(self.rows, default=0) + 1
        self.rows[id] = {"id": id, **item}
        return self.rows[id]

    database = None

    def seed(self, rows: int, journal_mode: str) -> None:
        item = {"description": "What there is to say", "price": 1.25, "in_stock": True}
        self.rows = {id: {"id": id, "name": f"Item {id}", **item} for id in range(1, rows + 1)}

    def python(self, program: str, *arguments: str) -> object:
        from bench.serve import inside

        if self.gone:
            raise mistake("No such container")
        if program == inside.ROWS:
            return [
                [row["id"], row["name"], row["description"], row["price"], int(row["in_stock"])]
                for row in self.rows.values()
            ]
        if program == inside.COMMITS:
            return {"a_second": 100.0, "median_ms": 10.0}
        assert program == inside.DESCRIBE
        described = {"python": "3.14.0", "packages": {}, "database_filesystem": "memory"}
        described["pragmas"] = {"journal_mode": "wal", "synchronous": 1}
        return described | dict.fromkeys(["implementation", "compiler", "configured", "sqlite"], "")

    def cpu_seconds(self) -> float:
        return self.cpu_s

    def peak_bytes(self) -> int:
        return 1_000_000

    def memory_bytes(self) -> int:
        return 1_000_000

    def workers(self) -> dict[int, float]:
        return {} if self.dead else {1: self.cpu_s, 2: self.cpu_s}

    def throttled(self) -> int:
        return 0

    def log(self) -> str:
        return "it has answered\n"

    def describe(self) -> dict[str, str]:
        return {"environment": lock["digest"]}

    @contextmanager
    def running(self) -> Iterator["App"]:
        """On a free port of loopback."""
        app = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet, else the body waits for an acknowledgement

            def do_GET(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "{}")
                probing = self.headers["User-Agent"] == "probe"
                app.cpu_s += 0.01
                status, said = app.answer(self.command, self.path, body, probing)
                if app.hangs:
                    app.ends.wait()
                if app.hangs or app.dead:
                    self.close_connection = True
                    return
                content = b"" if said is None else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *_: object) -> None:
                pass

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listener:
            listener.daemon_threads = True
            self.url = f"http://127.0.0.1:{listener.server_address[1]}"
            thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield self
            finally:
                self.ends.set()
                listener.shutdown()
                thread.join()


def mistake(text: str) -> Exception:
    from bench import Mistake  # the one of the copy

    return Mistake(text)


# Faults, as things that hold while a block of code runs


@contextmanager
def k6(code: str, name: str = "fault") -> Iterator[None]:
    """k6 does this when it has made the requests of a scenario, before it writes its summary."""
    file = Path(os.environ["TMPDIR"], name)  # beside k6, which gets nothing of the environment
    file.write_text(code)
    try:
        yield
    finally:
        file.unlink()


def warm_up(code: str) -> AbstractContextManager:
    """The same when it has warmed the arms up."""
    return k6(code, "fault of the warm-up")


def app(**methods: Callable) -> AbstractContextManager:
    """One arm's app does this, the others' what they always do."""
    return patch.multiple(App, **{name: _of_faulty(name, act) for name, act in methods.items()})


def _of_faulty(name: str, act: Callable) -> Callable:
    usual = getattr(App, name)
    return lambda self, *given: (act if self.label == FAULTY else usual)(self, *given)


def machine(**by: float) -> AbstractContextManager:
    """Counters that move by so much during a measurement, in 100 s."""
    return patch.dict(moves, by)


# When a fault is there: what is called before and after each event of the journal

Hook = Callable[[int, str, str], None]


def in_sessions(fault: Callable[[], AbstractContextManager], *numbers: int) -> Hook:
    """The fault holds while these sessions, counted in the order of their start, are measured."""
    begun, held = count(1), ExitStack()

    def hook(_: int, event: str, moment: str) -> None:
        if (event, moment) == ("begun", "after") and next(begun) in numbers:
            held.enter_context(fault())
        if (event, moment) == ("kept", "before"):
            held.close()

    return hook


def once(event: str, act: Callable[[], object]) -> Hook:
    """Act after the first event of this kind."""
    left = [act]

    def hook(_: int, found: str, moment: str) -> None:
        if (found, moment) == (event, "after") and left:
            left.pop()()

    return hook


def send(number: signal.Signals) -> Callable[[], None]:
    """The bench gets this signal."""
    return lambda: os.kill(os.getpid(), number)


def kill_at(number: int, moment: str) -> Hook:
    def hook(found: int, _: str, when: str) -> None:
        if (found, when) == (number, moment):
            send(signal.SIGKILL)()

    return hook


def copy_repository(folder: Path, *stacks: str) -> Path:
    """What a campaign needs of the repository; the figures are left out, they take seconds."""
    for name in ("bench", "k6", "paper", *stacks):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "plot.py").touch()
    (folder / ".cache").mkdir()
    return folder


@dataclass(frozen=True)
class Ended:
    status: int
    said: str
    complained: str


class Bench:
    """The command line of a copy of the repository, with a place for its results and its lock."""

    def __init__(self, repository: Path, place: Path, *scenarios: str, alone: bool = False) -> None:
        self.repository, self.place = repository, place
        self.out = place / "out"
        self.k6 = place / "k6"
        self.out.mkdir(parents=True, exist_ok=True)
        python = place / "python"  # in a path without the space that a #! cannot hold
        if not python.is_symlink():
            python.symlink_to(sys.executable)
        self.k6.write_text(f"#!{python} -IS\n{K6}")
        self.k6.chmod(0o755)
        profile = {
            "arms": "alone" if alone else "together",
            "sessions": 1,
            "sessions_of_one_arm": 1,
            "rows": ROWS,
            "journal_mode": "wal",
            "pauses": {"settle": 0, "seeded": 0, "warm": 0, "between": 0},
            "reseed": ["update", "delete"],
            "warmup": {"hello": {**EIGHT, "exec": "hello"}},
            "scenarios": {name: LOADS[name] for name in scenarios},
        }
        if not alone:
            profile["turns"] = {
                name: TURNS[name] for name in ("request_timeout_ms", "warmup", *scenarios)
            }
        (place / "tiny.json").write_text(json.dumps(profile))
        (place / "ids.json").write_text(json.dumps(shuffled_ids(ROWS)))

    @property
    def campaign(self) -> Path:
        (folder,) = (path for path in self.out.iterdir() if path.is_dir())
        return folder

    def run(self, hook: Hook | None = None, sessions: int = 2, **options: Any) -> Ended:
        return self.finish(self.start_run(hook, sessions, **options))

    def start_run(self, hook: Hook | None = None, sessions: int = 2, **options: Any) -> int:
        return self.start(
            "run", "--engine=local", f"--stacks={','.join(STACKS)}", f"--sessions={sessions}",
            f"--profile={self.place / 'tiny.json'}", f"--out={self.out}", f"--k6={self.k6}",
            hook=hook, **options,
        )  # fmt: skip

    def resume(self, hook: Hook | None = None, **options: AbstractContextManager) -> Ended:
        return self.finish(self.start_resume(hook, **options))

    def start_resume(self, hook: Hook | None = None, **options: AbstractContextManager) -> int:
        resume = f"--resume={self.campaign}"
        return self.start("run", resume, f"--k6={self.k6}", hook=hook, **options)

    def check(self) -> Ended:
        return self.finish(self.start("check", str(self.campaign)))

    def start(
        self,
        *arguments: str,
        hook: Hook | None = None,
        under: AbstractContextManager | None = None,
    ) -> int:
        """The process's number; all of it runs under a fault, if there is one."""
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            signal.alarm(SECONDS)
            status = self._main(arguments, hook, under or nullcontext())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def finish(self, pid: int) -> Ended:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said, complained = (self.place / name for name in (f"{pid}.out", f"{pid}.err"))
        return Ended(status, said.read_text(), complained.read_text())

    def left(self) -> list[str]:
        """What is still there of runs that have ended: processes, folders, halves of results."""
        mine = (str(self.repository), str(self.place))
        processes = [
            " ".join(process.info["cmdline"] or ())
            for process in psutil.process_iter(["cmdline", "cwd"])
            if process.pid != os.getpid()
            for about in [" ".join([process.info["cwd"] or "", *(process.info["cmdline"] or ())])]
            if any(folder in about for folder in mine)
        ]
        files = [*self.repository.glob(".cache/serve-*"), *self.out.rglob(".*")]
        return processes + [str(file) for file in files]

    def _main(
        self, arguments: tuple[str, ...], hook: Hook | None, fault: AbstractContextManager
    ) -> int:
        os.chdir(self.repository)
        os.environ["TMPDIR"], tempfile.tempdir = str(self.place), None
        for fault in self.place.glob("fault*"):  # of a run that was killed
            fault.unlink()
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(
                os.open(
                    self.place / f"{os.getpid()}.{name}", os.O_CREAT | os.O_TRUNC | os.O_WRONLY
                ),
                number,
            )
        sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))
        sys.argv = ["bench", *arguments]
        for name in [name for name in sys.modules if name.partition(".")[0] == "bench"]:
            del sys.modules[name]
        sys.path.insert(0, str(self.repository))
        from bench import __main__
        from bench.host import disturbance
        from bench.keep import store
        from bench.measure import campaign, scenario, session
        from bench.serve import choose, server

        @contextmanager
        def serve(arm: Any) -> Iterator[App]:
            with App(arm.label).running() as app:
                yield app

        def describe_database(_: object, rows: int, journal_mode: str | None) -> object:
            return server.describe_sqlite(rows, journal_mode)

        engine = server.Engine("local", lambda _: lock["digest"], serve, describe_database)
        choose.ENGINES["local"] = lambda *_: engine
        totals, numbers, note = dict.fromkeys(QUIET, 0), count(1), store.note

        def read_counters() -> disturbance.Counters:
            totals.update({name: totals[name] + by for name, by in moves.items()})
            somebody = {1: float(totals["programs"])}
            return disturbance.Counters(**{**totals, "programs": somebody, "kernel": {}})

        def note_and_tell(folder: Path, event: str, **what: object) -> None:
            number = next(numbers)
            if hook:
                hook(number, event, "before")
            note(folder, event, **what)
            if hook:
                hook(number, event, "after")

        scenario.read_counters = read_counters
        session.IDLE_SECONDS = 0.0
        store.note = campaign.note = note_and_tell
        with fault:
            return __main__.main()
