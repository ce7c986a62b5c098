"""compose.yaml on a real engine: what it publishes, serves, keeps, and does without a database."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[2]
STACKS = sorted(path.parent.name for path in ROOT.glob("*/gunicorn.conf.py"))
ON_POSTGRES = ["django_drf", "fastapi_sqlalchemy", "flask_sqlalchemy"]
PORTS = [f"{stack.upper()}_PORT" for stack in STACKS]
LAMP = {"name": "Lamp", "description": "It shines", "price": 12.5, "in_stock": True}
SECONDS = 60  # until an app answers that was started, or whose database was


class Project:
    """The services of compose.yaml, with containers, volumes and ports that nobody else has."""

    name = f"test-compose-{os.getpid()}"

    def compose(self, *arguments: str) -> str:
        done = subprocess.run(
            ["docker", "compose", "--file", str(ROOT / "compose.yaml"), *arguments],
            env=os.environ | {"COMPOSE_PROJECT_NAME": self.name} | dict.fromkeys(PORTS, "0"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout

    def up(self, *options: str) -> None:
        self.compose("up", "--detach", "--wait", "--wait-timeout=300", *options)

    def url(self, stack: str) -> str:
        """Where a stack is served; a free port, another one after each start."""
        return f"http://{self.compose('port', stack, '8000').strip()}"

    def ask(self, method: str, stack: str, path: str, **request) -> httpx2.Response:
        return httpx2.request(method, self.url(stack) + path, timeout=60, **request)

    def wait_until_answered(self, stack: str, path: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not self.answers(stack, path):
            assert time.monotonic() < deadline, f"{stack}: {path} is not answered"
            time.sleep(0.2)

    def answers(self, stack: str, path: str) -> bool:
        try:
            return self.ask("GET", stack, path).status_code == 200
        except httpx2.TransportError:
            return False

    def state(self, service: str) -> dict:
        return json.loads(self.compose("ps", "--all", "--format=json", service))


@pytest.fixture(scope="module")
def compose_plugin(docker_engine):
    said = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if said.returncode:
        pytest.skip("docker has no compose plugin")


@pytest.fixture(scope="module")
def config(compose_plugin):
    """The file as compose reads it, where nobody has set a port."""
    environment = {name: value for name, value in os.environ.items() if name not in PORTS}
    done = subprocess.run(
        ["docker", "compose", "--env-file", os.devnull, "config", "--format=json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)["services"]


@pytest.fixture(scope="module")
def project(compose_plugin):
    """All five, healthy; whatever happens, nothing of them is left."""
    here = ["docker", "image", "inspect", "postgres:17"]
    pull = ["docker", "pull", "--quiet", "postgres:17"]
    if all(subprocess.run(c, capture_output=True, check=False).returncode for c in (here, pull)):
        pytest.skip("the image postgres:17 is not here and cannot be pulled")
    project = Project()
    try:
        project.up("--build")
        yield project
    finally:
        project.compose("down", "--volumes", "--remove-orphans", "--rmi=local", "--timeout=2")


# What the file says


def test_each_stack_has_a_service_and_each_with_an_orm_a_database(config):
    assert sorted(config) == sorted(STACKS + [f"{stack}_db" for stack in ON_POSTGRES])


def test_only_the_stacks_are_published_and_only_on_loopback(config):
    published = {
        (name, port.get("host_ip"), int(port["published"]))
        for name, service in config.items()
        for port in service.get("ports", [])
    }
    assert published == {(s, "127.0.0.1", 8001 + n) for n, s in enumerate(STACKS)}


@pytest.mark.parametrize("stack", ON_POSTGRES)
def test_an_app_is_started_when_its_database_is_healthy(config, stack):
    (database,) = config[stack]["depends_on"]
    assert f"@{database}/" in config[stack]["environment"]["DATABASE_URL"]
    assert config[stack]["depends_on"][database]["condition"] == "service_healthy"
    assert "healthcheck" in config[database]


# What it does


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_healthy_and_serves_the_items_it_was_seeded_with(project, stack):
    assert project.state(stack)["Health"] == "healthy"
    assert project.ask("GET", stack, "/items/1").json()["name"] == "Item 1"
    assert len(project.ask("GET", stack, "/items/").json()) == 1500


@pytest.mark.parametrize("stack", ON_POSTGRES)
def test_without_its_database_an_app_says_so_and_recovers_by_itself(project, stack):
    app = project.state(stack)["ID"]
    started = inspect(app, "{{.State.StartedAt}}")
    project.compose("stop", "--timeout=2", f"{stack}_db")
    answer = project.ask("GET", stack, "/items/1")
    assert 500 <= answer.status_code < 600
    assert isinstance(answer.json(), dict)
    project.compose("start", f"{stack}_db")
    project.wait_until_answered(stack, "/items/1")
    assert inspect(app, "{{.State.StartedAt}}") == started


@pytest.mark.parametrize("stack", ON_POSTGRES)
def test_a_database_that_cannot_be_reached_is_given_up(project, stack):
    """It does not end connections, as one that stops does: without a limit they wait for ever."""
    for _ in range(10):
        assert project.ask("GET", stack, "/items/1").status_code == 200  # its connections are kept
    network, name = f"{project.name}_default", f"{stack}_db"
    database = project.state(name)["ID"]
    docker("network", "disconnect", "--force", network, database)
    try:
        answer = project.ask("GET", stack, "/items/1")
    finally:
        docker("network", "connect", f"--alias={name}", network, database)
    assert 500 <= answer.status_code < 600
    assert isinstance(answer.json(), dict)
    project.wait_until_answered(stack, "/items/1")


def test_the_script_finds_every_answer_right(project, tmp_path):
    out = tmp_path / "out.json"
    url = project.url("fastapi_sqlalchemy")
    script = [sys.executable, ROOT / "lifecycle.py", url, "--items=50", f"--out={out}"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    phases = json.loads(out.read_text())["phases"]
    assert {(phase["requests"], phase["failed"]) for phase in phases} == {(50, 0)}


def test_locust_counts_no_failure(project):
    url = project.url("django_drf")
    locust = [sys.executable, "-m", "locust", "-f", ROOT / "locust" / "locustfile.py", "ItemUser"]
    options = ["--headless", "--json", "-u", "10", "-r", "10", "-t", "5s", "-H", url]
    done = subprocess.run([*locust, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout)
    assert sum(route["num_requests"] for route in counted) > 0
    assert sum(route["num_failures"] for route in counted) == 0


# The last one: it deletes an item, also to see that no health check depends on it.
def test_items_survive_stop_and_start_and_down_and_up(project):
    created = {}
    for stack in STACKS:
        created[stack] = project.ask("POST", stack, "/items/", json=LAMP).json()
        assert project.ask("DELETE", stack, "/items/1").status_code == 204

    project.compose("stop", "--timeout=3")
    project.compose("start")
    assert_kept(project, created)

    project.compose("down", "--timeout=3")
    project.up()
    assert_kept(project, created)


def assert_kept(project: Project, created: dict[str, dict]) -> None:
    for stack, item in created.items():
        path = f"/items/{item['id']}"
        project.wait_until_answered(stack, "/hello")
        assert project.ask("GET", stack, path).json() == item
        assert project.ask("GET", stack, "/items/1").status_code == 404  # not seeded again


def inspect(container: str, what: str) -> str:
    return docker("inspect", "--format", what, container)


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True)
    return done.stdout
