"""The image of an arm: built from its folder by the stack's own Dockerfile."""

import tempfile
from pathlib import Path
from typing import Any

from bench import Mistake
from bench.arm import Arm
from bench.serve.container import docker
from bench.serve.stacks import REQUIREMENTS

PYTHON = {"today": "3.14", "paper": "3.11"}


def build(arm: Arm) -> str:
    """The id of the image of an arm's folder, with the versions of its settings."""
    versions = arm.settings.requirements
    arguments = {"PYTHON": PYTHON[versions], "REQUIREMENTS": REQUIREMENTS[versions]}
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    options.append(f"--tag=bench-{arm.folder.name}:{versions}")
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "id")
        try:
            docker(
                "build", "--force-rm", f"--iidfile={told}", *options, str(arm.folder), seconds=3600
            )
            # Not by its tag: a builder may keep what it made, and the tag be an older image's.
            return docker("image", "inspect", "--format", "{{.Id}}", told.read_text()).strip()
        except (Mistake, OSError) as mistake:
            raise Mistake(f"{arm.label}: its image does not build: {mistake}") from mistake


def describe_image(image: str) -> dict[str, Any]:
    """As bench.keep.record.Served has it."""
    return {
        "image": image,
        "image_bytes": int(docker("image", "inspect", "--format", "{{.Size}}", image)),
        "docker": docker("version", "--format", "{{.Server.Version}}").strip(),
    }
