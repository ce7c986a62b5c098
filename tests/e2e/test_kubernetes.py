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
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bench import ROOT, Mistake
from bench.measure.load.k6 import find_k6
from bench.measure.probe import probe
from bench.measure.profile import FOLDER, load_profile
from bench.scale.cluster import Cluster, forwarded
from bench.scale.measuring import Staged, measure
from bench.scale.plan import named
from bench.scale.rows import read_rows, seed
from bench.scale.stage import MANIFESTS, MARK, apply, leftovers, own_namespace, wait_until_ready

STACKS = sorted(path.name for path in (MANIFESTS / "stacks").iterdir())
ON_POSTGRES = [stack for stack in STACKS if not stack.endswith("_sqlite")]
K6, POSTGRES = "k6:local", "postgres:as-999"
# What this engine calls postgres:17 may be another build, whose user has another number.
ITS_USER = """\
FROM postgres:17
RUN [ "$(id -u postgres)" = 999 ] || { usermod -u 999 postgres && groupmod -g 999 postgres; }
"""


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
    carry(image)


def carry(image):
    brought = run(*shlex.split(os.environ["LOAD_IMAGE"]), image)
    assert brought.returncode == 0, brought.stderr


@pytest.fixture(scope="session")
def images(context, tmp_path_factory):
    """The stacks', and one of the k6 that is here: to build it takes minutes."""
    database = tmp_path_factory.mktemp("postgres")
    (database / "Dockerfile").write_text(ITS_USER)
    bring(POSTGRES, database)
    for stack in STACKS:
        bring(f"{stack}:local", ROOT / stack)
    folder = tmp_path_factory.mktemp("k6")
    shutil.copy(find_k6().path, folder / "k6")
    final = (ROOT / "k6" / "Dockerfile").read_text().partition("FROM scratch")[2]
    (folder / "Dockerfile").write_text(f"FROM scratch{final.replace('--from=build /k6', 'k6')}")
    bring(K6, folder)


@pytest.fixture(scope="module", params=STACKS)
def served(request, context, images):
    """Each stack in turn, in a namespace of its own; on PostgreSQL four replicas start at once."""
    stack, cluster = request.param, Cluster(context, f"test-{os.getpid()}-{request.param}")
    cluster = replace(cluster, namespace=cluster.namespace.replace("_", "-"))
    replicas = 4 if stack in ON_POSTGRES else 1
    cluster.ask("create", "namespace", cluster.namespace)
    try:
        changes = {
            "images": [
                {"name": stack, **named(f"{stack}:local")},
                {"name": "postgres", **named(POSTGRES)},
            ],
            "replicas": [{"name": "app", "count": replicas}],
        }
        apply(cluster, f"stacks/{stack}", changes)
        wait_until_ready(cluster, "app", replicas)
        yield Staged(
            *(cluster, load_profile("quick"), replicas, stack in ON_POSTGRES, 2), named(K6)
        )
    finally:
        everything = "deployments,statefulsets,jobs,pods"
        cluster.ask("delete", everything, "--all", "--grace-period=1", seconds=120)
        cluster.ask("delete", "namespace", cluster.namespace, "--wait=false")


def with_replicas(of, replicas, **changes):
    """So many of them, and all rows anew."""
    of.cluster.ask("scale", "deployment/app", f"--replicas={replicas}")
    wait_until_ready(of.cluster, "app", replicas)
    seed(of.cluster, of.profile, of.has_database)
    return replace(of, replicas=replicas, **changes)


def scenario_of(of, name):
    return next(one for one in of.profile.scenarios if one.name == name)


def test_the_table_is_made_once_however_many_replicas_start_at_once(served):
    assert [row.id for row in read_rows(served.cluster)] == [*range(1, 1501)]


def test_a_stack_answers_every_scenario_through_its_service(served):
    with forwarded(served.cluster) as url:
        for scenario in served.profile.scenarios:
            assert probe(scenario.name, url, read_rows(served.cluster)).wrong is None, scenario.name


def test_what_two_pods_of_k6_have_made_is_what_the_database_holds(served):
    of = with_replicas(served, served.replicas)
    before = len(read_rows(of.cluster))
    found = measure(of, scenario_of(of, "create"))
    codes = {problem.code for problem in found.measurement.problems}
    assert not codes & {"rows", "answer", "failed", "no-result"}, found.measurement.problems
    made = len(read_rows(of.cluster)) - before
    assert made - 1 == found.measurement.load.requests > 10  # one was asked for beforehand
    assert found.apart_s is not None and found.measurement.server.cpu_s > 0


@contextmanager
def under_load(of, *command):
    """Ask kubectl for this three seconds after k6's users have begun."""
    failed = []

    def wait_and_ask():
        try:
            wait_for(lambda: runs(of.cluster.pods("load"), of.load_pods))
            start = float(of.cluster.read("configmap", "load")["data"]["START_AT"])
            wait_for(lambda: time.time() > start + 3)
            of.cluster.ask(*command)
        except Exception as error:  # of a thread: told below
            failed.append(error)

    asking = threading.Thread(target=wait_and_ask)
    asking.start()
    yield
    asking.join()
    assert failed == []


def wait_for(holds):
    end = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < end, "k6 asks for nothing"
        time.sleep(0.3)


def runs(pods, how_many):
    return [pod["status"]["phase"] for pod in pods] == ["Running"] * how_many


def long_get(folder):
    """The profile quick with a get that lasts."""
    told = json.loads((FOLDER / "quick.json").read_text())
    told["scenarios"]["get"]["duration"] = "35s"
    path = folder / "long.json"
    path.write_text(json.dumps(told))
    return load_profile(str(path))


@pytest.fixture
def rolling(served, tmp_path):
    """Two replicas on PostgreSQL, and a get that lasts."""
    if "flask-sqlalchemy" not in served.cluster.namespace:
        pytest.skip("once is enough: it is what all on PostgreSQL share")
    return with_replicas(served, 2, profile=long_get(tmp_path))


def test_a_rolling_update_under_load_loses_no_request(rolling):
    with under_load(rolling, "rollout", "restart", "deployment/app"):
        found = measure(rolling, scenario_of(rolling, "get"))
    done = rolling.cluster.ask("rollout", "status", "deployment/app", "--timeout=1s")
    assert "successfully rolled out" in done  # before the load ended
    load = found.measurement.load
    assert (load.failed, load.requests > 100) == (0, True)


def test_a_pod_that_is_killed_under_load_is_named_and_the_rest_goes_on(rolling):
    name = rolling.cluster.pods("app")[0]["metadata"]["name"]
    with under_load(rolling, "delete", "pod", name, "--grace-period=0", "--force"):
        found = measure(rolling, scenario_of(rolling, "get"))
    codes = {problem.code for problem in found.measurement.problems}
    assert "pod-lost" in codes and not found.measurement.counts, found.measurement.problems
    again = measure(replace(rolling, profile=load_profile("quick")), scenario_of(rolling, "get"))
    befell = [p for p in again.measurement.problems if p.code.startswith("pod-")]
    assert again.per_s and befell == []


def test_a_service_is_reached_from_here_and_what_is_not_there_is_one_line(context, images):
    cluster = Cluster(context, f"test-{os.getpid()}-empty")
    with own_namespace(cluster), pytest.raises(Mistake, match="cannot be reached"):
        with forwarded(cluster):
            pass


def scale(context, *more):
    command = [sys.executable, "-m", "bench", "scale", "flask_sqlalchemy"]
    command += ["--kube-context", context, "--postgres-image", POSTGRES]
    command += ["--profile", "quick", "--scenarios", "get"]
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
