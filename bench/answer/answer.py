"""One answer: all that is shown of a campaign, computed once. Terminal, page and tables format it.

Kept beside the campaign as answer.json; answering.py makes it.
"""

from typing import Literal

from bench.arm import Settings
from bench.keep.record import Conditions, Origin, Question, Record

ANSWER = 1  # its schema
Bound = Literal["at least", "at most"]
State = Literal["complete", "degraded", "stopped"]


class Interval(Record, frozen=True, kw_only=True):
    low: float
    high: float


class Value(Record, frozen=True, kw_only=True):
    """One arm in one scenario."""

    arm: str
    value: float | None  # the geometric mean, in the scenario's unit; None where no session counts
    bound: Bound | None  # where k6 was at its limit: the arm might do better
    sessions: dict[str, float]  # the value of each that counts, by its number
    counted: int
    attempted: int
    planned: int
    suspect: int
    rank: Interval | None  # from best to worst possible
    # What a spreadsheet may want beside it; none of these is drawn.
    own: Interval | None  # 95 %, of its own sessions alone
    less_shared: Interval | None  # 95 %, less what all arms of a session share
    arithmetic: float | None
    median: float | None
    least: float | None
    greatest: float | None
    # What it cost, and what limited it.
    cpu_s_per_1000: float | None
    database_cpu_s_per_1000: float | None
    peak_bytes: int | None
    in_flight: int
    limiter: str
    server_busy: float | None
    k6_busy: float | None
    percentiles: dict[str, float]  # ms, by percentage: as far as the data carry them
    elsewhere: float | None
    void: int
    busiest: float | None


class Ratio(Record, frozen=True, kw_only=True):
    """Of two arms: the slower takes so many times as long, with an interval for all pairs."""

    faster: str
    slower: str
    times: float
    interval: Interval | None
    word: str
    bound: Bound | None  # where k6 held one of them back
    sessions: Interval | None  # of how many one would need, where more would resolve it


class ScenarioAnswer(Record, frozen=True, kw_only=True):
    name: str
    users: int
    unit: str
    told_from: float | None  # the median pair is told apart from there: 0.03 is 3 %
    cpu_told_from: float | None
    noise: float | None  # sd of an arm against all, from session to session
    values: list[Value]  # the fastest first
    ratios: list[Ratio]
    headline: str
    caption: str  # what must be known before a figure of it is quoted


class ArmAnswer(Record, frozen=True, kw_only=True):
    label: str
    stack: str
    settings: Settings
    control: bool
    side: str | None
    origin: Origin | None
    python: str | None
    sqlite: str | None
    packages: dict[str, str]


class ChangeAnswer(Record, frozen=True, kw_only=True):
    """Of one stack in one scenario: after takes so many times as long as before."""

    stack: str
    scenario: str
    unit: str
    before: float | None
    after: float | None
    times: float
    interval: Interval | None  # for all of them together
    word: str


class Moment(Record, frozen=True, kw_only=True):
    """A scenario in a session."""

    level: float | None  # its times against those of all sessions: 1.1 is 10 % slower
    suspect: int  # arms
    invalid: int


class SessionAnswer(Record, frozen=True, kw_only=True):
    """When it was, and what became of it."""

    number: int
    started: str
    seconds: float
    added: bool  # at the end, for what did not count
    valid: int
    suspect: int
    invalid: int
    scenarios: dict[str, Moment]


class Answer(Record, frozen=True, kw_only=True):
    schema: int = ANSWER
    campaigns: list[str]
    started: str
    minutes: float
    question: Question
    headline: str
    state: State
    lacking: list[str]  # what is missing, a line each
    arms: list[ArmAnswer]
    scenarios: list[ScenarioAnswer]
    changes: list[ChangeAnswer]  # in a comparison of two checkouts
    found_from: float | None  # the slow-down that it finds in 4 of 5: 0.05 is 5 %
    sessions: list[SessionAnswer]
    noise: list[str]  # from which difference on it tells, a line a scenario
    controls: list[str]  # what they say, a line each
    problems: list[str]  # what does not count, or may not, a line each
    differing: list[str]  # between arms of a stack, beside what their names say
    not_to_conclude: str
    conditions: Conditions
    like_paper: bool  # whether the paper's numbers may stand beside these
    commit: str | None
    again: list[str]  # commands


class Shift(Record, frozen=True, kw_only=True):
    """Of an arm: the second campaign's time by the first's, both against all arms of theirs."""

    scenario: str
    arm: str
    times: float
    interval: Interval  # 95 %, for all arms of the scenario together


class Agreement(Record, frozen=True, kw_only=True):
    """Of two campaigns of equal conditions; it is no part of an answer, which is one's own."""

    first: str
    second: str
    shifts: list[Shift]
    squares: float  # of all arms in all scenarios, in units of the noise within the two
    df: int
    limit: float  # that chance keeps in 95 of 100 cases
    told: str  # the three in words

    @property
    def line(self) -> str:
        """agree: 35.5 of 28, within 41.3 (95% by chance)."""
        return f"{'agree' if self.squares <= self.limit else 'do NOT agree'}: {self.told}"
