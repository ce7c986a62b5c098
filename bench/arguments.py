"""What a person may ask the bench for on the command line."""

import argparse
import re
from pathlib import Path
from typing import Any, NoReturn

from bench import Mistake
from bench.keep.store import RESULTS
from bench.serve.stacks import REQUIREMENTS

KINDS = (
    "run | compare | show | report | claims | figures | k6 | cost | locust | crosscheck | turns"
    " | nested | repeated | why | ladder | merge | scale | selfcheck | check"
)


def parse(about: str | None) -> argparse.Namespace:
    """What is asked for, its kind in `action`; what cannot be asked for is a Mistake."""
    return parser(about).parse_args()


def parser(about: str | None) -> argparse.ArgumentParser:
    """Every action with its options."""
    parser = _Parser(prog="bench", description=about)
    actions = parser.add_subparsers(required=True, metavar=KINDS, dest="action")
    _run(actions.add_parser("run", help="measure stacks"))
    _compare(actions.add_parser("compare", help="did a change make it slower"))
    _show(actions.add_parser("show", help="print a campaign's answer again"))
    pages = actions.add_parser("report", help="write the page of each campaign")
    pages.add_argument("campaigns", nargs="*", type=Path, help="folders (all of results)")
    claims = actions.add_parser(
        "claims", help="what two publications claim, and what is true of it"
    )
    claims.add_argument("--all", action="store_true", help="what is confirmed, or open, as well")
    made = actions.add_parser("figures", help="what README and docs show of our campaigns, anew")
    made.add_argument("--check", action="store_true", help="compare, and write nothing")
    actions.add_parser("k6", help="say where k6 is; build the pinned one if there is none")
    _cost(actions.add_parser("cost", help="our k6 scripts against the smallest; docker, local"))
    _locust(actions.add_parser("locust", help="let Locust play the article's user"))
    _crosscheck(actions.add_parser("crosscheck", help="the same load by k6, Locust, httpx2, wrk"))
    _turns(actions.add_parser("turns", help="do turns favour an arm"))
    nested = actions.add_parser("nested", help="how much turns, k6 runs and sessions differ")
    nested.add_argument("campaign", type=Path, help="a folder")
    repeated = actions.add_parser("repeated", help="do campaigns of equal conditions agree")
    repeated.add_argument("campaigns", nargs="+", type=Path, help="folders")
    merged = actions.add_parser("merge", help="summaries of several k6 that loaded one server")
    merged.add_argument("summaries", nargs="+", type=Path, metavar="SUMMARY", help="files of k6")
    merged.add_argument("--arm", help="which server, where our summaries tell of several")
    merged.add_argument("--out", type=Path, metavar="FILE", help="keep what was merged, as JSON")
    _experiments(actions.add_parser("why", help="experiments on what makes a stack slow"), "why")
    _experiments(actions.add_parser("ladder", help="what a request costs, rung by rung"), "ladder")
    _scale(actions.add_parser("scale", help="a stack on a cluster, with more and more replicas"))
    machine = actions.add_parser("selfcheck", help="can this machine carry a claim, of what size")
    _k6(machine.add_argument)
    check = actions.add_parser("check", help="are these campaigns complete, unmixed, unaltered")
    check.add_argument("campaigns", nargs="*", type=Path, help="folders (all of results)")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Mistake(f"{message}; see {self.prog} --help")


def _run(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(dose_turns=None)
    add = parser.add_argument
    which = parser.add_mutually_exclusive_group().add_argument
    which("--stacks", type=_names, help="a,b,c (all)")
    which("--arms", nargs="+", metavar="ARM", help="STACK, or STACK@SETTING=VALUE,SETTING=VALUE")
    _how_much(add)
    _campaign(add)
    add("--controls", action="store_true", help="two arms more, which judge the campaign itself")


def _compare(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(dose_turns=None, controls=False)
    add = parser.add_argument
    add("ref", nargs="?", help="a git revision, or the path of another checkout: before")
    add("--stacks", type=_names, help="a,b,c (those that differ)")
    add("--all", action="store_true", help="those that do not differ as well")
    _how_much(add, sessions=12)
    add("--fail-if-slower", type=_percent, metavar="PERCENT", help="exit status 1 where it is")
    add("--need", type=_percent, metavar="PERCENT", help="exit status 2 where it would miss that")
    add("--markdown", type=Path, metavar="FILE", help="the table, for a job's summary")
    _campaign(add)


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("campaign", type=Path, help="a folder")
    how = parser.add_mutually_exclusive_group().add_argument
    how("--full", action="store_true", help="every number as well")
    how("--json", action="store_true", help="the answer as it is kept")
    how("--markdown", action="store_true", help="a table for a comment or a document")


def _cost(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("what", choices=("scripts", "engines"))
    add("--rounds", type=_whole, default=20)
    add("--requirements", choices=REQUIREMENTS, default="today")
    _k6(add)
    add("--out", type=Path, default=RESULTS, help="the folder for cost-<what>.json")


def _locust(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(requirements="today", workers=2, threads=2, controls=False)
    add = parser.add_argument
    add("--stack", required=True)
    add("--users", type=_whole, default=50, help="who think 1 to 3 s before each request (50)")
    add("--seconds", type=_whole, default=30, help="how long (30)")
    add("--processes", type=_whole, default=1, help="of Locust, which make the requests (1)")
    _engine(add)
    _database(add)
    add("--out", type=Path, default=RESULTS, help="the folder for locust-<stack> (results)")


def _crosscheck(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(requirements="today", workers=2, threads=2)
    parser.set_defaults(database="sqlite", database_url=None)
    add = parser.add_argument
    add("--stack", default="flask_sqlite", help="(flask_sqlite)")
    add("--rounds", type=_whole, default=10, help="(10)")
    add("--seconds", type=_whole, default=5, help="of each window (5)")
    _engine(add)
    _k6(add)
    add("--out", type=Path, default=RESULTS, help="the folder for crosscheck.json (results)")


def _turns(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(database_url=None)
    add = parser.add_argument
    add("--minutes", type=_whole, default=30, help="how long (30)")
    _engine(add)
    _k6(add)
    add("--out", type=Path, default=RESULTS, help="the folder for turns.csv and turns.md (results)")


def _experiments(parser: argparse.ArgumentParser, kind: str) -> None:
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="which (all)")
    _k6(add)
    add("--out", type=Path, default=RESULTS / kind, help=f"the folder for values (results/{kind})")
    add("--sessions", type=_whole, help="of each part, for a look: nothing is kept (its own)")


def _scale(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("stack", metavar="STACK", help="whose manifests: a folder of deploy/kubernetes/stacks")
    add("--kube-context", required=True, metavar="NAME", help="of kubectl: which cluster")
    add("--replicas", type=_counts, default=[1, 2, 4], help="which to compare (1,2,4)")
    add("--load-pods", type=_whole, default=2, help="pods of k6, which share the users (2)")
    add("--image", help="of the stack (STACK:local)")
    add("--postgres-image", default="postgres:17", metavar="IMAGE", help="(postgres:17)")
    add("--k6-image", default="k6:local", metavar="IMAGE", help="of k6/Dockerfile (k6:local)")
    add("--namespace", help="that is made, and removed again (measured-STACK)")
    add("--out", type=Path, help="the folder for results (results/scale-STACK-TIME)")
    add("--clean", action="store_true", help="remove what runs left that were killed; no more")
    _how_much(add, 3)


def _counts(text: str) -> list[int]:
    """1,2,4: each once."""
    found = [_whole(part) for part in text.split(",")]
    if len({*found}) < len(found):
        raise argparse.ArgumentTypeError(f"{text} names a number twice")
    return found


def _how_much(add: Any, sessions: int | None = None) -> None:
    add("--profile", default="standard", help="paper, standard, quick, or a .json file")
    add("--scenarios", type=_names, help="a,b,c (the profile's)")
    often = f"how often all is measured anew ({sessions or 'the profile'})"
    add("--sessions", type=_whole, default=sessions, help=often)


def _campaign(add: Any) -> None:
    """How its arms are served, and where it goes."""
    add("--workers", type=_whole, default=2, help="of Gunicorn (2)")
    add("--threads", type=_whole, default=2, help="of a worker that has them (2)")
    add("--requirements", choices=REQUIREMENTS, default="today", help="versions (today's)")
    _engine(add)
    _database(add)
    add("--resume", type=Path, metavar="CAMPAIGN", help="go on as it was planned")
    _k6(add)
    add("--out", type=Path, default=RESULTS, help="the folder for campaigns (results)")


def _k6(add: Any) -> None:
    add("--k6", metavar="PATH", help="which k6 (on PATH, else built once)")


def _engine(add: Any) -> None:
    engines = ("auto", "docker", "local")
    add("--engine", choices=engines, default="auto", help="docker where it answers")
    add("--python-downloads", action="store_true", help="fetch a Python that is not here")


def _database(add: Any) -> None:
    add("--database", choices=("sqlite", "postgres"), default="sqlite", help="(sqlite)")
    add("--database-url", metavar="URL", help="of a PostgreSQL server; else one is started")


def _names(text: str) -> list[str]:
    return text.split(",")


def _percent(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0 < float(text) < 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage such as 5")
    return float(text)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)
