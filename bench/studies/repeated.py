"""Do campaigns of equal conditions agree: with one another, and with what was planted in them?"""

import argparse
import math
from collections.abc import Iterator, Sequence

import numpy as np

from bench import Mistake
from bench.answer.report import Report
from bench.answer.statistics.agreement import against_chance, moved
from bench.answer.statistics.controls import Dose, distances, dose, dose_line, has_controls
from bench.answer.statistics.stats import UNITS
from bench.keep.selection import select_campaigns


def tell_agreement(arguments: argparse.Namespace) -> None:
    """Print how far the arms have moved from campaign to campaign, then what the controls say."""
    if len(arguments.campaigns) < 2:
        raise Mistake("name two campaigns or more")
    select_campaigns(arguments.campaigns)  # a Mistake where their conditions differ
    reports = [Report(select_campaigns([folder])) for folder in arguments.campaigns]
    for line in (*arm_lines(reports), *control_lines(reports)):
        print(line)


def arm_lines(reports: Sequence[Report]) -> Iterator[str]:
    """By scenario and for all, the sum of squares; nothing where there is one arm alone."""
    total, freedom = 0.0, 0
    for scenario in UNITS:
        squares, df = moved(reports, scenario)
        total, freedom = total + squares, freedom + df
        if df:
            yield f"{scenario:8} {squares:5.1f} of {df}: {squares / df:.2f}"
    if freedom:
        yield f"all      {against_chance(total, freedom)}: {total / freedom:.2f}"


def control_lines(reports: Sequence[Report]) -> Iterator[str]:
    """Equal arms over all campaigns, and the dose of each and of all; nothing without controls."""
    if not all(map(has_controls, reports)):
        return
    apart = [distance for report in reports for distance in distances(report).values()]
    squares = sum(distance**2 for distance in apart)
    yield f"A/A: sum of squares {against_chance(squares, len(apart))}"
    doses = [found for report in reports if (found := dose(report))]
    yield from map(dose_line, doses)
    if doses:
        pooled = pool(doses)
        count = sum(one.found for one in doses)
        yield f"found in {count} of {len(reports)}; all together: {dose_line(pooled)}"


def pool(doses: Sequence[Dose]) -> Dose:
    """Of several campaigns, each weighted by how exactly it tells; what was planted likewise."""
    weights = np.array([1 / one.error**2 for one in doses])
    share = weights / weights.sum()
    return Dose(
        planted=math.exp(share @ np.log([one.planted for one in doses])),
        difference=float(share @ [one.difference for one in doses]),
        error=1 / math.sqrt(weights.sum()),
        df=sum(one.df for one in doses),
    )
