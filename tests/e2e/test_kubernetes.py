"""deploy/kubernetes on a real cluster: what it serves, what it refuses, survives and leaves.

Images are built by Docker and brought to the nodes by LOAD_IMAGE, a command that is given their
names: `kind load docker-image` is one.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from bench import ROOT, Mistake
from bench.measure.k6 import find_k6
from bench.measure.profile import load_profile
from bench.scale.cluster import Cluster
from bench.scale.measuring import Staged, forwarded, measure, seed
from bench.scale.scaling import named, serve
from bench.scale.stage import MANIFESTS, MARK, apply, leftovers, own_namespace, wait_until_ready

STACKS = sorted(path.name for path in (MANIFESTS / "stacks").iterdir())
ON_POSTGRES = [stack for stack in STACKS if not stack.endswith("_sqlite")]
K6 = "k6:local"


def run(*command, **more):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **more
    )


@pytest.fixture(scope="session")
def context(docker_engine):
    """kubectl's current context, of a cluster that answers and to which images can be brought."""
    if not shutil.which("kubectl"):
        pytest.skip("there is no kubectl")
    if run("kubectl", "version", "--request-timeout=5s").returncode:
        pytest.skip("no Kubernetes cluster answers")
    if not os.environ.get("LOAD_IMAGE"):
        pytest.skip("LOAD_IMAGE names no command that brings images to the cluster")
    return run("kubectl", "config", "current-context").stdout.strip()


def bring(image, folder):
    """Build it, and bring it to the nodes."""
    built = run("docker", "build", "--tag", image, folder)
    assert built.returncode == 0, built.stderr
    brought = run(*shlex.split(os.environ["LOAD_IMAGE"]), image)
    assert brought.returncode == 0, brought.stderr


@pytest.fixture(scope="session")
def images(context, tmp_path_factory):
    """The stacks', and one of the k6 that is here: to build it takes minutes."""
    for stack in STACKS:
        bring(f"{stack}:local", ROOT / stack)
    folder = tmp_path_factory.mktemp("k6")
    shutil.copy(find_k6().path, folder / "k6")
    final = (ROOT / "k6" / "Dockerfile").read_text().partition("FROM scratch")[2]
    (folder / "Dockerfile").write_text(f"FROM scratch{final.replace('--from=build /k6', 'k6')}")
    bring(K6, folder)


@contextmanager
def staged(context, images, stack, replicas=1):
    """A stack in a namespace of its own, with its rows."""
    cluster = Cluster(context, f"test-{os.getpid()}-{stack}".replace("_", "-"))
    with own_namespace(cluster):
        has_database = serve(cluster, stack, f"{stack}:local")
        cluster.ask("scale", "deployment/app", f"--replicas={replicas}")
        wait_until_ready(cluster, "app", replicas)
        profile = load_profile("quick")
        of = Staged(cluster, profile, replicas, has_database, 2, named(K6))
        seed(of)
        yield of


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_serves_all_scenarios_through_its_service(context, images, stack):
    with staged(context, images, stack) as of:
        for scenario in of.profile.scenarios:
            if scenario.name in of.profile.reseed:
                seed(of)
            found = measure(of, scenario)
            assert found.measurement.counts, (scenario.name, found.measurement.problems)
            assert found.per_s > 0 and found.measurement.load.failed == 0
            assert found.apart_s is None or found.apart_s < 1


@pytest.mark.parametrize("stack", ON_POSTGRES)
def test_replicas_that_start_at_once_make_the_table_once(context, images, stack):
    cluster = Cluster(context, f"test-{os.getpid()}-once")
    with own_namespace(cluster):
        changes = {
            "images": [{"name": stack, **named(f"{stack}:local")}],
            "replicas": [{"name": "app", "count": 4}],
        }
        apply(cluster, f"stacks/{stack}", changes)
        wait_until_ready(cluster, "app", 4)
        asked = "SELECT count(*), min(id), max(id) FROM items"
        told = cluster.run_in("database-0", "psql", "-tA", "-U", "items", "-c", asked)
        assert told.strip() == "1500|1|1500"


def test_a_rolling_update_under_load_loses_no_request(context, images):
    with staged(context, images, "flask_sqlalchemy", replicas=2) as of:
        get = next(one for one in of.profile.scenarios if one.name == "get")
        rolled = threading.Timer(11, of.cluster.ask, ("rollout", "restart", "deployment/app"))
        rolled.start()
        found = measure(of, get)
        rolled.join()
        of.cluster.ask("rollout", "status", "deployment/app", seconds=180)
        load = found.measurement.load
        assert (load.failed, load.requests > 100) == (0, True)


def test_a_pod_that_is_killed_under_load_is_named_and_the_rest_goes_on(context, images):
    with staged(context, images, "flask_sqlalchemy", replicas=2) as of:
        get = next(one for one in of.profile.scenarios if one.name == "get")
        name = of.cluster.pods("app")[0]["metadata"]["name"]
        kill = ("delete", "pod", name, "--grace-period=0", "--force")
        killed = threading.Timer(11, of.cluster.ask, kill)
        killed.start()
        found = measure(of, get)
        killed.join()
        codes = {problem.code for problem in found.measurement.problems}
        assert "pod-lost" in codes and not found.measurement.counts
        wait_until_ready(of.cluster, "app", 2)
        assert measure(of, get).measurement.counts


def test_a_service_is_reached_from_here_and_what_is_not_there_is_one_line(context, images):
    cluster = Cluster(context, f"test-{os.getpid()}-empty")
    with own_namespace(cluster), pytest.raises(Mistake, match="cannot be reached"):
        with forwarded(cluster):
            pass


def scale(context, *more):
    command = [sys.executable, "-m", "bench", "scale", "flask_sqlalchemy"]
    command += ["--kube-context", context, "--profile", "quick", "--scenarios", "get"]
    return [*command, "--replicas", "1", "--load-pods", "1", *map(str, more)]


def test_an_image_that_nodes_cannot_have_is_one_line_and_nothing_is_left(context, images, tmp_path):
    out = tmp_path / "out"
    done = run(*scale(context, "--image", "nowhere.invalid/none:1", "--out", out), cwd=ROOT)
    assert done.returncode == 2
    assert "cannot start: Err" in done.stderr and done.stderr.count("\n") == 1
    assert leftovers(Cluster(context, "default")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_nothing_or_what_clean_removes(
    context, images, tmp_path, number
):
    cluster = Cluster(context, "default")
    process = subprocess.Popen(
        scale(context, "--out", tmp_path / "out"), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if "session 1 of 3" in line:
            break
    process.send_signal(number)
    process.communicate(timeout=180)
    if number == signal.SIGKILL:
        again = run(*scale(context, "--out", tmp_path / "again"), cwd=ROOT)
        assert again.returncode == 2 and "--clean removes it" in again.stderr
        foreign = {"metadata": {"name": f"foreign-{os.getpid()}"}}
        about = {"apiVersion": "v1", "kind": "Namespace", **foreign}
        cluster.ask("create", "--filename", "-", given=json.dumps(about))
        cleaned = run(*scale(context, "--clean"), cwd=ROOT)
        assert cleaned.stdout == "removed: measured-flask-sqlalchemy\n"
        cluster.ask("delete", "namespace", foreign["metadata"]["name"])  # it is still there
    assert cluster.read("namespaces", "--selector", MARK)["items"] == []


def test_a_testrun_is_accepted_and_a_wrong_field_refused(context, images):
    if "testruns.k6.io" not in run("kubectl", "get", "crd", "-o", "name").stdout:
        pytest.skip("the cluster does not know k6-operator's TestRun")
    cluster = Cluster(context, f"test-{os.getpid()}-testrun")
    with own_namespace(cluster):
        made = cluster.ask("kustomize", str(MANIFESTS / "testrun"))
        cluster.ask("apply", "--dry-run=server", "--filename", "-", given=made)
        wrong = made.replace("parallelism: 2", "parallelism: many")
        with pytest.raises(Mistake):
            cluster.ask("apply", "--dry-run=server", "--filename", "-", given=wrong)
