"""The stacks: which there are, and how many requests each works on at the same time."""

import math

import pytest

from bench import ROOT, Mistake
from bench.arm import CONTROLLED, CONTROLS, Arm, Settings
from bench.serve.stacks import choose_stacks, find_stacks, in_flight

SCENARIOS = ("hello", "echo", "list", "get", "create", "update", "delete")

THREADED = ("django_drf", "flask_sqlalchemy", "flask_sqlite")
ASYNC = ("fastapi_sqlalchemy", "fastapi_sqlite")


def test_all_stacks_are_found_in_alphabetical_order():
    assert list(find_stacks()) == sorted([*THREADED, *ASYNC])
    assert list(choose_stacks(None)) == list(find_stacks())
    assert choose_stacks(None) == {name: ROOT / name for name in find_stacks()}


def test_a_stack_is_named_once():
    assert list(choose_stacks(["flask_sqlite", "flask_sqlite"])) == ["flask_sqlite"]


def test_a_stack_that_is_not_there_is_a_mistake_that_names_those_that_are():
    with pytest.raises(Mistake, match="there is no stack 'flask'; there are django_drf, fastapi"):
        choose_stacks(["flask"])


def test_no_stack_has_the_name_of_a_control():
    assert CONTROLLED in find_stacks()
    assert not set(CONTROLS) & set(find_stacks())


def arm(name):
    return Arm(f"{name} again", name, find_stacks()[name], Settings(workers=3, threads=5))


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", THREADED)
def test_gunicorns_threads_work_on_a_request_each(name, scenario):
    assert in_flight(arm(name), scenario) == 15


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", ASYNC)
def test_uvicorn_has_a_pool_a_worker_and_async_routes_have_no_limit(name, scenario):
    most = in_flight(arm(name), scenario)
    assert most == (math.inf if scenario in ("hello", "echo") else 120)
