"""Draw seven figures and summary.csv: python plot.py [CAMPAIGN ...] [--out FOLDER].

With no campaign: of each arm the newest that counts, all measured under equal conditions.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MADE = [HERE / ".nox" / name / "bin" / "python" for name in ("bench", "plot")]

try:
    from bench.host.shell import keep_what_is_known

    if __name__ == "__main__":
        keep_what_is_known()  # not MPLBACKEND, for one
    os.environ["MATPLOTLIBRC"] = os.devnull  # in place of the one at home
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    from bench import Mistake
    from bench.answer.caption import caption, is_like_paper
    from bench.answer.limiter import WRITES
    from bench.answer.report import Report, Result
    from bench.answer.spreadsheet import write_pairs, write_summary
    from bench.answer.stats import UNITS
    from bench.answer.tables import bound, number, ranks
    from bench.keep.selection import Selection, select_campaigns, select_newest
    from bench.keep.store import RESULTS
except ImportError as error:
    # Whatever Python was typed, Nox has made one that can draw.
    able = [str(python) for python in MADE if python.exists()]
    if able and "PLOT_PY" not in os.environ:
        command = [able[0], __file__, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=os.environ | {"PLOT_PY": "again"}).returncode)
    print(f"plot.py: {error}; `nox -s plot` installs what is needed and draws", file=sys.stderr)
    sys.exit(2)

STYLE = [str(HERE / "bench" / "answer" / "figure.mplstyle")]
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
    report = Report(selection)
    # After a reset: a matplotlibrc in this folder, or at home, is read unasked.
    with pyplot.style.context(STYLE, after_reset=True):
        for place, scenario in enumerate(UNITS, start=1):
            of_scenario = [result for result in report.results if result.scenario == scenario]
            if not of_scenario:
                continue  # a profile of one's own need not have them all
            figure = draw(scenario, of_scenario, report)
            for kind, metadata in (("svg", {"Date": None}), ("png", None)):
                figure.savefig(out / f"{place}-{scenario}.{kind}", metadata=metadata)
            pyplot.close(figure)
    write_summary(report, out / "summary.csv")
    write_pairs(report, out / "pairs.csv")


def draw(scenario: str, results: list[Result], report: Report) -> Figure:
    """A bar for an arm's mean, a dot for each session that counts, a grey bar for the paper's."""
    size = (7, 1.4 + 0.45 * len(results))  # inches
    figure, axes = pyplot.subplots(figsize=size, layout="constrained")
    stacks = {
        arm: of.stack for part in report.selection.parts for arm, of in part.plan.arms.items()
    }
    for row, result in enumerate(results):
        stack = stacks[result.arm]
        # Beside a stack as the paper had it, not beside every variant of one.
        is_plain = is_like_paper(report.selection) and result.arm == stack
        published = PAPER[scenario].get(stack) if is_plain else None
        if published:
            axes.barh(row + 0.36, published, height=0.12, color="#cccccc")
        if result.value is None:
            text = f" no valid session of {result.attempted}"
            axes.text(0, row, text, va="center", color="#b00020")
            continue
        colour = COLOURS.get(stack.partition("_")[0], "#666666")
        axes.barh(row, result.value.geometric, height=0.56, color=colour, alpha=0.55)
        values = result.value.values
        axes.plot(values, [row] * len(values), "o", markersize=3, color=colour, alpha=0.6)
        end = max(result.value.high, result.value.geometric, published or 0)
        axes.annotate(label(result), (end, row), (6, 0), textcoords="offset points", va="center")
    better = "higher" if UNITS[scenario] == "requests/s" else "lower"
    axes.set_yticks(range(len(results)), [name(result) for result in results])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_title(scenario)
    axes.set_xlabel(f"{UNITS[scenario]} ({better} is better)")
    text = caption(scenario, results, report)
    figure.supxlabel(text, fontsize=6.5, color="#444444", x=0.01, ha="left")
    return figure


def name(result: Result) -> str:
    """The arm; of a write also how many requests it has at work, since those queue for a lock."""
    return result.arm + f"\n{result.in_flight} at work" * (result.scenario in WRITES)


def label(result: Result) -> str:
    """The mean, a sign where k6 was the limit, the rank, and what was lost or is doubtful."""
    assert result.value
    text, valid = bound(result) + number(result.value.geometric), len(result.value.values)
    if result.rank:
        text += f"  rank {ranks(result.rank)}"
    if valid < result.planned:
        text += f" ({valid} of {result.planned} valid)"
    return text + f" ({result.suspect} suspect)" * bool(result.suspect)


if __name__ == "__main__":
    sys.exit(main())
