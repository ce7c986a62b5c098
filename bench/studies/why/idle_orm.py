"""What does an ORM cost a route that never uses it?

Exactly counted first, since 1 % takes hundreds of sessions to be timed: calls, collections and
statements of a hello. Then timed, with two equal arms beside, step by step: nothing, an import, an
engine with its models, a session that the route opens, a session by dependency or by extension.
"""

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
SESSIONS = 20


def part(framework: str) -> Part:
    def level(name: str, level: str) -> Variant:
        return Variant(
            name,
            f"{framework}_sqlalchemy",
            files=app(f"idle_{framework}"),
            app=f"idle_{framework}:app",
            variables={"LEVEL": level},
        )

    variants = [level(name, name) for name in LEVELS] + [level("nothing_again", "nothing")]
    return Part(framework, variants, (Load("hello", 50, {"rounds": 8}),), SESSIONS)


FASTAPI, FLASK = part("fastapi"), part("flask")


def steps(of: Part, given: str) -> tuple[Contrast, ...]:
    names = {
        "nothing_again": "A/A: the same again",
        "import": "an import",
        "engine": "an engine and its models",
        "session": "a session in the route",
        "given": given,
    }
    return tuple(
        ratio(f"{of.name}: {name}, by nothing", level, "nothing", of.name, "hello")
        for level, name in names.items()
    )


EXPERIMENT = Experiment(
    name="idle_orm",
    about=__doc__,
    sentence="simply including an ORM in the application may introduce measurable overhead - even"
    " in endpoints returning static or near-static JSON responses",
    says="a hello takes 1.08 times as long with an ORM that is only there",
    parts=(FASTAPI, FLASK),
    contrasts=(
        *steps(FASTAPI, "a session by Depends"),
        *steps(FLASK, "the extension, which looks for a session after every request"),
    ),
    varied=tuple(
        varied
        for of in ("fastapi", "flask")
        for varied in (
            Varied(of, "nothing", "selects", at_most=0),
            Varied(of, "import", "selects", at_most=0),
            Varied(of, "engine", "selects", at_most=0),
            Varied(of, "session", "selects", at_most=0),
            Varied(of, "given", "selects", at_most=0),
            *(Varied(of, level, "calls", at_least=1) for level in LEVELS),
            *(Varied(of, level, "collections") for level in LEVELS),
        )
    ),
    survives="an app that opens a session for every request, as many tutorials do: that costs",
)
