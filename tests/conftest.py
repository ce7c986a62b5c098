"""What tests need of the machine, and may find absent; in which order and by whom they are run."""

import re
import signal
import subprocess

import pytest

# A shell starts background jobs deaf to SIGINT, and children inherit that: here they hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def docker_engine():
    """A Docker engine that answers; a test that needs one is skipped where there is none."""
    try:
        said = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no docker program")
    if said.returncode:
        pytest.skip("no Docker engine answers")


# What the bench says of a measurement that somebody else's work has spoilt; pytest cuts long texts.
SPOILT = r"\binvali|no-result|is degraded"


def pytest_collection_modifyitems(items):
    """Tests from end to end come first: with several workers the longest must not be last.

    They measure on real parts: one that fails by a measurement that does not count is run once
    more, and named at the end. What is wrong is so twice; any other failure is final.
    """
    order = {"e2e": 0, "contract": 1}
    items.sort(key=lambda item: order.get(item.path.parent.name, 2))
    for item in items:
        if item.path.parent.name == "e2e":
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=SPOILT))


# How the id of a test of the contract names the stack that is served for it.
SERVED = re.compile(r"[\[-](\w+-(?:today|paper)(?:-postgresql)?)[\]-]")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, which may be absent
def pytest_xdist_make_scheduler(config, log):
    """A worker gets all tests of a file: what one has measured, the others look at.

    Of the contract it gets all tests of a served stack, whose start costs more than they do.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByWhatTheyShare(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            if "/contract/" not in file:
                return file
            served = SERVED.search(nodeid)
            return served[1] if served else nodeid

    return ByWhatTheyShare(config, log)
