"""What a campaign says in the end: of each arm in each scenario how fast, how sure, and why."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bench.answer.limiter import Limiter, limiter_of
from bench.answer.statistics.comparison import Comparison, compare
from bench.answer.statistics.model import Model, Observation, fit
from bench.answer.statistics.stats import (
    UNITS,
    Summary,
    as_time,
    busiest_share,
    cpu_per_1000,
    database_cpu_per_1000,
    is_shown,
    merged_percentile,
    summarise,
    value_of,
)
from bench.keep.record import Measurement
from bench.keep.selection import Selection
from bench.keep.store import response_times
from bench.keep.values import Measured

PERCENTILES = (50, 90, 95, 99, 99.9)


@dataclass(frozen=True)
class Result:
    """An arm in a scenario, over all sessions that are there."""

    arm: str
    scenario: str
    planned: int  # sessions
    attempted: int
    value: Summary | None  # in the unit of the scenario; None where no session counts
    cpu_s_per_1000: Summary | None
    database_cpu_s_per_1000: Summary | None  # where the database has a server of its own
    suspect: int
    in_flight: int
    limiter: Limiter
    percentiles: dict[float, float]  # ms, over the requests of all that counts; what they carry
    rank: tuple[int, int] | None  # from best to worst possible
    interval: tuple[float, float] | None  # 95 %; where it is ranked, less what a session shares
    elsewhere: float | None  # the users' time that counted requests do not fill: the median
    void: int  # turns
    busiest: float | None  # the greatest share of the work that one worker did in a run of k6


@dataclass(frozen=True)
class Report:
    """Of what was measured under equal conditions; arms are compared only within one campaign."""

    selection: Selection

    @cached_property
    def results(self) -> list[Result]:
        """Of every arm in every scenario that was measured, in the paper's order of scenarios."""
        found = []
        for scenario in UNITS:
            there = self.selection.measured(scenario)
            for arm in self.arms:
                of_arm = [one for one in there if one.arm == arm]
                found += [self._result(of_arm)] if of_arm else []
        return found

    @cached_property
    def comparisons(self) -> dict[str, Comparison]:
        """By scenario; none where the arms did not take turns or the sessions are too few."""
        if not self.selection.interleaved:
            return {}
        found = {}
        for scenario in UNITS:
            limiters = {arm: self._limiter(arm, scenario) for arm in self.arms}
            bounded = {arm for arm, limiter in limiters.items() if limiter.is_lower_bound}
            found[scenario] = compare(self.observations(scenario), self.arms, bounded)
        return {scenario: comparison for scenario, comparison in found.items() if comparison}

    @property
    def arms(self) -> list[str]:
        """Those that are compared, each once."""
        return sorted(set(self.selection.arms))

    def observations(
        self, scenario: str, of: Callable[[Measurement], float | None] | None = None
    ) -> list[Observation]:
        """The value by which arms are compared, or of(measurement), of all that counts."""
        found = []
        for one in self.selection.counted(scenario):
            value = of(one.measurement) if of else value_of(scenario, one.measurement)
            if value:
                time = value if of else as_time(scenario, value)
                found.append(Observation(one.arm, one.block, time))
        return found

    def model(
        self, scenario: str, of: Callable[[Measurement], float | None] | None = None
    ) -> Model | None:
        """What is told of all arms together; None where there is nothing."""
        return fit(self.observations(scenario, of))

    def planned(self, arm: str) -> int:
        """In how many sessions an arm was to be measured."""
        parts = [part for part in self.selection.parts if arm in part.arms]
        return sum(arm in session.arms for part in parts for session in part.plan.sessions)

    def lacking(self, scenario: str) -> int:
        """How many of the planned measurements are not there, or do not count."""
        counted = [one.arm for one in self.selection.counted(scenario)]
        return sum(max(self.planned(arm) - counted.count(arm), 0) for arm in self.arms)

    @cached_property
    def _means(self) -> dict[str, dict[str, float]]:
        """By scenario and arm the mean that the model estimates, where arms are compared."""
        models = {scenario: self.model(scenario) for scenario in UNITS}
        return {
            scenario: {
                arm: as_time(scenario, math.exp(mean))
                for arm, mean in zip(model.arms, model.means, strict=True)
            }
            for scenario, model in models.items()
            if model and self.selection.interleaved
        }

    def _limiter(self, arm: str, scenario: str) -> Limiter:
        valid = [one for one in self.selection.counted(scenario) if one.arm == arm]
        [workers] = {
            part.plan.arms[arm].settings.workers
            for part in self.selection.parts
            if arm in part.arms
        }
        measured = [one.measurement for one in valid]
        commits = [one.session.commits_of(arm) for one in valid]
        return limiter_of(scenario, measured, commits, workers, self.selection.conditions)

    def _value(self, scenario: str, arm: str, measured: Sequence[Measurement]) -> Summary | None:
        value = summarise([value_of(scenario, m) for m in measured])
        modelled = self._means.get(scenario, {}).get(arm)
        return replace(value, geometric=modelled) if value and modelled else value

    def _result(self, of_arm: Sequence[Measured]) -> Result:
        arm, scenario, first = of_arm[0].arm, of_arm[0].scenario, of_arm[0].measurement
        valid = [one for one in of_arm if one.counts]
        measured = [one.measurement for one in valid]
        value, comparison = self._value(scenario, arm, measured), self.comparisons.get(scenario)
        interval = value.interval if value else None  # of its own sessions, where it stands alone
        if value and comparison and arm in comparison.spread:
            spread = comparison.spread[arm]
            interval = value.geometric / spread, value.geometric * spread
        elsewhere = [m.load.elsewhere for m in measured if m.load.elsewhere is not None]
        shares = [share for m in measured if (share := busiest_share(m)) is not None]
        return Result(
            arm=arm,
            scenario=scenario,
            planned=self.planned(arm),
            attempted=len(of_arm),
            value=value,
            cpu_s_per_1000=summarise([cpu_per_1000(m) for m in measured]),
            database_cpu_s_per_1000=summarise([database_cpu_per_1000(m) for m in measured]),
            suspect=sum(m.status == "suspect" for m in measured),
            in_flight=first.in_flight,
            limiter=self._limiter(arm, scenario),
            percentiles=_percentiles(valid, first.users),
            rank=comparison.ranks.get(arm) if comparison else None,
            interval=interval,
            elsewhere=statistics.median(elsewhere) if elsewhere else None,
            void=sum(one.measurement.load.void for one in of_arm),
            busiest=max(shares, default=None),
        )


def _percentiles(valid: Sequence[Measured], users: int) -> dict[float, float]:
    runs = [
        run
        for one in valid
        for run in response_times(one.campaign, one.session, one.arm, one.scenario)
    ]
    count = sum(run.count for run in runs)
    shown = [p for p in PERCENTILES if runs and is_shown(p, count, users)]
    return {p: merged_percentile(runs, p) for p in shown}


def problems(selection: Selection) -> Iterator[str]:
    """A line for each measurement that does not count, or may not, with all reasons."""
    for scenario in selection.scenarios:
        for one in selection.measured(scenario):
            reasons = [f"{problem.code}: {problem.why}" for problem in one.measurement.problems]
            if reasons:
                where = f"{one.arm}, session {one.session.number}, {scenario}"
                yield f"{one.measurement.status}: {where}: {'; '.join(reasons)}"
