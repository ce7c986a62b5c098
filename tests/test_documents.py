"""README and manual keep their word: links lead somewhere, commands are run by CI."""

import re
from pathlib import Path

import pytest

from bench.answer.shown.texts import FOLDER

ROOT = Path(__file__).resolve().parents[1]
MANUAL = sorted((ROOT / "docs").glob("*.md"))
PAGES = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "paper" / "article.md"),
    *ROOT.glob("*/README.md"),
    ROOT / "deploy" / "kubernetes" / "README.md",
    *MANUAL,
]
COMMAND = re.compile(r"^ {4,}((?:make|nox|python|docker compose) .*)$", re.M)
ON_A_CLUSTER = "--kube-context kind-measured --replicas 1,2,4 --load-pods 2"
TRIED = {  # by tests, since they take long
    f"nox -s scale-flask_sqlalchemy -- {ON_A_CLUSTER}": "tests/e2e/test_kubernetes.py",
    "python -m bench merge 0.json 1.json 2.json": "tests/e2e/test_several_k6.py",
    "make selfcheck": "tests/bench/test_selfcheck.py",
    "nox -s ladder -- flask_sqlite": "tests/e2e/test_experiments.py",
}


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text()):
        (target,) = filter(None, target)
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", MANUAL, ids=names(MANUAL))
def test_every_link_to_a_heading_leads_to_one(page):
    for target, heading in re.findall(r"\]\(([^):]*)#([^)]+)\)", page.read_text()):
        other = (page.parent / target) if target else page
        headings = re.findall(r"^#+ (.*)$", other.read_text(), re.M)
        assert heading in [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]


@pytest.mark.parametrize("page", [ROOT / "README.md", *MANUAL], ids=lambda page: page.name)
def test_every_command_is_run_by_ci_or_by_a_test(page):
    run_by_ci = {task(line) for line in (ROOT / ".ci" / "run").read_text().splitlines()}
    run_by_ci |= {command for command, test in TRIED.items() if (ROOT / test).exists()}
    for command in COMMAND.findall(page.read_text()):
        assert task(command) in run_by_ci, command


def test_every_task_that_is_named_is_there():
    noxfile = (ROOT / "noxfile.py").read_text()
    tasks = set(re.findall(r'^    "([\w-]+)": \(', noxfile, re.M))
    tasks |= set(re.findall(r"^def (\w+)\(session\)", noxfile, re.M))
    for page in PAGES:
        for name in re.findall(r"`nox -s ([\w-]+)", page.read_text()):
            task_of = re.sub(r"^(bench|test|locust|scale)-\w*_\w*$", r"\1", name)
            assert task_of in tasks, (page.name, name)


def test_the_readme_is_short_and_has_its_commands():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    assert len(COMMAND.findall(text)) >= 5


def test_every_block_has_a_template_and_every_template_a_block():
    blocks = [
        name for page in PAGES for name in re.findall(r"<!-- made: (.*?) -->", page.read_text())
    ]
    assert {f"{name}.md.j2" for name in blocks} == {path.name for path in FOLDER.glob("*.j2")}


def task(line: str) -> str:
    """A command without what makes it short in CI, and in one spelling."""
    line = re.sub(r"\s+#.*", "", line.strip()).replace("python3", "python")
    line = line.removeprefix("measured ").removeprefix(".venv/bin/")
    line = re.sub(r" -- -k .*| --(detach|build|wait)\b", "", line)
    line = re.sub(r"( --)? --(profile|sessions|rounds|seconds|users) \w+| PROFILE=\w+", "", line)
    line = re.sub(r"(nox -s compare) -- \S+", r"\1", line)  # with what
    return re.sub(r"^nox -s (\w+)$", r"make \1", line)
