"""Quotas of control groups: of either version, up the tree, and never 0 where nothing is told."""

from pathlib import Path

import pytest

import bench.host.cgroups
from bench.host.cgroups import groups, quota, throttled, throttled_in

READ = bench.host.cgroups._read


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Groups of this kind: their files' texts by name, and in which one this process is."""

    def tree(membership, files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        monkeypatch.setattr(bench.host.cgroups, "CGROUPS", tmp_path)
        monkeypatch.setattr(
            bench.host.cgroups,
            "_read",
            lambda path: membership if path == "/proc/self/cgroup" else READ(path),
        )
        return tmp_path

    return tree


def test_how_often_a_quota_stopped_a_group_is_read_from_its_statistics():
    assert throttled_in("nr_periods 9\nnr_throttled 7\nthrottled_usec 12\n") == 7
    assert throttled_in("usage_usec 12\n") is None
    assert throttled_in("") is None


@pytest.mark.parametrize(
    ("membership", "top"), [("0::/a/group", ""), ("3:cpu,cpuacct:/a/group\n0::/", "cpu/")]
)
def test_a_quota_of_a_group_around_it_stops_a_process_too(tree, membership, top):
    stats = {"a/group/cpu.stat": "nr_throttled 0", "a/cpu.stat": "nr_throttled 7"}
    folder = tree(f"2:memory:/another\n{membership}", {top + name: stats[name] for name in stats})
    assert throttled() == 7
    assert groups() == [folder / top / "a" / "group", folder / top / "a", folder / top]


@pytest.mark.parametrize(("count", "told"), [(0, None), (7, 7)])
def test_in_a_container_that_its_own_group_was_never_stopped_says_nothing(tree, count, told):
    tree("0::/", {"cpu.stat": f"nr_throttled {count}", "cpu.max": "max 100000"})
    assert throttled() == told


@pytest.mark.parametrize("membership", ["", "0::/../elsewhere", "0::/gone/group"])
def test_a_group_that_cannot_be_reached_tells_nothing(tree, membership):
    tree(membership, {"other/cpu.stat": "nr_throttled 7"})
    assert (throttled(), quota()) == (None, None)


def test_the_innermost_quota_that_limits_is_told(tree):
    files = {"a/b/cpu.max": "max 100000", "a/cpu.max": "150000 100000", "cpu.max": "9 9"}
    tree("0::/a/b", files)
    assert quota() == "150000 100000"


def test_where_nothing_limits_that_is_told(tree):
    tree("3:cpu:/a", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_quota_us": "-1"})
    assert quota() == "-1"


@pytest.mark.skipif(not Path("/proc/self/cgroup").exists(), reason="this system has no groups")
def test_it_reads_what_this_system_has():
    assert throttled() is None or throttled() >= 0
