"""What of a person's shell reaches what is started: what is known to be needed, and no more."""

import os

import pytest

from bench.host.shell import keep_what_is_known, kept

NEEDED = (
    "PATH",
    "HOME",
    "HTTPS_PROXY",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_MINE_PASSWORD",
    "DOCKER_HOST",
)
HARMFUL = (
    *("K6_VUS", "GOMAXPROCS", "GODEBUG", "GOGC", "LOCUST_RUN_TIME", "PYTHONPATH", "PYTHONOPTIMIZE"),
    *("PGOPTIONS", "PGSSLMODE", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "PIP_TARGET", "GIT_DIR"),
    *(
        "MPLBACKEND",
        "MATPLOTLIBRC",
        "DOCKER_DEFAULT_PLATFORM",
        "BUILDX_BUILDER",
        "MALLOC_ARENA_MAX",
    ),
    *("LD_PRELOAD", "OPENSSL_CONF", "WEB_CONCURRENCY", "DATABASE_URL", "VIRTUAL_ENV", "UV_INDEXES"),
)


@pytest.fixture
def shell(monkeypatch):
    """A copy of the environment, with these in it."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in (*NEEDED, *HARMFUL):
        os.environ[name] = "something"


def test_what_is_needed_is_passed_on_and_nothing_else(shell):
    assert set(NEEDED) <= kept().keys()
    assert not set(HARMFUL) & kept().keys()


def test_the_rest_is_forgotten_in_this_process_too(shell):
    keep_what_is_known()
    assert dict(os.environ) == kept()
    assert not set(HARMFUL) & os.environ.keys()
