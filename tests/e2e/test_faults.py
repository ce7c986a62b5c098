"""Whatever goes wrong during a campaign, nothing is counted twice, lost or left: faults.md.

`REWRITE=1 pytest tests/e2e/test_faults.py` writes that table anew from what happened.
"""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from unittest.mock import patch

import psutil
import pytest
from stubs import (
    App,
    Bench,
    app,
    copy_repository,
    in_cells,
    k6,
    kill_at,
    lock,
    machine,
    mistake,
    once,
    send,
)
from test_mistakes import Workshop, wait_for

from bench.host.lock import hold_machine
from bench.host.machine import describe_machine
from bench.keep.check import faults, outcome
from bench.keep.store import SCHEMA, counted, digest, read_campaign, read_journal
from bench.measure.ledger import shuffled_ids

TABLE = Path(__file__).with_name("faults.md")
STACKS = ("flask_sqlite", "fastapi_sqlite")
STOPPED = "bench: stopped; the cells that were finished are kept"
told: dict[str, tuple[str, str, str]] = {}  # fault: code or line, what was left, whether resumed


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return copy_repository(tmp_path_factory.mktemp("repository"), *STACKS)


@pytest.fixture
def bench(repository, tmp_path):
    return Bench(repository, tmp_path, "get")


@pytest.fixture(scope="module")
def finished(repository, tmp_path_factory):
    bench = Bench(repository, tmp_path_factory.mktemp("finished"), "get")
    assert bench.run().status == 0
    return bench


def tell(fault: str, code: str, bench: Bench | Workshop, resumed: str = "yes") -> None:
    code = re.sub("|".join(STACKS), "STACK", code.replace(str(bench.out), "out"))
    code = re.sub(r"\d{8}-\d{6}", "DATE-TIME", re.sub(r"process \d+", "process N", code))
    told[fault] = (code, ", ".join(left(bench)) or "nothing", resumed)


def left(bench: Bench | Workshop) -> list[str]:
    return [thing for thing in bench.left() if Path(thing).parent != bench.out]


def digests(campaign: Path) -> dict[str, str]:
    """Of every cell that is there."""
    return {path.parent.name: digest(path) for path in campaign.glob("cells/[!.]*/cell.json")}


def planned(campaign: Path) -> list[str]:
    cells = json.loads((campaign / "plan.json").read_text())["cells"]
    return [f"{cell['block']}-{cell['position']}-{cell['stack']}" for cell in cells]


def assert_complete(bench: Bench | Workshop) -> None:
    """What was planned is there and counts once, nothing else is there, and nothing runs."""
    plan, cells = read_campaign(bench.campaign)
    names = planned(bench.campaign)
    assert {cell.name.partition(".")[0] for cell in cells} == set(names)
    assert len(cells) == len({(cell.stack, cell.block, cell.attempt) for cell in cells})
    for scenario in json.loads((bench.campaign / "profile.json").read_text())["scenarios"]:
        counting = [(cell.block, cell.stack) for cell in counted(cells, scenario)]
        assert sorted(counting) == sorted((cell["block"], cell["stack"]) for cell in plan["cells"])
    kept = [
        event["cell"] for event in read_journal(bench.campaign) if event["event"] == "kept"
    ]
    assert set(kept) == {cell.name for cell in cells}
    assert (faults(bench.campaign), outcome(bench.campaign)) == ([], "complete")
    assert left(bench) == []


def assert_resumable(bench: Bench) -> None:
    """A resumed run measures what is lacking, and that alone."""
    plan, cells = digest(bench.campaign / "plan.json"), digests(bench.campaign)
    resumed = bench.resume()
    assert resumed.status == 0, resumed
    assert not re.search("^bench: |Traceback", resumed.complained, re.MULTILINE)
    assert digest(bench.campaign / "plan.json") == plan
    assert digests(bench.campaign).items() >= cells.items()
    assert_complete(bench)


# Faults during a measurement: it is kept, does not count, and is made again


def fails(status, slot):
    """One answer has this status: that to k6's request of this number."""
    real, item = App.answer, f"/items/{shuffled_ids(8)[slot]}"

    def answer(self, method, path, body, probing):
        usual, said = real(self, method, path, body, probing)
        return status if path == item else usual, said

    return app(answer=answer)


def answers(to_k6_only, change):
    """GET answers something else."""
    real = App.answer

    def answer(self, method, path, body, probing):
        status, said = real(self, method, path, body, probing)
        changed = method == "GET" and path != "/hello" and not (probing and to_k6_only)
        return status, change(self, said) if changed else said

    return app(answer=answer)


def forgets_an_insert():
    """One of several is answered and not kept."""
    real, number = App.insert, count()

    def insert(self, item):
        answered = real(self, item)
        if next(number) == 4:
            del self.rows[answered["id"]]
        return answered

    return app(insert=insert)


def forgets(asked):
    """What this method does to item 5 is answered and not kept."""
    real = App.answer

    def answer(self, method, path, body, probing):
        rows = dict(self.rows)
        answered = real(self, method, path, body, probing)
        if (method, path) == (asked, "/items/5"):
            self.rows = rows
        return answered

    return app(answer=answer)


def inserts_twice():
    real = App.insert
    return app(insert=lambda self, item: [real(self, item), real(self, item)][0])


def vanishes():
    real = App.answer

    def answer(self, method, path, body, probing):
        self.gone = method == "GET" and path != "/hello" and not probing
        return real(self, method, path, body, probing)

    return app(answer=answer)


def counts(method):
    """This counter of the server is never the same."""
    numbers = count()
    tells = {"workers": lambda _: {next(numbers): 0.0}, "throttled": lambda _: next(numbers)}
    return app(**{method: tells[method]})


CPUS = psutil.cpu_count()
FEWER = """
metrics["http_reqs"]["count"] -= 1
metrics["iterations"]["count"] -= 1
metrics["data_received"]["count"] -= received // number
"""
# fault: scenario, codes, what it is
MEASURED = {
    "k6 exits 99": ("get", "k6-exit", lambda: k6("status = 99")),
    "k6 exits 105": ("get", "k6-exit", lambda: k6("status = 105")),
    "k6 exits 107": ("get", "k6-exit", lambda: k6("status = 107")),
    "k6 is killed by -9": (
        "get",
        "k6-exit, no-result",
        lambda: k6("os.kill(os.getpid(), signal.SIGKILL)"),
    ),
    "k6 exits 0 without a summary": ("get", "no-result", lambda: k6("sys.exit(0)")),
    "a truncated summary": (
        "get",
        "no-result",
        lambda: k6("print(end=json.dumps(summary)[:-9], file=open(path, 'w')); sys.exit(0)"),
    ),
    "k6 exits 0 after no request": (
        "get",
        "no-result",
        lambda: k6("[metric.update(dict.fromkeys(metric)) for metric in metrics.values()]"),
    ),
    "one iteration too few": ("get", "count", lambda: k6(FEWER)),
    "an iteration without its request": (
        "get",
        "count",
        lambda: k6("metrics['iterations']['count'] += 1"),
    ),
    "a dropped iteration": (
        "get",
        "k6-exit, dropped",
        lambda: k6("metrics['dropped_iterations']['count'] = 1; status = 99"),
    ),
    "requests still open when the window ends": (
        "hello",
        "cut-off",
        lambda: k6("summary['testRunDurationMs'] += 31_000"),
    ),
    "users who waited longer than there was time": (
        "get",
        "identity",
        lambda: k6("summary['testRunDurationMs'] /= 1000"),
    ),
    "a request that took longer than its iteration": (
        "get",
        "clock",
        lambda: k6("answers['max'] += 2"),
    ),
    "a clock step of 2 s": ("get", "clock", lambda: machine(wall=102)),
    "one failed request": ("get", "k6-exit, failed", lambda: fails(500, slot=3)),
    "a list that k6 gets in part": ("list", "bytes", lambda: answers(True, lambda _, all: all[:4])),
    "a list that is a page": ("list", "answer", lambda: answers(False, lambda _, all: all[:4])),
    "a cache that answers another item": (
        "get",
        "answer",
        lambda: answers(False, lambda app, item: app.rows[item["id"] % 8 + 1]),
    ),
    "a lost insert": ("create", "rows", forgets_an_insert),
    "an extra row": ("create", "rows", inserts_twice),
    "a lost update": ("update", "rows", lambda: forgets("PUT")),
    "a lost delete": ("delete", "rows", lambda: forgets("DELETE")),
    "a worker that is replaced": ("get", "workers", lambda: counts("workers")),
    "a container that vanishes": ("get", "server", vanishes),
    "a CPU quota that stops the app": ("get", "throttled", lambda: counts("throttled")),
    "a CPU quota that stops k6": ("get", "throttled", lambda: machine(throttled=3)),
    "steal of 5 %": ("get", "steal", lambda: machine(steal_s=5 * CPUS)),
    "foreign load of 10 %": (
        "get",
        "foreign",
        lambda: machine(busy_s=10 * CPUS, programs=10 * CPUS),
    ),
    "foreign load that cannot be seen": ("get", "foreign", lambda: machine(busy_s=10 * CPUS)),
    "swapping": ("get", "swap", lambda: machine(swapped=4096)),
    "a warm-up that fails": (
        "get",
        "warm-up",
        lambda: patch.dict(os.environ, WARMUP_FAULT="status = 107"),
    ),
}


def codes(cell) -> list[str]:
    return [p["code"] for measured in cell.scenarios.values() for p in measured["problems"]]


def assert_measured_again(bench, cell: int, expected: str) -> None:
    """The cell of this number has these codes, and its second attempt is the one that counts."""
    names = planned(bench.campaign)
    _, cells = read_campaign(bench.campaign)
    assert [cell.name for cell in cells] == [*names, f"{names[cell - 1]}.2"]
    found = {cell.name: ", ".join(codes(cell)) for cell in cells if codes(cell)}
    assert found == {names[cell - 1]: expected}
    again = [f"{name}.2" if place == cell else name for place, name in enumerate(names, start=1)]
    for scenario in cells[0].scenarios:
        assert [cell.name for cell in counted(cells, scenario)] == again


@pytest.mark.parametrize("fault", MEASURED)
def test_a_fault_makes_its_measurement_invalid_and_it_is_made_again(repository, tmp_path, fault):
    scenario, expected, cause = MEASURED[fault]
    bench = Bench(repository, tmp_path, scenario)
    ended = bench.run(in_cells(cause, 1))
    assert ended.status == 0, ended
    assert re.fullmatch(r"invalid: \w+, run 1, attempt 1, \w+: .*\n", ended.complained)
    assert_measured_again(bench, 1, expected)
    assert_complete(bench)
    assert_resumable(bench)
    tell(fault, expected, bench)


def test_a_source_that_changes_makes_the_cell_after_it_invalid(repository, bench):
    changed = line_added(repository / "flask_sqlite" / "app.py")

    def between_two_cells(number, _, moment):
        if (number, moment) == (6, "after"):
            changed.__enter__()
        if (number, moment) == (7, "before"):
            changed.__exit__(None, None, None)

    assert bench.run(between_two_cells).status == 0
    assert_measured_again(bench, 2, "changed")
    assert_complete(bench)
    assert_resumable(bench)
    tell("a source that changes between two cells", "changed", bench)


def test_a_fault_that_stays_is_tried_three_times_and_then_no_more(bench):
    ended = bench.run(in_cells(lambda: k6("status = 107"), *range(1, 20)), runs=2)
    attempts = Counter((c.stack, c.block) for c in read_campaign(bench.campaign)[1])
    assert attempts == {
        (stack, block): 3 if block == 1 else 1 for stack in STACKS for block in (1, 2)
    }
    assert ended.status == 2
    line = ended.complained.splitlines()[-1]
    assert re.fullmatch(r"bench: \S+ is degraded: no attempt was valid for 4 of its .*", line)
    cells = digests(bench.campaign)
    resumed = bench.resume()
    assert (resumed.status, resumed.complained.splitlines()[-1]) == (2, line)
    assert digests(bench.campaign) == cells
    assert (faults(bench.campaign), left(bench)) == ([], [])
    assert outcome(bench.campaign).startswith("degraded: 4 measurements")
    tell("k6 exits 107 each time", "k6-exit, degraded", bench, "yes, nothing is tried again")


def test_a_little_steal_is_said_and_counts(bench):
    ended = bench.run(in_cells(lambda: machine(steal_s=0.5 * CPUS), 1))
    assert ended.status == 0
    assert ended.complained.startswith("suspect: ")
    first, second = read_campaign(bench.campaign)[1]
    assert (codes(first), codes(second)) == (["steal"], [])
    assert_complete(bench)
    assert_resumable(bench)
    tell("steal of 0.5 %", "steal, suspect", bench)


# Faults that stop a campaign: one line, and a resumed run goes on


def assert_stopped(bench: Bench, ended, says: str, cells: int = 1) -> str:
    """One line says this, status 2; of what was going on there is nothing."""
    assert ended.status == 2, ended
    assert re.search(says, ended.complained), ended.complained
    assert ended.complained.startswith("bench: ")
    assert ended.complained.count("\n") == 1
    assert (len(digests(bench.campaign)), left(bench)) == (cells, [])
    return ended.complained.strip()


def refuses(text):
    def seed(self, rows, journal_mode):
        raise mistake(text)

    return app(seed=seed)


def no_space():
    return patch("os.fsync", side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


STOPPING = {
    "SIGINT between two cells": (STOPPED, once("kept", send(signal.SIGINT))),
    "SIGTERM between two cells": (STOPPED, once("kept", send(signal.SIGTERM))),
    "a seed.py that fails": (
        "seed.py fails: disk I/O error",
        in_cells(lambda: refuses("seed.py fails: disk I/O error"), 2),
    ),
    "a journal that cannot be written": (
        "journal.ndjson cannot be written: No space left on device",
        in_cells(no_space, 2),
    ),
}


@pytest.mark.parametrize("fault", STOPPING)
def test_a_fault_stops_a_campaign_and_a_resumed_run_completes_it(bench, fault):
    says, hook = STOPPING[fault]
    line = assert_stopped(bench, bench.run(hook), says)
    assert_resumable(bench)
    tell(fault, line, bench)


def test_a_results_folder_that_is_gone_for_a_while_stops_a_campaign(bench, tmp_path):
    away = tmp_path / "away"

    def take_away():
        shutil.move(bench.campaign, away / bench.campaign.name)

    away.mkdir()
    ended = bench.run(once("kept", take_away))
    (campaign,) = away.iterdir()
    shutil.move(campaign, bench.out)
    line = assert_stopped(bench, ended, "No such file or directory")
    assert_resumable(bench)
    tell("a results folder that is taken away", line, bench)


def test_a_results_folder_that_cannot_be_written_stops_a_campaign_before_it_begins(bench):
    bench.out.rmdir()
    bench.out.touch()
    ended = bench.run()
    assert (ended.status, ended.complained.count("\n"), bench.left()) == (2, 1, [])
    assert f"results cannot be written to {bench.out}" in ended.complained
    bench.out.unlink()
    assert bench.run().status == 0
    assert_complete(bench)
    line = ended.complained.strip()
    tell("a results folder that cannot be written", line, bench, "nothing was begun")


def test_a_full_disk_stops_a_campaign_and_what_is_on_it_is_whole(bench):
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(bench.out)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system for it can only be mounted by root")
    filler = bench.out / "filler"

    def fill():
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    try:
        line = assert_stopped(bench, bench.run(once("kept", fill)), "No space left on device")
        filler.unlink()
        assert_resumable(bench)
        tell("a full disk", line, bench)
    finally:
        subprocess.run(["umount", str(bench.out)], check=True)


def test_a_campaign_cannot_be_resumed_while_another_one_measures(bench):
    assert bench.run(once("kept", send(signal.SIGKILL))).status == -signal.SIGKILL
    with hold_machine(bench.place / "python-web-frameworks-measured.lock"):
        refused = bench.resume()
    assert (refused.status, refused.complained.count("\n")) == (2, 1)
    assert f"process {os.getpid()} measures on this machine" in refused.complained
    assert_resumable(bench)
    tell("a double start", refused.complained.strip(), bench)


def test_a_journal_whose_last_line_was_cut_off_is_written_on(bench):
    assert bench.run(kill_at(8, "after")).status == -signal.SIGKILL
    journal = bench.campaign / "journal.ndjson"
    journal.write_bytes(journal.read_bytes()[:-20])
    whole = ["planned", "begun", "start", "warmup", "get", "kept", "begun"]
    assert [event["event"] for event in read_journal(bench.campaign)] == whole
    assert_resumable(bench)
    events = [event["event"] for event in read_journal(bench.campaign)]
    assert events == [*whole, "resumed", "begun", "start", "warmup", "get", "kept", "ended"]
    tell("a truncated last line of the journal", "the line is left out", bench)


# kill -9 at every event of the journal


def together(benches, starts):
    """What several runs ended with, four at the same time."""
    ended = []
    for first in range(0, len(benches), 4):
        some = benches[first : first + 4]
        numbers = [start(bench) for bench, start in zip(some, starts[first:], strict=False)]
        ended += [bench.finish(pid) for bench, pid in zip(some, numbers, strict=True)]
    return ended


def test_a_campaign_that_is_killed_at_any_event_completes_when_it_is_resumed(repository, tmp_path):
    def fresh(name):
        return Bench(repository, tmp_path / name, "get", "create")

    whole = fresh("whole")
    assert whole.run().status == 0
    events = [event["event"] for event in read_journal(whole.campaign)]
    cell = ["begun", "start", "warmup", "get", "create", "kept"]
    assert events == ["planned", *cell, *cell, "ended"]

    moments = [(n, when) for n in range(1, len(events) + 1) for when in ("before", "after")]
    benches = [fresh(f"{when}-{n}") for n, when in moments]
    hooks = [kill_at(*moment) for moment in moments]
    killed = together(benches, [lambda b, hook=hook: b.start_run(hook) for hook in hooks])
    assert {ended.status for ended in killed} == {-signal.SIGKILL}
    before = [(digest(b.campaign / "plan.json"), digests(b.campaign)) for b in benches]
    resumed = together(benches, [Bench.start_resume] * len(benches))
    for (n, when), bench, ended, (plan, cells) in zip(
        moments, benches, resumed, before, strict=True
    ):
        where = f"kill -9 {when} event {n}, {events[n - 1]}"
        assert (where, ended.status, ended.complained) == (where, 0, "")
        assert digest(bench.campaign / "plan.json") == plan
        assert digests(bench.campaign).items() >= cells.items()
        assert_complete(bench)
        tell(where, "status -9", bench)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("number", "event"), [(1, "kept"), (2, "resumed")])
def test_a_resumed_run_that_is_killed_is_resumed_once_more(bench, number, event, when):
    assert bench.run(kill_at(6, "before")).status == -signal.SIGKILL  # measured and not noted
    assert bench.resume(kill_at(number, when)).status == -signal.SIGKILL
    noted = [found["event"] for found in read_journal(bench.campaign)]
    assert noted == ["planned", "begun", "start", "warmup", "get", "kept", "resumed"][: len(noted)]
    assert len(noted) == 4 + number + (when == "after")
    assert_resumable(bench)
    tell(f"kill -9 {when} event {number} of a resumed run, {event}", "status -9", bench)


# What changed since the plan: a resumed run refuses it by name


@contextmanager
def line_added(path: Path):
    """A file has one line more, for a while."""
    text = path.read_bytes()
    path.write_bytes(text + b"\n")
    try:
        yield
    finally:
        path.write_bytes(text)


KERNEL = {**describe_machine(), "kernel": "another"}
CHANGED = {
    "another k6": ("k6 binary", lambda bench: line_added(bench.k6)),
    "another profile": (
        "profile of sha256",
        lambda bench: line_added(bench.campaign / "profile.json"),
    ),
    "another rule": ("harness", lambda bench: line_added(bench.repository / "bench/validity.py")),
    "another k6 script": ("harness", lambda bench: line_added(bench.repository / "k6/get.js")),
    "another source": (
        "sources of flask_sqlite",
        lambda bench: line_added(bench.repository / "flask_sqlite" / "app.py"),
    ),
    "other packages": (
        "served of fastapi_sqlite, served of flask_sqlite",
        lambda _: patch.dict(lock, digest="another"),
    ),
    "another kernel": (
        "machine of kernel",
        lambda _: patch("bench.campaign.describe_machine", lambda: KERNEL),
    ),
    "another threshold": (
        "steal_invalid",
        lambda _: patch.dict("bench.measure.validity.THRESHOLDS", steal_invalid=0.5),
    ),
}


@pytest.mark.parametrize("fault", CHANGED)
def test_a_resumed_run_refuses_by_name_what_has_changed_since_the_plan(bench, fault):
    changed, cause = CHANGED[fault]
    assert bench.run(once("kept", send(signal.SIGINT))).status == 2
    journal = digest(bench.campaign / "journal.ndjson")
    says = f"cannot go on: since its plan changed {re.escape(changed)}\n"
    line = assert_stopped(bench, bench.resume(under=cause(bench)), says)
    assert digest(bench.campaign / "journal.ndjson") == journal
    assert_resumable(bench)
    tell(f"{fault} than planned", line, bench, "yes, as it was planned")


# What changed after the end: it is not to be quoted


def edit(file: str, old: str, new: str):
    def edit(bench):
        path = next(bench.campaign.glob(file))
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return edit


def lose_a_cell(bench):
    shutil.rmtree(next(bench.campaign.glob("cells/1-2-*")))


# fault: first line of the check, what it is, whether a resumed run puts it right
AFTERWARDS = {
    "an altered cell.json": (
        "altered: 1-1-STACK/cell.json is not what the journal notes",
        edit("cells/1-1-*/cell.json", '"mean_ms": ', '"mean_ms": 1'),
        False,
    ),
    "an altered summary of k6": (
        "altered: 1-1-STACK/get.json is not what its cell.json notes",
        edit("cells/1-1-*/get.json", '"avg": ', '"avg": 1'),
        False,
    ),
    "an altered plan.json": (
        "altered: plan.json is not what the journal notes",
        edit("plan.json", '"seed": ', '"seed": 1'),
        False,
    ),
    "an altered profile.json": (
        "altered: profile.json is not what was planned",
        edit("profile.json", '"vus": 2', '"vus": 4'),
        False,
    ),
    "a newer schema": (
        f"has schema {SCHEMA + 1}; this version reads {SCHEMA}",
        edit("plan.json", f'"schema": {SCHEMA}', f'"schema": {SCHEMA + 1}'),
        False,
    ),
    "a cell's folder that is deleted": (
        "incomplete: 1-2-STACK was measured and is gone",
        lose_a_cell,
        False,
    ),
    "a journal without its end": (
        "incomplete: the journal does not end with its end",
        edit("journal.ndjson", '{"event": "ended"', ""),
        True,
    ),
}


@pytest.mark.parametrize("fault", AFTERWARDS)
def test_what_changed_after_its_end_is_not_to_be_quoted(finished, bench, fault):
    says, cause, healed = AFTERWARDS[fault]
    shutil.copytree(finished.campaign, bench.out / finished.campaign.name)
    shutil.copy(finished.k6, bench.k6)
    assert bench.keep.check().status == 0
    cause(bench)
    ended = bench.keep.check()
    assert (ended.status, ended.complained.count("\n")) == (2, 1)
    assert says in ended.said.splitlines()[0].replace("flask_", "fastapi_").replace(
        "fastapi_sqlite", "STACK"
    )
    if healed:
        assert_resumable(bench)
    else:
        bench.resume()
        assert bench.keep.check().status == 2
    assert left(bench) == []
    tell(fault, says, bench, "yes" if healed else "no, and it stays so")


# The real parts


@pytest.fixture
def workshop(tmp_path):
    folder = copy_repository(tmp_path, "flask_sqlite")
    (folder / "tmp").mkdir()
    for made in (Path(__file__).resolve().parents[2] / ".cache").glob("*"):
        if made.name == "environments" or made.name.startswith("k6-"):
            (folder / ".cache" / made.name).symlink_to(made)
    return RealBench(folder)


class RealBench(Workshop):
    """k6, Gunicorn and an app; only what else the machine does is not looked at."""

    QUIET = "import bench.host.disturbance; bench.host.disturbance.LEAST_SECONDS = 1e9\n"

    @property
    def campaign(self):
        (folder,) = self.out.iterdir()
        return folder

    def begin(self, *options, fault=""):
        return self.start(*options, fault=self.QUIET + fault)

    def check(self):
        bench = Bench(self.folder, self.folder / "tmp")
        return bench.finish(bench.start("check", str(self.campaign)))


WINDOW = {"executor": "constant-vus", "vus": 2, "duration": "1s"}
TWENTY = {"executor": "shared-iterations", "vus": 2, "iterations": 20}


def test_real_parts_that_are_killed_under_load_complete_when_they_are_resumed(workshop):
    workshop.profile(scenarios={"create": WINDOW})
    killed = workshop.begin("--runs", "2")
    wait_for(killed, "run 2 of 2, flask_sqlite: create")
    killed.kill()
    killed.communicate()
    assert [thing for thing in left(workshop) if "gunicorn" in thing]
    plan, cells = digest(workshop.campaign / "plan.json"), digests(workshop.campaign)
    assert len(cells) == 1
    resumed = workshop.begin("--resume", str(workshop.campaign))
    _, complained = resumed.communicate(timeout=120)
    assert (resumed.returncode, complained) == (0, "")
    assert digest(workshop.campaign / "plan.json") == plan
    assert digests(workshop.campaign).items() >= cells.items()
    assert_complete(workshop)
    checked = workshop.check()
    assert (checked.status, checked.said) == (0, f"{workshop.campaign.name}: complete\n")
    tell("kill -9 of real parts under load", "status -9", workshop)


def test_a_stale_server_on_the_port_is_not_measured(workshop):
    workshop.profile(scenarios={"hello": TWENTY})
    with App().running() as stale:
        taken = stale.url.rpartition(":")[2]
        fault = f"""
import bench.serve.local as local
ports, free_port = iter([{taken}]), local.free_port
local.free_port = lambda: next(ports, None) or free_port()
local.STOP_SECONDS = 0.1  # it asks for the port again and again, and hears nothing else
"""
        process = workshop.begin(fault=fault)
        _, complained = process.communicate(timeout=120)
    assert process.returncode == 0, complained
    assert complained.count("\n") == 1
    assert_measured_again(workshop, 1, "workers")
    assert_complete(workshop)
    tell("a stale server on the port", "workers", workshop, "yes")


def test_the_table_of_faults_is_what_happened():
    head = ["| fault | code or line | left | resumed |", "|---|---|---|---|"]
    rows = [f"| {fault} | `{code}` | {left} | {yes} |" for fault, (code, left, yes) in told.items()]
    if os.environ.get("REWRITE"):
        title = "<!-- Written by test_faults.py: each fault is injected, and what came of it. -->"
        TABLE.write_text("\n".join([title, "", *head, *rows]) + "\n")
    written = TABLE.read_text().splitlines()
    assert [row for row in rows if row not in written] == []
