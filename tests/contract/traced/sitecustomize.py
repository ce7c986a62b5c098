"""Python imports this at its start: write each SQL statement and connection of SQLite to a file."""

import os
import sqlite3
import sqlite3.dbapi2

file = os.open(os.environ["SQL_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
connect = sqlite3.connect


def write(statement):
    os.write(file, " ".join(statement.split()).encode(errors="replace") + b"\n")


def traced_connect(*arguments, **options):
    write("CONNECT")
    connection = connect(*arguments, **options)
    connection.set_trace_callback(write)
    return connection


sqlite3.connect = sqlite3.dbapi2.connect = traced_connect
