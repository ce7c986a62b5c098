"""A host's summary, whoever wrote it: our k6 scripts, k6's handleSummary, or --summary-export."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bench import Mistake
from bench.keep.summary import Distribution, Summary

PERCENTILE = re.compile(r"p\((\d+(?:\.\d+)?)\)")


@dataclass(frozen=True)
class Host:
    """What one k6 tells of a server."""

    name: str  # the file's
    requests: int
    failed: int
    bytes_received: int
    times: Distribution | None  # None where it made no request that counts: a segment without users


def read_host(path: Path, arm: str | None = None) -> Host:
    """A Mistake where it is no summary, or tells of several servers and none is named."""
    try:
        text = path.read_bytes()
        data = json.loads(text)
    except (OSError, ValueError) as error:
        raise Mistake(f"{path} is no summary of k6: {error}") from error
    if not isinstance(data, dict):
        raise Mistake(f"{path} is no summary of k6")
    if "grid" in data:
        return _of_ours(path, text, arm)
    if isinstance(data.get("metrics"), dict):
        return _of_k6(path, data["metrics"])
    raise Mistake(f"{path} is no summary of k6: it has no metrics")


def _of_ours(path: Path, text: bytes, arm: str | None) -> Host:
    try:
        summary = msgspec.json.decode(text, type=Summary)
    except msgspec.DecodeError as error:
        raise Mistake(f"{path} is not what our scripts write: {error}") from error
    names = list(summary.arms)
    if arm is None and len(names) > 1:
        raise Mistake(f"{path} tells of {', '.join(names)}: name one by --arm")
    if arm is not None and arm not in names:
        raise Mistake(f"{path} tells of {', '.join(names)}, not of {arm}")
    told = summary.arms[arm or names[0]]
    known = [(p, ms) for p, ms in zip(summary.grid, told.times.ms, strict=True) if ms is not None]
    times = _distribution(path, told.times.count, dict(known))
    return Host(path.name, told.requests, told.failed, told.bytes_received, times)


def _of_k6(path: Path, metrics: Mapping[str, Any]) -> Host:
    """handleSummary's data has each metric's numbers in `values`; --summary-export has not."""

    def of(name: str) -> Mapping[str, Any]:
        metric = metrics.get(name) or {}
        return metric.get("values", metric) if isinstance(metric, dict) else {}

    times = of("http_req_duration{expected_response:true}") or of("http_req_duration")
    requests = of("http_reqs").get("count")
    if not isinstance(requests, int | float):
        raise Mistake(f"{path} does not say how many requests there were")
    failed = of("http_req_failed").get("passes", 0)
    count = times.get("count")
    if count is None:  # k6 gives it only where it is asked for
        count = (
            requests - failed if "http_req_duration{expected_response:true}" in metrics else None
        )
    if count is None:
        raise Mistake(
            f"{path} does not say how many times it has: add 'count' to summaryTrendStats"
        )
    grid = {
        float(found[1]): ms for key, ms in times.items() if (found := PERCENTILE.fullmatch(key))
    }
    grid |= {
        edge: times[key]
        for edge, key in ((0.0, "min"), (50.0, "med"), (100.0, "max"))
        if key in times
    }
    received = of("data_received").get("count", 0)
    return Host(
        path.name, int(requests), int(failed), int(received), _distribution(path, int(count), grid)
    )


def _distribution(path: Path, count: int, grid: Mapping[float, float]) -> Distribution | None:
    if not count:
        return None
    percentages = sorted(grid)
    if not percentages or percentages[0] > 0 or percentages[-1] < 100:
        raise Mistake(
            f"{path} lacks the least or the greatest time: nothing is certain beyond them"
        )
    ms = [float(grid[p]) for p in percentages]
    if any(one > other for one, other in zip(ms, ms[1:], strict=False)):
        raise Mistake(f"{path}: its percentiles are in no order")
    return Distribution(count=count, percentages=percentages, ms=ms)
