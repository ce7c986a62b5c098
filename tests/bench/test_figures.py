"""`bench figures`: what README, docs and paper show is what the committed campaigns give."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SQLITE = Path("results", "reference-shared-2-core-vm")


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A copy of the repository, as far as it shows numbers."""
    folder = tmp_path_factory.mktemp("committed")
    stacks = [path.parent.name for path in ROOT.glob("*/gunicorn.conf.py")]
    for name in ("bench", "k6", "paper", "docs", *stacks):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("_made"))
    for path in ROOT.glob("results/reference-*"):
        shutil.copytree(path, folder / "results" / path.name)
    shutil.copy(ROOT / "README.md", folder)
    return folder


def check(folder):
    command = [sys.executable, "-m", "bench", "figures", "--check"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def changed(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text


def test_what_is_committed_is_what_the_campaigns_give(committed):
    done = check(committed)
    assert (done.returncode, done.stderr) == (0, "")
    assert "files are what the campaigns give" in done.stdout


def test_a_number_that_changes_in_a_campaign_is_found_in_figures_and_texts(committed):
    kept = {path: path.read_text() for path in committed.glob(f"{SQLITE}/sessions/*/session.json")}
    for path, text in kept.items():
        session = json.loads(text)
        session["scenarios"]["get"]["arms"]["django_drf"]["load"]["counted"] *= 2
        path.write_text(json.dumps(session))
    done = check(committed)
    for path, text in kept.items():
        path.write_text(text)
    assert done.returncode == 2
    assert "not what the campaigns give" in done.stderr and "README.md" in done.stderr


def test_a_sentence_that_was_edited_by_hand_is_found(committed):
    kept = changed(committed / "README.md", " is first. Next,", " is the first. Next,")
    done = check(committed)
    (committed / "README.md").write_text(kept)
    assert (done.returncode, done.stderr) == (
        2,
        "bench: not what the campaigns give: README.md; `nox -s figures` makes them anew\n",
    )


def test_a_block_that_nothing_makes_is_one_line(committed):
    kept = changed(committed / "README.md", "<!-- made: results -->", "<!-- made: nothing -->")
    done = check(committed)
    (committed / "README.md").write_text(kept)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "no block of text is called nothing" in done.stderr
