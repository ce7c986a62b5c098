"""Recreate the table and fill it: python seed.py 1500 [--journal-mode wal] [--if-missing]."""

import argparse
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from app import DATABASE

SCHEMA = Path(__file__).with_name("schema.sql").read_text()


def make_item(number):
    return {
        "name": f"Item {number}",
        "description": f"What there is to say about item {number}",
        "price": number * 1.25,
        "in_stock": number % 5 != 0,
    }


def seed(db, rows):
    # One transaction, the schema too: readers see the old items or the new ones.
    db.execute("BEGIN IMMEDIATE")
    db.execute("DROP TABLE IF EXISTS items")
    db.execute(SCHEMA)
    db.executemany(
        "INSERT INTO items (name, description, price, in_stock)"
        " VALUES (:name, :description, :price, :in_stock)",
        (make_item(number) for number in range(1, rows + 1)),
    )
    db.execute("COMMIT")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--journal-mode", choices=["delete", "wal"], help="of the database file")
    parser.add_argument("--if-missing", action="store_true", help="do nothing if there is a table")
    options = parser.parse_args()
    with closing(sqlite3.connect(DATABASE, timeout=30, isolation_level=None)) as db:
        if options.if_missing and db.execute("PRAGMA table_info(items)").fetchone():
            return
        if options.journal_mode:
            db.execute(f"PRAGMA journal_mode = {options.journal_mode}")
        seed(db, options.rows)


if __name__ == "__main__":
    try:
        main()
    except sqlite3.OperationalError as error:
        print(f"seed.py: {DATABASE}: {error}", file=sys.stderr)
        sys.exit(2)
