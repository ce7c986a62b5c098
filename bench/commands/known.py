"""What the made parts of README, docs and paper may name: numbers of what is committed."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.answer.answer import Agreement, Answer
from bench.answer.claims.claim import OPEN, UNKNOWABLE
from bench.answer.claims.judged import EXPERIMENTS as BY_EXPERIMENT
from bench.answer.claims.judged import PAPER
from bench.answer.claims.published import read_published
from bench.answer.report import Report
from bench.answer.shown.claims import table, tally
from bench.answer.shown.numbers import number, times
from bench.answer.statistics.agreement import limit_of, moved
from bench.answer.statistics.controls import alike
from bench.answer.statistics.stats import UNITS, median_interval
from bench.commands.claims import CAMPAIGNS, committed_answer, judge_texts
from bench.keep.selection import select_campaigns
from bench.keep.store import RESULTS
from bench.studies.clients.crosscheck import figures as figures_of_client
from bench.studies.committed import experiments, ladders

SQLITE, AGAIN, POSTGRES, ELSEWHERE, AS_THE_PAPER = (
    RESULTS / f"reference-{name}"
    for name in (
        *("shared-2-core-vm", "shared-2-core-vm-again"),
        *("postgres-shared-2-core-vm", "postgres-slower-2-core-vm", "paper"),
    )
)
REFERENCES = SQLITE, POSTGRES, ELSEWHERE, AGAIN  # which are drawn
PAPERS = (AS_THE_PAPER, RESULTS / "reference-paper-turns", RESULTS / "reference-paper-writes")
ARTICLES = ("fastapi_sqlalchemy", "flask_sqlalchemy", "django_drf")  # as the article has them
VERBS = ("get", "create", "update", "delete")
SLEPT = 3  # seconds, of the article's script while it times
CLIENTS = RESULTS / "reference-clients"


def known(
    answers: dict[Path, Answer], agreement: Agreement, reports: Sequence[Report]
) -> dict[str, Any]:
    """What a block of text may name."""
    papers = {one: committed_answer(one) for one in PAPERS}
    squares = {scenario: moved(reports, scenario) for scenario in UNITS}
    beyond = [(name, sum_, df) for name, (sum_, df) in squares.items() if sum_ > limit_of(df)]
    costs = {what: _costs(what) for what in ("scripts", "engines")}
    scripts, engines = (kept["ratios"] for kept in costs.values())
    return {
        "sqlite": answers[SQLITE],
        "postgres": answers[POSTGRES],
        "elsewhere": answers[ELSEWHERE],
        "campaigns": {campaign.name: answer for campaign, answer in (answers | papers).items()},
        "agreement": agreement,
        **_judged(),
        "experiments": list(experiments()),
        "ladder": ladders(),
        "five": _five_runs(),
        "beyond": beyond,
        "articles": ARTICLES,
        "shares": [_shares(answers[POSTGRES], names) for names in (("list",), VERBS)],
        **_of_other_clients(),
        "clients": _clients(),
        "costs": [(name, _interval(scripts[name]), _interval(engines[name])) for name in scripts],
        "rounds": {what: len(kept["ratios"]["get"]) for what, kept in costs.items()},
        "processors": {what: kept["machine"]["cpu"] for what, kept in costs.items()},
    }


def _judged() -> dict[str, Any]:
    """The paper's claims and the article's, with their verdicts."""
    texts = judge_texts()
    of_paper, campaigns = texts["paper"], list(CAMPAIGNS["paper"])
    words = [one.own.word for one in of_paper if one.own]
    there = [name for name in campaigns if any(name in one.ours for one in of_paper)]
    causes = [one for one in of_paper if BY_EXPERIMENT in one.ours]
    return {
        "judged": of_paper,
        "article_claims": texts["article"],
        "tally": "\n".join(tally(of_paper, [*there, BY_EXPERIMENT])),
        "differing": "\n".join(table([one for one in of_paper if one.differs], there)),
        "article_table": "\n".join(table(texts["article"], [])),
        "table": "\n".join(table(of_paper, there)),
        "unknowable": words.count(UNKNOWABLE),
        "open": sum(one.ours[BY_EXPERIMENT].word == OPEN for one in causes),
    }


def _five_runs() -> dict[str, Any]:
    """What the paper's own procedure tells, and which of its neighbours are nearer than that."""
    report = Report(select_campaigns([AS_THE_PAPER]))
    answer, numbers = committed_answer(AS_THE_PAPER), read_published(PAPER / "published.json")
    told_from = {one.name: one.told_from or math.inf for one in answer.scenarios}
    apart = {
        (scenario, pair): max(pair) / min(pair)
        for scenario in UNITS
        for pair in pairwise(sorted(numbers.of(scenario).values()))
    }
    near = [pair for pair, times in apart.items() if times < 1 + told_from[pair[0]]]
    counts = {"neighbours": len(apart), "near": len(near)}
    return {"name": AS_THE_PAPER.name, "answer": answer, "alike": alike(report), **counts}


def _shares(answer: Answer, scenarios: Sequence[str]) -> str:
    """Of the CPU that app and database take for a request the database's: 12 to 23 %."""
    found = [
        value.database_cpu_s_per_1000 / (value.cpu_s_per_1000 + value.database_cpu_s_per_1000)
        for scenario in answer.scenarios
        for value in scenario.values
        if scenario.name in scenarios and value.database_cpu_s_per_1000 and value.cpu_s_per_1000
    ]
    return f"{100 * min(found):.0f} to {100 * max(found):.0f} %"


def _of_other_clients() -> dict[str, list[str]]:
    """What lifecycle.py and Locust reported of each of the article's stacks."""
    rates: dict[str, list[str]] = {"lifecycle": [], "with_sleeps": [], "locust": []}
    for stack in ARTICLES:
        phases = json.loads((CLIENTS / f"lifecycle-{stack}.json").read_text())["phases"]
        requests, seconds = (sum(phase[key] for phase in phases) for key in ("requests", "seconds"))
        rates["lifecycle"].append(number(requests / seconds))
        rates["with_sleeps"].append(number(requests / (seconds + SLEPT)))
        stats = json.loads((CLIENTS / f"locust-{stack}" / "stats.json").read_text())
        took = max(one["last_request_timestamp"] for one in stats)
        took -= min(one["start_time"] for one in stats)
        rates["locust"].append(number(sum(one["num_requests"] for one in stats) / took))
    return rates


def _costs(what: str) -> dict[str, Any]:
    kept = json.loads((RESULTS / "reference-costs" / f"cost-{what}.json").read_text())
    return dict(kept)


def _interval(values: Sequence[float]) -> str:
    median, low, high = median_interval(values)
    return f"{times(median)} ({times(low)} to {times(high)})"


def _clients() -> dict[str, Any]:
    """What each client made of GET /items/{id} of the same app."""
    kept = json.loads((CLIENTS / "crosscheck.json").read_text())
    lines = []
    for client in dict.fromkeys(one["client"] for one in kept["measured"]):
        there = [m for m in kept["measured"] if (m["client"], m["target"]) == (client, "get")]
        told = [figures_of_client(one, kept["seconds"]) for one in there]
        cells = [median_interval([one[key] for one in told]) for key in ("told", "client_us")]
        name = {"script": "lifecycle.py"}.get(client, client)
        lines.append((name, *(f"{number(m)} ({number(a)} to {number(b)})" for m, a, b in cells)))
    rounds = max(one["round"] for one in kept["measured"])
    return {"stack": kept["stack"], "users": kept["users"], "rounds": rounds, "lines": lines}
