"""Recreate the table and fill it: python seed.py 1500 [--journal-mode wal] [--if-missing]."""

import argparse
import sys

from sqlalchemy import insert, inspect
from sqlalchemy.exc import DBAPIError

from app import Base, Item, app, db


def make_item(number):
    return {
        "name": f"Item {number}",
        "description": f"What there is to say about item {number}",
        "price": number * 1.25,
        "in_stock": number % 5 != 0,
    }


def seed(connection, rows):
    # One transaction, the schema too: readers see the old items or the new ones.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if db.engine.name == "sqlite" else "BEGIN")
    Base.metadata.drop_all(connection)
    Base.metadata.create_all(connection)
    if rows:  # for an empty list, a row of nothing would be inserted
        connection.execute(insert(Item), [make_item(number) for number in range(1, rows + 1)])
    connection.exec_driver_sql("COMMIT")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--journal-mode", choices=["delete", "wal"], help="of the database file")
    parser.add_argument("--if-missing", action="store_true", help="do nothing if there is a table")
    options = parser.parse_args()
    if options.journal_mode and db.engine.name != "sqlite":
        parser.error("only SQLite has a journal mode")
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if db.engine.name == "postgresql":  # of several at once one seeds, others wait
            connection.exec_driver_sql("SELECT pg_advisory_lock(1500)")
        if options.if_missing and inspect(connection).has_table("items"):
            return
        if options.journal_mode:
            connection.exec_driver_sql(f"PRAGMA journal_mode = {options.journal_mode}")
        seed(connection, options.rows)


if __name__ == "__main__":
    with app.app_context():
        try:
            main()
        except DBAPIError as error:
            print(
                f"seed.py: {db.engine.url!r}: {' '.join(str(error.orig).split())}", file=sys.stderr
            )
            sys.exit(2)
