"""What tests need of the machine, and may find absent."""

import subprocess

import pytest


@pytest.fixture(scope="session")
def docker_engine():
    """A Docker engine that answers; a test that needs one is skipped where there is none."""
    try:
        said = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no docker program")
    if said.returncode:
        pytest.skip("no Docker engine answers")
