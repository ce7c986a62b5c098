"""k6's own summary of a run, as k6/lib/summary.js writes it."""

import json
from pathlib import Path
from typing import Any

from bench.answer.stats import Distribution

TIMES = "http_req_duration{expected_response:true}"  # of the answers that had the right status


def read_counts(path: Path) -> dict[str, Any]:
    """What was counted and timed; OSError, ValueError, KeyError or TypeError where it is broken."""
    data = json.loads(path.read_text())
    metrics = data["metrics"]
    return {
        "requests": metrics["http_reqs"]["count"] or 0,
        "failed": metrics["http_req_failed"]["passes"] or 0,  # k6 counts a failure as a pass
        "iterations": metrics["iterations"]["count"] or 0,
        "dropped": metrics["dropped_iterations"]["count"] or 0,
        "seconds": data["testRunDurationMs"]
        / 1000,  # from the first iteration to the last one's end
        "mean_ms": metrics[TIMES]["avg"],
        "max_ms": metrics[TIMES]["max"],
        "iteration_mean_ms": metrics["iteration_duration"]["avg"],
        "iteration_max_ms": metrics["iteration_duration"]["max"],
        "bytes_received": metrics["data_received"]["count"] or 0,
    }


def read_distribution(path: Path) -> Distribution:
    """The response times as exact percentiles; the same errors."""
    times = json.loads(path.read_text())["metrics"][TIMES]
    return Distribution(times["count"], times["grid"]["p"], times["grid"]["ms"])
