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
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from unittest.mock import patch

import psutil
import pytest
from msgspec.structs import replace
from stubs import (
    FAULTY,
    STACKS,
    App,
    Bench,
    app,
    copy_repository,
    in_sessions,
    k6,
    kill_at,
    lock,
    machine,
    mistake,
    once,
    send,
    warm_up,
)
from test_mistakes import PROFILE, QUIET, WINDOW, Workshop, wait_for

from bench.commands.quotable import faults, outcome
from bench.host.lock import hold_machine
from bench.keep.record import SCHEMA
from bench.keep.store import digest, read_campaign, read_journal
from bench.measure.ledger import shuffled_ids

TABLE = Path(__file__).with_name("faults.md")
STOPPED = "bench: stopped; the sessions that were finished are kept"
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
    code = re.sub(r"\d+\.\d GiB", "N GiB", code)
    told[fault] = (code, ", ".join(left(bench)) or "nothing", resumed)


def left(bench: Bench | Workshop) -> list[str]:
    return [thing for thing in bench.left() if Path(thing).parent != bench.out]


def digests(campaign: Path) -> dict[str, str]:
    """Of every session that is there."""
    return {path.parent.name: digest(path) for path in campaign.glob("sessions/[!.]*/session.json")}


def counting(campaign: Path, arm: str, scenario: str) -> list[int]:
    """The numbers of the sessions in which an arm counts."""
    there = [(s.number, s.measured(arm, scenario)) for s in read_campaign(campaign)[1]]
    return [number for number, measured in there if measured and measured.counts]


def assert_complete(bench: Bench | Workshop, added: int = 0) -> None:
    """What was planned is there, each arm counts as often as planned; nothing runs or is half."""
    plan, sessions = read_campaign(bench.campaign)
    assert [session.number for session in sessions] == [*range(1, len(plan.sessions) + added + 1)]
    for scenario in json.loads((bench.campaign / "profile.json").read_text())["scenarios"]:
        for arm in plan.arms:
            as_planned = sum(arm in session.arms for session in plan.sessions)
            assert len(counting(bench.campaign, arm, scenario)) >= as_planned
    noted = read_journal(bench.campaign)
    kept = [event["session"] for event in noted if event["event"] == "kept"]
    assert sorted(kept) == [f"{session.number:03}" for session in sessions]
    assert (faults(bench.campaign), outcome(bench.campaign)) == ([], "complete")
    assert left(bench) == []


def assert_resumable(bench: Bench, added: int = 0) -> None:
    """A resumed run measures what is lacking, and that alone."""
    plan, sessions = digest(bench.campaign / "plan.json"), digests(bench.campaign)
    resumed = bench.resume()
    assert resumed.status == 0, resumed
    assert not re.search("^bench: |Traceback", resumed.complained, re.MULTILINE)
    assert digest(bench.campaign / "plan.json") == plan
    assert digests(bench.campaign).items() >= sessions.items()
    assert_complete(bench, added)


# Faults during a measurement: it is kept, does not count, and a session is added for it


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


def under_load(**becomes):
    """An arm's app becomes this while k6 gets an item."""
    real = App.answer

    def answer(self, method, path, body, probing):
        if method == "GET" and path == f"/items/{shuffled_ids(8)[5]}" and not probing:
            vars(self).update(becomes)
        return real(self, method, path, body, probing)

    return app(answer=answer)


def counts(method):
    """This counter of the server is never the same."""
    numbers = count()
    tells = {"workers": lambda _: {next(numbers): 0.0}, "throttled": lambda _: next(numbers)}
    return app(**{method: tells[method]})


CPUS = psutil.cpu_count()
FEWER = """
faulty["requests"] -= 1
faulty["iterations"] -= 1
faulty["bytes_received"] -= faulty["bytes_received"] // 8
"""
NOTHING = """
summary["seconds"] = 0
for one in summary["arms"].values():
    one |= {"requests": 0, "iterations": 0, "bytes_received": 0}
    one["times"] |= {"count": 0, "avg": None, "max": None}
"""
OWN = f"[place for place, arm in enumerate(turns['order']) if arm == {FAULTY!r}]"
CUT_OFF = "summary['seconds'] += 40"
ITERATION = "faulty['iterations'] += 1"
LONGER = "faulty['times']['max'] = faulty['iteration_max_ms'] + 2"
# fault: scenario, codes, what it is. Of one arm: the others' measurements count.
OF_AN_ARM = {
    "an iteration without its request": ("get", "count", lambda: k6(ITERATION)),
    "users who wait for another arm in most of its turns": (
        "get",
        "void",
        lambda: k6(f"summary['turns']['void'] = {OWN}[:2]"),
    ),
    "a request that took longer than its iteration": ("get", "clock", lambda: k6(LONGER)),
    "one failed request": ("get", "failed", lambda: fails(500, slot=6)),
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
    "an app that dies": ("get", "server, failed, workers", lambda: under_load(dead=True)),
    "an app that hangs": ("get", "server, failed", lambda: under_load(hangs=True)),
    "a container that vanishes": ("get", "server", lambda: under_load(gone=True)),
    "a CPU quota that stops the app": ("get", "throttled", lambda: counts("throttled")),
    "a warm-up in which requests fail": (
        "get",
        "warm-up",
        lambda: warm_up("faulty['failed'] = 1"),
    ),
}
# Of k6 or the machine: no arm's measurement counts.
OF_ALL = {
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
    "k6 exits 0 after no request": ("get", "no-result", lambda: k6(NOTHING)),
    "a dropped iteration": ("get", "dropped", lambda: k6("summary['dropped'] = 1")),
    "requests still open when k6 stops": ("hello", "cut-off", lambda: k6(CUT_OFF)),
    "a clock step of 2 s": ("get", "clock", lambda: machine(wall=102)),
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
        lambda: warm_up("status = 107"),
    ),
}
# Of the one arm of a session, where each is measured alone.
ALONE = {
    "one iteration too few": ("get", "count", lambda: k6(FEWER)),
    "a request that fails": (
        "get",
        "k6-exit, failed",
        lambda: k6("status = 99; faulty['failed'] = 1"),
    ),
    "users who waited longer than there was time": (
        "get",
        "identity",
        lambda: k6("summary['seconds'] /= 1000"),
    ),
    "requests still open when the window ends": ("hello", "cut-off", lambda: k6(CUT_OFF)),
    "steal of 5 % in its session": ("get", "steal", lambda: machine(steal_s=5 * CPUS)),
}
MEASURED = OF_AN_ARM | OF_ALL | ALONE


def codes(bench, session: int, arm: str, scenario: str, suspect: bool = False) -> str:
    """Of what is wrong with a measurement, or only suspect."""
    measured = read_campaign(bench.campaign)[1][session - 1].measured(arm, scenario)
    return ", ".join(p.code for p in measured.problems if p.suspect == suspect)


def assert_replaced(bench, scenario: str, session: int, expected: str, hit) -> None:
    """These arms do not count in this session, for these reasons; one more is added for them."""
    for arm in STACKS:
        assert codes(bench, session, arm, scenario) == (expected if arm in hit else "")
        all_three = counting(bench.campaign, arm, scenario)
        assert all_three == [n for n in (1, 2, 3) if arm not in hit or n != session]


@pytest.mark.parametrize("fault", OF_AN_ARM | OF_ALL)
def test_a_fault_makes_a_measurement_invalid_and_a_session_is_added(repository, tmp_path, fault):
    scenario, expected, cause = MEASURED[fault]
    hit = STACKS if fault in OF_ALL else [FAULTY]
    bench = Bench(repository, tmp_path, scenario)
    ended = bench.run(in_sessions(cause, 1))
    assert ended.status == 0, ended
    invalid = [line for line in ended.complained.splitlines() if not line.startswith("suspect: ")]
    named = [re.match(rf"invalid: (\w+), session 1, {scenario}: ", line)[1] for line in invalid]
    assert sorted(named) == sorted(hit)
    assert_replaced(bench, scenario, 1, expected, hit)
    assert_complete(bench, added=1)
    assert_resumable(bench, added=1)
    tell(fault, expected, bench)


@pytest.mark.parametrize("fault", ALONE)
def test_a_fault_of_an_arm_alone_adds_one_more_pass_over_all_arms(repository, tmp_path, fault):
    scenario, expected, cause = MEASURED[fault]
    bench = Bench(repository, tmp_path, scenario, alone=True)
    ended = bench.run(in_sessions(cause, 1))
    assert ended.status == 0, ended
    plan, sessions = read_campaign(bench.campaign)
    (hit,), (other,) = plan.sessions[0].arms, plan.sessions[1].arms
    assert re.fullmatch(rf"invalid: {hit}, session 1, {scenario}: .*\n", ended.complained)
    assert codes(bench, 1, hit, scenario) == expected
    assert [session.block for session in sessions] == [1, 1, 2, 2, 3, 3]
    assert (len(counting(bench.campaign, hit, scenario)), sessions[0].number) == (2, 1)
    assert len(counting(bench.campaign, other, scenario)) == 3
    assert_complete(bench, added=2)
    assert_resumable(bench, added=2)
    tell(fault, expected, bench)


@pytest.mark.parametrize(
    ("fault", "becomes", "how"),
    [
        ("an app that dies, one scenario later", "dead", "it no longer answers, after get"),
        ("an app that hangs, one scenario later", "hangs", "it no longer answers, after get"),
    ],
)
def test_an_arm_that_is_lost_loses_what_is_left_of_its_session_and_no_other_arm_does(
    repository, tmp_path, fault, becomes, how
):
    bench = Bench(repository, tmp_path, "get", "create")
    ended = bench.run(in_sessions(lambda: under_load(**{becomes: True}), 1))
    assert ended.status == 0, ended
    for scenario in ("get", "create"):
        line = f"invalid: {FAULTY}, session 1, {scenario}: server: {how}"
        assert [said for said in ended.complained.splitlines() if said.startswith(line)]
    assert_replaced(bench, "create", 1, "server, no-result, workers", [FAULTY])
    session = read_campaign(bench.campaign)[1][0]
    assert session.measured(FAULTY, "create").load.requests == 0
    assert_complete(bench, added=1)
    assert_resumable(bench, added=1)
    tell(fault, "server, no-result, workers", bench)


def test_a_source_that_changes_makes_the_session_after_it_invalid(repository, bench):
    changed = line_added(repository / "flask_sqlite" / "app.py")

    def between_two_sessions(number, event, moment):
        if (number, event, moment) == (6, "kept", "after"):
            changed.__enter__()
        if (number, event, moment) == (7, "begun", "before"):
            changed.__exit__(None, None, None)

    assert bench.run(between_two_sessions).status == 0
    assert_replaced(bench, "get", 2, "changed", STACKS)
    assert_complete(bench, added=1)
    assert_resumable(bench, added=1)
    tell("a source that changes between two sessions", "changed", bench)


def test_an_arm_that_is_invalid_in_its_first_three_sessions_is_not_waited_for(bench):
    ended = bench.run(in_sessions(lambda: answers(False, lambda *_: {}), 1, 2, 3), sessions=4)
    assert ended.status == 2
    assert_not_waited_for(bench, ended, sessions=4, lacking=1)
    assert counting(bench.campaign, FAULTY, "get") == [4]
    assert counting(bench.campaign, "fastapi_sqlite", "get") == [1, 2, 3, 4]
    tell("three wrong answers of four", "answer, degraded", bench, "yes, nothing is added")


def test_sessions_are_added_up_to_half_as_many_again_and_then_no_more(bench):
    ended = bench.run(in_sessions(lambda: k6("status = 107"), *range(2, 20)), sessions=4)
    assert ended.status == 2
    assert_not_waited_for(bench, ended, sessions=6, lacking=2)
    assert counting(bench.campaign, FAULTY, "get") == [1]
    tell("k6 exits 107 each time but one", "k6-exit, degraded", bench, "yes, nothing is added")


def assert_not_waited_for(bench, ended, sessions: int, lacking: int) -> None:
    """The campaign ends with so many sessions and says what it lacks; resumed, it does so again."""
    line = ended.complained.splitlines()[-1]
    of_arm = "|".join(STACKS)
    says = rf"bench: \S+ is degraded: too few sessions count: ({of_arm}), get: 1 of 4 sessions.*"
    assert re.fullmatch(says, line), line
    there = digests(bench.campaign)
    assert len(there) == sessions
    resumed = bench.resume()
    assert (resumed.status, resumed.complained.splitlines()[-1]) == (2, line)
    assert digests(bench.campaign) == there
    assert (faults(bench.campaign), left(bench)) == ([], [])
    assert outcome(bench.campaign).startswith(f"degraded: {lacking} results lack sessions: ")


# fault: code, what it is, whom it hits
SUSPECT = {
    "steal of 0.5 %": ("steal", lambda: machine(steal_s=0.5 * CPUS), STACKS),
    "users who wait for another arm in one of its turns": (
        "void",
        lambda: k6(f"summary['turns']['void'] = {OWN}[:1]"),
        [FAULTY],
    ),
    "users who are elsewhere for a tenth of the time": (
        "elsewhere",
        lambda: k6("faulty['iteration_mean_ms'] *= 0.9"),
        [FAULTY],
    ),
    "a worker that does it all": (
        "one-worker",
        lambda: app(workers=lambda self: {1: self.cpu_s, 2: 0.0}),
        [FAULTY],
    ),
}


@pytest.mark.parametrize("fault", SUSPECT)
def test_what_is_only_suspect_is_said_and_counts(bench, fault):
    code, cause, hit = SUSPECT[fault]
    ended = bench.run(in_sessions(cause, 1))
    assert ended.status == 0
    lines = ended.complained.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"suspect: {arm}" for arm in STACKS if arm in hit
    ]
    for arm in STACKS:
        assert codes(bench, 1, arm, "get", suspect=True) == (code if arm in hit else "")
        assert counting(bench.campaign, arm, "get") == [1, 2]
    assert_complete(bench)
    assert_resumable(bench)
    tell(fault, f"{code}, suspect", bench)


# Faults that stop a campaign: one line, and a resumed run goes on


def assert_stopped(bench: Bench, ended, says: str, sessions: int = 1) -> str:
    """One line says this, status 2; of what was going on there is nothing."""
    assert ended.status == 2, ended
    assert re.search(says, ended.complained), ended.complained
    assert ended.complained.startswith("bench: ")
    assert ended.complained.count("\n") == 1
    assert (len(digests(bench.campaign)), left(bench)) == (sessions, [])
    return ended.complained.strip()


def refuses(text):
    def seed(self, rows, journal_mode):
        raise mistake(text)

    return app(seed=seed)


def does_not_fit():
    return patch("bench.host.memory.available_bytes", lambda: 3_000_000)


def no_space():
    return patch("os.fsync", side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


STOPPING = {
    "SIGINT between two sessions": (STOPPED, once("kept", send(signal.SIGINT))),
    "SIGTERM between two sessions": (STOPPED, once("kept", send(signal.SIGTERM))),
    "a seed.py that fails": (
        "seed.py fails: disk I/O error",
        in_sessions(lambda: refuses("seed.py fails: disk I/O error"), 2),
    ),
    "memory that does not do for all arms": (
        "this machine's memory is too small for 2 arms together: ",
        in_sessions(does_not_fit, 2),
    ),
    "a journal that cannot be written": (
        "journal.ndjson cannot be written: No space left on device",
        in_sessions(no_space, 2),
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


def side_by_side(benches, starts):
    """What several runs ended with, four at the same time."""
    ended = []
    for first in range(0, len(benches), 4):
        some = benches[first : first + 4]
        numbers = [start(bench) for bench, start in zip(some, starts[first:], strict=False)]
        ended += [bench.finish(pid) for bench, pid in zip(some, numbers, strict=True)]
    return ended


def kill_and_resume(fresh, events, moments, hook=None, added=0):
    """A run that is killed at each of these moments, under a fault, is complete when resumed."""
    benches = [fresh(f"{when}-{n}") for n, when in moments]
    hooks = [both(hook() if hook else None, kill_at(*moment)) for moment in moments]
    killed = side_by_side(benches, [lambda b, hook=hook: b.start_run(hook) for hook in hooks])
    assert {ended.status for ended in killed} == {-signal.SIGKILL}
    before = [(digest(b.campaign / "plan.json"), digests(b.campaign)) for b in benches]
    resumed = side_by_side(benches, [Bench.start_resume] * len(benches))
    for (n, when), bench, ended, (plan, sessions) in zip(
        moments, benches, resumed, before, strict=True
    ):
        where = f"kill -9 {when} event {n}, {events[n - 1]}"
        of_bench = [line for line in ended.complained.splitlines() if line.startswith("bench: ")]
        assert (where, ended.status, of_bench) == (where, 0, [])
        assert added or not ended.complained
        assert digest(bench.campaign / "plan.json") == plan
        assert digests(bench.campaign).items() >= sessions.items()
        assert_complete(bench, added)
        tell(where, "status -9", bench)


def both(first, second):
    def hook(*moment):
        for one in (first, second):
            if one:
                one(*moment)

    return hook


SESSION = ["begun", "start", "warmup", "get", "create", "kept"]


def test_a_campaign_that_is_killed_at_any_event_completes_when_it_is_resumed(repository, tmp_path):
    def fresh(name):
        return Bench(repository, tmp_path / name, "get", "create")

    whole = fresh("whole")
    assert whole.run().status == 0
    events = [event["event"] for event in read_journal(whole.campaign)]
    assert events == ["planned", *SESSION, *SESSION, "ended"]
    moments = [(n, when) for n in range(1, len(events) + 1) for when in ("before", "after")]
    kill_and_resume(fresh, events, moments)


def test_one_that_is_killed_at_any_event_of_an_added_session_completes_too(repository, tmp_path):
    def fresh(name):
        return Bench(repository, tmp_path / name, "get", "create")

    def fault():
        return in_sessions(lambda: answers(False, lambda *_: {}), 1)

    events = ["planned", *SESSION, *SESSION, *SESSION, "ended"]
    moments = [(n, when) for n in range(14, len(events) + 1) for when in ("before", "after")]
    named = [*events[:13], *(f"{event}, with a session added" for event in events[13:])]
    kill_and_resume(fresh, named, moments, fault, added=1)


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


def another_kernel():
    from bench.host.machine import describe_machine  # the one of the copy

    return replace(describe_machine(), kernel="another")


CHANGED = {
    "another k6": ("k6 binary", lambda bench: line_added(bench.k6)),
    "another profile": (
        "profile of sha256",
        lambda bench: line_added(bench.campaign / "profile.json"),
    ),
    "another rule": (
        "harness",
        lambda bench: line_added(bench.repository / "bench/measure/validity.py"),
    ),
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
        lambda _: patch("bench.measure.standing.describe_machine", another_kernel),
    ),
    "another threshold": (
        "steal invalid",
        lambda _: patch.dict("bench.keep.thresholds.THRESHOLDS", steal_invalid=0.5),
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


def lose_a_session(bench):
    shutil.rmtree(bench.campaign / "sessions" / "002")


OLDER = "has schema 2; this version reads 3, an older one of this project (in its git history)"
# fault: first line of the check, what it is, whether a resumed run puts it right
AFTERWARDS = {
    "an altered session.json": (
        "altered: 001/session.json is not what the journal notes",
        edit("sessions/001/session.json", '"mean_ms": ', '"mean_ms": 1'),
        False,
    ),
    "an altered summary of k6": (
        "altered: 001/get-1.json is not what its session.json notes",
        edit("sessions/001/get-1.json", '"avg": ', '"avg": 1'),
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
    "an older schema": (
        OLDER,
        edit("plan.json", f'"schema": {SCHEMA}', '"schema": 2'),
        False,
    ),
    "a session's folder that is deleted": (
        "incomplete: 002 was measured and is gone",
        lose_a_session,
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
    assert bench.check().status == 0
    cause(bench)
    ended = bench.check()
    assert (ended.status, ended.complained.count("\n")) == (2, 1)
    assert says in ended.said.splitlines()[0]
    if healed:
        assert_resumable(bench)
    else:
        resumed = bench.resume()
        assert "Traceback" not in resumed.complained
        assert (resumed.status, resumed.complained.count("bench: ")) in ((2, 1), (0, 0))
        assert bench.check().status == 2
    assert left(bench) == []
    tell(fault, says, bench, "yes" if healed else "no, and it stays so")


# The real parts


@pytest.fixture
def workshop(tmp_path):
    return real_bench(tmp_path)


def real_bench(place: Path) -> "RealBench":
    folder = copy_repository(place, *STACKS)
    (folder / "tmp").mkdir()
    for made in (Path(__file__).resolve().parents[2] / ".cache").glob("*"):
        if made.name == "environments" or made.name.startswith("k6-"):
            (folder / ".cache" / made.name).symlink_to(made)
    return RealBench(folder)


class RealBench(Workshop):
    """k6, Gunicorn and an app; only what else the machine does is not looked at."""

    @property
    def campaign(self):
        (folder,) = self.out.iterdir()
        return folder

    def begin(self, *options, fault=""):
        return self.start(*options, fault=QUIET + fault)

    def check(self):
        bench = Bench(self.folder, self.folder / "tmp")
        return bench.finish(bench.start("check", str(self.campaign)))


def test_real_parts_that_are_killed_under_load_complete_when_they_are_resumed(workshop):
    workshop.profile(scenarios={"create": WINDOW})
    killed = workshop.begin("--sessions", "2")
    wait_for(killed, "session 2 of 2, flask_sqlite: create")
    killed.kill()
    killed.communicate()
    assert [thing for thing in left(workshop) if "gunicorn" in thing]
    plan, sessions = digest(workshop.campaign / "plan.json"), digests(workshop.campaign)
    assert len(sessions) == 1
    resumed = workshop.begin("--resume", str(workshop.campaign))
    _, complained = resumed.communicate(timeout=120)
    assert (resumed.returncode, complained) == (0, "")
    assert digest(workshop.campaign / "plan.json") == plan
    assert digests(workshop.campaign).items() >= sessions.items()
    assert_complete(workshop)
    checked = workshop.check()
    assert (checked.status, checked.said) == (0, f"{workshop.campaign.name}: complete\n")
    tell("kill -9 of real parts under load", "status -9", workshop)


def test_a_stale_server_on_the_port_is_not_measured(workshop):
    workshop.profile(scenarios={"hello": WINDOW})
    with App().running() as stale:
        stale.seed(PROFILE["rows"], "wal")  # it even does its work
        taken = stale.url.rpartition(":")[2]
        fault = f"""
import bench.serve.local as local
ports, free_port = iter([{taken}]), local.free_port
local.free_port = lambda: next(ports, None) or free_port()
local.STOP_SECONDS = 0.1  # it asks for the port again and again, and hears nothing else
"""
        process = workshop.begin("--sessions", "2", fault=fault)
        _, complained = process.communicate(timeout=120)
    assert process.returncode == 0, complained
    assert complained.count("\n") == 1
    assert codes(workshop, 1, FAULTY, "hello") == "workers"
    assert counting(workshop.campaign, FAULTY, "hello") == [2, 3]
    assert_complete(workshop, added=1)
    tell("a stale server on the port", "workers", workshop, "yes")


# In the first session's first run, as soon as the arm has used CPU in it, all of it gets a signal.
STRIKE = """
import os, signal, threading, time
import bench.measure.scenario as scenario
import bench.serve.local as local
local.STOP_SECONDS = 0.1
load, struck = scenario._load, []

def strike(server):
    before = server.cpu_seconds()
    while server.cpu_seconds() < before + 0.05:
        time.sleep(0.01)
    os.killpg(server.process.pid, signal.{name})

def load_and_strike(of, there, run):
    if not struck:
        (server,) = (one.server for one in there if one.arm.label == {arm!r})
        struck.append(threading.Thread(target=strike, args=(server,)))
        struck[0].start()
    return load(of, there, run)

scenario._load = load_and_strike
"""


STRUCK = {
    "SIGKILL": "an arm that is killed in the middle of a run",
    "SIGSTOP": "an arm that is stopped in the middle of a run",
}


def test_an_arm_that_dies_or_hangs_in_a_run_costs_the_other_arms_nothing(tmp_path):
    struck = {}
    for name in STRUCK:  # two campaigns, side by side
        (tmp_path / name).mkdir()
        workshop = real_bench(tmp_path / name)
        # Busy as the machine is, users get the time to come back from one arm to the other.
        turn = PROFILE["turns"]["hello"] | {"rounds": 4, "gap_ms": 400}
        turns = PROFILE["turns"] | {"hello": turn, "get": turn}
        workshop.profile(scenarios=dict.fromkeys(("hello", "get"), WINDOW), turns=turns)
        options = ("--stacks=flask_sqlite,fastapi_sqlite", "--sessions=2")
        process = workshop.begin(*options, fault=STRIKE.format(name=name, arm=FAULTY))
        struck[name] = workshop, process
    ended = {name: process.communicate(timeout=180) for name, (_, process) in struck.items()}
    for name, (workshop, process) in struck.items():
        complained = ended[name][1]
        assert process.returncode == 0, complained
        for scenario, line in zip(("hello", "get"), complained.splitlines(), strict=True):
            lost = f"invalid: {FAULTY}, session 1, {scenario}: server: it no longer answers"
            assert line.startswith(lost)
            # Session 1 is the one that was struck; a busy machine may spoil a later one.
            assert 1 not in counting(workshop.campaign, FAULTY, scenario)
            assert 1 in counting(workshop.campaign, "fastapi_sqlite", scenario)
        assert_complete(workshop, added=1)
        tell(STRUCK[name], "server", workshop)


def test_the_table_of_faults_is_what_happened():
    head = ["| fault | code or line | left | resumed |", "|---|---|---|---|"]
    rows = [f"| {fault} | `{code}` | {left} | {yes} |" for fault, (code, left, yes) in told.items()]
    if os.environ.get("REWRITE"):
        title = "<!-- Written by test_faults.py: each fault is injected, and what came of it. -->"
        TABLE.write_text("\n".join([title, "", *head, *rows]) + "\n")
    written = TABLE.read_text().splitlines()
    assert [row for row in rows if row not in written] == []
