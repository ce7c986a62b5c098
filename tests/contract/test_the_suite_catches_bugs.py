"""A suite that has never been red proves nothing: plant a bug in a copy of a stack, and see."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench import Mistake
from bench.serve.databases.cluster import find_binaries
from bench.serve.stacks import find_stacks

HERE = Path(__file__).parent
SUITE = ["routes", "items", "ids", "statements", "seed", "same_answers", "hostile"]
# A sentence: the stack, its file, what stands there, what a tired engineer wrote, which database.
BUGS = {
    "a new item is not committed": (
        *("flask_sqlalchemy", "app.py"),
        "    db.session.commit()\n    return item.to_dict(), 201",
        "    db.session.flush()\n    return item.to_dict(), 201",
    ),
    "a deletion is not committed": (
        *("fastapi_sqlalchemy", "app.py"),
        "        session.delete(item)\n        session.commit()",
        "        session.delete(item)\n        session.flush()",
    ),
    "the list is one page": (
        *("django_drf", "config/settings.py"),
        '    "UNICODE_JSON"',
        '    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",\n'
        '    "PAGE_SIZE": 100,\n    "UNICODE_JSON"',
    ),
    "the list ends early": (
        *("flask_sqlite", "app.py"),
        "ORDER BY id",
        "ORDER BY id LIMIT 1499",
    ),
    "the list is in another order": (
        *("flask_sqlite", "app.py"),
        "ORDER BY id",
        "ORDER BY name",
    ),
    "an id comes back as it stood in the path": (
        *("flask_sqlite", "app.py"),
        "    return to_item(row)",
        '    return to_item(row) | {"id": str(item_id)}',
    ),
    "an id in the body wins over the one in the path": (
        *("flask_sqlite", "app.py"),
        '{"id": item_id, **',
        '{"id": object_from_request().get("id", item_id), **',
    ),
    "an error is swallowed and answered with 200": (
        *("flask_sqlite", "app.py"),
        '"The JSON is nested too deeply."}, 400',
        '"The JSON is nested too deeply."}, 200',
    ),
    "an update of nothing succeeds": (
        *("fastapi_sqlite", "app.py"),
        "    if cursor.rowcount == 0:\n        raise HTTPException(404)\n    return Item(**item)",
        "    return Item(**item)",
    ),
    "a new item is answered with 200": (
        *("flask_sqlite", "app.py"),
        "**item}, 201",
        "**item}",
    ),
    "a price loses its cents": (
        *("flask_sqlite", "validation.py"),
        'float(item["price"])',
        'float(int(item["price"]))',
    ),
    "names are trimmed": (
        *("django_drf", "items/serializers.py"),
        '"name": {"trim_whitespace": False}',
        '"name": {}',
    ),
    "names may be too long": (
        *("fastapi_sqlite", "app.py"),
        "min_length=1, max_length=100",
        "min_length=1",
    ),
    "an id is used again": (
        *("flask_sqlite", "schema.sql"),
        " AUTOINCREMENT",
        "",
    ),
    "digits of other scripts are an id": (
        *("flask_sqlite", "validation.py"),
        '"[0-9]{1,18}"',
        r'r"\d{1,18}"',
    ),
    "a slash too few is a redirect": (
        *("flask_sqlite", "app.py"),
        "strict_slashes = False",
        "strict_slashes = True",
    ),
    "a connection is opened for each request": (
        *("flask_sqlite", "app.py"),
        'if not hasattr(local, "db"):',
        "if True:",
    ),
    "a statement too many": (
        *("flask_sqlite", "app.py"),
        '    cursor = get_db().execute("DELETE',
        '    get_item(item_id)\n    cursor = get_db().execute("DELETE',
    ),
    "other rows are seeded": (
        *("flask_sqlite", "seed.py"),
        "number * 1.25",
        "number * 1.26",
    ),
    "an id has 32 bits on PostgreSQL": (
        *("flask_sqlalchemy", "app.py"),
        "mapped_column(BigId, primary_key=True)",
        "mapped_column(primary_key=True)",
        "postgresql",
    ),
}


def run_suite(folder, suite=SUITE, database="sqlite"):
    """Hold this folder to the contract, until the first failure."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "--versions=today", f"--database={database}"]
    options += [f"--stack={folder}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(HERE / f"test_{name}.py" for name in suite)],
        cwd=HERE.parent.parent,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # they take a second to load
        capture_output=True,
        text=True,
    )


def plant(bug, folder):
    """Copy a stack into this folder, with the bug, and run the suite on the copy."""
    stack, path, right, wrong, *database = bug
    copy = shutil.copytree(find_stacks()[stack], folder / stack)
    file = copy / path
    before = file.read_text()
    assert before.count(right) == 1, f"{stack}/{path} does not hold {right!r} just once"
    file.write_text(before.replace(right, wrong))
    assert file.read_text() != before
    return run_suite(copy, SUITE, *database)


@pytest.mark.parametrize("bug", BUGS)
def test_the_suite_is_red_where(bug, tmp_path):
    if "postgresql" in BUGS[bug]:
        try:
            find_binaries()
        except Mistake as mistake:
            pytest.skip(str(mistake))
    done = plant(BUGS[bug], tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert "error" not in done.stdout.splitlines()[-1], done.stdout  # it was served, and judged


def test_the_suite_is_green_without_a_bug(tmp_path):
    copy = shutil.copytree(find_stacks()["flask_sqlite"], tmp_path / "flask_sqlite")
    done = run_suite(copy, suite=SUITE[:1])
    assert done.returncode == 0, done.stdout + done.stderr
