"""Draw seven figures and summary.csv: python plot.py [CAMPAIGN ...] [--out FOLDER].

With no campaign: of each stack the newest valid cells that were measured under equal conditions.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MADE_BY_THE_BENCH = HERE / ".nox" / "bench" / "bin" / "python"

try:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    from bench import Mistake
    from bench.answer.limiter import WRITES
    from bench.answer.report import Report, Result, missing
    from bench.answer.spreadsheet import write_pairs, write_summary
    from bench.answer.stats import UNITS
    from bench.answer.tables import bound, number, ranks
    from bench.keep.selection import Selection, select_campaigns, select_newest
    from bench.keep.store import RESULTS, read_campaign
    from bench.serve.stacks import CONTROLS
except ImportError as error:
    # Whatever Python was typed, the bench has made one that can draw.
    if MADE_BY_THE_BENCH.exists() and "PLOT_PY" not in os.environ:
        command = [str(MADE_BY_THE_BENCH), __file__, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=os.environ | {"PLOT_PY": "again"}).returncode)
    print(f"plot.py: {error}; `nox -s plot` installs what is needed and draws", file=sys.stderr)
    sys.exit(2)

COLOURS = {"django": "#2f7d5b", "fastapi": "#1f77a4", "flask": "#b5652a"}
PAPER = json.loads((HERE / "paper" / "published.json").read_text())


def main() -> int:
    parser = argparse.ArgumentParser(prog="plot.py", description=__doc__)
    parser.add_argument("campaigns", nargs="*", type=Path, metavar="CAMPAIGN")
    parser.add_argument(
        "--out", type=Path, help="where to (figures in the campaign, or in results)"
    )
    arguments = parser.parse_args()
    try:
        if arguments.campaigns:
            selection = select_campaigns(arguments.campaigns)
        else:
            selection = select_newest(RESULTS)
        one = arguments.campaigns[0] if len(arguments.campaigns) == 1 else RESULTS
        out = arguments.out or one / "figures"
        draw_all(selection, out)
    except (Mistake, OSError) as mistake:
        print(f"plot.py: {mistake}", file=sys.stderr)
        return 2
    print(f"{out}: figures and summary.csv of {', '.join(selection.campaigns)}")
    return 0


def draw_all(selection: Selection, out: Path) -> None:
    """Write each scenario's figure as SVG and PNG, and the numbers of all as summary.csv."""
    out.mkdir(parents=True, exist_ok=True)
    pyplot.style.use(HERE / "bench" / "answer" / "figure.mplstyle")
    report = Report(selection.cells, selection.interleaved)
    for place, scenario in enumerate(UNITS, start=1):
        of_scenario = [result for result in report.results if result.scenario == scenario]
        if not of_scenario:
            continue  # a profile of one's own need not have them all
        figure = draw(scenario, of_scenario, selection)
        for kind, metadata in (("svg", {"Date": None}), ("png", None)):
            figure.savefig(out / f"{place}-{scenario}.{kind}", metadata=metadata)
        pyplot.close(figure)
    write_summary(report, out / "summary.csv")
    write_pairs(report, out / "pairs.csv")


def draw(scenario: str, results: list[Result], selection: Selection) -> Figure:
    """A bar for the mean of a stack's valid runs, a dot for each, a grey bar for the paper's."""
    size = (7, 1.4 + 0.45 * len(results))  # inches
    figure, axes = pyplot.subplots(figsize=size, layout="constrained")
    for row, result in enumerate(results):
        published = PAPER[scenario].get(result.stack) if is_like_paper(selection) else None
        if published:
            axes.barh(row + 0.36, published, height=0.12, color="#cccccc")
        if result.value is None:
            axes.text(0, row, f" no valid run of {result.attempted}", va="center", color="#b00020")
            continue
        colour = COLOURS.get(result.stack.partition("_")[0], "#666666")
        axes.barh(row, result.value.mean, height=0.56, color=colour, alpha=0.55)
        runs = result.value.values
        axes.plot(runs, [row] * len(runs), "o", markersize=3.5, color=colour, alpha=0.9)
        if result.interval:
            axes.plot(result.interval, [row - 0.19] * 2, "|-", markersize=5, color="#222222", lw=1)
        end = max(result.value.high, published or 0, *(result.interval or ()))
        axes.annotate(
            label(result),
            (end, row),
            (6, 0),
            textcoords="offset points",
            va="center",
        )
    better = "higher" if UNITS[scenario] == "requests/s" else "lower"
    axes.set_yticks(range(len(results)), [name(result) for result in results])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_title(scenario)
    axes.set_xlabel(f"{UNITS[scenario]} ({better} is better)")
    figure.supxlabel(
        caption(scenario, results, selection), fontsize=6.5, color="#444444", x=0.01, ha="left"
    )
    return figure


def name(result: Result) -> str:
    """The stack; of a write also how many requests it has at work, since those queue for a lock."""
    return result.stack + f"\n{result.in_flight} at work" * (result.scenario in WRITES)


def label(result: Result) -> str:
    """The mean, a sign where k6 was the limit, the rank, and what was lost or is doubtful."""
    assert result.value
    text, valid = bound(result) + number(result.value.mean), len(result.value.values)
    if result.rank:
        text += f"  rank {ranks(result.rank)}"
    if valid < result.blocks:
        text += f" ({valid} of {result.blocks} runs valid)"
    return text + f" ({result.suspect} suspect)" * bool(result.suspect)


def caption(scenario: str, results: list[Result], selection: Selection) -> str:
    """What a reader must know before quoting: how it was measured, and what it cannot tell."""
    condition = selection.cells[0].conditions
    machine, database, cpus = (
        condition["machine"],
        condition["database"],
        condition["cpus"]["server"],
    )
    share = f"{len(cpus)} of its {machine['cpus']} CPUs" if cpus else "all of its CPUs, with k6"
    runs = max(result.blocks for result in results)
    grey = " Thin grey bar: the paper, elsewhere." * is_like_paper(selection)
    text = f"""\
Bar: mean of the valid runs (of {runs} a stack). Dot: a run.{grey}
Profile {condition["profile"]["name"]}, engine {condition["engine"]}, \
Python {condition["python"]}, {condition["workers"]} workers on one machine ({machine["cpu"]}), \
{share}.
{store(selection)}; its {database["rows"]} rows are in memory. \
Load by k6 {condition["k6"]} in a closed loop: a user waits for an answer before it asks again."""
    if any(result.rank for result in results):
        text += """
Line: 95 % interval, without what all stacks of a block share. Ranks err in 5 % of scenarios."""
    elif any(result.interval for result in results):
        text += "\nLine: 95 % interval of the runs' geometric mean."
    if any(result.limiter.is_lower_bound for result in results):
        text += "\n≥, ≤: k6 was at its own limit; the stack might do better."
    if scenario in WRITES:
        took = commit_ms(selection, scenario)
        text += f"\nA commit here takes {took} ms, with as many writers at work."
    if lost := lacking(scenario, selection):
        text += f"\nLACKING: {lost} planned runs are missing or did not count."
    if not selection.interleaved:
        text += (
            "\nNOT INTERLEAVED: the stacks were measured at different times. This ranks nothing."
        )
    return text


def lacking(scenario: str, selection: Selection) -> int:
    """How many planned runs gave nothing; where campaigns are put together, of the stacks shown."""
    shown = {(cell.campaign, cell.stack) for cell in selection.cells}
    lost = [
        (folder, *line.split(", "))
        for folder in {cell.campaign for cell in selection.cells}
        for line in missing(*read_campaign(folder))
    ]
    return sum(
        name == scenario
        and stack not in CONTROLS
        and (selection.interleaved or (folder, stack) in shown)
        for folder, stack, _, name in lost
    )


def is_like_paper(selection: Selection) -> bool:
    """Whether these are on the paper's database."""
    return bool(selection.cells[0].conditions["database"]["kind"] == "sqlite")


def store(selection: Selection) -> str:
    """Which database, and where it lies."""
    database, served = selection.cells[0].conditions["database"], selection.cells[0].served
    if is_like_paper(selection):
        return f"SQLite in {database['journal_mode']} mode on {served['database_filesystem']}"
    return f"PostgreSQL {database['version']} ({database['server']})"


def commit_ms(selection: Selection, scenario: str) -> str:
    """From the least to the greatest median of the canaries with as many writers as it had."""
    cells = [cell for cell in selection.cells if scenario in cell.scenarios]
    canaries = [cell.commits.get(str(cell.scenarios[scenario]["in_flight"])) for cell in cells]
    medians = [canary["median_ms"] for canary in canaries if canary]
    return f"{number(min(medians))} to {number(max(medians))}" if medians else "unknown"


if __name__ == "__main__":
    sys.exit(main())
