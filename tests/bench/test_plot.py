"""plot.py as a program: what it draws, what it says, and which Python it finds."""

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from synthetic import CONDITIONS, SCENARIOS, STACKS, campaign, noisy

import plot
from bench.answer.answering import answer_of
from bench.answer.shown.drawn.bars import draw, groups
from bench.arm import CONTROLS
from bench.keep.record import Database
from bench.keep.selection import select_campaigns

ROOT = Path(__file__).parents[2]
FIGURES = [f"{place}-{scenario}" for place, scenario in enumerate(SCENARIOS, start=1)]


def words(svg):
    """What stands in a figure, whatever the lines are."""
    return " ".join(re.findall(r">([^<]+)<", svg))


class Repository:
    """A copy of what plot.py needs, with results of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.results = folder / "results"
        shutil.copytree(ROOT / "bench", folder / "bench", ignore=lambda *_: ["__pycache__"])
        shutil.copytree(ROOT / "paper", folder / "paper")
        shutil.copy(ROOT / "plot.py", folder)

    def plot(self, *arguments, python=(sys.executable,), **environment):
        return subprocess.run(
            [*python, "plot.py", *arguments],
            cwd=self.folder,
            env=os.environ | environment,
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
    """Five arms; get does not count in all of Django's sessions, nor in one of Flask's."""
    repository = Repository(tmp_path_factory.mktemp("repository"))
    invalid = {("django_drf", session, "get") for session in (1, 2, 3)}
    invalid |= {("flask_sqlite", 3, "get")}
    campaign(repository.results, "20251121-quick", STACKS, sessions=3, invalid=invalid, ms=noisy())
    done = repository.plot("results/20251121-quick", "--out", "results/figures")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "results/figures: figures and summary.csv of 20251121-quick\n"
    return repository


def test_there_are_seven_figures_twice_and_their_numbers(drawn):
    names = {path.name for path in (drawn.results / "figures").iterdir()}
    assert names == {f"{f}.{kind}" for f in FIGURES for kind in ("svg", "png")} | {
        "summary.csv",
        "pairs.csv",
    }
    for figure in FIGURES:
        assert "</svg>" in drawn.svg(figure)
        assert (drawn.results / "figures" / f"{figure}.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_results_give_the_same_bytes(drawn):
    draw_here(drawn.results / "20251121-quick", drawn.folder / "again")  # in another process
    for path in (drawn.results / "figures").iterdir():
        assert (drawn.folder / "again" / path.name).read_bytes() == path.read_bytes(), path.name


MATPLOTLIBRC = """
figure.facecolor: red
axes.grid: True
savefig.bbox: tight
savefig.dpi: 20
text.usetex: True
font.family: none of these
svg.fonttype: path
backend: TkAgg
"""


def test_a_persons_own_settings_of_matplotlib_change_no_byte(drawn, tmp_path):
    for place in (".config/matplotlib/matplotlibrc", "matplotlibrc", "of-the-shell"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(MATPLOTLIBRC)
    done = subprocess.run(
        [sys.executable, drawn.folder / "plot.py", drawn.results / "20251121-quick", "--out", "x"],
        cwd=tmp_path,
        env=os.environ
        | {"HOME": str(tmp_path), "MATPLOTLIBRC": str(tmp_path / "of-the-shell")}
        | {"MPLBACKEND": "none", "MPLCONFIGDIR": str(tmp_path / ".config/matplotlib")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for path in (drawn.results / "figures").iterdir():
        assert (tmp_path / "x" / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_arm_and_the_scenarios_unit_stand_in_a_figure(drawn):
    for scenario, figure in zip(SCENARIOS, FIGURES, strict=True):
        svg = drawn.svg(figure)
        assert all(f">{arm}<" in svg for arm in STACKS)
        throughput = scenario in ("hello", "echo")
        unit = "requests/s (higher is better)" if throughput else "ms (lower is better)"
        assert unit in svg


# What a figure says of its numbers

RANKED = "Arms are told apart by their differences within sessions"
TURNS = "In it each arm had 9 turns, in random order."
ALONE = "The server was alone."


def draw_here(campaign, out):
    """Without a program's start, which takes longer than drawing."""
    plot.draw_one([campaign], out)


@pytest.fixture
def svg_of(tmp_path):
    """A figure of a campaign that is made up."""

    def svg_of(figure, *arguments, **options):
        name = str(len(list(tmp_path.iterdir())))
        folder = campaign(
            tmp_path, name, *arguments, scenarios=[figure.partition("-")[2]], **options
        )
        draw_here(folder, folder / "figures")
        return (folder / "figures" / f"{figure}.svg").read_text()

    return svg_of


@pytest.fixture(scope="module")
def ranked(tmp_path_factory):
    """Five sessions with noise, and controls; django_drf takes twice as long as all others."""
    repository = Repository(tmp_path_factory.mktemp("ranked"))
    ms = noisy(sd=0.01, django_drf=2.0)
    suspect = {("flask_sqlite", session, "get") for session in (2, 3)}
    options = {"controls": CONTROLS, "ms": ms, "suspect": suspect}
    campaign(repository.results, "1", STACKS, sessions=5, **options)
    draw_here(repository.results / "1", repository.results / "figures")
    return repository


def test_it_is_said_how_arms_are_told_apart_and_no_interval_of_one_arm_is_drawn(ranked):
    for figure in FIGURES:
        assert RANKED in ranked.svg(figure)
        assert "nterval" not in words(ranked.svg(figure)).replace("interval, for all pairs", "")


def test_a_title_says_the_finding(ranked):
    for figure in FIGURES:
        told = words(ranked.svg(figure))
        assert re.search(r" Next, \w+ takes [\d.]+ times as long \([\d.]+ to [\d.]+\)\.", told)


def test_a_bracket_holds_those_together_that_are_not_told_apart(ranked):
    for scenario in answer_of(select_campaigns([ranked.results / "1"])).scenarios:
        found = list(groups(scenario))
        assert found
        for first, last, word in found:
            assert 0 <= first < last <= 3  # django_drf, the last, is in none
            assert word in ("within 5 %", "not told apart")


def test_an_overview_has_a_row_for_every_arm_and_scenario_in_light_and_in_dark(ranked):
    for theme in ("light", "dark"):
        svg = ranked.svg(f"overview-{theme}")
        told = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
        for arm in STACKS:
            assert told.count(arm) == len(SCENARIOS)
        assert set(SCENARIOS) <= set(told)


def test_a_figure_is_small_and_says_what_it_shows_to_who_does_not_see_it(ranked):
    ids = []
    for path in (ranked.results / "figures").glob("*.svg"):
        assert len(path.read_bytes()) < 40_000, path.name
        root = ElementTree.parse(path).getroot()
        title, text = root[0], root[1]
        assert (title.tag[-5:], text.tag[-4:]) == ("title", "desc")
        assert root.get("aria-labelledby").split() == [title.get("id"), text.get("id")]
        assert len(title.text) > 5 and "flask_sqlite" in text.text
        ids += [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))  # so that all may stand in one page


def test_a_bar_ends_at_the_geometric_mean_and_every_session_is_a_dot(ranked):
    answer = answer_of(select_campaigns([ranked.results / "1"]))
    get = next(scenario for scenario in answer.scenarios if scenario.name == "get")
    axes = draw(get, answer, {}).axes[0]
    bars = [bar.get_width() for bar in axes.patches]
    assert bars == [value.value for value in get.values] == sorted(bars)
    dots = [tuple(line.get_xdata()) for line in axes.lines if line.get_gid() != "bracket"]
    assert dots == [tuple(value.sessions.values()) for value in get.values]


def test_controls_are_not_drawn(ranked):
    assert not any("control" in ranked.svg(figure) for figure in FIGURES)
    for file in ("summary.csv", "pairs.csv"):
        assert "control" not in (ranked.results / "figures" / file).read_text()


def test_suspect_sessions_are_told_in_their_figure(ranked):
    assert [figure for figure in FIGURES if "2 suspect" in ranked.svg(figure)] == ["4-get"]


def test_every_pair_stands_in_a_csv(ranked):
    with (ranked.results / "figures" / "pairs.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 10 * len(SCENARIOS)
    assert {line["slower"] for line in lines if line["verdict"] == "faster by"} == {"django_drf"}


def test_one_session_has_no_rank(svg_of):
    svg = svg_of("4-get", STACKS)
    assert RANKED not in svg and "told apart" not in svg
    assert "Bar: one session, with a fresh server. In it each arm had 9 turns" in svg


@pytest.mark.parametrize(
    ("together", "said", "unsaid"), [(True, TURNS, ALONE), (False, ALONE, TURNS)]
)
def test_a_caption_says_what_a_bar_a_dot_and_a_session_are(svg_of, together, said, unsaid):
    svg = svg_of("4-get", STACKS, sessions=5, ms=noisy(), together=together)
    assert "Bar: geometric mean of 5 sessions with fresh servers. Dot: a session." in svg
    assert said in svg and unsaid not in svg


def test_the_papers_values_stand_beside_those_on_its_database_only(svg_of):
    svg = svg_of("4-get", STACKS)
    assert "The paper: arithmetic means of five runs, on another machine." in svg
    assert ">the paper<" in svg and ">13.4<" in svg  # Django's
    assert "the paper" not in svg_of("4-get", ["flask_sqlite@workers=4", "flask_sqlite@workers=1"])
    postgres = Database(kind="postgresql", rows=1500, server="container", version="17.2")
    svg = svg_of("4-get", database=postgres)
    assert "paper" not in svg.lower()
    assert "PostgreSQL 17.2 (container); its 1500 rows are in memory." in svg


def test_the_papers_values_have_an_axis_of_their_own(svg_of, tmp_path):
    folder = campaign(tmp_path, "one", STACKS, scenarios=("create",))
    answer = answer_of(select_campaigns([folder]))
    ours, paper = draw(answer.scenarios[0], answer, {"flask_sqlite": 111.3}).axes
    assert ours.get_xlim()[1] < 111.3 < paper.get_xlim()[1]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("figure", "shown"), [("1-hello", "≥ 25,000"), ("4-get", "≤ 2.00"), ("7-delete", "≤ 2.00")]
)
def test_what_k6_limited_is_a_bound_and_the_caption_says_so(svg_of, figure, shown, together):
    svg = svg_of(figure, k6_busy=0.9, together=together)
    said = "≥, ≤: k6 was at its own limit; the arm might do better."
    told = together or figure != "7-delete"  # alone, in its 2 s, k6's share is not told
    assert (f">{shown}<" in svg, said in svg) == (told, told)


def test_what_k6_did_not_limit_is_no_bound(ranked):
    assert not any({"≥", "≤"} & set(ranked.svg(figure)) for figure in FIGURES)


def test_a_figure_of_writes_says_what_a_commit_costs_and_how_many_are_at_work(drawn):
    takes = {"5-create": "1.50", "6-update": "1.50", "7-delete": "0.300"}
    for figure in FIGURES:
        commit = re.findall("A commit here takes (.*) to .* ms, with as many", drawn.svg(figure))
        assert commit == ([takes[figure]] if figure in takes else [])
        assert (" at work<" in drawn.svg(figure)) == (figure in takes)
    assert drawn.svg("5-create").count("4 at work<") == len(STACKS)
    assert drawn.svg("7-delete").count("1 at work<") == len(STACKS)


def test_an_invalid_measurement_can_be_seen_in_its_figure_and_in_no_other(drawn):
    for figure in FIGURES:
        seen = "no valid session of 3" in drawn.svg(figure), "2 of 3 valid" in drawn.svg(figure)
        assert seen == ((True, True) if figure == "4-get" else (False, False))
        lacking = re.findall(
            "LACKING: of the planned measurements (.*) are missing", drawn.svg(figure)
        )
        assert lacking == (["4"] if figure == "4-get" else [])


def test_what_was_planned_and_not_measured_is_missed(repository):
    folder = campaign(repository.results, "20251121-quick", STACKS, sessions=3)
    shutil.rmtree(folder / "sessions" / "002")
    draw_here(folder, repository.results / "figures")
    for figure in FIGURES:
        assert "LACKING: of the planned measurements 5 are missing" in repository.svg(figure)


def test_the_caption_says_under_which_conditions_it_was_measured(drawn):
    for condition in (
        "profile standard",
        "engine local",
        "Python 3.14.0, 2 workers",
        "A CPU",
        "k6 v2.2.0",
    ):
        assert all(condition in drawn.svg(figure) for figure in FIGURES)


def test_arms_of_one_campaign_are_called_nothing_but_interleaved(drawn):
    assert not any("NOT INTERLEAVED" in drawn.svg(figure) for figure in FIGURES)


def test_with_no_campaign_named_the_newest_sessions_are_drawn_and_each_figure_says_what_that_lacks(
    repository,
):
    campaign(repository.results, "1", ("flask_sqlite", "django_drf"))
    later = "2025-11-22T12:00:00+00:00"
    campaign(repository.results, "2", ("flask_sqlite",), extra=1, started=later)
    done = repository.plot()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("results/figures: figures and summary.csv of 1, 2\n")
    assert all("NOT INTERLEAVED" in repository.svg(figure) for figure in FIGURES)
    with (repository.results / "figures" / "summary.csv").open() as file:
        sessions = {line["arm"]: line["runs_valid"] for line in csv.DictReader(file)}
    assert sessions == {"django_drf": "1", "flask_sqlite": "2"}


def test_a_campaign_with_a_few_scenarios_gets_their_figures(tmp_path):
    folder = campaign(tmp_path, "1", scenarios=("hello", "delete"))
    draw_here(folder, folder / "figures")
    names = {path.name for path in (folder / "figures").glob("*.svg")}
    assert names == {"1-hello.svg", "7-delete.svg"}


# Two campaigns


@pytest.fixture
def two(repository):
    """Twice the same arms; in the second one of them takes 1.2 times as long."""

    def two(**second):
        ms = noisy(0.02, seed=1)
        campaign(repository.results, "0", STACKS, 12, ms=ms)
        ms = noisy(0.02, seed=2, django_drf=1.2)
        campaign(repository.results, "1", STACKS, 12, ms=ms, **second)
        return [str(repository.results / name) for name in ("0", "1")]

    return two


def test_two_of_equal_conditions_are_one_figure_that_says_how_well_they_agree(repository, two):
    done = repository.plot(*two())
    assert (done.returncode, done.stderr) == (0, "")
    assert "agreement.svg, do NOT agree: " in done.stdout
    svg = repository.svg("agreement")
    told = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert all(told.count(arm) == len(SCENARIOS) for arm in STACKS)
    assert "1 and 0 do NOT agree" in words(svg)


def test_how_far_an_arm_has_moved_lies_in_its_interval(two):
    agreement = plot.agreement_between([Path(folder) for folder in two()])
    missed = set()
    for shift in agreement.shifts:
        # Against the mean of all five, of which it is one.
        moved = 1.2 ** (4 / 5) if shift.arm == "django_drf" else 1.2 ** (-1 / 5)
        assert shift.interval.high / shift.interval.low < 1.1
        if not shift.interval.low < moved < shift.interval.high:
            missed.add(shift.scenario)
    assert len(missed) <= 2  # of seven scenarios, each of which errs in 5 of 100 cases


def test_two_of_unequal_conditions_are_refused_by_name_or_stand_beside_each_other(repository, two):
    one, other = two(machine=replace(CONDITIONS.machine, cpu="another CPU"))
    said = one_line(repository.plot(one, other))
    assert "0 and 1 cannot share a figure: they differ in machine" in said
    done = repository.plot(one, other, "--beside")
    assert (done.returncode, done.stderr) == (0, "")
    told = words(repository.svg("4-get"))
    assert "under unequal conditions, not compared" in told and "another CPU" in told
    assert "×" not in told and "times" not in told


def test_beside_takes_two(repository):
    assert one_line(repository.plot("--beside")) == "plot.py: --beside takes two campaigns"


# What goes wrong


def one_line(done):
    """What a program says that ends with a mistake: one line, and where it says it."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    return done.stderr.strip()


@pytest.fixture
def mistake(tmp_path, monkeypatch, capsys):
    """What plot.py says in one line where it draws nothing, without a program's start."""
    monkeypatch.setattr(plot, "RESULTS", tmp_path / "results")

    def mistake(*arguments):
        monkeypatch.setattr(sys, "argv", ["plot.py", *map(str, arguments)])
        status = plot.main()
        said, complained = capsys.readouterr()
        assert (status, said, complained.count("\n")) == (2, "", 1)
        return complained.strip()

    return mistake


def test_no_results_at_all_are_one_line(mistake):
    said = mistake()
    assert said.startswith("plot.py: no valid result in ")
    assert said.endswith("; `nox -s bench` makes some")


def test_a_folder_that_is_no_campaign_is_one_line(mistake, tmp_path):
    said = mistake(tmp_path / "none")
    assert said.startswith("plot.py: ")
    assert "none/plan.json cannot be read" in said


def test_results_of_an_older_schema_are_one_line(mistake, tmp_path):
    folder = campaign(tmp_path / "results", "1")
    plan = folder / "plan.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"schema": 2}))
    for asked in ((), (folder,)):
        assert "plan.json has schema 2; this version reads 3" in mistake(*asked)


def test_a_place_that_cannot_be_written_is_one_line(mistake, tmp_path):
    campaign(tmp_path / "results", "1")
    (tmp_path / "file").touch()
    assert "file/figures" in mistake("--out", tmp_path / "file" / "figures")
    assert os.listdir(tmp_path / "results") == ["1"]


# Which Python

WITHOUT_PACKAGES = (sys.executable, "-S")  # sees the standard library alone


def give(repository, *python, session="bench"):
    """Put a Python where Nox puts the bench's, or the plot's."""
    path = repository.folder / ".nox" / session / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.join(python)} "$@"\n')
    path.chmod(0o755)


def test_a_python_that_cannot_draw_leaves_it_to_the_benchs(repository):
    campaign(repository.results, "1", scenarios=["hello"])
    give(repository, sys.executable)
    done = repository.plot("--out", "a folder", python=WITHOUT_PACKAGES)
    assert (done.returncode, done.stderr) == (0, "")
    assert (repository.folder / "a folder" / "1-hello.png").exists()


def test_one_that_was_made_by_the_plots_own_task_is_found_too(repository):
    campaign(repository.results, "1", scenarios=["hello"])
    give(repository, sys.executable, session="plot")
    done = repository.plot("--out", "a folder", python=WITHOUT_PACKAGES)
    assert (done.returncode, done.stderr) == (0, "")


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


def test_two_hundred_sessions_are_drawn_in_less_than_500_megabytes(repository):
    campaign(
        repository.results, "1", STACKS, sessions=200, ms=lambda _, block, *rest: 2.0 + block % 5
    )
    process = subprocess.Popen([sys.executable, "plot.py", "results/1"], cwd=repository.folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(f"drawn in {usage.ru_utime + usage.ru_stime:.1f} s of CPU")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    assert process.returncode == 0
    assert kilobytes < 500_000
