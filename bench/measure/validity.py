"""Which measurements do not count: a rule has a code and a reason; none looks at the result.

A measurement is invalid (kept, shown, made again in another session), suspect (used, and said to be
so) or valid. RULES says for whom each rule holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.keep.record import Disturbance, K6Run, Load, Problem, ServerUse, Status
from bench.keep.thresholds import THRESHOLDS
from bench.measure.probe import Probe
from bench.measure.profile import Scenario

GRACEFUL_STOP = 30  # seconds that k6 waits at the end of a window for open requests, then cuts off


@dataclass(frozen=True)
class Evidence:
    """All that is known of an arm in a scenario, and of the time in which it was measured."""

    scenario: Scenario
    runs: Sequence[K6Run]
    planned_s: float  # of a run of k6, where that is a time
    load: Load
    probe: Probe  # one request of it, before
    disagreement: str | None  # of the rows afterwards with what was acknowledged
    lost: str | None  # why the arm's server could not be measured to the end
    server: ServerUse
    machine: Disturbance
    changed: Sequence[str]  # what is no longer as the plan has it
    warmup: str | None  # what went wrong in it


def judge(evidence: Evidence) -> list[Problem]:
    """Why this measurement does not count, or may not; an empty list if it does."""
    return [problem for _, rule in RULES for problem in rule(evidence)]


def status(problems: Sequence[Problem]) -> Status:
    """Of a measurement with these problems."""
    if any(not problem.suspect for problem in problems):
        return "invalid"
    return "suspect" if problems else "valid"


def unobservable(machine: Disturbance, server: ServerUse) -> list[str]:
    """What this system does not tell: no rule that needs it was applied."""
    told = {
        "steal_share": machine.steal_share,
        "foreign_share": machine.foreign_share,
        "throttled": machine.throttled,
        "server_throttled": server.throttled,
        "server_cpu_s": server.cpu_s,
    }
    return [name for name, value in told.items() if value is None]


def _problem(code: str, why: str, suspect: bool = False) -> Problem:
    return Problem(code=code, why=why, suspect=suspect)


def _lost(evidence: Evidence) -> Iterator[Problem]:
    if evidence.lost:
        yield _problem("server", evidence.lost)


def _k6(evidence: Evidence) -> Iterator[Problem]:
    for run in evidence.runs:
        if run.exit_status != 0:
            # 99: a threshold failed; 105: stopped by a signal; 107: the script threw; -9: killed.
            yield _problem("k6-exit", f"k6 ended with status {run.exit_status}")
        if not run.seconds:
            # k6 exits 0 where every iteration throws or its summary cannot be written.
            yield _problem("no-result", "k6 tells of no answered request")
        if run.dropped:
            yield _problem("dropped", f"{run.dropped} iterations were not made")
        if evidence.planned_s and run.seconds >= evidence.planned_s + GRACEFUL_STOP:
            # What k6 cuts off is in none of its counts, not even among the failed.
            yield _problem("cut-off", f"requests were still open after {run.seconds:.0f} s")


def _counts(evidence: Evidence) -> Iterator[Problem]:
    load, scenario = evidence.load, evidence.scenario
    if load.counted == 0 or load.mean_ms is None:
        if all(run.seconds for run in evidence.runs):
            yield _problem("no-result", "k6 tells of no answered request that counts")
        return
    planned = scenario.iterations if scenario.turns is None else None
    if not load.requests == load.iterations == (planned or load.iterations):
        counts = f"{load.requests} requests in {load.iterations} iterations"
        yield _problem("count", f"{counts}, {planned} planned" if planned else counts)
    waited = load.counted * load.mean_ms / 1000 / (scenario.users * load.counted_s)
    if scenario.turns is None and waited > THRESHOLDS["identity"]:
        # In a closed loop a user waits or runs its script; both together are the window.
        yield _problem("identity", f"users waited {waited:.2f} times as long as the window was")


def _turns(evidence: Evidence) -> Iterator[Problem]:
    load = evidence.load
    if load.turns and load.void / load.turns > THRESHOLDS["void_suspect"]:
        suspect = load.void / load.turns <= THRESHOLDS["void_invalid"]
        why = f"in {load.void} of {load.turns} turns users still waited for another arm"
        yield _problem("void", why, suspect)
    if load.elsewhere is not None and abs(load.elsewhere) > THRESHOLDS["elsewhere"]:
        # What began before the counted part, or ended after it: slow requests are missing there.
        why = f"{load.elsewhere:.1%} of the users' time is not that of the counted requests"
        yield _problem("elsewhere", why, suspect=True)


def _answers(evidence: Evidence) -> Iterator[Problem]:
    load, probe = evidence.load, evidence.probe
    if load.failed:
        yield _problem("failed", f"{load.failed} of {load.requests} requests failed")
    if evidence.lost:
        return
    if probe.wrong:
        # k6 compares no content: an app that answers the wrong thing fast would win.
        yield _problem("answer", f"asked beforehand: {probe.wrong}")
    elif load.requests:
        received = load.bytes_received / load.requests
        if abs(received / probe.bytes - 1) > THRESHOLDS["bytes"]:
            # A page of the list, or an empty body, is not the answer that was asked for.
            yield _problem("bytes", f"{received:.0f} bytes an answer, beforehand {probe.bytes}")
    if evidence.disagreement:
        # An app that answers without doing the work is not fast.
        yield _problem("rows", f"the database disagrees: {evidence.disagreement}")


def _server(evidence: Evidence) -> Iterator[Problem]:
    server = evidence.server
    if not server.same_workers:
        yield _problem("workers", "a worker died or was started during the measurement")
    if server.throttled:
        # A quota stops a process for the rest of each period: that is the quota's latency.
        yield _problem("throttled", "a CPU quota stopped the app")
    if evidence.scenario.users > 1:
        for share in _busiest(server):
            if share > THRESHOLDS["one_worker"]:
                # All users' connections fell on it: another stack might have had two at work.
                yield _problem("one-worker", f"one worker did {share:.0%} of the work", True)
    if evidence.warmup:
        yield _problem("warm-up", evidence.warmup)
    for name in evidence.changed:
        yield _problem("changed", f"{name} is no longer as the plan has it")


def _busiest(server: ServerUse) -> Iterator[float]:
    """By k6 run the busiest worker's share of the CPU time of all, where there are several."""
    for workers in server.worker_cpu_s or []:
        known = [seconds for seconds in workers if seconds is not None]
        if len(known) > 1 and sum(known) > 0:
            yield max(known) / sum(known)


def _clock(evidence: Evidence) -> Iterator[Problem]:
    load = evidence.load
    if load.max_ms and load.iteration_max_ms:
        if load.max_ms > load.iteration_max_ms + THRESHOLDS["clock_ms"]:
            # k6 takes the time of a request from the clock that can be set.
            yield _problem("clock", f"a request took {load.max_ms:.0f} ms, its iteration less")


def _machine(evidence: Evidence) -> Iterator[Problem]:
    found = evidence.machine
    if abs(found.clock_step_s) > THRESHOLDS["clock_step_s"]:
        yield _problem("clock", f"the clock was set by {found.clock_step_s:.3f} s")
    if found.throttled:
        yield _problem("throttled", "a CPU quota stopped the bench or k6")
    if found.swapped_bytes:
        yield _problem("swap", f"{found.swapped_bytes} bytes were swapped")
    shares = (
        ("steal", "other virtual machines", found.steal_share),
        ("foreign", "other processes", found.foreign_share),
    )
    for name, who, share in shares:
        if share is not None and share > THRESHOLDS[f"{name}_suspect"]:
            suspect = share <= THRESHOLDS[f"{name}_invalid"]
            yield _problem(name, f"{who} had {share:.1%} of the CPUs", suspect)


# For whom a rule holds. An arm alone loses what is wrong with it; a run of k6 and the machine's
# state are shared, and what is wrong with those is wrong with every arm's measurement.
RULES = (
    ("arm", _lost),  # server
    ("run", _k6),  # k6-exit, no-result, dropped, cut-off
    ("arm", _counts),  # no-result, count, identity
    ("arm", _turns),  # void, elsewhere
    ("arm", _answers),  # failed, answer, bytes, rows
    ("arm", _server),  # workers, throttled, one-worker, warm-up, changed
    ("arm", _clock),  # clock
    ("scenario", _machine),  # clock, throttled, swap, steal, foreign
)
