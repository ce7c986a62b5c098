"""How noisy a campaign was: what it says of that, and what it says must not be concluded."""

from dataclasses import replace

from synthetic import SCENARIOS, STACKS, noisy

from bench.answer.noise import noise_lines, not_to_conclude, turn_lines
from bench.answer.statistics.stats import UNITS


def test_noise_is_told_by_scenario_with_what_it_resolves(compared):
    lines = dict(zip(SCENARIOS, noise_lines(compared), strict=True))
    for scenario, line in lines.items():
        sd = compared.comparisons[scenario].sd
        assert 0.005 < sd < 0.02
        assert line.startswith(f"{scenario:8} CPU s/1000 varies by ")
        assert f"; {UNITS[scenario]} by {sd:.1%}: tells arms apart from " in line
        assert line.count("tells arms apart") == 1  # of CPU that varies little that is not said


def test_where_the_cpu_of_a_request_varies_it_is_told_what_that_resolves(report_of):
    for line in noise_lines(report_of(STACKS, sessions=5, ms=noisy(sd=0.06))):
        assert line.count(": tells arms apart from ") == 2


def test_more_noise_resolves_less(report_of):
    def resolves(sd):
        (line,) = noise_lines(report_of(STACKS, 5, scenarios=["get"], ms=noisy(sd)))
        return float(line.rpartition(" from ")[2].partition("%")[0])

    assert 0 < resolves(0.01) < resolves(0.03) < resolves(0.1)


def test_what_is_resolved_is_the_median_half_width_of_all_pairs(compared):
    for line, comparison in zip(noise_lines(compared), compared.comparisons.values(), strict=True):
        widths = sorted(pair.high / pair.ratio - 1 for pair in comparison.pairs)
        assert (
            widths[4] - 0.0006 < float(line.rpartition(" from ")[2][:-4]) / 100 < widths[5] + 0.0006
        )


def test_where_nothing_is_compared_only_the_variation_is_told(report_of, together):
    lines = list(noise_lines(together(*STACKS, sessions=5, ms=noisy())))
    assert len(lines) == len(SCENARIOS)
    assert all(line.endswith(" from session to session") for line in lines)
    assert list(noise_lines(report_of(STACKS))) == []


def test_void_turns_and_users_elsewhere_are_told_where_there_are_any(report_of):
    report = report_of(sessions=5, ms=noisy())
    assert list(turn_lines(report)) == []
    first = report.results[0]
    report.results[0] = replace(first, void=2, elsewhere=0.07)
    void, elsewhere = turn_lines(report)
    assert void.startswith("void: 2 turns ")
    assert elsewhere.endswith(": flask_sqlite in hello 7%")


# What not to conclude


def test_every_campaign_says_in_the_end_what_not_to_conclude_from_it(report_of, together, compared):
    assert "ranks nothing" in not_to_conclude(together(*STACKS))
    assert "nothing is said of others" in not_to_conclude(report_of(sessions=5))
    assert "no rank" in not_to_conclude(report_of(STACKS))
    assert "in 30% of campaigns one or more of 7 scenarios would" in not_to_conclude(compared)
