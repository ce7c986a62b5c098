"""A campaign's answer on the terminal: a table, how noisy it was, and what not to conclude."""

import math
from collections.abc import Iterator
from statistics import median, stdev

from rich.table import Table

from bench.answer.comparison import fit, planned_ratio, tukey
from bench.answer.report import Report, Result
from bench.answer.stats import UNITS, cpu_per_1000, summarise
from bench.keep.store import counted
from bench.serve.stacks import CONTROLLED, CONTROLS, DOSED, SAME

CPU_VARIES = 0.03  # above that the table says what it can still tell


def lines_below(report: Report) -> Iterator[str]:
    """What stands under the table: the noise, what the controls say, what not to conclude."""
    yield from noise_lines(report)
    yield from control_lines(report)
    yield not_to_conclude(report)


def results_table(report: Report) -> Table:
    """A line a stack and scenario: how fast, how sure, what limited it, how many runs count."""
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
        table.add_row(f"  {result.stack}", *_shown(result, bool(beside)))
    return table


def _shown(result: Result, beside: bool) -> list[str]:
    value, costs = result.value, [result.cpu_s_per_1000]
    costs += [result.database_cpu_s_per_1000] * beside
    valid = len(value.values) if value else 0
    count = f"{valid} of {result.attempted}" + f", {result.suspect}?" * bool(result.suspect)
    return [
        bound(result) + number(value.geometric or value.median) if value else "none",
        " to ".join(map(number, result.interval)) if result.interval else "",
        ranks(result.rank),
        *(number(cost.mean) if cost else "" for cost in costs),
        str(result.in_flight),
        count if valid == result.blocks else f"[red]{count}[/red]",
        result.limiter.name,
    ]


def bound(result: Result) -> str:
    """What stands before a value that k6 itself limited: the stack might do better."""
    if not result.limiter.is_lower_bound:
        return ""
    return "≥ " if UNITS[result.scenario] == "requests/s" else "≤ "


def ranks(rank: tuple[int, int] | None) -> str:
    """1, or 2-3 where the runs cannot tell."""
    return "" if rank is None else "-".join(map(str, sorted(set(rank))))


def number(value: float) -> str:
    """Three significant digits, or all before the point: 4,783 and 67.4 and 0.213."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:#.3g}"


def noise_lines(report: Report) -> Iterator[str]:
    """How much runs of one stack differ, and from which difference on two stacks can be told."""
    for scenario in dict.fromkeys(result.scenario for result in report.results):
        costs = [r.cpu_s_per_1000 for r in report.results if r.scenario == scenario]
        variations = [stdev(of.values) / of.mean for of in costs if of and len(of.values) > 1]
        if not variations:
            continue
        variation = median(variations)
        line = f"{scenario:8} CPU s/1000 varies by {variation:.1%} from run to run"
        comparison = report.comparisons.get(scenario)
        if comparison and variation > CPU_VARIES:
            least = _least_difference(report, scenario)
            line += f": tells stacks apart from {least:.0%} on" if least else ""
        if comparison:
            widths = [pair.high / pair.ratio - 1 for pair in comparison.pairs]
            line += f"; {UNITS[scenario]} by {comparison.sd:.1%}: from {median(widths):.0%} on"
        yield line


def _least_difference(report: Report, scenario: str) -> float | None:
    """Of CPU: what two stacks must differ by in this campaign to be told apart."""
    model = fit(report.observations(scenario, cpu_per_1000))
    if model is None:
        return None
    error = model.sd * math.sqrt(2 / min(model.counts))
    return math.expm1(tukey(len(report.stacks), model.df) * error)


def control_lines(report: Report) -> Iterator[str]:
    """What the control arms say of this campaign: equal arms look equal, more work is found."""
    if not report.interleaved or not set(CONTROLS) <= {cell.stack for cell in report.cells}:
        return
    distances = []
    for scenario in UNITS:
        model = fit(report.observations(scenario))
        if model and {SAME, CONTROLLED} <= set(model.stacks):
            difference, error = model.difference(SAME, CONTROLLED)
            if math.isfinite(error):
                distances.append(difference / error if error else 0.0)
    if distances:
        pooled = math.sqrt(sum(z * z for z in distances) / len(distances))
        each = ", ".join(f"{z:+.1f}" for z in distances)
        yield f"A/A: {pooled:.2f} standard errors apart over all scenarios ({each}); expected: 1"
    yield _dose_line(report)


def _dose_line(report: Report) -> str:
    """One comparison that was planned: hello's CPU with the dose, divided by that without."""
    model = fit(report.observations("hello", cpu_per_1000))
    hellos = counted(report.cells, "hello")
    doses = [cell.dose_s for cell in hellos if cell.stack == DOSED and cell.dose_s]
    plain = summarise(
        [cpu_per_1000(cell.scenarios["hello"]) for cell in hellos if cell.stack == CONTROLLED]
    )
    if not (model and doses and plain and {DOSED, CONTROLLED} <= set(model.stacks)):
        return "dose: NOT JUDGED: too few valid runs"
    ratio, low, high = planned_ratio(model, DOSED, CONTROLLED)
    if math.isinf(high):
        return "dose: NOT JUDGED: too few valid runs"
    dose = 1 + 1000 * median(doses) / plain.median
    found = "found" if low > 1 else "NOT FOUND"
    held = "holds" if low <= dose <= high else "DOES NOT HOLD"
    interval = f"{ratio:.3f} ({low:.3f} to {high:.3f})"
    return f"dose: {found}: hello needs {interval} times the CPU; {held} the dose, {dose:.3f}"


def not_to_conclude(report: Report) -> str:
    """The line under the table."""
    if not report.interleaved:
        return "The stacks were not measured in turn: this ranks nothing."
    if len(report.stacks) == 1:
        return "One stack, one machine, a closed loop: nothing is said of others, or of tails."
    if not report.comparisons:
        return (
            "One run, or too few valid ones: no interval, no rank; it shows that all of it works."
        )
    families = len(report.comparisons)
    return (
        f"Ranks err in 5 % of scenarios: in {1 - 0.95**families:.0%} of campaigns of {families} at"
        " least one is wrong. One machine, a closed loop: nothing is said of yours or of tails."
    )
