"""Whether a campaign can be quoted: complete, unmixed, unaltered, and of a known schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from bench import ROOT, Mistake
from bench.report import missing
from bench.store import SCHEMA, digest, read_campaign, read_journal, read_plan
from bench.summary import read_counts

SCHEMAS = ROOT / "bench" / "schema"


def faults(folder: Path) -> list[str]:
    """What is wrong with a campaign, a line each; whatever cannot be read is a fault as well."""
    try:
        plan = read_plan(folder)
        return [*_of_shape(folder / "plan.json", "plan", plan), *_of_campaign(folder, plan)]
    except Mistake as mistake:
        return [str(mistake)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return [f"{folder} cannot be read: {type(error).__name__}: {error}"]


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
    planned = {"block": cell["block"], "position": cell["position"], "stack": cell["stack"]}
    if planned not in plan["cells"] or cell["attempt"] > plan["attempts"]:
        yield f"mixed: {name} is not in the plan"
    conditions = {key: value for key, value in cell["conditions"].items() if key != "python"}
    if cell["plan_sha256"] != plan_sha256 or conditions != plan["conditions"]:
        yield f"mixed: {name} was measured under another plan"
    found = {file.name: digest(file) for file in path.parent.iterdir() if file != path}
    for file in sorted({*found, *cell["files"]}):
        if found.get(file) != cell["files"].get(file):
            yield f"altered: {name}/{file} is not what its cell.json notes"
    for scenario, measured in cell["scenarios"].items():
        yield from _of_measurement(path.parent, scenario, measured)


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


def _of_shape(path: Path, kind: str, data: dict[str, Any]) -> Iterator[str]:
    schema = json.loads((SCHEMAS / f"{kind}-{SCHEMA}.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.path))):
        where = "/".join(map(str, error.path)) or "it"
        yield f"incomplete: {path.parent.name}/{path.name}: {where}: {error.message[:120]}"
