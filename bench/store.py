"""Campaigns on disk: a folder a campaign, a folder a cell; a cell is there whole or not."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import ROOT, Mistake

SCHEMA = 1
RESULTS = ROOT / "results"


@dataclass(frozen=True)
class Cell:
    """What was measured of one stack in one block."""

    campaign: str
    stack: str
    block: int
    position: int
    started: str
    conditions: dict[str, Any]  # what must be equal where cells are compared
    scenarios: dict[str, dict[str, Any]]

    def is_valid(self, scenario: str) -> bool:
        return scenario in self.scenarios and not self.scenarios[scenario]["problems"]


def create_campaign(out: Path, plan: dict[str, Any]) -> Path:
    """A new folder under out that holds this plan, named for the time and the profile."""
    started = datetime.now(UTC)
    folder = out / f"{started:%Y%m%d-%H%M%S}-{plan['conditions']['profile']['name']}"
    try:
        (folder / "cells").mkdir(parents=True)
        write_json(folder / "plan.json", {"schema": SCHEMA, "started": started.isoformat(), **plan})
    except FileExistsError as error:
        raise Mistake(f"{folder} is there already; a second later it has another name") from error
    except OSError as error:
        raise Mistake(f"results cannot be written to {out}: {error.strerror}") from error
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


def remove_if_empty(campaign: Path) -> None:
    """Remove a campaign in which not one cell was finished: there is nothing to keep."""
    if not any((campaign / "cells").iterdir()):
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


def read_campaign(folder: Path) -> tuple[dict[str, Any], list[Cell]]:
    """A campaign's plan and the cells that are there; a folder that is no campaign is a Mistake."""
    plan = _read_json(folder / "plan.json")
    cells = [_read_cell(path, plan) for path in sorted(folder.glob("cells/[!.]*/cell.json"))]
    return plan, sorted(cells, key=lambda cell: (cell.block, cell.position))


def find_campaigns(results: Path) -> list[Path]:
    """Every campaign's folder, the oldest first."""
    return sorted(path.parent for path in results.glob("*/plan.json"))


def _read_cell(path: Path, plan: dict[str, Any]) -> Cell:
    data = _read_json(path)
    return Cell(
        campaign=path.parents[2].name,
        stack=data["stack"],
        block=data["block"],
        position=data["position"],
        started=data["started"],
        conditions=data["conditions"],
        scenarios=data["scenarios"],
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text())
        schema = data.get("schema")
    except (OSError, ValueError, AttributeError) as error:
        raise Mistake(f"{path} cannot be read: {error}") from error
    if schema != SCHEMA:
        raise Mistake(f"{path} has schema {schema}; this version reads {SCHEMA}")
    return dict(data)
