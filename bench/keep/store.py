"""Campaigns on disk: a folder a campaign, a folder a cell; a cell is there whole or not.

results/<campaign>/plan.json        what is measured, in which order, under which conditions
                   profile.json     how long and how many: a copy of the profile
                   journal.ndjson   what happened, a line an event, only ever added to
                   cells/<block>-<position>-<stack>[.<attempt>]/cell.json, k6's summaries, logs
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import ROOT, Mistake
from bench.answer.stats import Distribution
from bench.keep.summary import read_distribution

SCHEMA = 2
RESULTS = ROOT / "results"


@dataclass(frozen=True)
class Cell:
    """What one attempt to measure a stack in one block gave."""

    campaign: Path
    name: str  # of its folder
    stack: str
    block: int
    position: int
    attempt: int
    started: str
    conditions: dict[str, Any]  # what must be equal where cells are compared
    served: dict[str, Any]  # interpreter, packages, database
    commits: dict[str, Any]  # what one costs where the database lies, by the number of writers
    dose_s: float | None  # CPU that the dosed control adds to a request
    scenarios: dict[str, dict[str, Any]]

    @property
    def database(self) -> dict[str, Any]:
        """What a commit promises and where it goes: never equal by chance, never to be mixed."""
        settings = self.served.get("postgresql", {})
        kept = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers")
        return {
            "synchronous": self.served.get("pragmas", {}).get("synchronous"),
            "filesystem": self.served.get("database_filesystem"),
            **{name: settings.get(name) for name in kept},
        }

    def is_valid(self, scenario: str) -> bool:
        """Whether it counts; one that is only suspect does."""
        return self.scenarios.get(scenario, {}).get("status") in ("valid", "suspect")


def counted(cells: Iterable[Cell], scenario: str) -> list[Cell]:
    """Of every stack and block the first attempt in which this scenario is valid, if there is one.

    Neither the best nor the last: which attempt counts must not depend on what it gave.
    """
    first: dict[tuple[Path, str, int], Cell] = {}
    for cell in sorted(cells, key=lambda cell: cell.attempt):
        if cell.is_valid(scenario):
            first.setdefault((cell.campaign, cell.stack, cell.block), cell)
    return sorted(first.values(), key=lambda cell: (cell.campaign, cell.block, cell.position))


def create_campaign(out: Path, plan: dict[str, Any], profile: Path) -> Path:
    """A new folder under out that holds this plan, named for the time and the profile."""
    started = datetime.now(UTC)
    folder = out / f"{started:%Y%m%d-%H%M%S}-{plan['conditions']['profile']['name']}"
    try:
        (folder / "cells").mkdir(parents=True)
    except FileExistsError as error:
        raise Mistake(f"{folder} is there already; a second later it has another name") from error
    except OSError as error:
        raise Mistake(f"results cannot be written to {out}: {error.strerror}") from error
    try:
        shutil.copyfile(profile, folder / "profile.json")
        write_json(folder / "plan.json", {"schema": SCHEMA, "started": started.isoformat(), **plan})
        note(folder, "planned", sha256=digest(folder / "plan.json"))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


@contextmanager
def new_cell(campaign: Path, name: str) -> Iterator[Path]:
    """A folder to fill; it becomes the cell of this name only where nothing is raised inside."""
    unfinished = campaign / "cells" / f".{name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        yield unfinished
        os.rename(unfinished, campaign / "cells" / name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    note(campaign, "kept", cell=name, sha256=digest(campaign / "cells" / name / "cell.json"))


def keep_what_is_there(campaign: Path) -> None:
    """Remove what a killed run was about to write, and note what it had no time to note.

    A Mistake where a cell is gone that was noted: measured anew, it would have been chosen.
    """
    if not read_journal(campaign):
        note(campaign, "planned", sha256=digest(campaign / "plan.json"))
    for unfinished in campaign.glob("cells/.*"):
        shutil.rmtree(unfinished)
    noted = {event["cell"] for event in read_journal(campaign) if event["event"] == "kept"}
    for name in sorted(noted):
        if not (campaign / "cells" / name / "cell.json").exists():
            raise Mistake(f"{campaign.name} cannot go on: {name} was measured and is gone")
    for cell in sorted(campaign.glob("cells/*/cell.json")):
        if cell.parent.name not in noted:
            note(campaign, "kept", cell=cell.parent.name, sha256=digest(cell))


def remove_if_empty(campaign: Path) -> None:
    """Remove a campaign in which not one cell was finished: there is nothing to keep."""
    if not any(campaign.glob("cells/*/cell.json")):
        shutil.rmtree(campaign)


def write_json(path: Path, data: Any) -> None:
    """Write all of it or nothing: a reader, or a crash, never meets half a file."""
    unfinished = path.with_name(f".{path.name}")
    try:
        with unfinished.open("w") as file:
            json.dump(data, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror}") from error


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


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_plan(folder: Path) -> dict[str, Any]:
    """A campaign's plan; a folder that is no campaign is a Mistake."""
    return _read_json(folder / "plan.json")


def read_campaign(folder: Path) -> tuple[dict[str, Any], list[Cell]]:
    """A campaign's plan and the cells that are there; a folder that is no campaign is a Mistake."""
    cells = [read_cell(path) for path in sorted(folder.glob("cells/[!.]*/cell.json"))]
    order = sorted(cells, key=lambda cell: (cell.block, cell.attempt, cell.position))
    return read_plan(folder), order


def find_campaigns(results: Path) -> list[Path]:
    """Every campaign's folder, the oldest first."""
    return sorted(path.parent for path in results.glob("*/plan.json"))


def read_cell(path: Path) -> Cell:
    """The cell whose cell.json this is."""
    data = _read_json(path)
    told = set(Cell.__dataclass_fields__) - {"campaign", "name"}
    if told - set(data):
        raise Mistake(f"{path} lacks {', '.join(sorted(told - set(data)))}")
    return Cell(path.parents[2], path.parent.name, **{name: data[name] for name in told})


def response_times(cell: Cell, scenario: str) -> Distribution:
    """Of one measurement, from k6's own summary beside its cell.json."""
    path = cell.campaign / "cells" / cell.name / f"{scenario}.json"
    try:
        return read_distribution(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Mistake(f"{path} cannot be read: {error}") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
        schema = data.get("schema")
    except (OSError, ValueError, AttributeError) as error:
        raise Mistake(f"{path} cannot be read: {error}") from error
    if schema != SCHEMA:
        raise Mistake(f"{path} has schema {schema}; this version reads {SCHEMA}")
    return dict(data)
