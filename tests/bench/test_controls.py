"""The controls: the same stack again, and once more with a loop before each request."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from synthetic import alone

from bench import ROOT, Mistake
from bench.arm import CONTROLLED, DOSED, SAME, Settings
from bench.measure.controls import DOSE, METERED, calibrate, make_controls
from bench.measure.load.run import Ran

ORIGINAL = ROOT / CONTROLLED
SETTINGS = Settings(workers=3, threads=4)


def files(folder):
    """What a stack's folder holds, but for what running it makes."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".db", ".db-wal", ".db-shm")
    }


@pytest.fixture
def original(tmp_path):
    """A root with a copy of the controlled stack, to be broken."""
    return shutil.copytree(ORIGINAL, tmp_path / "root" / CONTROLLED)


def test_one_control_is_the_same_stack_under_another_name(tmp_path):
    same, _ = make_controls(tmp_path, SETTINGS, 1000)
    assert (same.label, same.dose_turns) == (SAME, None)
    assert files(same.folder) == files(ORIGINAL)


def test_the_other_differs_in_its_wrapper_and_in_who_is_served(tmp_path):
    _, dosed = make_controls(tmp_path, SETTINGS, 1000)
    assert (dosed.label, dosed.dose_turns) == (DOSED, 1000)
    here, there = files(ORIGINAL), files(dosed.folder)
    assert "range(1000)" in there.pop("dosed.py")
    settings = there["gunicorn.conf.py"]
    assert settings != here["gunicorn.conf.py"]
    assert settings.replace('"dosed:app"', '"app:app"') == here["gunicorn.conf.py"]
    assert {**there, "gunicorn.conf.py": here["gunicorn.conf.py"]} == here


def test_the_original_is_not_touched(original, tmp_path):
    before = files(original)
    make_controls(tmp_path / "controls", SETTINGS, 1000, tmp_path / "root")
    assert files(original) == before


def test_both_are_arms_of_the_controlled_stack_under_the_campaigns_settings(tmp_path):
    for arm in make_controls(tmp_path, SETTINGS, 1000):
        assert (arm.stack, arm.settings, arm.control) == (CONTROLLED, SETTINGS, True)


def test_controls_take_their_turns_in_hello_and_get_only(tmp_path):
    scenarios = ("hello", "echo", "list", "get", "create", "update", "delete")
    for arm in make_controls(tmp_path, SETTINGS, 1000):
        assert [name for name in scenarios if arm.takes_part(name)] == ["hello", "get"]


def test_a_database_and_compiled_files_are_not_copied(original, tmp_path):
    (original / "items.db").touch()
    (original / "items.db-wal").touch()
    (original / "__pycache__").mkdir(exist_ok=True)
    for stack in make_controls(tmp_path / "controls", SETTINGS, 1000, tmp_path / "root"):
        names = {path.name for path in stack.folder.iterdir()}
        assert "app.py" in names
        assert not {"items.db", "items.db-wal", "__pycache__"} & names


def test_the_dosed_app_answers_what_the_app_answers_and_meters_its_first_requests(
    original, tmp_path
):
    (original / "app.py").write_text(APP)
    _, dosed = make_controls(tmp_path / "controls", SETTINGS, 100_000, tmp_path / "root")
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/items.db"}
    times = METERED + 2
    program = f"""
from dosed import app
for _ in range({times}):
    print(app("a request", lambda asked: f"{{asked}} is answered"), app.wsgi_app.__name__)
"""
    said = subprocess.check_output(
        [sys.executable, "-c", program], cwd=dosed.folder, env=environment, text=True
    )
    metering = ["a request is answered meter"] * (METERED - 1)
    assert said.splitlines() == metering + ["a request is answered dosed"] * 3
    (told,) = (tmp_path / "items.db.dose").read_text().splitlines()
    assert float(told) > 100_000 * 1e-9


APP = """
class App:
    def __call__(self, environ, start):
        return self.wsgi_app(environ, start)

    def wsgi_app(self, environ, start):
        return start(environ)

app = App()
"""


@pytest.mark.parametrize("text", ["", 'wsgi_app = "main:app"', 'a = b = "app:app"\nc = "app:app"'])
def test_settings_that_do_not_name_the_app_once_are_a_mistake(original, tmp_path, text):
    (original / "gunicorn.conf.py").write_text(text)
    with pytest.raises(Mistake, match="gunicorn.conf.py does not name app:app: no variant"):
        make_controls(tmp_path / "controls", SETTINGS, 1000, tmp_path / "root")


# How long the loop is


class Server:
    """A dosed app that needs so many CPU seconds for a hello, some of them for its loop."""

    url = "http://127.0.0.1:1"

    def __init__(self, costs, dose):
        self.costs, self.dose, self.used = iter(costs), dose, 0.0

    def cpu_seconds(self):
        return self.used

    def python(self, program):
        return self.dose

    def answer(self, requests, failed):
        """k6's summary of a window; None where it has none."""
        self.used += requests * next(self.costs, 0)
        whole = alone(DOSED, "hello", ms=2.0)
        told = replace(whole.arms[DOSED], requests=requests, failed=failed)
        return replace(whole, arms={DOSED: told})


@pytest.fixture
def calibrated(tmp_path, monkeypatch):
    """The seconds of the loop that is chosen for an app with these costs and this dose."""

    def calibrated(*costs, dose, requests=1000, failed=0, summary=True):
        server, tried = Server(costs, dose), []

        @contextmanager
        def serve(arm):
            assert (arm.label, arm.settings) == (DOSED, SETTINGS)
            tried.append(arm.dose_turns)
            yield server

        def run(k6, scenario, *_, url, arm):
            assert (scenario, url, arm) == ("hello", server.url, DOSED)
            told = server.answer(requests, failed)
            return Ran(0, told if summary else None, 1.0, None, ())

        monkeypatch.setattr("bench.measure.controls.run_k6", run)
        engine = SimpleNamespace(prepare=lambda arm: None, serve=serve)
        setting = SimpleNamespace(engine=engine, k6=None, cpus=SimpleNamespace(k6=None))
        turns = calibrate(setting, SETTINGS, tmp_path)
        make_controls(tmp_path, SETTINGS, turns)  # there is room for the real ones
        return turns * dose / tried[0]

    return calibrated


def test_the_loop_takes_a_tenth_of_the_cpu_that_a_hello_needs_without_it(calibrated):
    assert DOSE == 0.1
    costs = 120e-6, 120e-6, 120e-6
    assert calibrated(*costs, dose=20e-6) == pytest.approx(10e-6, rel=1e-3)


def test_of_three_windows_the_one_with_the_least_noise_says_how_much(calibrated):
    costs = 170e-6, 120e-6, 140e-6
    assert calibrated(*costs, dose=20e-6) == pytest.approx(10e-6, rel=1e-3)


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"failed": 1}, {"summary": False}])
def test_an_app_that_does_not_answer_is_a_mistake(calibrated, wrong):
    with pytest.raises(Mistake, match="cannot be calibrated: flask_sqlite does not answer k6"):
        calibrated(100e-6, dose=1e-6, **wrong)
