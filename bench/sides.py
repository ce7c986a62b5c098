"""The two sides of a comparison, before and after: copied first, so that no edit changes them."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import ROOT, Mistake
from bench.arm import Arm, Settings, SideName
from bench.keep.pins import digest_of_folder
from bench.keep.record import Origin, Plan
from bench.keep.store import source_path
from bench.serve.stacks import find_stacks, speaks_postgres
from bench.serve.variant import copy_stack

SIDES: tuple[SideName, SideName] = ("before", "after")
PLACES: dict[str, str] = dict(
    zip(SIDES, "12", strict=True)
)  # paths of equal length: a path is in many a constant


@dataclass(frozen=True)
class Side:
    """A copy of every stack's folder of one checkout."""

    given: str
    commit: str | None
    dirty: bool | None
    stacks: dict[str, Path]

    def origin(self, stack: str) -> Origin:
        return Origin(
            given=self.given,
            commit=self.commit,
            dirty=self.dirty,
            sources=digest_of_folder(self.stacks[stack]),
        )


def copy_sides(given: str, folder: Path, root: Path = ROOT) -> tuple[Side, Side]:
    """What was given, a revision of root or the path of another checkout, and root as it is now.

    A Mistake where it is neither.
    """
    places = [folder / PLACES[side] for side in SIDES]
    for place in places:
        place.mkdir()
    commit = _commit(given, root)
    if commit:
        before = _of_revision(given, commit, places[0], root)
    elif Path(given).is_dir():
        before = _of_folder(given, Path(given), places[0])
    else:
        raise Mistake(f"{given} is no folder and no revision here{_why_not(root)}")
    if not before.stacks:
        raise Mistake(f"{given} has no stack: no folder with a gunicorn.conf.py")
    return before, _of_folder(".", root, places[1])


def arms_of_sides(
    sides: tuple[Side, Side], settings: Settings, names: Sequence[str] | None, every: bool
) -> list[Arm]:
    """Both sides of each stack that differs, or of every one; who is on one side only is named."""
    before, after = sides
    both = [stack for stack in before.stacks if stack in after.stacks]
    for stack in sorted({*before.stacks} ^ {*after.stacks}):
        only = "before" if stack in before.stacks else "after"
        print(f"{stack} is there {only} only: it is not compared", flush=True)
    for name in names or ():
        if name not in both:
            raise Mistake(f"there is no stack {name!r} on both sides; there are {', '.join(both)}")
    chosen = names or both
    if settings.database == "postgres":
        chosen = [stack for stack in chosen if speaks_postgres(after.stacks[stack])]
    differing = [
        stack
        for stack in chosen
        if digest_of_folder(before.stacks[stack]) != digest_of_folder(after.stacks[stack])
    ]
    found = chosen if every else differing
    if not found:
        same = ", ".join(chosen)
        raise Mistake(f"{same}: nothing differs from {before.given}; --all measures it")
    return [
        Arm(f"{stack}@{side}", stack, of.stacks[stack], settings, side=side)
        for stack in found
        for side, of in zip(SIDES, sides, strict=True)
    ]


def kept_arms(plan: Plan, campaign: Path, folder: Path) -> list[Arm]:
    """The arms of a comparison that goes on, copied from what was kept of them."""
    arms = []
    for label in plan.compared:
        of = plan.arms[label]
        side = str(of.side)
        kept, copy = source_path(campaign, side, of.stack), folder / PLACES[side] / of.stack
        try:
            copy_stack(kept, copy)
        except OSError as error:
            raise Mistake(f"{kept} cannot be read: {error}") from error
        arms.append(Arm(label, of.stack, copy, of.settings, side=of.side))
    return arms


def _of_folder(given: str, source: Path, target: Path) -> Side:
    """Of a checkout as it lies there: files that git does not know count as well."""
    stacks = {}
    for name, folder in find_stacks(source).items():
        try:
            copy_stack(folder, target / name)
        except OSError as error:
            raise Mistake(f"{folder} cannot be copied: {error}") from error
        stacks[name] = target / name
    try:
        top = Path(_git(source, "rev-parse", "--show-toplevel"))
        if top.resolve() != source.resolve():
            return Side(given, None, None, stacks)
        changed = _git(source, "status", "--porcelain", "--untracked-files=normal", "--", *stacks)
        return Side(given, _git(source, "rev-parse", "HEAD"), bool(changed), stacks)
    except (OSError, subprocess.CalledProcessError):
        return Side(given, None, None, stacks)


def _of_revision(given: str, commit: str, target: Path, root: Path) -> Side:
    listed = _git(root, "ls-tree", "-r", "-z", commit).split("\0")
    entries = [(about, path) for about, _, path in (entry.partition("\t") for entry in listed)]
    names = {path.partition("/")[0] for _, path in entries if path.count("/") == 1} & {
        path.removesuffix("/gunicorn.conf.py") for _, path in entries
    }
    of_stacks = [(about, path) for about, path in entries if path.partition("/")[0] in names]
    for about, path in of_stacks:
        if about.startswith("160000"):
            raise Mistake(f"{path} is a submodule in {given}: check it out, and give that folder")
    index = {"GIT_INDEX_FILE": str(target / ".index")}  # the repository's own stays as it is
    _git(root, "read-tree", commit, **index)
    paths = "\0".join(path for _, path in of_stacks)
    _git(root, "checkout-index", f"--prefix={target}/", "-z", "--stdin", given=paths, **index)
    return Side(given, commit, False, find_stacks(target))


def _commit(given: str, root: Path) -> str | None:
    """None where it names none of this repository."""
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return None
        asked = "--verify", "--quiet", "--end-of-options", given + "^{commit}"
        return _git(root, "rev-parse", *asked)
    except (OSError, subprocess.CalledProcessError):
        return None


def _why_not(root: Path) -> str:
    try:
        if _git(root, "rev-parse", "--is-shallow-repository") == "true":
            return "; this clone is shallow: `git fetch --unshallow` brings the others"
        return ""
    except FileNotFoundError:
        return "; there is no git here, so give the path of another checkout"
    except (OSError, subprocess.CalledProcessError):
        return "; this folder is no git repository, so give the path of another checkout"


def _command(folder: Path) -> list[str]:
    """Whatever a person's own settings leave out or add."""
    settings = ("core.excludesFile=", "core.fsmonitor=false", "core.attributesFile=/dev/null")
    return ["git", "-C", str(folder), *(part for one in settings for part in ("-c", one))]


def _git(folder: Path, *arguments: str, given: str = "", **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        [*_command(folder), *arguments],
        env=kept | variables, input=given, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()
