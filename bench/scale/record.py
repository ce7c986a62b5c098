"""What a scaling keeps, as types. Its numbers stand beside no other engine's: nothing is pinned."""

from bench.keep.record import Measurement, ProfilePin, Record, Source

SCHEMA = 1


class Node(Record, frozen=True, kw_only=True):
    """What Kubernetes says of it."""

    cpus: str
    memory: str
    system: str
    kernel: str
    kubelet: str
    runtime: str
    architecture: str


class Scaling(Record, frozen=True, kw_only=True):
    """The plan, written before the first measurement."""

    schema: int = SCHEMA
    started: str
    stack: str
    replicas: list[int]
    load_pods: int
    sessions: int
    scenarios: list[str]
    profile: ProfilePin
    seed: int
    kubernetes: str
    nodes: list[Node]
    image: str
    postgres_image: str
    k6_image: str
    source: Source


class Percentile(Record, frozen=True, kw_only=True):
    """Of all pods' requests together; ms is None where their grids do not enclose it closely."""

    percentage: float
    ms: float | None
    low: float
    high: float


class Scaled(Record, frozen=True, kw_only=True):
    """So many replicas in one scenario of one session."""

    measurement: Measurement
    per_s: float | None
    percentiles: list[Percentile]
    apart_s: float | None  # between the beginning of the first pod of k6 and the last one's
    busiest_pod: float | None  # its share of the CPU of the app's pods
    database_cpu_s: float | None
    node_busy: float | None  # of the busiest node with a pod of the app: share of all its CPUs
    limited_by: str


class ScaledSession(Record, frozen=True, kw_only=True):
    """One replication: every number of replicas once, in an order drawn at random."""

    schema: int = SCHEMA
    number: int
    started: str
    seconds: float
    order: list[int]
    scaled: dict[str, dict[str, Scaled]]  # by scenario and replicas

    def of(self, scenario: str, replicas: int) -> Scaled | None:
        """None where it was not measured."""
        return self.scaled.get(scenario, {}).get(str(replicas))
