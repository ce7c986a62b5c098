"""What tests need of the machine, and may find absent."""

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
    items.sort(key=lambda item: item.path.parent.name != "e2e")
    for item in items:
        if item.path.parent.name == "e2e":
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=SPOILT))
