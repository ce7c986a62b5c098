"""From variants to arms: copies of stacks, each with what differs, and the server they run on."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from bench import Mistake
from bench.arm import Arm
from bench.serve.stacks import find_stacks
from bench.serve.variant import CONFIG, copy_stack, make_variants
from bench.studies.experiment.experiment import Part, Variant

APP = re.compile(r'^wsgi_app = "[^"]*"$', re.MULTILINE)


def make_arms(part: Part, folder: Path) -> list[Arm]:
    """An arm a variant; what they are copied to lies under folder."""
    arms = [_arm(variant, folder / part.name) for variant in part.variants]
    return make_variants(arms, folder / part.name)


def _arm(variant: Variant, folder: Path) -> Arm:
    copy = folder / variant.name / variant.stack
    copy_stack(find_stacks()[variant.stack], copy)
    for file in variant.files:
        shutil.copy(file, copy)
    config = copy / CONFIG
    text = config.read_text()
    if variant.app:
        text, count = APP.subn(f'wsgi_app = "{variant.app}"', text)
        if count != 1:
            raise Mistake(f"{variant.stack}/{CONFIG} does not name one app: no variant can be made")
    config.write_text(text + variant.config)
    variables = dict(variant.variables)
    if variant.preload:
        variables["LD_PRELOAD"] = str(_compiled(variant.preload, copy))
    of_arm = tuple(sorted(variables.items()))
    settings = msgspec.structs.replace(variant.settings, variables=of_arm)
    return replace(Arm(variant.name, variant.stack, copy), settings=settings)


def _compiled(source: Path, folder: Path) -> Path:
    """The library that is made of it; a Mistake where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Mistake(f"{source.name} needs a C compiler, and there is no cc")
    library = (folder / source.name).with_suffix(".so").resolve()
    if re.search(r"[\s:]", str(library)):  # they would end its name in LD_PRELOAD
        raise Mistake(f"no library can be preloaded from {folder}: its path has a space or a colon")
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode:
        raise Mistake(f"{source.name} does not compile: {done.stderr.strip().splitlines()[-1]}")
    return library


def command_of(parts: Sequence[Part]) -> Callable[[Arm, int], list[str]]:
    """By arm and port, the command that serves it."""
    variants = {variant.name: variant for part in parts for variant in part.variants}

    def command(arm: Arm, port: int) -> list[str]:
        variant = variants[arm.label]
        return _granian(variant, port) if variant.granian else ["gunicorn"]

    return command


def _granian(variant: Variant, port: int) -> list[str]:
    settings = variant.settings
    options: Mapping[str, object] = {
        "interface": variant.granian,
        "host": "127.0.0.1",
        "port": port,
        "workers": settings.workers,
        # An ASGI app's own loop is its one thread.
        "blocking-threads": settings.threads if variant.granian == "wsgi" else 1,
    }
    said = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return ["granian", *said, "--no-ws", variant.app or "app:app"]
