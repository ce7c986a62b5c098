"""What an experiment is: variants of a stack, under a load, and what is compared of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.arm import Settings

PAPERS = Settings(requirements="paper")  # the versions whose sentences are judged
TODAYS = Settings()


@dataclass(frozen=True)
class Variant:
    """An arm: a copy of a stack, with what differs."""

    name: str
    stack: str
    files: tuple[Path, ...] = ()  # of ours, put beside the stack's own
    app: str | None = None  # what is served in place of the stack's: module:name
    variables: Mapping[str, str] = field(default_factory=dict)  # what the app of ours looks at
    config: str = ""  # lines at the end of Gunicorn's configuration
    preload: Path | None = None  # a file in C, whose functions stand before the system's
    granian: Literal["wsgi", "asgi"] | None = None  # the server in place of Gunicorn
    settings: Settings = PAPERS
    forgiven: frozenset[str] = frozenset()  # problems that it is bound to have, by code


@dataclass(frozen=True)
class Load:
    """A scenario of k6, by so many users; what is not said of its turns is as in `standard`."""

    scenario: str
    users: int
    turns: Mapping[str, int] = field(default_factory=dict)
    name: str = ""  # where a part has the scenario several times
    sql: str = ""  # what the database of each arm is told before it, where that is PostgreSQL

    @property
    def label(self) -> str:
        return self.name or self.scenario


@dataclass(frozen=True)
class Part:
    """Variants that take turns under these loads, session after session."""

    name: str
    variants: Sequence[Variant]
    loads: Sequence[Load]
    sessions: int
    reseed: Sequence[str] = ()  # scenarios that would find what a warm-up left


@dataclass(frozen=True)
class Contrast:
    """One number of the table: variants against variants, from session to session.

    weights add up to 0. A ratio is that of (geometric) means, a difference one of the values.
    """

    name: str
    part: str
    weights: Mapping[str, float]  # by variant
    load: str  # its label
    what: str = "cpu_us"  # of what is measured: see measuring.MEASURED
    scale: Literal["ratio", "difference"] = "ratio"
    other: float = 1.0  # what the other explanation would give: 1 or 0 where there is no effect


@dataclass(frozen=True)
class Varied:
    """What an experiment varies did vary: a count of a variant, and within which bounds it lies."""

    part: str
    variant: str
    what: str  # counted by counting.py
    at_least: float = 0.0
    at_most: float = float("inf")
    load: str = ""  # its label, where it is not the first of its part


# One session of a part: µs of CPU a request, by variant and label of a load.
Trial = Callable[[Part], Mapping[tuple[str, str], float]]


@dataclass(frozen=True)
class Experiment:
    """A cause that is named, and how it is judged."""

    name: str
    about: str | None  # a question, then how it is answered: what the file says of itself
    sentence: str  # that it judges, as it was said
    says: str  # what the sentence would make of the numbers
    parts: Sequence[Part]
    contrasts: Sequence[Contrast]
    varied: Sequence[Varied]
    survives: str  # which explanation the numbers would still allow
    found: str = ""  # in a sentence or two: {0} stands for the number of the first contrast
    applied: Sequence[str] = ()  # contrasts without which what is varied was not: by their names
    # Where what is varied is a share of what a request costs here: the parts, from a trial.
    dosed: Callable[[Trial], Sequence[Part]] | None = None
    engine: Literal["local", "auto"] = "local"  # auto: where no server or library is varied
    postgres: Sequence[str] = ()  # settings of each arm's own PostgreSQL


def title_and_text(experiment: Experiment) -> tuple[str, str]:
    """The question, and the rest of what an experiment says of itself."""
    title, _, rest = (experiment.about or experiment.name).partition("\n\n")
    return " ".join(title.split()), " ".join(rest.split())


def ratio(name: str, slow: str, fast: str, part: str, load: str, **more: object) -> Contrast:
    """How many times as much the one takes as the other."""
    return Contrast(name, part, {slow: 1.0, fast: -1.0}, load, **more)  # type: ignore[arg-type]
