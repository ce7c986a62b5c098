"""The README keeps its word: its links lead somewhere, its commands are what CI runs."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "paper" / "article.md"),
    *ROOT.glob("*/README.md"),
]


def test_every_link_leads_to_a_file():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_of_the_readme_is_run_by_ci():
    run_by_ci = {task(line) for line in (ROOT / ".ci" / "run").read_text().splitlines()}
    commands = re.findall(r"^    ((?:make|nox|python) .*)$", (ROOT / "README.md").read_text(), re.M)
    assert len(commands) >= 5
    for command in commands:
        assert task(command) in run_by_ci, command


def task(line: str) -> str:
    """A command without what makes it short in CI, and in one spelling."""
    line = re.sub(r"\s+#.*", "", line.strip()).replace("python3", "python")
    line = line.removeprefix("measured ").removeprefix(".venv/bin/")
    line = re.sub(r"( --)? --(profile|sessions|rounds|seconds|users) \w+| PROFILE=\w+", "", line)
    line = re.sub(r"(nox -s compare) -- \S+", r"\1", line)  # with what
    return re.sub(r"^nox -s (\w+)$", r"make \1", line)
