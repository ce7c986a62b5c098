"""An image holds a stack and what it requires, and serves somebody who has only its folder."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STACKS = sorted(path.parent.name for path in ROOT.glob("*/gunicorn.conf.py"))
SETS = {"requirements.txt": "3.14", "requirements-paper.txt": "3.11"}
NOT_COPIED = {"README.md", "Dockerfile", ".dockerignore", "requirements.in", "__pycache__"}


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout.strip()


@pytest.fixture(scope="module", params=[(s, r) for s in STACKS for r in SETS], ids="-".join)
def image(docker_engine, request):
    stack, requirements = request.param
    name = f"test-{stack}:{requirements.removesuffix('.txt')}"
    options = (f"PYTHON={SETS[requirements]}", f"REQUIREMENTS={requirements}")
    docker("build", "--tag", name, *(f"--build-arg={o}" for o in options), str(ROOT / stack))
    yield stack, requirements, name
    docker("rmi", "--force", name)


def test_it_holds_the_stack_and_nothing_else(image):
    stack, _, name = image
    here = {p.relative_to(ROOT / stack) for p in (ROOT / stack).rglob("*") if p.is_file()}
    here = {str(p) for p in here if not NOT_COPIED & set(p.parts) and ".db" not in p.name}
    there = docker("run", "--rm", name, "find", ".", "-type", "f", "-printf", "%P\\n")
    assert {p for p in there.split("\n") if "__pycache__" not in p} == here


def test_it_installs_what_the_lock_names_and_nothing_else(image):
    stack, requirements, name = image
    base = set(packages(f"python:{SETS[requirements]}-slim"))
    locked = {
        line.split("==")[0]
        for line in (ROOT / stack / requirements).read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    installed = {package.lower().replace("_", "-") for package in set(packages(name)) - base}
    assert installed <= locked


def packages(image: str) -> list[str]:
    return [p["name"] for p in json.loads(docker("run", "--rm", image, *PIP_LIST))]


PIP_LIST = ("python", "-m", "pip", "--disable-pip-version-check", "list", "--format=json")


def test_it_serves_read_only_without_root_or_any_capability(image):
    _, _, name = image
    locked_up = (
        "--read-only",
        "--tmpfs=/tmp",
        "--cap-drop=ALL",
        "--mount=type=volume,target=/data",
    )
    with_port = ("--publish=127.0.0.1::8000",)
    container = docker("run", "--detach", *locked_up, *with_port, name)
    try:
        address = docker("port", container, "8000").splitlines()[0]
        assert answer(address, "/hello") == {"message": "Hello, World!"}
        docker("exec", container, "python", "seed.py", "1500")
        assert answer(address, "/items/1500")["id"] == 1500
        assert docker("exec", container, "id", "-u") != "0"
    finally:
        docker("rm", "--force", "--volumes", container)


def answer(address: str, path: str) -> dict:
    """What a path answers, once the app is there to answer."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as response:
                return json.load(response)
        except (OSError, urllib.error.URLError):
            assert time.monotonic() < deadline, f"{path} does not answer"
            time.sleep(0.1)
