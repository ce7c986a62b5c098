"""plot.py as a program: what it draws, what it says, and which Python it finds."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic import SCENARIOS, campaign

ROOT = Path(__file__).parents[2]
STACKS = ("django_drf", "fastapi_sqlalchemy", "fastapi_sqlite", "flask_sqlalchemy", "flask_sqlite")
FIGURES = [f"{place}-{scenario}" for place, scenario in enumerate(SCENARIOS, start=1)]


class Repository:
    """A copy of what plot.py needs, with results of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.results = folder / "results"
        shutil.copytree(ROOT / "bench", folder / "bench", ignore=lambda *_: ["__pycache__"])
        shutil.copytree(ROOT / "paper", folder / "paper")
        shutil.copy(ROOT / "plot.py", folder)
        # Text as text, so that a test can read a figure; without this it is outlines.
        (folder / "matplotlibrc").write_text("svg.fonttype: none\n")

    def plot(self, *arguments, python=(sys.executable,), **environment):
        return subprocess.run(
            [*python, "plot.py", *arguments],
            cwd=self.folder,
            env=os.environ | {"MATPLOTLIBRC": str(self.folder / "matplotlibrc")} | environment,
            capture_output=True,
            text=True,
        )

    def svg(self, figure):
        return (self.results / "figures" / f"{figure}.svg").read_text()


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Five stacks in one campaign; get is invalid in all of Django's runs and in one of Flask's."""
    repository = Repository(tmp_path_factory.mktemp("repository"))
    invalid = {("django_drf", run, "get") for run in (1, 2, 3)} | {("flask_sqlite", 3, "get")}
    campaign(repository.results, "20251121-quick", STACKS, runs=3, invalid=invalid)
    done = repository.plot("results/20251121-quick", "--out", "results/figures")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "results/figures: figures and summary.csv of 20251121-quick\n"
    return repository


def test_there_are_seven_figures_twice_and_their_numbers(drawn):
    names = {path.name for path in (drawn.results / "figures").iterdir()}
    assert names == {f"{f}.{kind}" for f in FIGURES for kind in ("svg", "png")} | {"summary.csv"}
    for figure in FIGURES:
        assert "</svg>" in drawn.svg(figure)
        assert (drawn.results / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_results_give_the_same_bytes(drawn):
    done = drawn.plot("results/20251121-quick", "--out", "again", PYTHONHASHSEED="7")
    assert done.returncode == 0
    for path in (drawn.results / "figures").iterdir():
        assert (drawn.folder / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_stack_and_the_scenarios_unit_stand_in_a_figure(drawn):
    for scenario, figure in zip(SCENARIOS, FIGURES, strict=True):
        svg = drawn.svg(figure)
        assert all(f">{stack}<" in svg for stack in STACKS)
        throughput = scenario in ("hello", "echo")
        unit = "requests/s (higher is better)" if throughput else "ms (lower is better)"
        assert unit in svg


def test_an_invalid_measurement_can_be_seen_in_its_figure_and_in_no_other(drawn):
    for figure in FIGURES:
        seen = "no valid run of 3" in drawn.svg(figure), "(2 of 3 runs valid)" in drawn.svg(figure)
        assert seen == ((True, True) if figure == "4-get" else (False, False))


def test_the_caption_says_under_which_conditions_it_was_measured(drawn):
    for condition in ("Profile quick", "engine local", "Python 3.14.0", "A CPU", "k6 v2.2.0"):
        assert all(condition in drawn.svg(figure) for figure in FIGURES)


def test_stacks_of_one_campaign_are_called_nothing_but_interleaved(drawn):
    assert not any("NOT INTERLEAVED" in drawn.svg(figure) for figure in FIGURES)


def test_with_no_campaign_named_the_newest_cells_are_drawn_and_each_figure_says_what_that_lacks(
    repository,
):
    campaign(repository.results, "1", ("flask_sqlite", "django_drf"))
    campaign(repository.results, "2", ("flask_sqlite",), runs=2)
    done = repository.plot()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("results/figures: figures and summary.csv of 1, 2\n")
    assert all("NOT INTERLEAVED" in repository.svg(figure) for figure in FIGURES)
    with (repository.results / "figures" / "summary.csv").open() as file:
        runs = {line["stack"]: line["runs_valid"] for line in csv.DictReader(file)}
    assert runs == {"django_drf": "1", "flask_sqlite": "2"}


def test_a_campaign_with_a_few_scenarios_gets_their_figures(repository):
    folder = campaign(repository.results, "1", scenarios=("hello", "delete"))
    assert repository.plot("results/1").returncode == 0
    names = {path.name for path in (folder / "figures").glob("*.svg")}
    assert names == {"1-hello.svg", "7-delete.svg"}


# What goes wrong


def one_line(done):
    """What a program says that ends with a mistake: one line, and where it says it."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    return done.stderr.strip()


def test_no_results_at_all_are_one_line(repository):
    said = one_line(repository.plot())
    assert said.startswith("plot.py: no valid result in ")
    assert said.endswith("; `nox -s bench` makes some")


def test_a_folder_that_is_no_campaign_is_one_line(repository):
    said = one_line(repository.plot("results/none"))
    assert said.startswith("plot.py: ")
    assert "none/plan.json cannot be read" in said


def test_a_place_that_cannot_be_written_is_one_line(repository):
    campaign(repository.results, "1")
    assert "plot.py/figures" in one_line(repository.plot("--out", "plot.py/figures"))
    assert os.listdir(repository.results) == ["1"]


# Which Python

WITHOUT_PACKAGES = (sys.executable, "-S")  # sees the standard library alone


def give(repository, *python):
    """Put a Python where Nox puts the bench's."""
    path = repository.folder / ".nox" / "bench" / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nexec {" ".join(python)} "$@"\n')
    path.chmod(0o755)


def test_a_python_that_cannot_draw_leaves_it_to_the_benchs(repository):
    campaign(repository.results, "1", scenarios=["hello"])
    give(repository, sys.executable)
    done = repository.plot("--out", "a folder", python=WITHOUT_PACKAGES)
    assert (done.returncode, done.stderr) == (0, "")
    assert (repository.folder / "a folder" / "1-hello.png").exists()


def test_the_benchs_python_says_how_it_ended(repository):
    give(repository, sys.executable)
    said = one_line(repository.plot(python=WITHOUT_PACKAGES))
    assert said.startswith("plot.py: no valid result in ")


def test_where_no_python_can_draw_the_one_command_that_helps_is_named(repository):
    help = "`nox -s plot` installs what is needed and draws"
    assert help in one_line(repository.plot(python=WITHOUT_PACKAGES))
    give(repository, *WITHOUT_PACKAGES)
    assert help in one_line(repository.plot(python=WITHOUT_PACKAGES))


# How much


def test_a_thousand_cells_are_drawn_in_less_than_500_megabytes(repository):
    campaign(repository.results, "1", STACKS, runs=200)
    process = subprocess.Popen([sys.executable, "plot.py", "results/1"], cwd=repository.folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(f"drawn in {usage.ru_utime + usage.ru_stime:.1f} s of CPU")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    assert process.returncode == 0
    assert kilobytes < 500_000
