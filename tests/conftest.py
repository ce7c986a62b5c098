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


@pytest.hookimpl(tryfirst=True)  # pytest-xdist looks at the marks in a hook of its own
def pytest_collection_modifyitems(items):
    """A worker runs a file of these as a whole: what it has measured once, all its tests look at.

    Those from end to end take longest and come first. Two files remove images, which may be the
    same one under two names: they have one worker.
    """
    for item in items:
        if item.path.parent.name in ("e2e", "bench"):
            name = item.path.stem.replace("test_compose", "test_images")
            item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: item.path.parent.name != "e2e")
