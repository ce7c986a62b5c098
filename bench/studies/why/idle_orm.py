"""What does an ORM cost a route that never uses it?

Exactly counted first, since 1 % takes hundreds of sessions to be timed: calls, collections and
statements of a hello. Then timed, with two equal arms beside, step by step: nothing, an import, an
engine with its models, a session that the route opens, a session by dependency or by extension.
"""

from collections.abc import Iterator
from itertools import product

from bench.studies.experiment.experiment import (
    Contrast,
    Experiment,
    Load,
    Part,
    Variant,
    Varied,
    ratio,
)
from bench.studies.why import app

LEVELS = ("nothing", "import", "engine", "session", "given")


def levels(framework: str) -> tuple[Variant, ...]:
    def variant(name: str, level: str) -> Variant:
        return Variant(
            f"{framework}_{name}",
            f"{framework}_sqlalchemy",
            files=app(f"idle_{framework}"),
            app=f"idle_{framework}:app",
            variables={"LEVEL": level},
        )

    return (*(variant(level, level) for level in LEVELS), variant("nothing_again", "nothing"))


THEIRS = 1.08  # the paper's, of an ORM that is only there
UNUSED = ("import", "engine")
FRAMEWORKS = {
    "fastapi": "a session by Depends",
    "flask": "the extension, which looks for a session after every request",
}
HELLO = Part(
    "hello",
    tuple(variant for framework in FRAMEWORKS for variant in levels(framework)),
    (Load("hello", 50, {"rounds": 4}),),
    sessions=20,
)


def steps(framework: str) -> Iterator[Contrast]:
    names = {
        "nothing_again": "A/A: the same again",
        "import": "an import",
        "engine": "an engine and its models",
        "session": "a session in the route",
        "given": FRAMEWORKS[framework],
    }
    for level, name in names.items():
        said = f"{framework}: {name}, by nothing"
        arms = f"{framework}_{level}", f"{framework}_nothing"
        yield ratio(said, *arms, "hello", "hello", other=THEIRS if level in UNUSED else 1.0)


EXPERIMENT = Experiment(
    name="idle_orm",
    about=__doc__,
    sentence="simply including an ORM in the application may introduce measurable overhead - even"
    " in endpoints returning static or near-static JSON responses",
    says="a hello takes 1.08 times as long with an ORM that is only there",
    parts=(HELLO,),
    contrasts=(*steps("fastapi"), *steps("flask")),
    varied=tuple(
        varied
        for framework, level in product(FRAMEWORKS, LEVELS)
        for varied in (
            Varied("hello", f"{framework}_{level}", "selects", at_most=0),
            Varied("hello", f"{framework}_{level}", "collections"),
            Varied("hello", f"{framework}_{level}", "hops"),
            Varied("hello", f"{framework}_{level}", "calls", at_least=1),
        )
    ),
    found="An engine with its models changes FastAPI's hello to {2}, equal arms differ by {0}. "
    "A session that the route opens makes it {3}, one by Depends {4}: that one is two "
    "hops to a thread.",
    survives="an app that opens a session for every request, as many tutorials do: that costs",
)
