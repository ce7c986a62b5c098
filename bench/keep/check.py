"""Whether a campaign can be quoted: complete, unmixed, unaltered, and of a known schema."""

import csv
import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema

from bench import ROOT, Mistake
from bench.answer.report import Report, missing
from bench.answer.spreadsheet import write_pairs, write_summary
from bench.keep.plan import PlannedCell, draw_plan
from bench.keep.store import SCHEMA, digest, read_campaign, read_journal, read_plan
from bench.keep.summary import read_counts

SCHEMAS = ROOT / "bench" / "keep" / "schema"
UNREADABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError),
)
TABLES = {"summary.csv": write_summary, "pairs.csv": write_pairs}


def faults(folder: Path) -> list[str]:
    """What is wrong with a campaign, a line each; whatever cannot be read is a fault as well."""
    try:
        plan = read_plan(folder)
        found = [*_of_shape(folder / "plan.json", "plan", plan), *_of_campaign(folder, plan)]
        return found or list(_of_figures(folder))
    except Mistake as mistake:
        return [str(mistake)]
    except UNREADABLE as error:
        return [f"{folder} cannot be read: {type(error).__name__}: {error}"]


def find_remains(results: Path) -> list[Path]:
    """Every folder that is a campaign, or what is left of one."""
    parts = ("plan.json", "journal.ndjson", "cells")
    return sorted({path.parent for part in parts for path in results.glob(f"*/{part}")})


def outcome(folder: Path) -> str:
    """Complete, or degraded where a planned measurement has no valid attempt."""
    lost = missing(*read_campaign(folder))
    return f"degraded: {len(lost)} measurements have no valid attempt" if lost else "complete"


def _of_campaign(folder: Path, plan: dict[str, Any]) -> Iterator[str]:
    journal = read_journal(folder)
    kept = {event["cell"]: event["sha256"] for event in journal if event["event"] == "kept"}
    if not journal or journal[-1]["event"] != "ended":
        yield "incomplete: the journal does not end with its end"
    if not journal or journal[0].get("sha256") != digest(folder / "plan.json"):
        yield "altered: plan.json is not what the journal notes"
    if digest(folder / "profile.json") != plan["conditions"]["profile"]["sha256"]:
        yield "altered: profile.json is not what was planned"
    drawn = draw_plan([*plan["stacks"], *plan["controls"]], plan["runs"], plan["seed"])
    if plan["cells"] != [asdict(cell) for cell in drawn]:
        yield "altered: its order is not the one that its seed draws"
    there = {path.parent.name: path for path in folder.glob("cells/*/cell.json")}
    for name in sorted({*kept, *there}):
        if name not in there:
            yield f"incomplete: {name} was measured and is gone"
        elif kept.get(name) != digest(there[name]):
            yield f"altered: {name}/cell.json is not what the journal notes"
        else:
            yield from _of_cell(there[name], plan, digest(folder / "plan.json"))
    measured = {name.partition(".")[0] for name in there}
    for cell in plan["cells"]:
        name = f"{cell['block']}-{cell['position']}-{cell['stack']}"
        if name not in measured:
            yield f"incomplete: {name} was planned and not measured"


def _of_cell(path: Path, plan: dict[str, Any], plan_sha256: str) -> Iterator[str]:
    name, cell = path.parent.name, json.loads(path.read_text())
    yield from _of_shape(path, "cell", cell)
    planned = PlannedCell(cell["block"], cell["position"], cell["stack"])
    if asdict(planned) not in plan["cells"] or cell["attempt"] > plan["attempts"]:
        yield f"mixed: {name} is not in the plan"
    else:
        yield from _of_place(path.parent, planned.name, cell, plan)
    conditions = {key: value for key, value in cell["conditions"].items() if key != "python"}
    if cell["plan_sha256"] != plan_sha256 or conditions != plan["conditions"]:
        yield f"mixed: {name} was measured under another plan"
    found = {file.name: digest(file) for file in path.parent.iterdir() if file != path}
    for file in sorted({*found, *cell["files"]}):
        if found.get(file) != cell["files"].get(file):
            yield f"altered: {name}/{file} is not what its cell.json notes"
    for scenario, measured in cell["scenarios"].items():
        yield from _of_measurement(path.parent, scenario, measured)


def _of_place(
    folder: Path, planned: str, cell: dict[str, Any], plan: dict[str, Any]
) -> Iterator[str]:
    """It must be the attempt that its name says, after all earlier ones, of what was planned."""
    attempts = [planned, *(f"{planned}.{n}" for n in range(2, cell["attempt"] + 1))]
    if folder.name != attempts[-1]:
        yield f"altered: {folder.name} says that it is {attempts[-1]}"
    for name in attempts[:-1]:
        if not (folder.parent / name).exists():
            yield f"incomplete: {folder.name} is there, and {name} before it is gone"
    served = cell["served"].get("image") or cell["served"].get("environment")
    if served != plan["pins"]["served"].get(cell["stack"]):
        yield f"mixed: {folder.name} was not served from what was planned"
    profile = json.loads((folder.parents[1] / "profile.json").read_text())
    for scenario in sorted(set(profile["scenarios"]) ^ set(cell["scenarios"])):
        yield f"incomplete: {folder.name} and the profile do not both have {scenario}"


def _of_measurement(folder: Path, scenario: str, measured: dict[str, Any]) -> Iterator[str]:
    """What is counted must be what k6 itself wrote, and the status what its problems say."""
    name = f"{folder.name}, {scenario}"
    hard = any(not problem["suspect"] for problem in measured["problems"])
    status = "invalid" if hard else "suspect" if measured["problems"] else "valid"
    if measured["status"] != status:
        yield f"altered: {name} is called {measured['status']}, its problems say {status}"
    if status != "invalid":
        counts = read_counts(folder / f"{scenario}.json")
        differing = [key for key, value in counts.items() if measured["load"][key] != value]
        if differing:
            yield f"altered: {name} differs from k6's summary in {', '.join(differing)}"


def _of_figures(folder: Path) -> Iterator[str]:
    """The tables beside the figures must be what the cells give."""
    report = Report(read_campaign(folder)[1])
    for name, write in TABLES.items():
        kept = folder / "figures" / name
        if kept.exists():
            with tempfile.TemporaryDirectory() as fresh:
                write(report, Path(fresh, name))
                if not _alike(kept, Path(fresh, name)):
                    yield f"altered: figures/{name} is not what the cells give; draw it anew"


def _alike(kept: Path, fresh: Path) -> bool:
    """Whether two tables say the same; the last digits may be another machine's."""
    with kept.open(newline="") as one, fresh.open(newline="") as other:
        rows = [list(csv.reader(file)) for file in (one, other)]
    cells = [[cell for row in table for cell in [*row, "\n"]] for table in rows]
    return len(cells[0]) == len(cells[1]) and all(map(_same, *cells))


def _same(one: str, other: str) -> bool:
    try:
        return one == other or math.isclose(float(one), float(other), rel_tol=1e-6)
    except ValueError:
        return False


def _of_shape(path: Path, kind: str, data: dict[str, Any]) -> Iterator[str]:
    schema = json.loads((SCHEMAS / f"{kind}-{SCHEMA}.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.path))):
        where = "/".join(map(str, error.path)) or "it"
        yield f"incomplete: {path.parent.name}/{path.name}: {where}: {error.message[:120]}"
