"""Recreate the table and fill it: python seed.py 1500 [--journal-mode wal] [--if-missing]."""

import argparse
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from items.models import Item


def make_item(number):
    return {
        "name": f"Item {number}",
        "description": f"What there is to say about item {number}",
        "price": number * 1.25,
        "in_stock": number % 5 != 0,
    }


def seed(rows):
    # One transaction, the schema too: readers see the old items or the new ones.
    # On SQLite Django changes a schema inside a transaction only where no foreign key is checked.
    with connection.constraint_checks_disabled(), transaction.atomic():
        call_command("migrate", "items", "zero", verbosity=0)
        call_command("migrate", verbosity=0)
        Item.objects.bulk_create(Item(**make_item(number)) for number in range(1, rows + 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--journal-mode", choices=["delete", "wal"], help="of the database file")
    parser.add_argument("--if-missing", action="store_true", help="do nothing if there is a table")
    options = parser.parse_args()
    if options.journal_mode and connection.vendor != "sqlite":
        parser.error("only SQLite has a journal mode")
    if connection.vendor == "postgresql":  # of several at once one seeds, others wait
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(1500)")
    if options.if_missing and "items" in connection.introspection.table_names():
        return
    if options.journal_mode:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA journal_mode = {options.journal_mode}")
    seed(options.rows)


if __name__ == "__main__":
    try:
        main()
    except DatabaseError as error:
        said = " ".join(str(error).split())
        print(f"seed.py: {connection.settings_dict['NAME']}: {said}", file=sys.stderr)
        sys.exit(2)
