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
    from bench.answer.answer import Answer, ScenarioAnswer, Value
    from bench.answer.answering import answer_of
    from bench.answer.limiter import WRITES
    from bench.answer.shown.numbers import rank, shown
    from bench.answer.shown.spreadsheet import write_changes, write_pairs, write_summary
    from bench.answer.stats import UNITS
    from bench.keep.selection import select_campaigns, select_newest
    from bench.keep.store import RESULTS
except ImportError as error:
    # Whatever Python was typed, Nox has made one that can draw.
    able = [str(python) for python in MADE if python.exists()]
    if able and "PLOT_PY" not in os.environ:
        command = [able[0], __file__, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=os.environ | {"PLOT_PY": "again"}).returncode)
    print(f"plot.py: {error}; `nox -s plot` installs what is needed and draws", file=sys.stderr)
    sys.exit(2)

STYLE = [str(HERE / "bench" / "answer" / "shown" / "figure.mplstyle")]
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
        draw_all(answer_of(selection), out)
    except (Mistake, OSError) as mistake:
        print(f"plot.py: {mistake}", file=sys.stderr)
        return 2
    print(f"{out}: figures and summary.csv of {', '.join(selection.campaigns)}")
    return 0


def draw_all(answer: Answer, out: Path) -> None:
    """Write each scenario's figure as SVG and PNG, and the numbers of all as CSV."""
    out.mkdir(parents=True, exist_ok=True)
    # After a reset: a matplotlibrc in this folder, or at home, is read unasked.
    with pyplot.style.context(STYLE, after_reset=True):
        for place, scenario in enumerate(UNITS, start=1):
            for found in answer.scenarios:  # a profile of one's own need not have them all
                if found.name == scenario:
                    figure = draw(found, answer)
                    for kind, metadata in (("svg", {"Date": None}), ("png", None)):
                        figure.savefig(out / f"{place}-{scenario}.{kind}", metadata=metadata)
                    pyplot.close(figure)
    write_summary(answer, out / "summary.csv")
    write_pairs(answer, out / "pairs.csv")
    if answer.changes:
        write_changes(answer, out / "changes.csv")


def draw(scenario: ScenarioAnswer, answer: Answer) -> Figure:
    """A bar for an arm's mean, a dot for each session that counts, a grey bar for the paper's."""
    size = (7, 1.4 + 0.45 * len(scenario.values))  # inches
    figure, axes = pyplot.subplots(figsize=size, layout="constrained")
    stacks = {arm.label: arm.stack for arm in answer.arms}
    for row, value in enumerate(scenario.values):
        stack = stacks[value.arm]
        # Beside a stack as the paper had it, not beside every variant of one.
        is_plain = answer.like_paper and value.arm == stack
        published = PAPER[scenario.name].get(stack) if is_plain else None
        if published:
            axes.barh(row + 0.36, published, height=0.12, color="#cccccc")
        if value.value is None:
            text = f" no valid session of {value.attempted}"
            axes.text(0, row, text, va="center", color="#b00020")
            continue
        colour = COLOURS.get(stack.partition("_")[0], "#666666")
        axes.barh(row, value.value, height=0.56, color=colour, alpha=0.55)
        dots = list(value.sessions.values())
        axes.plot(dots, [row] * len(dots), "o", markersize=3, color=colour, alpha=0.6)
        end = max(*dots, value.value, published or 0)
        axes.annotate(label(value), (end, row), (6, 0), textcoords="offset points", va="center")
    better = "higher" if scenario.unit == "requests/s" else "lower"
    axes.set_yticks(range(len(scenario.values)), [name(v, scenario) for v in scenario.values])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_title(scenario.name)
    axes.set_xlabel(f"{scenario.unit} ({better} is better)")
    figure.supxlabel(scenario.caption, fontsize=6.5, color="#444444", x=0.01, ha="left")
    return figure


def name(value: Value, scenario: ScenarioAnswer) -> str:
    """The arm; of a write also how many requests it has at work, since those queue for a lock."""
    return value.arm + f"\n{value.in_flight} at work" * (scenario.name in WRITES)


def label(value: Value) -> str:
    """The mean, a sign where k6 was the limit, the rank, and what was lost or is doubtful."""
    text = shown(value, "").strip()
    if value.rank:
        text += f"  rank {rank(value.rank)}"
    if value.counted < value.planned:
        text += f" ({value.counted} of {value.planned} valid)"
    return text + f" ({value.suspect} suspect)" * bool(value.suspect)


if __name__ == "__main__":
    sys.exit(main())
