"""Draw figures: python plot.py [CAMPAIGN ...] [--beside] [--out FOLDER].

Of one campaign an overview, seven figures and summary.csv. Of two with the same arms: how the
second moved against the first. With no campaign: of each arm the newest that counts, all measured
under equal conditions.
"""

import argparse
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
    from bench import Mistake
    from bench.answer.answer import Agreement
    from bench.answer.answering import answer_of
    from bench.answer.report import Report
    from bench.answer.shown.drawn.figures import draw_agreement, draw_all, draw_beside
    from bench.answer.shown.spreadsheet import write_tables
    from bench.answer.statistics.agreement import agreement_of
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="plot.py", description=__doc__)
    add = parser.add_argument
    add("campaigns", nargs="*", type=Path, metavar="CAMPAIGN")
    add("--beside", action="store_true", help="two of unequal conditions, not compared")
    add("--out", type=Path, help="where to (figures in the campaign, or in results)")
    arguments = parser.parse_args()
    campaigns = arguments.campaigns
    out = arguments.out or (campaigns[0] if len(campaigns) == 1 else RESULTS) / "figures"
    try:
        if arguments.beside:
            print(draw_two(campaigns, out))
        elif agreement := agreement_between(campaigns):
            draw_agreement(agreement, out)
            print(f"{out}: agreement.svg, {agreement.line}")
        else:
            print(draw_one(campaigns, out))
    except (Mistake, OSError) as mistake:
        print(f"plot.py: {mistake}", file=sys.stderr)
        return 2
    return 0


def draw_one(campaigns: list[Path], out: Path) -> str:
    selection = select_campaigns(campaigns) if campaigns else select_newest(RESULTS)
    answer = answer_of(selection)
    draw_all(answer, out)
    write_tables(answer, out)
    return f"{out}: figures and summary.csv of {', '.join(selection.campaigns)}"


def draw_two(campaigns: list[Path], out: Path) -> str:
    if len(campaigns) != 2:
        raise Mistake("--beside takes two campaigns")
    answers = [answer_of(select_campaigns([campaign])) for campaign in campaigns]
    draw_beside(answers, out)
    return f"{out}: figures of {' beside '.join(answer.campaigns[0] for answer in answers)}"


def agreement_between(campaigns: list[Path]) -> Agreement | None:
    """Of two campaigns that had the same arms; a Mistake where their conditions differ."""
    if len(campaigns) != 2:
        return None
    select_campaigns(campaigns)
    return agreement_of(*(Report(select_campaigns([campaign])) for campaign in campaigns))


if __name__ == "__main__":
    sys.exit(main())
