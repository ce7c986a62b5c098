"""Which cells may stand in one figure: the newest of each stack, under equal conditions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import Mistake
from bench.keep.store import Cell, counted, find_campaigns, read_campaign, read_plan
from bench.serve.stacks import CONTROLS


@dataclass(frozen=True)
class Selection:
    cells: tuple[Cell, ...]
    interleaved: bool  # all from one campaign: only then may stacks be compared

    @property
    def campaigns(self) -> list[str]:
        return sorted({cell.campaign.name for cell in self.cells})


def select_campaigns(folders: Sequence[Path]) -> Selection:
    """All cells of these campaigns; a Mistake where their conditions differ or there is no cell."""
    folders = sorted({folder.resolve() for folder in folders})
    cells = [cell for folder in folders for cell in read_campaign(folder)[1]]
    if not cells:
        raise Mistake(f"no finished cell in {', '.join(map(str, folders))}")
    first = cells[0].conditions
    for cell in cells:
        keys = {**first, **cell.conditions}
        differing = [key for key in keys if cell.conditions.get(key) != first.get(key)]
        of = cells[0].database
        differing += [f"database's {key}" for key in of if cell.database[key] != of[key]]
        same = next(one for one in cells if one.stack == cell.stack)
        if cell.served["packages"] != same.served["packages"]:
            differing.append(f"packages of {cell.stack}")
        if differing:
            names = f"{cells[0].campaign.name} and {cell.campaign.name}"
            raise Mistake(f"{names} cannot share a figure: they differ in {', '.join(differing)}")
    return Selection(tuple(cells), interleaved=len(folders) == 1)


def select_newest(results: Path) -> Selection:
    """Of each stack the newest campaign with a valid cell, all under the newest's conditions."""
    chosen: dict[str, list[Cell]] = {}
    conditions = None
    # By the time in the plan: the name may be anything, and reference-… comes after every date.
    found = sorted(find_campaigns(results), key=lambda one: str(read_plan(one).get("started")))
    for folder in reversed(found):
        cells = read_campaign(folder)[1]
        for stack in {cell.stack for cell in cells} - set(chosen) - set(CONTROLS):
            of_stack = [cell for cell in cells if cell.stack == stack]
            scenarios = {scenario for cell in of_stack for scenario in cell.scenarios}
            whole = all(counted(of_stack, scenario) for scenario in scenarios)
            under = of_stack[0].conditions, of_stack[0].database
            if whole and under == (conditions or under):
                chosen[stack], conditions = of_stack, under
    cells = [cell for stack in sorted(chosen) for cell in chosen[stack]]
    if not cells:
        raise Mistake(f"no valid result in {results}; `nox -s bench` makes some")
    campaigns = {cell.campaign for cell in cells}
    if len(campaigns) == 1:
        return select_campaigns(list(campaigns))  # with its control arms
    return Selection(tuple(cells), interleaved=False)
