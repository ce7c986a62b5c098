"""A campaign's answer on the terminal: a table, how noisy it was, and what not to conclude."""

import math
from collections.abc import Iterator
from statistics import median, stdev

import numpy as np
from rich.table import Table

from bench.answer.arms import differing_lines
from bench.answer.controls import control_lines
from bench.answer.report import Report, Result
from bench.answer.stats import UNITS, cpu_per_1000
from bench.keep.thresholds import THRESHOLDS

CPU_VARIES = 0.03  # above that the table says what it can still tell
ELSEWHERE = THRESHOLDS["elsewhere"]


def lines_below(report: Report) -> Iterator[str]:
    """What stands under the table: the noise, what the controls say, what not to conclude."""
    yield from differing_lines(report.selection)
    yield from noise_lines(report)
    yield from turn_lines(report)
    yield from control_lines(report)
    yield not_to_conclude(report)


def results_table(report: Report) -> Table:
    """A line an arm and scenario: how fast, how sure, what limited it, how many sessions count."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    beside = any(result.database_cpu_s_per_1000 for result in report.results)
    costs = ("CPU s/1000", *(("database's",) if beside else ()))
    for title in ("geometric\nmean", "95 % interval", "rank", *costs, "in flight", "valid"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("limited by", no_wrap=True)
    scenario = ""
    for result in report.results:
        if result.scenario != scenario:
            scenario = result.scenario
            table.add_row(f"[bold]{scenario}[/bold], {UNITS[scenario]}")
        table.add_row(f"  {result.arm}", *_shown(result, bool(beside)))
    return table


def _shown(result: Result, beside: bool) -> list[str]:
    value, costs = result.value, [result.cpu_s_per_1000]
    costs += [result.database_cpu_s_per_1000] * beside
    valid = len(value.values) if value else 0
    count = f"{valid} of {result.attempted}" + f", {result.suspect}?" * bool(result.suspect)
    return [
        bound(result) + number(value.geometric) if value else "none",
        " to ".join(map(number, result.interval)) if result.interval else "",
        ranks(result.rank),
        *(number(cost.geometric) if cost else "" for cost in costs),
        str(result.in_flight),
        count if valid >= result.planned else f"[red]{count}[/red]",
        result.limiter.name,
    ]


def bound(result: Result) -> str:
    """What stands before a value that k6 itself limited: the arm might do better."""
    if not result.limiter.is_lower_bound:
        return ""
    return "≥ " if UNITS[result.scenario] == "requests/s" else "≤ "


def ranks(rank: tuple[int, int] | None) -> str:
    """1, or 2-3 where the sessions cannot tell."""
    return "" if rank is None else "-".join(map(str, sorted(set(rank))))


def number(value: float) -> str:
    """Three significant digits, or all before the point: 4,783 and 67.4 and 0.213."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:#.3g}"


def noise_lines(report: Report) -> Iterator[str]:
    """How much sessions of one arm differ, and from which difference on two arms can be told."""
    for scenario in dict.fromkeys(result.scenario for result in report.results):
        costs = [r.cpu_s_per_1000 for r in report.results if r.scenario == scenario]
        told = [of for of in costs if of and of.mean and len(of.values) > 1]
        variations = [stdev(of.values) / of.mean for of in told]
        if not variations:
            continue
        variation = median(variations)
        line = f"{scenario:8} CPU s/1000 varies by {variation:.1%} from session to session"
        comparison = report.comparisons.get(scenario)
        if comparison and variation > CPU_VARIES:
            least = _least_difference(report, scenario)
            line += f": tells arms apart from {least:.0%} on" if least else ""
        if comparison:
            widths = [pair.high / pair.ratio - 1 for pair in comparison.pairs]
            least = median(width for width in widths if math.isfinite(width))
            line += f"; {UNITS[scenario]} by {comparison.sd:.1%}: tells arms apart"
            line += f" from {least:.1%} on"
        yield line


def _least_difference(report: Report, scenario: str) -> float | None:
    """Of CPU: what the median two arms must differ by in this campaign to be told apart."""
    model = report.model(scenario, cpu_per_1000)
    if model is None:
        return None
    of = [place for place, arm in enumerate(model.arms) if arm in report.arms]
    halves = model.halves(len(of))[np.ix_(of, of)][np.triu_indices(len(of), 1)]
    known = halves[np.isfinite(halves)]
    return math.expm1(float(np.median(known))) if known.size else None


def turn_lines(report: Report) -> Iterator[str]:
    """Whether anything was wrong with the turns that the numbers themselves do not show."""
    void = sum(result.void for result in report.results)
    if void:
        yield f"void: {void} turns do not count: one began while a user still waited elsewhere"
    away = [r for r in report.results if (r.elsewhere or 0) > ELSEWHERE]
    if away:
        named = ", ".join(f"{r.arm} in {r.scenario} {r.elsewhere:.0%}" for r in away)
        yield f"users elsewhere: of their counted time their counted requests do not fill: {named}"


def not_to_conclude(report: Report) -> str:
    """The line under the table."""
    if not report.selection.interleaved:
        return "The arms did not take turns in one campaign: this ranks nothing."
    if len(report.arms) == 1:
        return "One arm, one machine, a closed loop: nothing is said of others, or of tails."
    if not report.comparisons:
        return "Too few sessions, or too few valid ones: no rank; it shows that all of it works."
    families = len(report.comparisons)
    return (
        f"Ranks err in 5 % of scenarios: in {1 - 0.95**families:.0%} of campaigns of {families} at"
        " least one is wrong. One machine, a closed loop: nothing is said of yours or of tails."
    )
