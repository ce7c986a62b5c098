"""Merging summaries of several k6: counts are exact, percentiles lie within proven bounds."""

import json
import math
import random
from argparse import Namespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import Mistake
from bench.keep.summary import Distribution
from bench.merge.merging import PERCENTAGES, merge_summaries
from bench.merge.percentiles import merge
from bench.merge.read import read_host

OURS = [
    *range(0, 90),
    *(90 + n / 4 for n in range(32)),
    *(98 + n / 20 for n in range(20)),
    *(99 + n / 40 for n in range(36)),
    *(99.9 + n / 100 for n in range(11)),
]
K6S = [0, 50, 90, 95, 100]


def of_k6(values, percentage):
    """As k6's TrendSink has it."""
    ordered, place = sorted(values), percentage / 100 * (len(values) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def host(values, grid=OURS):
    ms = [round(of_k6(values, p), 3) for p in grid]
    return Distribution(count=len(values), percentages=list(grid), ms=ms)


times = st.lists(st.floats(0.01, 5000).map(lambda ms: round(ms, 4)), min_size=1, max_size=60)


@settings(max_examples=300)
@given(st.lists(times, min_size=1, max_size=4), st.sampled_from([0, 25, *PERCENTAGES, 100]))
def test_the_pooled_percentile_lies_within_the_bounds_whatever_the_times_are(hosts, percentage):
    pooled = of_k6([value for of in hosts for value in of], percentage)
    for grid in (OURS, K6S):
        found = merge([host(of, grid) for of in hosts], percentage)
        assert found.low <= pooled <= found.high
        assert found.low <= found.ms <= found.high


def test_a_fine_grid_encloses_and_a_coarse_one_does_not():
    drawn = random.Random(3)
    hosts = [[drawn.lognormvariate(mean, 0.5) for _ in range(20_000)] for mean in (1.0, 1.4)]
    fine, coarse = (merge([host(of, grid) for of in hosts], 99.9) for grid in (OURS, K6S))
    assert fine.off < 0.05 < coarse.off
    pooled = np.concatenate(hosts)
    assert fine.ms == pytest.approx(of_k6(pooled, 99.9), rel=0.02)


def ours(values, requests=None, arm="app"):
    of = host(values)
    told = {
        **{"requests": requests or len(values), "failed": 0, "iterations": len(values)},
        **{"bytes_received": 100, "iteration_mean_ms": 1.0, "iteration_max_ms": 2.0},
        "times": {
            "count": len(values),
            "avg": 1.0,
            "min": 1.0,
            "med": 1.0,
            "max": 1.0,
            "ms": of.ms,
        },
    }
    arms = {arm: told}
    return {
        "began_ms": 1.0,
        "seconds": 1.0,
        "dropped": 0,
        "grid": OURS,
        "arms": arms,
        "turns": None,
    }


def k6s(values):
    shown = {f"p({p})": of_k6(values, p) for p in (50, 90, 95, 99, 99.9)}
    shown |= {"min": min(values), "max": max(values), "count": len(values)}
    return {
        "metrics": {
            "http_reqs": {"values": {"count": len(values) + 1}},
            "http_req_failed": {"values": {"passes": 1}},
            "http_req_duration{expected_response:true}": {"values": shown},
        }
    }


def asked(tmp_path, *summaries, arm=None, out=None):
    files = []
    for number, summary in enumerate(summaries):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(summary if isinstance(summary, str) else json.dumps(summary))
    return Namespace(summaries=files, arm=arm, out=out)


VALUES = [float(n) for n in range(1, 1001)]


def test_counts_add_up_and_what_is_kept_is_what_is_printed(tmp_path, capsys):
    out = tmp_path / "merged.json"
    merge_summaries(asked(tmp_path, ours(VALUES), ours(VALUES[:500]), out=out))
    said = capsys.readouterr().out
    assert "2 hosts: 1,500 requests, 0 failed" in said
    kept = json.loads(out.read_text())
    assert kept["requests"] == 1500
    assert f"p99: {kept['percentiles'][3]['ms']:.3f} ms" in said


def test_k6s_own_summary_is_read_and_what_it_does_not_enclose_is_not_shown(tmp_path, capsys):
    merge_summaries(asked(tmp_path, k6s(VALUES), k6s([10 * value for value in VALUES])))
    said = capsys.readouterr().out
    assert "2 hosts: 2,002 requests, 2 failed" in said
    assert "the grids do not enclose it" in said


def test_a_host_without_users_made_no_request_and_is_no_mistake(tmp_path, capsys):
    idle = ours(VALUES)
    idle["arms"]["app"] |= {"requests": 0, "iterations": 0}
    idle["arms"]["app"]["times"] |= {"count": 0, "ms": [None] * len(OURS)}
    merge_summaries(asked(tmp_path, ours(VALUES), idle))
    assert "2 hosts: 1,000 requests, 0 failed; 1 made none" in capsys.readouterr().out


def lacking(name):
    summary = k6s(VALUES)
    del summary["metrics"]["http_req_duration{expected_response:true}"]["values"][name]
    return summary


@pytest.mark.parametrize(
    "summary, says",
    [
        ("{", "is no summary of k6"),
        ("[]", "is no summary of k6"),
        ({"a": 1}, "it has no metrics"),
        (lacking("max"), "lacks the least or the greatest time"),
        ({"grid": []}, "is not what our scripts write"),
    ],
)
def test_what_is_no_summary_is_one_line(tmp_path, summary, says):
    with pytest.raises(Mistake, match=says):
        merge_summaries(asked(tmp_path, summary))


def test_one_file_twice_would_count_its_requests_twice(tmp_path):
    arguments = asked(tmp_path, ours(VALUES))
    arguments.summaries *= 2
    with pytest.raises(Mistake, match="named twice"):
        merge_summaries(arguments)


def test_of_several_servers_one_must_be_named(tmp_path):
    summary = ours(VALUES)
    summary["arms"]["other"] = summary["arms"]["app"]
    (file,) = asked(tmp_path, summary).summaries
    with pytest.raises(Mistake, match="tells of app, other: name one by --arm"):
        read_host(file)
    with pytest.raises(Mistake, match="not of third"):
        read_host(file, "third")
    assert read_host(file, "other").requests == 1000
