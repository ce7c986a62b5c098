"""Which measurements do not count: a rule has a code and a reason; none looks at the result.

A measurement is invalid (kept, shown, made again), suspect (used, and said to be so) or valid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.measure.k6 import Load
from bench.measure.probe import Probe
from bench.measure.profile import Scenario

GRACEFUL_STOP = 30  # seconds that k6 waits at the end of a window for open requests, then cuts off
# Fixed before the first measurement, and part of every plan.
THRESHOLDS = {
    "bytes": 0.02,  # an answer's length changes with its id's digits, by less than that
    "clock_step_s": 0.02,
    "clock_ms": 1.0,  # a request cannot take longer than the iteration that it is part of
    "identity": 1.02,  # users cannot wait for longer than there was time
    "steal_invalid": 0.01,  # shares of all CPUs
    "steal_suspect": 0.003,
    "foreign_invalid": 0.05,
    "foreign_suspect": 0.02,
}
# What a rule needs and a system may not tell; then the measurement names it as unobservable.
OBSERVED = ("steal_share", "foreign_share", "throttled", "server_throttled", "server_cpu_s")


@dataclass(frozen=True)
class Problem:
    code: str
    why: str
    suspect: bool = False


@dataclass(frozen=True)
class Evidence:
    """All that is known of one measurement and of the minute in which it was made."""

    scenario: Scenario
    load: Load
    probe: Probe  # one request of it, before
    disagreement: str | None  # of the rows afterwards with what was acknowledged
    same_workers: bool
    machine: dict[str, Any]  # bench.host.machine.disturbance, and what the server's counters tell
    changed: Sequence[str]  # what is no longer as the plan has it
    warmup: Load


def judge(evidence: Evidence) -> list[Problem]:
    """Why this measurement does not count, or may not; an empty list if it does."""
    rules = (_generator, _answers, _server, _machine)
    return [problem for rule in rules for problem in rule(evidence)]


def status(problems: list[Problem]) -> str:
    """Of a measurement with these problems: valid, suspect or invalid."""
    if any(not problem.suspect for problem in problems):
        return "invalid"
    return "suspect" if problems else "valid"


def unobservable(machine: dict[str, Any]) -> list[str]:
    """What this system does not tell: no rule that needs it was applied."""
    return [name for name in OBSERVED if machine.get(name) is None]


def _generator(evidence: Evidence) -> Iterator[Problem]:
    load, scenario = evidence.load, evidence.scenario
    if load.exit_status != 0:
        # 99: a threshold failed; 105: stopped by a signal; 107: the script threw; -9: killed.
        yield Problem("k6-exit", f"k6 ended with status {load.exit_status}")
    if load.requests == 0 or load.mean_ms is None or not load.seconds:
        # k6 exits 0 where every iteration throws or its summary cannot be written.
        yield Problem("no-result", "k6 tells of no answered request")
        return
    if load.dropped:
        yield Problem("dropped", f"{load.dropped} iterations were not made")
    planned = scenario.iterations or load.iterations
    if not load.requests == load.iterations == planned:
        counts = f"{load.requests} requests in {load.iterations} iterations, {planned} planned"
        yield Problem("count", counts)
    if scenario.seconds and load.seconds >= scenario.seconds + GRACEFUL_STOP:
        # What k6 cuts off is in none of its counts, not even among the failed.
        yield Problem("cut-off", f"requests were still open after {load.seconds:.0f} s")
    waited = load.requests * load.mean_ms / 1000 / (scenario.users * load.seconds)
    if waited > THRESHOLDS["identity"]:
        # In a closed loop a user waits or runs its script; both together are the window.
        yield Problem("identity", f"users waited {waited:.2f} times as long as the window was")


def _answers(evidence: Evidence) -> Iterator[Problem]:
    load, probe = evidence.load, evidence.probe
    if load.failed:
        yield Problem("failed", f"{load.failed} of {load.requests} requests failed")
    if probe.wrong:
        # k6 compares no content: an app that answers the wrong thing fast would win.
        yield Problem("answer", f"asked beforehand: {probe.wrong}")
    elif load.requests:
        received = load.bytes_received / load.requests
        if abs(received / probe.bytes - 1) > THRESHOLDS["bytes"]:
            # A page of the list, or an empty body, is not the answer that was asked for.
            yield Problem("bytes", f"{received:.0f} bytes an answer, beforehand {probe.bytes}")
    if evidence.disagreement:
        # An app that answers without doing the work is not fast.
        yield Problem("rows", f"the database disagrees: {evidence.disagreement}")


def _server(evidence: Evidence) -> Iterator[Problem]:
    if not evidence.same_workers:
        yield Problem("workers", "a worker died or was started during the measurement")
    if evidence.machine.get("server_throttled"):
        # A quota stops a process for the rest of each period: that is the quota's latency.
        yield Problem("throttled", "a CPU quota stopped the app")
    warmup = evidence.warmup
    if warmup.exit_status or warmup.failed or not warmup.requests:
        failed = f"{warmup.failed} requests failed, k6 ended with {warmup.exit_status}"
        yield Problem("warm-up", failed)
    for name in evidence.changed:
        yield Problem("changed", f"{name} is no longer as the plan has it")


def _machine(evidence: Evidence) -> Iterator[Problem]:
    found, load = evidence.machine, evidence.load
    if found.get("throttled"):
        yield Problem("throttled", "a CPU quota stopped the bench or k6")
    if found["swapped_bytes"]:
        yield Problem("swap", f"{found['swapped_bytes']} bytes were swapped")
    if abs(found["clock_step_s"]) > THRESHOLDS["clock_step_s"]:
        # k6 takes its times from the clock that was set.
        yield Problem("clock", f"the clock was set by {found['clock_step_s']:.3f} s")
    elif load.max_ms and load.iteration_max_ms:
        if load.max_ms > load.iteration_max_ms + THRESHOLDS["clock_ms"]:
            yield Problem("clock", f"a request took {load.max_ms:.0f} ms, its iteration less")
    for name, who in (("steal", "other virtual machines"), ("foreign", "other processes")):
        share = found[f"{name}_share"]
        if share is not None and share > THRESHOLDS[f"{name}_suspect"]:
            suspect = share <= THRESHOLDS[f"{name}_invalid"]
            yield Problem(name, f"{who} had {share:.1%} of the CPUs", suspect)
