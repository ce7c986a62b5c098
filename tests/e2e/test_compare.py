"""What a comparison of two checkouts makes of what people do with checkouts: compare.md.

`REWRITE=1 pytest tests/e2e/test_compare.py` writes that table anew from what was printed.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from test_mistakes import PROFILE, QUIET, TURN, Workshop, make_workshop, wait_for

from bench.keep.store import read_plan

TABLE = Path(__file__).with_name("compare.md")
SLEEP = "import time\n\n", "    time.sleep(0.02)\n    if row is None:"
happened: dict[str, str] = {}  # what was done: what happens


@pytest.fixture
def workshop(tmp_path):
    """A repository with one commit of one stack, and a change to that stack that is in none."""
    made = make_workshop(tmp_path)
    # More than one turn: on a busy machine one does not count where a user still waits elsewhere.
    made.profile(turns=PROFILE["turns"] | {"get": TURN | {"rounds": 3, "counted_ms": 200}})
    (made.folder / ".gitignore").write_text(".cache/\ntmp/\nout/\n*.db*\n__pycache__/\n")
    git(made.folder, "init", "--quiet", "--initial-branch=main")
    commit(made.folder)
    edit(made.folder, "# an edit\n")
    return made


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=a commit")
    return git(folder, "rev-parse", "HEAD")


def edit(folder: Path, text: str) -> None:
    with (folder / "flask_sqlite" / "app.py").open("a") as app:
        app.write(text)


def slow(folder: Path) -> None:
    """An item takes 20 ms more."""
    app = folder / "flask_sqlite" / "app.py"
    text = app.read_text()
    assert text.count("    if row is None:") == 1
    app.write_text("import time\n" + text.replace("    if row is None:", SLEEP[1]))


def compare(workshop: Workshop, *options: str, sessions: int = 4) -> tuple[int, str, str]:
    process = start(workshop, *options, sessions=sessions)
    said, errors = process.communicate(timeout=300)
    assert "Traceback" not in errors
    assert workshop_is_clean(workshop)
    return process.returncode, said, errors


def start(workshop: Workshop, *options: str, sessions: int = 4) -> subprocess.Popen[str]:
    often = () if "--resume" in options else ("--sessions", str(sessions))
    return workshop.start(*often, *options, action="compare", fault=QUIET)


def workshop_is_clean(workshop: Workshop) -> bool:
    return [left for left in workshop.left() if str(workshop.out) not in left] == []


def campaign(workshop: Workshop) -> Path:
    (folder,) = workshop.out.iterdir()
    return folder


def refused(workshop: Workshop, what: str, *options: str) -> str:
    status, _, errors = compare(workshop, *options)
    (line,) = errors.splitlines()
    assert (status, workshop.left()) == (2, [])
    shown = re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", line.replace(str(workshop.folder), "."))
    happened[what] = f"`{shown}`"
    return line


def test_what_became_slower_is_found_and_the_status_is_1(workshop):
    slow(workshop.folder)
    report = workshop.folder / "report.md"
    options = ("HEAD", "--fail-if-slower", "5", "--markdown", str(report))
    status, said, errors = compare(workshop, *options)
    assert (status, errors) == (1, "")
    assert "slower by more than 5%: flask_sqlite in get" in said
    assert "after: ., commit " in said and "with changes that are in no commit" in " ".join(
        said.split()
    )
    assert "| get | flask_sqlite |" in report.read_text()
    assert "| slower |" in report.read_text()
    assert (campaign(workshop) / "figures" / "changes.csv").exists()
    page = (campaign(workshop) / "report.html").read_text()
    assert "# with changes that are in no commit" in page  # where it says how to do it again
    happened["a stack that became slower, `--fail-if-slower 5`"] = "exit status 1, it is named"


def test_nothing_slower_is_status_0_and_what_could_not_have_been_seen_is_status_2(workshop):
    # So much slower is no change of a comment, however noisy the machine is.
    status, said, errors = compare(workshop, "HEAD", "--fail-if-slower", "900")
    assert (status, errors) == (0, "")
    assert "nothing is slower by more than 900%" in said
    assert re.search(r"would have found a slow-down of \d[\d,]*% or more in 4 of 5 cases", said)
    happened["a change that made nothing slower, `--fail-if-slower`"] = (
        "exit status 0, with the slow-down that would have been found"
    )
    again = ("--resume", str(campaign(workshop)))  # nothing is left to measure
    status, _, errors = compare(workshop, *again, "--fail-if-slower", "900", "--need", "901")
    assert status == 2
    assert "a slow-down of 901 % was to be found, and this comparison finds one from" in errors
    happened["`--need` less than what can be seen"] = "exit status 2, with what can be seen"


def test_too_few_sessions_are_status_2(workshop):
    status, _, errors = compare(workshop, "HEAD", "--fail-if-slower", "5", sessions=1)
    assert status == 2 and "of 1 of 1 ratios nothing can be told" in errors
    happened["one session, `--fail-if-slower`"] = "exit status 2: nothing can be told"


def test_a_path_is_a_checkout_and_untracked_files_count(workshop, tmp_path):
    other = workshop.folder / "out-of-git"
    shutil.copytree(workshop.folder / "flask_sqlite", other / "flask_sqlite")
    (workshop.folder / "flask_sqlite" / "new.py").write_text("")
    status, said, _ = compare(workshop, str(other), sessions=1)
    assert status == 0 and "flask_sqlite" in said
    origins = [arm.origin for arm in read_plan(campaign(workshop)).arms.values()]
    assert (origins[0].commit, origins[1].dirty) == (None, True)
    assert origins[0].sources != origins[1].sources
    happened["the path of a folder without git; a file that git does not know"] = "both count"


def test_no_difference_is_said(workshop):
    git(workshop.folder, "checkout", "--quiet", "flask_sqlite")
    line = refused(workshop, "no stack differs", "HEAD")
    assert "flask_sqlite: nothing differs from HEAD; --all measures it" in line


def test_equal_sides_are_measured_where_it_is_asked_for(workshop):
    git(workshop.folder, "checkout", "--quiet", "flask_sqlite")
    assert compare(workshop, "HEAD", "--all", sessions=1)[0] == 0
    happened["no stack differs, `--all`"] = "both sides are measured"


def test_a_reference_that_there_is_not(workshop):
    line = refused(workshop, "a revision that there is not", "nowhere")
    assert line == "bench: nowhere is no folder and no revision here"


def test_a_reference_that_looks_like_an_option(workshop):
    assert "unrecognized arguments: -x" in refused(workshop, "a reference `-x`", "-x")
    line = refused(workshop, "a reference `--output=x`, after `--`", "--", "--output=x")
    assert "--output=x is no folder and no revision here" in line


def test_a_stack_on_one_side_only_is_named_and_not_measured(workshop):
    shutil.copytree(workshop.folder / "flask_sqlite", workshop.folder / "mine")
    status, said, _ = compare(workshop, "HEAD", sessions=1)
    assert status == 0 and "mine is there after only: it is not compared" in said
    assert {arm.stack for arm in read_plan(campaign(workshop)).arms.values()} == {"flask_sqlite"}
    happened["a stack on one side only"] = "is named, and not measured"


def test_a_shallow_clone_says_how_to_get_the_rest(workshop, tmp_path):
    first = commit(workshop.folder)
    commit_again = (workshop.folder / "flask_sqlite" / "README.md").write_text("other")
    assert commit_again and commit(workshop.folder)
    shallow = tmp_path / "shallow"
    git(workshop.folder, "clone", "--quiet", "--depth=1", f"file://{workshop.folder}", str(shallow))
    shutil.rmtree(workshop.folder / ".git")
    shutil.move(shallow / ".git", workshop.folder / ".git")
    shutil.rmtree(shallow)
    line = refused(workshop, "a shallow clone that lacks the revision", first)
    assert "this clone is shallow: `git fetch --unshallow` brings the others" in line


def test_a_stack_with_a_submodule_cannot_be_taken_from_a_commit(workshop):
    inner = workshop.folder / "tmp" / "inner"
    inner.mkdir()
    (inner / "file").touch()
    git(inner, "init", "--quiet")
    commit(inner)
    allow = ("-c", "protocol.file.allow=always")
    git(workshop.folder, *allow, "submodule", "--quiet", "add", str(inner), "flask_sqlite/inner")
    commit(workshop.folder)
    edit(workshop.folder, "# another\n")
    line = refused(workshop, "a stack with a submodule", "HEAD")
    assert "flask_sqlite/inner is a submodule in HEAD: check it out, and give that folder" in line


def test_without_git_a_revision_is_refused_and_a_path_works(workshop, tmp_path):
    shutil.rmtree(workshop.folder / ".git")
    line = refused(workshop, "a revision, in a folder that is no repository", "HEAD")
    assert "this folder is no git repository, so give the path of another checkout" in line
    other = tmp_path / "other"
    shutil.copytree(workshop.folder / "flask_sqlite", other / "flask_sqlite")
    edit(workshop.folder, "# another\n")
    assert compare(workshop, str(other), sessions=1)[0] == 0


def test_a_file_for_the_table_that_cannot_be_written_is_said_first(workshop):
    line = refused(workshop, "`--markdown` in a folder that is not", "HEAD", "--markdown", "no/f")
    assert "no/f cannot be written" in line


def test_an_edit_and_a_moved_branch_change_nothing_of_a_comparison_that_goes_on(workshop):
    process = start(workshop, "main", sessions=3)
    wait_for(process, "session 2 of 3")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    folder, planned = campaign(workshop), read_plan(campaign(workshop))
    slow(workshop.folder)
    commit(workshop.folder)  # main moves
    status, said, errors = compare(workshop, "--resume", str(folder))
    assert (status, errors) == (0, "")
    sessions = sorted(path.name for path in (folder / "sessions").iterdir())
    assert sessions == ["001", "002", "003"]
    assert read_plan(folder) == planned
    happened["kill -9, an edit, a branch that moved, then `--resume`"] = (
        "goes on with what was copied at the start"
    )


def test_an_edit_while_it_runs_changes_nothing(workshop):
    process = start(workshop, "HEAD", sessions=2)
    wait_for(process, "session 1 of 2")
    slow(workshop.folder)
    process.communicate(timeout=200)
    assert process.returncode == 0
    for record in campaign(workshop).glob("sessions/*/session.json"):
        for scenario in json.loads(record.read_text())["scenarios"].values():
            assert {of["status"] for of in scenario["arms"].values()} == {"valid"}
    happened["an edit while it runs"] = "changes nothing: both sides were copied first"


def test_what_is_no_comparison_does_not_go_on_as_one(workshop):
    process = workshop.start("--sessions", "1", fault=QUIET)
    process.communicate(timeout=200)
    status, _, errors = compare(workshop, "--resume", str(campaign(workshop)))
    assert status == 2 and "is no comparison; `bench run --resume` goes on with it" in errors


def test_the_table_is_what_happened():
    rows = [f"| {done} | {happens} |" for done, happens in happened.items()]
    text = "\n".join([*ABOUT, *rows]) + "\n"
    if os.environ.get("REWRITE"):
        TABLE.write_text(text)
    assert set(rows) <= set(TABLE.read_text().splitlines())


ABOUT = """\
<!-- Written by test_compare.py: what a comparison makes of what is done with a checkout. -->

| done | what happens |
|---|---|""".splitlines()
