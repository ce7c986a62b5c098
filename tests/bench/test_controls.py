"""The controls: the same stack again, and once more with a loop before each request."""

import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bench import ROOT, Mistake
from bench.measure.controls import DOSE, calibrate, make_controls
from bench.measure.k6 import NOTHING
from bench.serve.stacks import CONTROLLED, DOSED, SAME

ORIGINAL = ROOT / CONTROLLED


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
    same, _ = make_controls(tmp_path, 1000)
    assert (same.name, same.dose_turns) == (SAME, None)
    assert files(same.folder) == files(ORIGINAL)


def test_the_other_differs_in_its_wrapper_and_in_who_is_served(tmp_path):
    _, dosed = make_controls(tmp_path, 1000)
    assert (dosed.name, dosed.dose_turns) == (DOSED, 1000)
    here, there = files(ORIGINAL), files(dosed.folder)
    assert "range(1000)" in there.pop("dosed.py")
    settings = there["gunicorn.conf.py"]
    assert settings != here["gunicorn.conf.py"]
    assert settings.replace('"dosed:dosed"', '"app:app"') == here["gunicorn.conf.py"]
    assert {**there, "gunicorn.conf.py": here["gunicorn.conf.py"]} == here


def test_the_original_is_not_touched(original, tmp_path):
    before = files(original)
    make_controls(tmp_path / "controls", 1000, tmp_path / "root")
    assert files(original) == before


def test_a_database_and_compiled_files_are_not_copied(original, tmp_path):
    (original / "items.db").touch()
    (original / "items.db-wal").touch()
    (original / "__pycache__").mkdir(exist_ok=True)
    for stack in make_controls(tmp_path / "controls", 1000, tmp_path / "root"):
        names = {path.name for path in stack.folder.iterdir()}
        assert "app.py" in names
        assert not {"items.db", "items.db-wal", "__pycache__"} & names


def test_the_dosed_app_answers_what_the_app_answers(original, tmp_path):
    (original / "app.py").write_text("def app(environ, start): return start(environ)\n")
    _, dosed = make_controls(tmp_path / "controls", 1000, tmp_path / "root")
    ask = "from dosed import dosed; print(dosed('a request', lambda asked: f'{asked} is answered'))"
    said = subprocess.check_output([sys.executable, "-c", ask], cwd=dosed.folder, text=True)
    assert said == "a request is answered\n"


@pytest.mark.parametrize("text", ["", 'wsgi_app = "main:app"', 'a = b = "app:app"\nc = "app:app"'])
def test_settings_that_do_not_name_the_app_once_are_a_mistake(original, tmp_path, text):
    (original / "gunicorn.conf.py").write_text(text)
    with pytest.raises(Mistake, match="gunicorn.conf.py does not name app:app: no control"):
        make_controls(tmp_path / "controls", 1000, tmp_path / "root")


# How long the loop is


class Server:
    """An app that needs so many CPU seconds for a request; a turn of a loop needs 10 ns."""

    url = "http://127.0.0.1:1"

    def __init__(self, costs):
        self.costs, self.used = iter(costs), 0.0

    def cpu_seconds(self):
        return self.used

    def python(self, program, turns):
        return int(turns) * 1e-8

    def answer(self, requests):
        self.used += requests * next(self.costs, 0)
        return replace(NOTHING, exit_status=0, requests=requests)


@pytest.fixture
def calibrated(tmp_path, monkeypatch):
    """The turns for an app with these costs, which answers so many requests a window."""

    def calibrated(*costs, requests=1000):
        server = Server(costs)

        @contextmanager
        def serve(stack):
            assert stack.name == CONTROLLED
            yield server

        monkeypatch.setattr(
            "bench.measure.controls.run_scenario", lambda *_: server.answer(requests)
        )
        engine = SimpleNamespace(prepare=lambda stack: None, serve=serve)
        return calibrate(SimpleNamespace(engine=engine, k6=None, k6_cpus=None), tmp_path)

    return calibrated


def test_the_loop_takes_a_tenth_of_the_cpu_of_a_hello(calibrated):
    assert DOSE == 0.1
    assert calibrated(100e-6, 100e-6, 100e-6) * 1e-8 == pytest.approx(10e-6)


def test_of_three_windows_the_one_with_the_least_noise_says_how_much(calibrated):
    assert calibrated(150e-6, 100e-6, 120e-6) == calibrated(100e-6, 100e-6, 100e-6)


def test_an_app_that_does_not_answer_is_a_mistake(calibrated):
    with pytest.raises(Mistake, match="cannot be calibrated: flask_sqlite does not answer k6"):
        calibrated(100e-6, requests=0)
