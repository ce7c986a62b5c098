"""What a campaign keeps, as types: its files are written, read and checked by them alone.

A plan is written before the first measurement, a session's record when it has ended. What k6 itself
wrote lies beside it: see summary.py.
"""

from typing import Literal

import msgspec

from bench.arm import Settings

SCHEMA = 3
Status = Literal["valid", "suspect", "invalid"]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all have in common: complete, without anything else, never changed."""


class Database(Record, frozen=True, kw_only=True):
    kind: Literal["sqlite", "postgresql"]
    rows: int
    journal_mode: str | None = None  # of SQLite's file
    server: str | None = None  # of PostgreSQL: container, private cluster, given
    version: str | None = None


class Machine(Record, frozen=True, kw_only=True):
    cpu: str
    cpus: int
    memory_gib: int
    system: str
    kernel: str
    architecture: str


class Cpus(Record, frozen=True, kw_only=True):
    """Who was pinned where; None where nobody was."""

    server: list[int] | None
    k6: list[int] | None


class ProfilePin(Record, frozen=True, kw_only=True):
    name: str
    sha256: str


class Conditions(Record, frozen=True, kw_only=True):
    """What must be equal in two sessions that are compared, merged or drawn into one figure."""

    engine: str
    profile: ProfilePin
    database: Database | None  # None where arms differ in it: then each arm's plan says it
    machine: Machine
    cpus: Cpus
    k6: str  # its version


class Origin(Record, frozen=True, kw_only=True):
    """Where a side of a comparison came from."""

    given: str  # as it was asked for: a revision, or a folder
    commit: str | None
    dirty: bool | None  # whether it holds what no commit does
    sources: str  # the hash of what was copied


class PlannedArm(Record, frozen=True, kw_only=True):
    stack: str
    settings: Settings
    control: bool = False
    dose_turns: int | None = None
    database: Database | None = None  # where it is not every arm's
    side: Literal["before", "after"] | None = None  # in a comparison of two checkouts
    origin: Origin | None = None


class PlannedSession(Record, frozen=True, kw_only=True):
    """One replication: of all arms where they are together, else of one arm, alone."""

    number: int  # from 1
    block: int  # from 1: one pass over all arms; the same as number where they are together
    arms: list[str]

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.number:03}"


class Pins(Record, frozen=True, kw_only=True):
    """Hashes of what must not change between the plan and the last session."""

    k6_binary: str
    harness: str
    served: dict[str, str]  # by arm, an image's or an environment's
    sources: dict[str, str]  # by arm, of its folder


Question = Literal["which is fastest", "slower than before"]  # headline.py answers each


class Plan(Record, frozen=True, kw_only=True):
    schema: int = SCHEMA
    question: Question = "which is fastest"
    started: str
    seed: int
    arms: dict[str, PlannedArm]
    sessions: list[PlannedSession]
    most_extra: int  # blocks that may be added for what does not count
    thresholds: dict[str, float]
    conditions: Conditions
    pins: Pins
    claims: dict[str, str] = {}  # hashes of the files that say what would make a claim true

    @property
    def compared(self) -> list[str]:
        return [label for label, arm in self.arms.items() if not arm.control]

    @property
    def controls(self) -> list[str]:
        return [label for label, arm in self.arms.items() if arm.control]

    def database_of(self, label: str) -> Database | None:
        return self.arms[label].database or self.conditions.database


class Canary(Record, frozen=True, kw_only=True):
    """What one commit costs where the database lies, with so many writers at the same time."""

    a_second: float
    median_ms: float


class Served(Record, frozen=True, kw_only=True):
    """What an arm's own interpreter and its engine say of it."""

    python: str
    implementation: str
    compiler: str
    configured: str | None
    packages: dict[str, str]
    sqlite: str | None = None
    pragmas: dict[str, str | int] | None = None
    database_filesystem: str | None = None
    postgresql: dict[str, str] | None = None  # its settings
    locks: list[bool] | None = None  # by worker, whether the interpreter's lock is on
    environment: str | None = None  # of the engine local
    image: str | None = None  # of the engine docker
    image_bytes: int | None = None
    docker: str | None = None


class ArmStart(Record, frozen=True, kw_only=True):
    """What a session knows of an arm beside what was measured."""

    served: Served
    memory_bytes: int | None  # held after its start
    idle_cpu: float | None  # CPU seconds a second, while nobody asks
    dose_s: float | None = None  # CPU that the dosed control adds to a request
    commits: dict[str, Canary] | None = None  # where its database is not the first arm's


class Problem(Record, frozen=True, kw_only=True):
    code: str
    why: str
    suspect: bool = False


class Load(Record, frozen=True, kw_only=True):
    """What k6 tells of one arm in one scenario, its runs added up.

    Where arms take turns only what began in the counted part of a turn is counted, and no turn that
    is void: one that began while a user still waited elsewhere.
    """

    requests: int  # all that were made, for the ledger
    failed: int
    iterations: int
    bytes_received: int
    counted: int  # answers with the right status that are counted
    counted_s: float  # for how long: of all users together it is users times that
    mean_ms: float | None  # of the counted answers
    max_ms: float | None
    iteration_mean_ms: float | None  # by a clock that nobody sets; the script's own time included
    iteration_max_ms: float | None
    elsewhere: float | None  # share of the users' time that their counted requests do not fill
    turns: int  # planned; 0 where the arm was alone
    void: int
    k6_cpu_s: float | None  # k6's own, while this arm was counted


class ServerUse(Record, frozen=True, kw_only=True):
    """What the app's processes used in a scenario, its runs added up."""

    cpu_s: float | None  # less idle_s
    idle_s: float | None  # what it would have used, had nobody asked it, beside its own turns
    worker_cpu_s: list[list[float | None]] | None  # by k6 run, of each worker, the busiest first
    peak_bytes: int | None
    same_workers: bool
    throttled: int | None  # how often a CPU quota has stopped it


class DatabaseUse(Record, frozen=True, kw_only=True):
    """The same of the database's own server."""

    cpu_s: float | None
    memory_bytes: int | None


class Measurement(Record, frozen=True, kw_only=True):
    """One arm in one scenario of one session."""

    status: Status
    problems: list[Problem]
    unobservable: list[str]
    users: int
    in_flight: int  # the most requests that this arm works on at the same time
    probe_bytes: int
    load: Load
    server: ServerUse
    database: DatabaseUse | None = None

    @property
    def counts(self) -> bool:
        """One that is only suspect does."""
        return self.status != "invalid"


class Disturbance(Record, frozen=True, kw_only=True):
    """What disturbed k6's runs of a scenario, as shares of all CPUs; None for what is not told."""

    seconds: float
    clock_step_s: float
    steal_share: float | None
    foreign_share: float | None
    swapped_bytes: int
    throttled: int | None


class K6Run(Record, frozen=True, kw_only=True):
    exit_status: int
    seconds: float  # from the first iteration's start to the last one's end; 0: it tells of none
    dropped: int
    cpu_s: float
    peak_bytes: int | None  # as last seen, at most half a second before the end
    bench_cpu_s: float  # the bench's own, meanwhile


class ScenarioRecord(Record, frozen=True, kw_only=True):
    runs: list[K6Run]
    machine: Disturbance
    arms: dict[str, Measurement]


class Host(Record, frozen=True, kw_only=True):
    cpu_quota: str | None
    memory_limit: str | None
    governor: str | None
    hypervisor: bool | None
    swap_bytes: int
    load_average: float
    processes: int
    booted: str


class Source(Record, frozen=True, kw_only=True):
    commit: str | None
    dirty: bool | None


class Session(Record, frozen=True, kw_only=True):
    schema: int = SCHEMA
    number: int
    block: int
    started: str
    ended: str
    seconds: float
    plan_sha256: str
    host: Host
    source: Source
    commits: dict[str, Canary]  # by the number of writers, on the first arm's database
    arms: dict[str, ArmStart]
    scenarios: dict[str, ScenarioRecord]
    files: dict[str, str]  # what lies beside it, by SHA-256

    def commits_of(self, arm: str) -> dict[str, Canary]:
        """What a commit cost on this arm's database, by the number of writers."""
        start = self.arms.get(arm)
        return self.commits if start is None or start.commits is None else start.commits

    def measured(self, arm: str, scenario: str) -> Measurement | None:
        """None where this arm was not measured in it."""
        of_scenario = self.scenarios.get(scenario)
        return of_scenario.arms.get(arm) if of_scenario else None
