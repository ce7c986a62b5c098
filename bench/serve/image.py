"""The image of an arm: built from its folder by the stack's own Dockerfile."""

import hashlib
import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import Mistake
from bench.arm import Arm
from bench.keep.pins import digest_of_folder
from bench.serve.container import docker
from bench.serve.stacks import REQUIREMENTS, lock_of
from bench.serve.variant import copy_stack

PYTHON = {"paper": "3.11"}  # else TODAY
TODAY = "3.14"
GIVEN = "requirements-given.txt"  # the name of a lock from elsewhere, in the build's context

WITH_PACKAGES = """\
FROM {image}
USER root
COPY . /packages
RUN pip install --no-cache-dir {packages} && pip check
USER app
"""


def build(arm: Arm) -> str:
    """The id of the image of an arm's folder, with the versions of its settings."""
    python = arm.settings.python or PYTHON.get(arm.settings.requirements, TODAY)
    if "/" in python:
        raise Mistake(f"{arm.label}: an interpreter's path is for --engine local")
    with tempfile.TemporaryDirectory() as folder:
        try:
            context, lock = arm.folder, lock_of(arm).name
            if arm.settings.requirements not in REQUIREMENTS:
                context, lock = Path(folder, "app"), GIVEN
                copy_stack(arm.folder, context)
                shutil.copyfile(arm.settings.requirements, context / GIVEN)
            image = _built(arm.stack, context, {"PYTHON": python, "REQUIREMENTS": lock})
            if arm.settings.packages:
                context = Path(folder, "packages")
                _write_packages(context, image, arm.settings.packages)
                image = _built(arm.stack, context, {})
            return docker("image", "inspect", "--format", "{{.Id}}", image).strip()
        except (Mistake, OSError) as mistake:
            raise Mistake(f"{arm.label}: its image does not build: {mistake}") from mistake


def _built(name: str, context: Path, arguments: Mapping[str, str]) -> str:
    """The tag of what this build made, which nothing else bears: it is made from the contents."""
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    digest = hashlib.sha256(" ".join([digest_of_folder(context), *options]).encode()).hexdigest()
    tag = f"bench-{name.lower()}:{digest[:12]}"
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "id")
        docker(
            "build", "--force-rm", f"--iidfile={told}", f"--tag={tag}", *options, str(context),
            seconds=3600,
        )  # fmt: skip
        # Not by its tag: a builder may keep what it made, and the tag be an older image's.
        docker("image", "inspect", "--format", "{{.Id}}", told.read_text())
        return told.read_text().strip()


def _write_packages(context: Path, image: str, packages: Sequence[str]) -> None:
    """What a second build needs to put these packages in the place of the lock's."""
    context.mkdir()
    given = []
    for number, package in enumerate(packages):
        if "==" not in package:
            ignored = shutil.ignore_patterns("__pycache__", ".venv", "node_modules")
            shutil.copytree(package, context / str(number), ignore=ignored, symlinks=True)
        given.append(package if "==" in package else f"/packages/{number}")
    text = WITH_PACKAGES.format(image=image, packages=shlex.join(given))
    (context / "Dockerfile").write_text(text)


def describe_image(image: str) -> dict[str, Any]:
    """As bench.keep.record.Served has it."""
    return {
        "image": image,
        "image_bytes": int(docker("image", "inspect", "--format", "{{.Size}}", image)),
        "docker": docker("version", "--format", "{{.Server.Version}}").strip(),
    }
