"""Is FastAPI's hello fast because it is asynchronous, or because of the server that it runs on?

Each framework, and an app without any, on its own worker, on a slower parser and loop, and on
Granian, which serves WSGI and ASGI alike: there framework stands against framework.
"""

from bench.arm import Settings
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

H11_ON_UVLOOP = """
from uvicorn_worker import UvicornWorker


class worker_class(UvicornWorker):
    CONFIG_KWARGS = {"loop": "uvloop", "http": "h11"}
"""
PLAIN = '\nworker_class = "uvicorn_worker.UvicornH11Worker"  # asyncio and h11\n'
GRANIAN = ("granian==2.5.7",)


def variant(name: str, stack: str, **more: object) -> Variant:
    packages = GRANIAN if "granian" in more else ()
    settings = Settings(requirements="paper", packages=packages)
    return Variant(name, stack, settings=settings, **more)  # type: ignore[arg-type]


FLASK, FASTAPI = "flask_sqlite", "fastapi_sqlite"
RAW_WSGI = {"files": app("raw_wsgi"), "app": "raw_wsgi:app"}
RAW_ASGI = {"files": app("raw_asgi"), "app": "raw_asgi:app"}
THREADED = {"files": app("hello_def"), "app": "hello_def:app"}

HELLO = Part(
    "hello",
    (
        variant("flask_gthread", FLASK),
        variant("flask_granian", FLASK, granian="wsgi"),
        variant("fastapi_uvloop_httptools", FASTAPI),
        variant("fastapi_uvloop_h11", FASTAPI, config=H11_ON_UVLOOP),
        variant("fastapi_asyncio_h11", FASTAPI, config=PLAIN),
        variant("fastapi_def", FASTAPI, **THREADED),
        variant("fastapi_granian", FASTAPI, granian="asgi"),
        variant("raw_gthread", FLASK, **RAW_WSGI),
        variant("raw_wsgi_granian", FLASK, **RAW_WSGI, granian="wsgi"),
        variant("raw_uvloop_httptools", FASTAPI, **RAW_ASGI),
        variant("raw_asyncio_h11", FASTAPI, **RAW_ASGI, config=PLAIN),
        variant("raw_asgi_granian", FASTAPI, **RAW_ASGI, granian="asgi"),
    ),
    (Load("hello", 50),),
    sessions=8,
)


def times(name: str, slow: str, fast: str, other: float = 1.0) -> Contrast:
    return ratio(name, slow, fast, "hello", "hello", other=other)


EXPERIMENT = Experiment(
    name="server",
    about=__doc__,
    sentence="Its asynchronous architecture enabled the handling of up to 4,783 requests per"
    " second",
    says="FastAPI takes half of Flask's CPU whatever parses the requests",
    parts=(HELLO,),
    contrasts=(
        times(
            "Flask by FastAPI, as both are deployed", "flask_gthread", "fastapi_uvloop_httptools"
        ),
        times("Flask by FastAPI on asyncio and h11", "flask_gthread", "fastapi_asyncio_h11", 2.0),
        times(
            "the same FastAPI: asyncio and h11 by uvloop and httptools",
            "fastapi_asyncio_h11",
            "fastapi_uvloop_httptools",
        ),
        times(
            "of that the parser: h11 by httptools, on uvloop",
            "fastapi_uvloop_h11",
            "fastapi_uvloop_httptools",
        ),
        times(
            "and the loop: asyncio by uvloop, with h11", "fastapi_asyncio_h11", "fastapi_uvloop_h11"
        ),
        times("two hops to a thread: def by async def", "fastapi_def", "fastapi_uvloop_httptools"),
        times(
            "framework against framework: Flask by FastAPI, on Granian",
            "flask_granian",
            "fastapi_granian",
        ),
        times("Flask: gthread by Granian", "flask_gthread", "flask_granian"),
        times(
            "no framework: WSGI on gthread by ASGI on uvloop and httptools",
            "raw_gthread",
            "raw_uvloop_httptools",
        ),
        times("no framework: WSGI by ASGI, on Granian", "raw_wsgi_granian", "raw_asgi_granian"),
    ),
    varied=(
        Varied("hello", "fastapi_uvloop_httptools", "uvloop", at_least=1),
        Varied("hello", "fastapi_uvloop_httptools", "httptools", at_least=1),
        Varied("hello", "fastapi_uvloop_h11", "uvloop", at_least=1),
        Varied("hello", "fastapi_uvloop_h11", "httptools", at_most=0),
        Varied("hello", "fastapi_asyncio_h11", "uvloop", at_most=0),
        Varied("hello", "fastapi_asyncio_h11", "httptools", at_most=0),
        Varied("hello", "fastapi_uvloop_httptools", "hops", at_most=0),
        Varied("hello", "fastapi_def", "hops", at_least=2, at_most=2),
        Varied("hello", "flask_granian", "granian", at_least=1),
        Varied("hello", "fastapi_granian", "granian", at_least=1),
        Varied("hello", "flask_gthread", "granian", at_most=0),
    ),
    found="As both are deployed, Flask takes {0} as much CPU for a hello as FastAPI; with "
    "FastAPI on asyncio and h11, in place of uvloop and httptools, {1}. Without any "
    "framework, both on Granian, WSGI takes {9} as much as ASGI.",
    survives="an app that waits for something in each request; hello waits for nothing",
)
