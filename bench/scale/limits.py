"""What limited a measurement on a cluster: a word, by rules that look at no result."""

from collections.abc import Sequence

from bench.keep.summary import Summary

FULL = 0.9  # of what there is
OWN = 0.25  # of a user's time: more than that k6 spends itself, and the app waits for it


def limited_by(
    app_cpus: float | None,
    app_limit: float,
    database_cpus: float | None,
    database_limit: float,
    node_busy: float | None,
    k6_own: float | None,
) -> str:
    """CPUs that were busy, against those that there were.

    The database stands before the app, which waits for it; the node comes last, since who has all
    of its own limit would be no faster on a larger node.
    """
    if k6_own is not None and k6_own > OWN:
        return "the load"
    if database_cpus is not None and database_cpus > FULL * database_limit:
        return "the database's CPU limit"
    if app_cpus is not None and app_cpus > FULL * app_limit:
        return "the app's CPU limit"
    if node_busy is not None and node_busy > FULL:
        return "the node's CPUs"
    if app_cpus is None or node_busy is None:
        return "not told"
    return "none of these: it waits"


def own_share(summaries: Sequence[Summary]) -> float | None:
    """Share of their iterations' time in which k6's users wait for no answer."""
    waited = iterated = 0.0
    for summary in summaries:
        for arm in summary.arms.values():
            if arm.iteration_mean_ms is not None and arm.times.avg is not None:
                waited += arm.times.count * arm.times.avg
                iterated += arm.iterations * arm.iteration_mean_ms
    return 1 - waited / iterated if iterated else None


def cpus(quantity: str) -> float:
    """Of Kubernetes' notation: 250m, 2, 1.5."""
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)
