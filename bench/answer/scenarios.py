"""The answer's scenarios: of each arm its value, of each pair how many times as long one takes."""

import math
from collections.abc import Iterator, Sequence
from statistics import median

import msgspec

from bench.answer.answer import Bound, Interval, Ratio, ScenarioAnswer, Value
from bench.answer.caption import caption
from bench.answer.headline import of_scenario
from bench.answer.noise import least_difference
from bench.answer.report import Report, Result
from bench.answer.shown.numbers import short
from bench.answer.statistics.comparison import Pair
from bench.answer.statistics.stats import UNITS, as_time, value_of


def scenarios_of(report: Report) -> Iterator[ScenarioAnswer]:
    """In the paper's order, each with its arms, the fastest first."""
    names = short(report.arms)
    for scenario in UNITS:
        results = [result for result in report.results if result.scenario == scenario]
        if not results:
            continue
        comparison = report.comparisons.get(scenario)
        pairs = comparison.pairs if comparison else ()
        widths = [pair.high / pair.ratio - 1 for pair in pairs if math.isfinite(pair.high)]
        found = ScenarioAnswer(
            name=scenario,
            users=report.selection.measured(scenario)[0].measurement.users,
            unit=UNITS[scenario],
            told_from=median(widths) if widths else None,
            cpu_told_from=least_difference(report, scenario),
            noise=comparison.sd if comparison else None,
            values=[_value(report, result) for result in sorted(results, key=_time)],
            ratios=[_ratio(pair, results) for pair in pairs],
            headline="",
            caption=caption(scenario, results, report),
        )
        yield msgspec.structs.replace(found, headline=of_scenario(found, names))


def _time(result: Result) -> float:
    return as_time(result.scenario, result.value.geometric) if result.value else math.inf


def _value(report: Report, result: Result) -> Value:
    value, cost, beside = result.value, result.cpu_s_per_1000, result.database_cpu_s_per_1000
    there = [one for one in report.selection.counted(result.scenario) if one.arm == result.arm]
    peaks = [peak for one in there if (peak := one.measurement.server.peak_bytes) is not None]
    several = len(report.selection.parts) > 1
    names = [f"{one.campaign.name} " * several + str(one.session.number) for one in there]
    values = [value_of(result.scenario, one.measurement) for one in there]
    return Value(
        arm=result.arm,
        value=value.geometric if value else None,
        bound=_bound(result),
        sessions={name: told for name, told in zip(names, values, strict=True) if told is not None},
        counted=len(value.values) if value else 0,
        attempted=result.attempted,
        planned=result.planned,
        suspect=result.suspect,
        rank=_interval(result.rank),
        own=_interval(value.interval if value else None),
        less_shared=_interval(result.interval),
        arithmetic=value.mean if value else None,
        median=value.median if value else None,
        least=value.low if value else None,
        greatest=value.high if value else None,
        cpu_s_per_1000=cost.geometric if cost else None,
        database_cpu_s_per_1000=beside.geometric if beside else None,
        peak_bytes=max(peaks, default=None),
        in_flight=result.in_flight,
        limiter=result.limiter.name,
        server_busy=result.limiter.server_busy,
        k6_busy=result.limiter.k6_busy,
        percentiles={str(p): ms for p, ms in result.percentiles.items()},
        elsewhere=result.elsewhere,
        void=result.void,
        busiest=result.busiest,
    )


def _bound(result: Result) -> Bound | None:
    if not result.limiter.is_lower_bound:
        return None
    return "at least" if UNITS[result.scenario] == "requests/s" else "at most"


def _ratio(pair: Pair, results: Sequence[Result]) -> Ratio:
    bounds = {result.arm: result.limiter.is_lower_bound for result in results}
    told = math.isfinite(pair.high)
    return Ratio(
        faster=pair.faster,
        slower=pair.slower,
        times=pair.ratio,
        interval=Interval(low=pair.low, high=pair.high) if told else None,
        word=pair.word,
        bound="at least" if bounds[pair.faster] and not bounds[pair.slower] else None,
        sessions=_interval(pair.sessions),
    )


def _interval(of: tuple[float, float] | None) -> Interval | None:
    return Interval(low=of[0], high=of[1]) if of else None
