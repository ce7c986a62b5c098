"""seed.py: the same rows in every stack, in one transaction, and one line where it cannot."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from server import LAMP, ROWS

SEEDED = [
    (n, f"Item {n}", f"What there is to say about item {n}", n * 1.25, int(n % 5 != 0))
    for n in range(1, ROWS + 1)
]


def test_the_rows_are_the_same_in_every_stack(server):
    assert server.rows() == SEEDED
    fields = ("id", "name", "description", "price", "in_stock")
    items = [dict(zip(fields, row, strict=True)) for row in SEEDED]
    assert server.client.get("/items/").json() == items


def test_seeding_again_makes_everything_anew(server):
    server.client.post("/items/", json=LAMP)
    server.client.delete("/items/2")
    done = server.seed(3)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert server.rows() == SEEDED[:3]
    assert [item["id"] for item in server.client.get("/items/").json()] == [1, 2, 3]
    assert server.client.post("/items/", json=LAMP).json()["id"] == 4


def test_seeding_no_rows_leaves_an_empty_table(server):
    assert server.seed(0).returncode == 0
    assert server.rows() == []
    assert server.client.post("/items/", json=LAMP).json()["id"] == 1


def test_who_reads_meanwhile_sees_the_old_items_or_the_new_ones(server):
    with ThreadPoolExecutor() as pool:
        done = pool.submit(server.seed, ROWS)
        seen = set()
        while not done.done():
            seen.add(server.client.get(f"/items/{ROWS}").status_code)
    assert done.result().returncode == 0
    assert seen == {200}


def test_seeding_if_missing_leaves_a_table_alone(server):
    done = server.seed(3, "--if-missing")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert server.rows() == SEEDED


def test_a_journal_mode_of_what_is_no_file_is_one_line(server):
    if server.database.kind == "sqlite":
        pytest.skip("SQLite has journal modes")
    done = server.seed(3, "--journal-mode", "wal")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "seed.py: error: only SQLite has a journal mode"
    assert server.rows() == SEEDED


def test_a_server_that_is_not_there_is_one_line(server):
    if server.database.kind == "sqlite":
        pytest.skip("SQLite has no server")
    done = server.seed(3, DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/items")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("seed.py: ")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


def test_a_journal_mode_is_the_files(server, running_in_wal):
    assert server.database.query("PRAGMA journal_mode") == [("delete",)]
    assert running_in_wal.database.query("PRAGMA journal_mode") == [("wal",)]


def test_the_journal_mode_of_a_file_that_is_served_stays_in_one_line(running_in_wal):
    running_in_wal.database.restore()
    running_in_wal.client.get("/items/1")  # now the app has the file open
    done = running_in_wal.seed(3, "--journal-mode", "delete")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("seed.py: ")
    assert done.stderr.count("\n") == 1
    assert running_in_wal.database.query("PRAGMA journal_mode") == [("wal",)]
    assert running_in_wal.rows() == SEEDED


def test_a_folder_that_does_not_exist_is_one_line(server, tmp_path):
    done = server.seed(3, DATABASE_URL=f"sqlite:///{tmp_path}/none/items.db")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["postgresql://localhost/items", "mysql://h/items", "items.db"])
def test_a_database_that_the_stack_does_not_speak_is_one_line(server, url):
    if url.startswith("postgresql") and not server.name.endswith("_sqlite"):
        pytest.skip("this stack speaks PostgreSQL too")
    done = server.seed(3, DATABASE_URL=url)
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert done.stderr.startswith("DATABASE_URL")
    assert done.stderr.count("\n") == 1
