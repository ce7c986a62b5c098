"""Locust as compose.yaml starts it: a master with its page, workers, and the app's own count."""

import os
import re
import subprocess
import time

import httpx2
import pytest

from bench import ROOT

USERS, WORKERS, ENOUGH = 8, 4, 60
SECONDS = 60  # until workers have found their master, or users have asked enough
# Of a request that is not the health check's, which says no User-Agent.
ASKED = re.compile(r'"[A-Z]+ /items/\S* HTTP/1\.1" \d+ .* "(?!-")[^"]+"$', re.M)


class Swarm:
    """flask_sqlite, which logs each request, and a Locust of compose.yaml's profile `load`."""

    def __init__(self, folder):
        # Beside compose.yaml, of which nothing else changes.
        self.logging = folder / "logging.yaml"
        arguments = "--bind=0.0.0.0:8000 --access-logfile=-"
        self.logging.write_text(
            f'services: {{flask_sqlite: {{environment: {{GUNICORN_CMD_ARGS: "{arguments}"}}}}}}'
        )

    def compose(self, *arguments):
        done = subprocess.run(
            ["docker", "compose", "-f", ROOT / "compose.yaml", "-f", self.logging, *arguments],
            env=os.environ
            | {"COMPOSE_PROJECT_NAME": f"test-locust-{os.getpid()}", "STACK": "flask_sqlite"}
            | {"FLASK_SQLITE_PORT": "0", "LOCUST_PORT": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout

    def ask(self, method, path, **request):
        page = self.compose("--profile", "load", "port", "locust_master", "8089").strip()
        return httpx2.request(method, f"http://{page}{path}", timeout=30, **request)

    def wait_until(self, holds):
        """Give what the master tells once this holds of it."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                told = self.ask("GET", "/stats/requests").json()
                if holds(told):
                    return told
            except httpx2.TransportError:
                told = "it does not answer"
            assert time.monotonic() < deadline, shown(told)
            time.sleep(0.2)


@pytest.fixture
def swarm(docker_engine, tmp_path):
    said = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if said.returncode:
        pytest.skip("docker has no compose plugin")
    swarm = Swarm(tmp_path)
    up = ("up", "--detach", "--build", "--wait", "--wait-timeout=300")
    try:
        swarm.compose(*up, "flask_sqlite")
        scale = f"--scale=locust_worker={WORKERS}"
        swarm.compose("--profile", "load", *up, scale, "locust_master", "locust_worker")
        yield swarm
    finally:
        down = ("down", "--volumes", "--remove-orphans", "--rmi=local", "--timeout=2")
        swarm.compose("--profile", "load", *down)


def test_four_workers_count_what_the_app_counts_to_one_request_a_user(swarm):
    swarm.wait_until(lambda told: len(told["workers"]) == WORKERS)
    begun = swarm.ask("POST", "/swarm", data={"user_count": USERS, "spawn_rate": USERS})
    assert begun.json()["success"], begun.text
    swarm.wait_until(lambda told: total(told)["num_requests"] >= ENOUGH)
    assert swarm.ask("POST", "/stop").json()["success"]
    told = swarm.wait_until(lambda told: told["state"] == "stopped")
    asked = len(ASKED.findall(swarm.compose("logs", "--no-log-prefix", "flask_sqlite")))
    assert {worker["state"] for worker in told["workers"]} == {"ready"}
    assert total(told)["num_failures"] == 0
    assert 0 <= asked - total(told)["num_requests"] <= USERS


def test_the_page_is_for_this_machine_alone(swarm):
    page = swarm.compose("--profile", "load", "port", "locust_master", "8089")
    assert page.startswith("127.0.0.1:")
    swarm.wait_until(lambda told: True)  # that it is up is not yet that it listens
    assert swarm.ask("GET", "/").status_code == 200


def shown(told):
    return told if isinstance(told, str) else {key: told[key] for key in ("state", "workers")}


def total(told):
    return next(one for one in told["stats"] if one["name"] == "Aggregated")
