"""What a scaling says and notices, from records and what Kubernetes tells, without a cluster."""

import argparse

import pytest
from matplotlib import pyplot

from bench import Mistake
from bench.keep.record import Load, Measurement, Problem, ProfilePin, ServerUse, Source
from bench.scale import cluster as kubernetes
from bench.scale import stage
from bench.scale.cluster import find_cluster, must_be_allowed
from bench.scale.figure import draw_scaling
from bench.scale.limits import cpus, limited_by
from bench.scale.load import summary_in
from bench.scale.plan import must_suit, named
from bench.scale.pods import Counters, killed_for_memory, unread, used_between, what_befell
from bench.scale.record import Percentile, Scaled, ScaledSession, Scaling
from bench.scale.stage import hopeless, must_start
from bench.scale.told import lines_of, table

PLAN = Scaling(
    started="2026-01-01T00:00:00+00:00",
    stack="flask_sqlalchemy",
    replicas=[1, 2, 4],
    load_pods=2,
    sessions=3,
    scenarios=["get"],
    profile=ProfilePin(name="quick", sha256=""),
    seed=1,
    kubernetes="v1.34.4",
    nodes=[],
    image="flask_sqlalchemy:local",
    postgres_image="postgres:17",
    k6_image="k6:local",
    source=Source(commit=None, dirty=None),
)


def scaled(per_s: float, *problems: Problem, limited: str = "the node's CPUs") -> Scaled:
    load = Load(
        **{"requests": 1000, "failed": 0, "iterations": 1000, "bytes_received": 1},
        **{"counted": 1000, "counted_s": 1000 / per_s, "mean_ms": 1.0, "max_ms": 2.0},
        **{"iteration_mean_ms": 1.0, "iteration_max_ms": 2.0, "elsewhere": None},
        **{"turns": 0, "void": 0, "k6_cpu_s": None},
    )
    used = {"cpu_s": 2.0, "idle_s": None, "worker_cpu_s": None, "peak_bytes": 1}
    server = ServerUse(**used, same_workers=True, throttled=0)
    invalid = any(not problem.suspect for problem in problems)
    return Scaled(
        measurement=Measurement(
            status="invalid" if invalid else "valid",
            problems=list(problems),
            unobservable=[],
            users=10,
            in_flight=10,
            probe_bytes=1,
            load=load,
            server=server,
        ),
        per_s=per_s,
        percentiles=[Percentile(percentage=99.0, ms=5.0, low=4.9, high=5.1)],
        apart_s=0.1,
        busiest_pod=0.6,
        database_cpu_s=1.0,
        node_busy=0.95,
        limited_by=limited,
    )


def session(number: int, **more: Scaled) -> ScaledSession:
    """A machine that is faster from session to session, on which two replicas give 1.5 times."""
    of = {str(n): scaled(1000 * number * times) for n, times in ((1, 1), (2, 1.5), (4, 1.6))}
    of |= {key.removeprefix("of_"): value for key, value in more.items()}
    return ScaledSession(
        number=number, started="", seconds=1.0, order=[1, 2, 4], scaled={"get": of}
    )


def test_growth_is_told_by_session_and_efficiency_against_the_fewest_replicas():
    one, two, four = lines_of(PLAN, [session(n) for n in (1, 2, 3)])
    assert one.growth == pytest.approx((1, 1, 1)) and two.growth == pytest.approx((1.5,) * 3)
    assert two.efficiency(1) == pytest.approx(0.75) and four.efficiency(1) == pytest.approx(0.4)
    mean, low, high = one.per_s
    assert mean == pytest.approx((1000 * 2000 * 3000) ** (1 / 3)) and 0 < low < mean < high
    assert two.cpu_ms == pytest.approx((3.0,) * 3)  # of app and database


def test_what_does_not_count_is_in_no_number_and_is_named():
    lost = Problem(code="pod-lost", why="app-1 of app is gone")
    sessions = [session(1, of_2=scaled(9, lost)), session(2), session(3)]
    _, two, _ = lines_of(PLAN, sessions)
    assert (two.sessions, two.attempted, two.per_s) == (2, 3, None)
    assert two.problems == ["pod-lost: app-1 of app is gone"]
    assert "fewer than 3 sessions" in "\n".join(table(PLAN, list(lines_of(PLAN, sessions))))


def test_what_limited_it_is_said_by_how_many_sessions():
    sessions = [session(1, of_2=scaled(9, limited="the load")), session(2), session(3)]
    _, two, _ = lines_of(PLAN, sessions)
    assert two.limited_by == "the node's CPUs (2 of 3)"


def test_the_figure_has_a_column_a_scenario():
    figure = draw_scaling(PLAN, list(lines_of(PLAN, [session(n) for n in (1, 2, 3)])))
    assert [axes.get_title() for axes in figure.axes] == ["get", ""]
    pyplot.close(figure)


FREE = {"app_cpus": 0.5, "app_limit": 2, "database_cpus": 0.5, "database_limit": 2}


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ({}, "none of these: it waits"),
        ({"node_busy": 0.95}, "the node's CPUs"),
        ({"node_busy": 0.95, "app_cpus": 1.9}, "the app's CPU limit"),
        ({"app_cpus": 1.9, "database_cpus": 1.95}, "the database's CPU limit"),
        ({"k6_own": 0.4, "app_cpus": 1.9}, "the load"),
        ({"app_cpus": None}, "not told"),
    ],
)
def test_what_limits_is_who_has_all_of_what_it_may_have(of, said):
    assert limited_by(**FREE | {"node_busy": 0.5, "k6_own": 0.05} | of) == said


@pytest.mark.parametrize(("text", "value"), [("250m", 0.25), ("2", 2.0), ("1.5", 1.5)])
def test_cpus_are_read_as_kubernetes_writes_them(text, value):
    assert cpus(text) == value


def counters(pod: str, restarts: int = 0, cpu_s: float = 1.0, oom_kills: int = 0) -> Counters:
    return Counters(pod, "node", restarts, cpu_s, 0, 100, oom_kills, 10, 20)


def test_a_pod_that_was_started_anew_tells_no_cpu():
    before = {"a": counters("a"), "b": counters("b")}
    assert used_between(before, {n: counters(n, cpu_s=3.0) for n in "ab"}).cpu_s == 4.0
    assert used_between(before, {"a": counters("a")}).cpu_s is None
    assert used_between(before, {"a": counters("a"), "b": counters("b", 1)}).cpu_s is None


def test_a_process_that_a_memory_limit_killed_is_named_though_its_container_lives():
    before = {"a": counters("a"), "b": counters("b", oom_kills=3)}
    after = {"a": counters("a", oom_kills=1), "b": counters("b", 1)}  # b's began anew
    (problem,) = killed_for_memory("app", before, after)
    assert problem.why == "its memory limit killed 1 processes in a of app"


def test_a_pod_that_does_not_tell_its_counters_is_a_problem_since_its_cpu_would_be_missing():
    assert list(unread("app", {"a": counters("a")}, 1)) == list(unread("database", {}, 0)) == []
    (problem,) = unread("app", {"a": counters("a")}, 2)
    assert problem.why == "1 of 2 pods of app tell their counters" and not problem.suspect


def test_the_busiest_pod_is_told_by_its_share():
    before = {"a": counters("a"), "b": counters("b")}
    after = {"a": counters("a", cpu_s=4.0), "b": counters("b", cpu_s=2.0)}
    assert used_between(before, after).busiest == 0.75


def pod(name: str, restarts: int = 0, ready: bool = True, **more) -> dict:
    ended = {"terminated": {"reason": "OOMKilled", "exitCode": 137}} if restarts else {}
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": str(ready), "message": "containers: [app]"}],
        "containerStatuses": [
            {"restartCount": restarts, "lastState": ended, "state": {}, "image": "app:1"}
        ],
    }
    return {"metadata": {"name": name, **more}, "status": status, "spec": {"nodeName": "node"}}


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        ([pod("a"), pod("b")], []),
        ([pod("a")], ["pod-lost: b of app is gone"]),
        ([pod("a"), pod("b"), pod("c")], ["pod-lost: c of app is new"]),
        ([pod("a"), pod("b", 1)], ["pod-restarted: b of app: OOMKilled, status 137"]),
        ([pod("a"), pod("b", ready=False)], ["pod-not-ready: b of app: containers: [app]"]),
        (
            [pod("a"), pod("b", deletionTimestamp="now")],
            ["pod-lost: b of app: it is being removed"],
        ),
    ],
)
def test_what_befalls_a_pod_is_named(pods, said):
    before = {name: counters(name) for name in "ab"}
    assert [f"{p.code}: {p.why}" for p in what_befell("app", before, pods)] == said


def test_a_pod_without_its_image_or_without_room_will_never_start():
    waiting = pod("a")
    state = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    waiting["status"]["containerStatuses"][0]["state"] = state
    assert hopeless(waiting) == "ErrImagePull: no such image"
    waiting = pod("a")
    waiting["status"]["conditions"] = [
        {
            "type": "PodScheduled",
            "reason": "Unschedulable",
            "message": "0/1 nodes: Insufficient cpu",
        }
    ]
    assert hopeless(waiting) == "0/1 nodes: Insufficient cpu"
    assert hopeless(pod("a")) is None


def test_a_pod_that_cannot_start_is_given_time_to_be_tried_again(monkeypatch):
    waiting = pod("a")
    state = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    now, since = [0.0], {}
    monkeypatch.setattr(stage.time, "monotonic", lambda: now[0])
    for now[0], found in ((0.0, state), (9.0, {}), (10.0, state), (20.0, state)):
        waiting["status"]["containerStatuses"][0]["state"] = found
        must_start([waiting], since)
    now[0] = 21.0
    with pytest.raises(Mistake, match="a cannot start: ErrImagePull: no such image"):
        must_start([waiting], since)


def test_a_summary_is_found_between_other_lines():
    with pytest.raises(ValueError, match="no summary"):
        summary_in('time="..." level=error msg="thresholds failed"\n')
    with pytest.raises(ValueError):
        summary_in('level=error\n{"began_ms": 1}\n')


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("flask:local", {"newName": "flask", "newTag": "local"}),
        ("host:5000/flask", {"newName": "host:5000/flask"}),
        ("host:5000/flask:1.2", {"newName": "host:5000/flask", "newTag": "1.2"}),
    ],
)
def test_an_images_name_is_read_as_kustomize_has_it(image, parts):
    assert named(image) == parts


def test_a_cluster_that_is_not_known_or_does_not_answer_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(kubernetes.shutil, "which", lambda name: None)
    with pytest.raises(Mistake, match="there is no kubectl"):
        find_cluster("here", "x")
    monkeypatch.undo()
    monkeypatch.setattr(kubernetes.shutil, "which", lambda name: name)
    monkeypatch.setattr(kubernetes, "_kubectl", lambda *of, **more: "one\ntwo\n")
    with pytest.raises(Mistake, match="knows no context 'here'; it knows one, two"):
        find_cluster("here", "x")


def test_what_a_user_may_not_do_there_is_said_before_anything_is_made(monkeypatch):
    def answer(*asked, **more):
        if asked[-2:] == ("create", "jobs.batch"):
            raise kubernetes.Refused("no")
        return "yes"

    monkeypatch.setattr(kubernetes, "_kubectl", answer)
    with pytest.raises(Mistake, match="this user of here may not create jobs.batch in x"):
        must_be_allowed(kubernetes.Cluster("here", "x"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"stack": "flask_sqlite", "replicas": [1, 2]}, "a file of its own: a second replica"),
        ({"stack": "flask_mongo"}, "no manifests for 'flask_mongo'; there are django_drf"),
        ({"sessions": 2}, "--sessions is 3 at least"),
    ],
)
def test_what_would_say_nothing_is_refused(asked, said):
    usual = {"stack": "flask_sqlalchemy", "replicas": [1], "sessions": 3}
    with pytest.raises(Mistake, match=said):
        must_suit(argparse.Namespace(**usual | asked))
