"""JSON schemas of what a campaign keeps, made from its types: python -m bench.keep.schemas.

For others who read the files; this project itself reads them by the types.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from bench.keep.record import SCHEMA, Plan, Session
from bench.keep.summary import Summary
from bench.keep.thresholds import THRESHOLDS

FOLDER = Path(__file__).parent / "schema"
FIXED = {"schema": SCHEMA, "thresholds": THRESHOLDS}


def schemas() -> dict[str, str]:
    """By the name of its file, the text of each schema."""
    kinds: dict[str, Any] = {"plan": Plan, "session": Session, "summary": Summary}
    texts = {}
    for name, kind in kinds.items():
        schema = msgspec.json.schema(kind)
        properties = schema["$defs"][kind.__name__]["properties"]
        for field, value in FIXED.items():
            if field in properties:
                properties[field] = {"const": value}
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        texts[f"{name}-{SCHEMA}.json"] = json.dumps(schema, indent=1) + "\n"
    return texts


if __name__ == "__main__":
    for name, text in schemas().items():
        (FOLDER / name).write_text(text)
