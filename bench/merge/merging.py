"""`bench merge SUMMARY…`: what several k6 did to one server at the same time, as one."""

import argparse
from collections.abc import Iterator, Sequence

from bench import Mistake
from bench.keep.files import write_record
from bench.merge.percentiles import Enclosed, merge
from bench.merge.read import Host, read_host

PERCENTAGES = (50.0, 90.0, 95.0, 99.0, 99.9)
CLOSE = 0.05  # a percentile that may be off by more is not shown


def merge_summaries(arguments: argparse.Namespace) -> None:
    """Print counts and percentiles; with --out keep them. A Mistake where nothing can be merged."""
    if len({path.resolve() for path in arguments.summaries}) < len(arguments.summaries):
        raise Mistake("a summary is named twice: its requests would be counted twice")
    hosts = [read_host(path, arguments.arm) for path in arguments.summaries]
    told = [host.times for host in hosts if host.times]
    if not told:
        raise Mistake("no summary has a request that counts")
    percentiles = [merge(told, percentage) for percentage in PERCENTAGES]
    for line in _lines(hosts, percentiles):
        print(line)
    if arguments.out:
        write_record(arguments.out, _kept(hosts, percentiles))


def _lines(hosts: Sequence[Host], percentiles: Sequence[Enclosed]) -> Iterator[str]:
    requests, failed = (sum(getattr(host, of) for host in hosts) for of in ("requests", "failed"))
    idle = sum(host.times is None for host in hosts)
    yield f"{len(hosts)} hosts: {requests:,} requests, {failed:,} failed" + (
        f"; {idle} made none" if idle else ""
    )
    for one in percentiles:
        bounds = f"{one.low:.3f} to {one.high:.3f}"
        if one.off <= CLOSE:
            yield f"p{one.percentage:g}: {one.ms:.3f} ms ({bounds}, by the grids)"
        else:
            yield f"p{one.percentage:g}: somewhere in {bounds} ms; the grids do not enclose it"


def _kept(hosts: Sequence[Host], percentiles: Sequence[Enclosed]) -> dict[str, object]:
    return {
        "hosts": [host.name for host in hosts],
        "requests": sum(host.requests for host in hosts),
        "failed": sum(host.failed for host in hosts),
        "bytes_received": sum(host.bytes_received for host in hosts),
        "percentiles": [
            {
                "percentage": one.percentage,
                "ms": one.ms if one.off <= CLOSE else None,
                "low": one.low,
                "high": one.high,
            }
            for one in percentiles
        ],
    }
