"""Which part of Django makes its hello the slowest: Django, REST framework's view, or middleware?

Beside it Flask and an app without any framework, on the same worker.
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


def django(name: str, settings: str) -> Variant:
    return Variant(
        name,
        "django_drf",
        files=app("plain_urls")
        + app("plain_settings")
        + app("middleware_settings")
        + app("plain_middleware_settings"),
        variables={"DJANGO_SETTINGS_MODULE": settings},
    )


HELLO = Part(
    "hello",
    (
        Variant("raw_gthread", "flask_sqlite", files=app("raw_wsgi"), app="raw_wsgi:app"),
        Variant("flask", "flask_sqlite"),
        django("plain_view", "plain_settings"),
        django("drf_view", "config.settings"),
        django("plain_view_middleware", "plain_middleware_settings"),
        django("drf_view_middleware", "middleware_settings"),
    ),
    (Load("hello", 50, {"rounds": 8}),),
    sessions=8,
)


def times(name: str, slow: str, fast: str, other: float = 1.0) -> Contrast:
    return ratio(name, slow, fast, "hello", "hello", other=other)


def costs(name: str, more: str, less: str) -> Contrast:
    weights = {more: 1.0, less: -1.0}
    return Contrast(name, "hello", weights, "hello", scale="difference", other=0.0)


EXPERIMENT = Experiment(
    name="django",
    about=__doc__,
    sentence="This clearly demonstrates the higher overhead imposed by Django's architecture",
    says="Django itself takes much longer than Flask, whatever view and middleware it has",
    parts=(HELLO,),
    contrasts=(
        times("Django with REST framework by Flask", "drf_view", "flask"),
        times("Django with a plain view by Flask", "plain_view", "flask"),
        times(
            "Django with REST framework and default middleware by Flask",
            "drf_view_middleware",
            "flask",
        ),
        costs("Flask, by no framework", "flask", "raw_gthread"),
        costs("Django's plain view, by no framework", "plain_view", "raw_gthread"),
        costs("REST framework's view, by a plain one", "drf_view", "plain_view"),
        costs("default middleware, with a plain view", "plain_view_middleware", "plain_view"),
        costs("default middleware, with REST framework's view", "drf_view_middleware", "drf_view"),
    ),
    varied=(
        Varied("hello", "plain_view", "calls", at_least=1),
        Varied("hello", "drf_view", "calls", at_least=1),
        Varied("hello", "plain_view_middleware", "calls", at_least=1),
        Varied("hello", "drf_view_middleware", "calls", at_least=1),
        Varied("hello", "flask", "calls", at_least=1),
    ),
    found="With a plain view Django takes {1} as much CPU as Flask, with REST framework's view "
    "{0}, and with the middleware that startproject gives {2}.",
    survives="other middleware, or a session in the database, than what `startproject` gives",
)
