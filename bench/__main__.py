"""Measure Python web frameworks: python -m bench run --stacks flask_sqlite --profile quick."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Callable

from bench import Mistake
from bench.arguments import parse
from bench.commands.claims import tell_claims
from bench.commands.compare import compare
from bench.commands.quotable import check_campaigns
from bench.commands.run import run
from bench.commands.show import report, show
from bench.host.leftovers import stop_mine
from bench.host.shell import keep_what_is_known
from bench.measure.load.k6 import find_k6
from bench.merge.merging import merge_summaries
from bench.studies.clients.crosscheck import compare_clients
from bench.studies.clients.locust import play_users
from bench.studies.cost import compare_costs
from bench.studies.experiment.run import run_experiments
from bench.studies.ladder.rungs import LADDERS
from bench.studies.nested import tell_noise
from bench.studies.repeated import tell_agreement
from bench.studies.selfcheck import check_this_machine
from bench.studies.turns import judge_turns
from bench.studies.why.experiments import EXPERIMENTS

STOPS = (signal.SIGINT, signal.SIGTERM)
ACTIONS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "run": run,
    "compare": compare,
    "show": show,
    "report": report,
    "claims": tell_claims,
    "figures": lambda arguments: make_figures(arguments),
    "k6": lambda arguments: print(find_k6().path),
    "cost": compare_costs,
    "locust": play_users,
    "crosscheck": compare_clients,
    "turns": judge_turns,
    "nested": tell_noise,
    "repeated": tell_agreement,
    "merge": merge_summaries,
    "why": lambda arguments: run_experiments(arguments, EXPERIMENTS),
    "ladder": lambda arguments: run_experiments(arguments, LADDERS),
    "scale": lambda arguments: scale_stack(arguments),
    "selfcheck": check_this_machine,
    "check": check_campaigns,
}


def main() -> int:
    """Exit status 0: all that was asked for is done and valid; 2: it is not, a line says why.

    1: a comparison found something to be slower.
    """
    for number in STOPS:
        signal.signal(number, _interrupt)
    keep_what_is_known()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a ≥ where a terminal's characters are ASCII
    try:
        arguments = parse(__doc__)
        return ACTIONS[arguments.action](arguments) or 0
    except Mistake as mistake:
        print(f"bench: {mistake}", file=sys.stderr)
    except OSError as error:  # a disk that is full, a folder that is closed
        print(f"bench: {error.filename or 'the system'}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt as stop:  # which tells what is kept, if anything is
        print(f"bench: stopped{''.join(stop.args)}", file=sys.stderr)
    finally:
        _ignore_signals()
        stop_mine()
    return 2


def make_figures(arguments: argparse.Namespace) -> None:
    _draw_as_everywhere()
    from bench.commands.figures import figures

    figures(arguments)


def scale_stack(arguments: argparse.Namespace) -> None:
    _draw_as_everywhere()
    from bench.scale.scaling import scale

    scale(arguments)


def _draw_as_everywhere() -> None:
    """For who loads matplotlib, which takes a second and obeys what a shell and a home say."""
    os.environ |= {"MPLBACKEND": "Agg", "MATPLOTLIBRC": os.devnull}


def _interrupt(signal_number: int, frame: object) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """A second Ctrl-C must not cut the cleaning up short."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
