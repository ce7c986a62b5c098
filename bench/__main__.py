"""Measure Python web frameworks: python -m bench run --stacks flask_sqlite --profile quick."""

import io
import os
import signal
import sys
from pkgutil import resolve_name

from bench import Mistake
from bench.arguments import parse
from bench.host.leftovers import stop_mine
from bench.host.shell import keep_what_is_known

STOPS = (signal.SIGINT, signal.SIGTERM)
# By its name a function that gets what was asked; no command waits for what another one loads.
ACTIONS = {
    "run": "bench.commands.run:run",
    "compare": "bench.commands.compare:compare",
    "show": "bench.commands.show:show",
    "report": "bench.commands.show:report",
    "claims": "bench.commands.claims:tell_claims",
    "figures": "bench.commands.figures:figures",
    "k6": "bench.measure.load.k6:tell_k6",
    "cost": "bench.studies.cost:compare_costs",
    "locust": "bench.studies.clients.locust:play_users",
    "crosscheck": "bench.studies.clients.crosscheck:compare_clients",
    "turns": "bench.studies.turns:judge_turns",
    "nested": "bench.studies.nested:tell_noise",
    "repeated": "bench.studies.repeated:tell_agreement",
    "why": "bench.studies.experiment.run:run_experiments",
    "ladder": "bench.studies.experiment.run:run_experiments",
    "merge": "bench.merge.merging:merge_summaries",
    "scale": "bench.scale.scaling:scale",
    "selfcheck": "bench.studies.selfcheck:check_this_machine",
    "check": "bench.commands.quotable:check_campaigns",
}


def main() -> int:
    """Exit status 0: all that was asked for is done and valid; 2: it is not, a line says why.

    1: a comparison found something to be slower.
    """
    for number in STOPS:
        signal.signal(number, _interrupt)
    keep_what_is_known()
    os.environ |= {"MPLBACKEND": "Agg", "MATPLOTLIBRC": os.devnull}  # drawn as everywhere
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a ≥ where a terminal's characters are ASCII
    try:
        arguments = parse(__doc__)
        return resolve_name(ACTIONS[arguments.action])(arguments) or 0
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


def _interrupt(signal_number: int, frame: object) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    """A second Ctrl-C must not cut the cleaning up short."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
