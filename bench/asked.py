"""What was asked for on the command line: does it go together, and what a plan asks for again."""

import argparse
import re
from urllib.parse import parse_qsl, urlsplit

from bench import Mistake
from bench.arm import Settings
from bench.keep.record import Plan


def ask_as_planned(arguments: argparse.Namespace, plan: Plan) -> None:
    """What the plan was asked for is asked for again."""
    conditions, dosed = plan.conditions, [plan.arms[label].dose_turns for label in plan.controls]
    arguments.sessions = max(session.block for session in plan.sessions)
    arguments.profile, arguments.scenarios = conditions.profile.name, None
    arguments.engine = conditions.engine.partition(",")[0]
    arguments.controls = bool(plan.controls)
    arguments.dose_turns = max((turns for turns in dosed if turns), default=None)
    if plan.controls:
        settings = plan.arms[plan.controls[0]].settings
        arguments.requirements, arguments.database = settings.requirements, settings.database
        arguments.workers, arguments.threads = settings.workers, settings.threads
    databases = [plan.database_of(label) for label in plan.arms]
    is_given = any(database and database.server == "given" for database in databases)
    if is_given and not arguments.database_url:
        raise Mistake(f"{arguments.resume} was measured on a server of yours: add --database-url")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """What is asked for of every arm."""
    return Settings(
        requirements=arguments.requirements,
        workers=arguments.workers,
        threads=arguments.threads,
        database=arguments.database,
    )


def check_database(arguments: argparse.Namespace) -> None:
    """A Mistake where what was asked for does not go together."""
    url = arguments.database_url
    if url and not _names_a_server(url):
        form = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        raise Mistake(f"--database-url reads {form}; write what is special in a password as %XX")
    if url:
        arguments.database = "postgres"
    if arguments.database == "sqlite":
        return
    if arguments.controls:
        raise Mistake("--controls are copies of flask_sqlite, which speaks SQLite only")
    if arguments.requirements == "paper":
        raise Mistake("PostgreSQL needs today's versions: the paper's take another driver")


def _names_a_server(url: str) -> bool:
    """Whether every part is where it belongs: an arm gets its own database in place of DATABASE."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.scheme == "postgresql" and parts.hostname and (parts.port or True))
    except ValueError:
        return False
    user = parts.netloc.rpartition("@")[0]
    is_escaped = not re.search(r"[\s@]|%(?![0-9a-fA-F]{2})", user)
    return is_whole and is_escaped and "dbname" not in dict(parse_qsl(parts.query))
