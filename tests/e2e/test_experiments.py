"""Experiments on causes over real servers and k6, and factors that are not applied."""

import subprocess
import sys
from dataclasses import replace

import pytest

from bench import ROOT, Mistake
from bench.host.machine import partition_cpus
from bench.measure.load.k6 import find_k6
from bench.measure.profile import load_profile
from bench.measure.standing import Setting
from bench.serve.local import local_engine
from bench.studies.experiment.arms import command_of, make_arms
from bench.studies.experiment.counting import count
from bench.studies.experiment.experiment import Experiment, Load, Part, Varied, ratio
from bench.studies.experiment.measuring import measure
from bench.studies.ladder.rungs import LAST, ladder
from bench.studies.why import collector, server

SHORT = {"runs": 1, "rounds": 2, "connect_ms": 100, "stagger_ms": 10, "counted_ms": 300}


def setting_of(*parts: Part) -> Setting:
    cpus = partition_cpus(2)
    engine = local_engine(cpus.server, command=command_of(parts))
    return Setting(load_profile("standard"), engine, find_k6(), cpus)


def test_servers_without_a_framework_are_measured_side_by_side_and_known_by_what_they_load(
    tmp_path,
):
    names = ("raw_gthread", "raw_asyncio_h11", "raw_uvloop_httptools", "raw_asgi_granian")
    variants = tuple(one for one in server.HELLO.variants if one.name in names)
    part = Part("hello", variants, (Load("hello", 4, SHORT),), sessions=1)
    varied = (
        Varied("hello", "raw_asyncio_h11", "uvloop", at_most=0),
        Varied("hello", "raw_uvloop_httptools", "uvloop", at_least=1),
        Varied("hello", "raw_asgi_granian", "granian", at_least=1),
    )
    of = Experiment(
        "e", None, "", "", (part,), (ratio("a", *names[:2], "hello", "hello"),), varied, ""
    )
    rows = list(measure(of, setting_of(part), tmp_path, lambda text, done: None))
    timed = {row.variant: row for row in rows if row.session and row.what == "cpu_us"}
    assert timed.keys() == {*names} and all(row.value > 0 for row in timed.values())
    counted = {(row.variant, row.what): row.value for row in rows if not row.session}
    assert counted["raw_asyncio_h11", "httptools"] == 0
    assert counted["raw_uvloop_httptools", "httptools"] == 1


def lists(*names: str) -> tuple[Part, Setting]:
    """Of short lists: hundreds of requests are counted, which with a thousand items take long."""
    variants = tuple(one for one in collector.ALL if one.name in names)
    part = Part("list", variants, (Load("list", 2, SHORT),), sessions=1)
    setting = setting_of(part)
    return part, replace(setting, profile=replace(setting.profile, rows=100))


def test_collections_hops_and_statements_of_a_request_are_counted_in_the_arm_itself(tmp_path):
    names = ("flask_default_objects", "flask_off_objects", "fastapi_default_validated_objects")
    part, setting = lists(*names)
    arms = make_arms(part, tmp_path)
    counts = count(part, arms, setting, [Varied("list", name, "hops") for name in names])
    default, off, fastapi = (counts[name, "list"] for name in names)
    assert default["collections"] > 0 and default["collecting_us"] > 0
    assert off["collections"] == off["collecting_us"] == 0
    assert [of["hops"] for of in (default, off, fastapi)] == [0, 0, 2]
    assert all(of["selects"] == 1 for of in counts.values())


def test_a_factor_that_an_app_does_not_obey_is_noticed_before_anything_is_measured(tmp_path):
    part, setting = lists("flask_off_objects")
    (variant,) = part.variants
    disobeyed = replace(variant, variables=variant.variables | {"COLLECTOR": "of"})
    part = replace(part, variants=(disobeyed,))
    varied = (Varied("list", "flask_off_objects", "collections", at_most=0),)
    of = Experiment("e", None, "", "", (part,), (), varied, "")
    with pytest.raises(Mistake, match="flask_off_objects has .* collections a request"):
        list(measure(of, setting, tmp_path, lambda text, done: None))
    assert not list(tmp_path.glob("*-1.json"))


def test_an_experiment_that_there_is_not_is_one_line_and_status_2(tmp_path):
    command = [sys.executable, "-m", "bench", "why", "nothing", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 2 and not done.stdout
    assert "there is no experiment 'nothing'; there are server, collector" in done.stderr
    assert not (tmp_path / "out").exists()


OF_AN_APP = {"answer", "bytes", "failed", "rows", "server", "warm-up", "workers"}


def test_rungs_are_measured_beside_the_stack_which_alone_is_held_to_its_answers(tmp_path):
    of = ladder("flask_sqlite")
    (whole,) = of.parts
    names = ("loop", "parser", "driver", "commit", LAST)
    part = replace(
        whole,
        variants=tuple(one for one in whole.variants if one.name in names),
        loads=(Load("get", 4, SHORT), Load("list", 2, SHORT), Load("create", 4, SHORT)),
    )
    of = replace(of, parts=(part,), varied=())
    rows = list(measure(of, setting_of(part), tmp_path, lambda text, done: None, sessions=1))
    timed = {(row.load, row.variant): row for row in rows if row.session and row.what == "cpu_us"}
    codes = {problem.partition(":")[0] for row in timed.values() for problem in [row.problem]}
    assert codes.isdisjoint(OF_AN_APP), codes  # what a busy machine spoils is no matter here
    assert timed.keys() == {(load, name) for load in ("get", "list", "create") for name in names}
