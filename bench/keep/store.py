"""Campaigns on disk: a folder a campaign, a folder a session; a session is there whole or not.

results/<campaign>/plan.json        what is measured, in which order, under which conditions
                   profile.json     how long and how many: a copy of the profile
                   journal.ndjson   what happened, a line an event, only ever added to
                   sources/<side>/<stack>, of a comparison: what was compared, for who resumes it
                   sessions/<number>/session.json, k6's summaries <scenario>-<run>.json, logs
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import ROOT, Mistake
from bench.keep.files import OlderSchema, digest, read_kept, write_record
from bench.keep.record import Plan, Session
from bench.keep.summary import Distribution, distribution, read_summary

__all__ = ["OlderSchema", "digest", "write_record"]  # of files.py, for who keeps something

RESULTS = ROOT / "results"
RECORD = "session.json"


def create_campaign(out: Path, plan: Plan, profile: Path) -> Path:
    """A new folder under out that holds this plan, named for its time and its profile."""
    started = datetime.fromisoformat(plan.started)
    folder = out / f"{started:%Y%m%d-%H%M%S}-{plan.conditions.profile.name}"
    try:
        (folder / "sessions").mkdir(parents=True)
    except FileExistsError as error:
        raise Mistake(f"{folder} is there already; a second later it has another name") from error
    except OSError as error:
        raise Mistake(f"results cannot be written to {out}: {error.strerror}") from error
    try:
        shutil.copyfile(profile, folder / "profile.json")
        write_record(folder / "plan.json", plan)
        note(folder, "planned", sha256=digest(folder / "plan.json"))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


@contextmanager
def new_session(campaign: Path, name: str) -> Iterator[Path]:
    """A folder to fill; it becomes the session of this name only where nothing is raised inside."""
    unfinished = campaign / "sessions" / f".{name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        yield unfinished
        os.rename(unfinished, campaign / "sessions" / name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    note(campaign, "kept", session=name, sha256=digest(campaign / "sessions" / name / RECORD))


def keep_what_is_there(campaign: Path) -> None:
    """Remove what a killed run was about to write, and note what it had no time to note.

    A Mistake where a session is gone that was noted: measured anew, it would have been chosen.
    """
    if not read_journal(campaign):
        note(campaign, "planned", sha256=digest(campaign / "plan.json"))
    for unfinished in campaign.glob("sessions/.*"):
        shutil.rmtree(unfinished)
    noted = {event["session"] for event in read_journal(campaign) if event["event"] == "kept"}
    for name in sorted(noted):
        if not (campaign / "sessions" / name / RECORD).exists():
            raise Mistake(f"{campaign.name} cannot go on: {name} was measured and is gone")
    for record in session_files(campaign):
        if record.parent.name not in noted:
            note(campaign, "kept", session=record.parent.name, sha256=digest(record))


def remove_if_empty(campaign: Path) -> None:
    """Remove a campaign in which not one session was finished: there is nothing to keep."""
    if not session_files(campaign):
        shutil.rmtree(campaign)


def note(campaign: Path, event: str, **what: Any) -> None:
    """Add a line to the journal; it is on the disk when this returns."""
    path = campaign / "journal.ndjson"
    line = json.dumps({"event": event, "at": datetime.now(UTC).isoformat(), **what})
    try:
        with path.open("ab") as file:
            torn = file.tell() and path.read_bytes()[-1:] != b"\n"
            file.write(b"\n" * torn + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror}") from error


def read_journal(campaign: Path) -> list[dict[str, Any]]:
    """Every event that was noted whole; a line that a crash cut off is left out."""
    path = campaign / "journal.ndjson"
    events = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events


def read_plan(campaign: Path) -> Plan:
    """A campaign's plan; a folder that is no campaign is a Mistake."""
    return read_kept(campaign / "plan.json", Plan)


def read_session(path: Path) -> Session:
    """The session whose session.json this is."""
    return read_kept(path, Session)


def read_campaign(campaign: Path) -> tuple[Plan, list[Session]]:
    """Its plan and the sessions that are there, in the order in which they were measured."""
    plan = read_plan(campaign)
    sessions = [read_session(path) for path in session_files(campaign)]
    return plan, sorted(sessions, key=lambda session: session.number)


def session_files(campaign: Path) -> list[Path]:
    """The records of all finished sessions."""
    return sorted(campaign.glob(f"sessions/[!.]*/{RECORD}"))


def find_campaigns(results: Path) -> list[Path]:
    """Every campaign's folder, in the order of their names."""
    return sorted(path.parent for path in results.glob("*/plan.json"))


def summary_path(campaign: Path, session: int, scenario: str, run: int) -> Path:
    """Where k6's own summary of a run lies."""
    return campaign / "sessions" / f"{session:03}" / f"{scenario}-{run}.json"


def source_path(campaign: Path, side: str, stack: str) -> Path:
    """Where what was compared is kept: a branch may move, and a file be edited."""
    return campaign / "sources" / side / stack


def response_times(campaign: Path, session: Session, arm: str, scenario: str) -> list[Distribution]:
    """Of one measurement, each run's, from k6's own summaries beside its session.json."""
    found = []
    for run in range(1, 1 + len(session.scenarios[scenario].runs)):
        path = summary_path(campaign, session.number, scenario, run)
        try:
            found.append(distribution(read_summary(path), arm))
        except (OSError, ValueError, KeyError, RecursionError) as error:
            raise Mistake(f"{path} cannot be read: {error}") from error
    return [times for times in found if times]
