"""What several tests of the bench stand on: reports of made-up campaigns, services that answer."""

import threading

import pytest
from synthetic import STACKS, campaign, noisy

from bench.arm import CONTROLS
from bench.keep.selection import select_campaigns

# One stack is by far the fastest, one by far the slowest, and the three others are equal.
FACTORS = {
    "django_drf": 3.0,
    "fastapi_sqlalchemy": 1.5,
    "fastapi_sqlite": 1.0,
    "flask_sqlalchemy": 1.5,
    "flask_sqlite": 1.5,
}


def reported(*folders):
    from bench.answer.report import Report  # a test of what is kept needs no answer

    return Report(select_campaigns(folders))


@pytest.fixture
def report_of(tmp_path):
    """Make a campaign up, as synthetic.campaign is told to, and report of it."""

    def report_of(*arguments, **options):
        results = tmp_path / "results"
        name = str(len(list(results.glob("*"))))
        return reported(campaign(results, name, *arguments, **options))

    return report_of


@pytest.fixture
def together(tmp_path):
    """Report of a campaign of each of these arms by itself, put together."""

    def together(*arms, **options):
        return reported(*(campaign(tmp_path / "parts", arm, [arm], **options) for arm in arms))

    return together


@pytest.fixture
def lost():
    """Measurements that no session gives: all of one stack in one scenario, and one of another."""
    return {("django_drf", block, "get") for block in (1, 2, 3)} | {("flask_sqlite", 3, "get")}


@pytest.fixture
def report(report_of, lost):
    """Three sessions of 2, 4 and 6 ms, some of them lost."""
    return report_of(STACKS, sessions=3, invalid=lost)


@pytest.fixture(scope="session")
def compared(tmp_path_factory):
    """Five sessions with noise, and the controls."""
    ms = noisy(sd=0.01, **FACTORS, control_same=1.5, control_dosed=1.65)
    options = {"sessions": 5, "controls": CONTROLS, "ms": ms, "dose_s": 5.7e-6}
    return reported(campaign(tmp_path_factory.mktemp("results"), "1", STACKS, **options))


@pytest.fixture
def result():
    """An arm's result in a scenario."""

    def result(report, arm, scenario):
        return next(r for r in report.results if (r.arm, r.scenario) == (arm, scenario))

    return result


@pytest.fixture
def serving():
    """Let a service's server answer until the test has ended."""
    running = []

    def serving(service):
        thread = threading.Thread(target=service.server.serve_forever, args=[0.01])
        thread.start()
        running.append((service.server, thread))
        return service

    yield serving
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
