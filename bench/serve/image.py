"""The image of an arm: built from its folder by the stack's own Dockerfile."""

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
    tag = f"bench-{arm.folder.name}:{versions}"
    try:
        docker("build", "--force-rm", f"--tag={tag}", *options, str(arm.folder))
    except Mistake as mistake:
        raise Mistake(f"{arm.label}: its image does not build: {mistake}") from mistake
    return docker("image", "inspect", "--format", "{{.Id}}", tag).strip()


def describe_image(image: str) -> dict[str, Any]:
    """As bench.keep.record.Served has it."""
    return {
        "image": image,
        "image_bytes": int(docker("image", "inspect", "--format", "{{.Size}}", image)),
        "docker": docker("version", "--format", "{{.Server.Version}}").strip(),
    }
