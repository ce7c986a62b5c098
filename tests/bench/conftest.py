"""What several tests of the bench stand on: reports of made-up campaigns, services that answer."""

import threading

import pytest
from synthetic import STACKS, campaign, noisy

from bench.answer.report import Report
from bench.keep.store import read_campaign
from bench.serve.stacks import CONTROLS

# One stack is by far the fastest, one by far the slowest, and the three others are equal.
FACTORS = {
    "django_drf": 3.0,
    "fastapi_sqlalchemy": 1.5,
    "fastapi_sqlite": 1.0,
    "flask_sqlalchemy": 1.5,
    "flask_sqlite": 1.5,
}


@pytest.fixture
def report_of(tmp_path):
    """Make a campaign up, as synthetic.campaign is told to, and report of it."""

    def report_of(*arguments, interleaved=True, **options):
        results = tmp_path / "results"
        name = str(len(list(results.glob("*"))))
        return Report(read_campaign(campaign(results, name, *arguments, **options))[1], interleaved)

    return report_of


@pytest.fixture
def lost():
    """Measurements that no attempt gives: all of one stack in one scenario, and one of another."""
    return {("django_drf", run, "get") for run in (1, 2, 3)} | {("flask_sqlite", 3, "get")}


@pytest.fixture
def report(report_of, lost):
    """Three runs of 2, 4 and 6 ms, some of them lost."""
    return report_of(STACKS, runs=3, invalid=lost)


@pytest.fixture(scope="session")
def compared(tmp_path_factory):
    """Five runs with noise, and the control arms."""
    ms = noisy(sd=0.01, **FACTORS, control_same=1.5, control_dosed=1.65)
    options = {"runs": 5, "controls": CONTROLS, "ms": ms, "dose_s": 5.7e-6}
    folder = campaign(tmp_path_factory.mktemp("results"), "1", STACKS, **options)
    return Report(read_campaign(folder)[1])


@pytest.fixture
def result():
    """A stack's result in a scenario."""

    def result(report, stack, scenario):
        return next(r for r in report.results if (r.stack, r.scenario) == (stack, scenario))

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
