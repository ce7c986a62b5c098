"""Several k6 load one server at the same time, each with its share: merged, as if it were one."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stubs import App

from bench import ROOT
from bench.measure.ledger import shuffled_ids
from bench.measure.load.k6 import K6_FOLDER, find_k6
from bench.merge.merging import PERCENTAGES

ROWS, HOSTS = 60, 3
SCENARIOS = {
    "hello": {"executor": "constant-vus", "vus": 7, "duration": "1s"},
    "get": {"executor": "constant-vus", "vus": 7, "duration": "1s"},
    "list": {"executor": "constant-vus", "vus": 2, "duration": "1s"},
    "delete": {"executor": "per-vu-iterations", "vus": 1, "iterations": ROWS, "maxDuration": "1m"},
}


class CountingApp(App):
    def __init__(self):
        super().__init__()
        self.asked = []

    def answer(self, method, path, body, probing):
        self.asked.append(path)
        return super().answer(method, path, body, probing)


@pytest.fixture(scope="module", params=list(SCENARIOS))
def loaded(request, tmp_path_factory):
    """Scenario, what the app was asked for, and the folder with each k6's summary and times."""
    with CountingApp().running() as app:
        app.seed(ROWS, "wal")
        folder = tmp_path_factory.mktemp(request.param)
        load(app.url, request.param, folder)
        yield request.param, app.asked, folder


def load(url, scenario, folder):
    """All of them begin at one moment."""
    start = time.time() + 3
    (folder / "start").write_text(str(start))
    profile = folder / "profile.json"
    profile.write_text(json.dumps({"rows": ROWS, "warmup": {}, "scenarios": SCENARIOS}))
    given = {
        **{"PATH": os.environ["PATH"], "PROFILE": str(profile), "BASE_URL": url},
        **{"HOSTS": str(HOSTS), "START_AT": str(start), "K6_NO_USAGE_REPORT": "true"},
        "K6_AUTO_EXTENSION_RESOLUTION": "false",
    }
    command = [find_k6().path, "run", "--quiet", "--address", "", "--config"]
    command += [K6_FOLDER / "no-config.json", K6_FOLDER / f"{scenario}.js"]
    begun = [
        subprocess.Popen(
            [*command, "--out", f"csv={folder}/{host}.csv"],
            env=given | {"HOST": str(host), "SUMMARY_PATH": f"{folder}/{host}.json"},
            stdout=subprocess.DEVNULL,
        )
        for host in range(HOSTS)
    ]
    assert [process.wait(60) for process in begun] == [0] * HOSTS


def merged(folder):
    command = [sys.executable, "-m", "bench", "merge", "--out", folder / "merged.json"]
    command += [folder / f"{host}.json" for host in range(HOSTS)]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((folder / "merged.json").read_text())


def single_times(folder: Path):
    """ms of every request, of all k6 together."""
    return sorted(
        float(row["metric_value"])
        for path in folder.glob("*.csv")
        for row in csv.DictReader(path.open())
        if row["metric_name"] == "http_req_duration"
    )


def test_counts_are_what_the_app_counted_and_percentiles_what_all_times_pooled_give(loaded):
    scenario, asked, folder = loaded
    said, told = merged(folder)
    times = single_times(folder)
    assert told["requests"] == len(asked) == len(times)
    assert f"{HOSTS} hosts: {len(asked):,} requests, 0 failed" in said
    assert [one["percentage"] for one in told["percentiles"]] == [*PERCENTAGES]
    for one in told["percentiles"]:
        place = one["percentage"] / 100 * (len(times) - 1)
        low, high = times[int(place)], times[min(int(place) + 1, len(times) - 1)]
        pooled = low + (high - low) * (place - int(place))
        assert one["low"] <= pooled <= one["high"], (scenario, one)


def test_each_user_of_all_hosts_has_items_of_its_own(loaded):
    scenario, asked, _ = loaded
    ids = [f"/items/{id}" for id in shuffled_ids(ROWS)]
    if scenario == "get":  # each user's first request is for another of the first ids
        assert {*ids[: SCENARIOS["get"]["vus"]]} <= {*asked}
    if scenario == "delete":  # by the one user there is, on one host, each item once
        assert asked == ids


def test_a_host_without_users_is_said_to_have_made_none_and_is_no_failure(loaded):
    scenario, _, folder = loaded
    without = HOSTS - min(HOSTS, SCENARIOS[scenario]["vus"])
    said, _ = merged(folder)
    assert (f"; {without} made none" in said) == bool(without)


def test_each_says_when_it_began_and_none_did_before_the_moment_that_all_were_told(loaded):
    scenario, _, folder = loaded
    start = float((folder / "start").read_text())
    summaries = [json.loads((folder / f"{host}.json").read_text()) for host in range(HOSTS)]
    began = [one["began_ms"] for one in summaries if one["began_ms"] is not None]
    assert len(began) == min(HOSTS, SCENARIOS[scenario]["vus"])
    assert min(began) > 1000 * start - 50  # what k6's clock may be off, in ms
