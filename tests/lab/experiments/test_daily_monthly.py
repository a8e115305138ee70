"""Daily less monthly: its rule both ways, its figures by hand, and the years that it chooses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from lotwise.dates import from_day_number
from lotwise.lab.cohorts.measures import AtTheEnd
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.experiments import daily_monthly as experiment
from lotwise.lab.experiments.markets import start_rows
from lotwise.lab.experiments.protocol import Verdict
from lotwise.lab.market_panel import MarketPanel
from lotwise.lab.simulated_market import trading_days
from lotwise.money import DOLLAR
from tests.lab.cohorts.small_market import small_panel
from tests.lab.cohorts.test_measures import YEARS, flat, written


def figures(never: tuple[float, float], sold: tuple[float, float]) -> dict[str, float]:
    made = {"daily cost": 0.5}
    for end, (value, error) in ((AtTheEnd.STEP_UP, never), (AtTheEnd.LIQUIDATION, sold)):
        made |= {f"daily {end.value}": value, f"daily {end.value} error": error}
    return made


@pytest.mark.parametrize(
    ("never", "sold", "verdict"),
    [
        ((30, 5), (20, 5), Verdict.REPRODUCED),
        ((15, 5), (2, 0.5), Verdict.REPRODUCED),
        ((30, 5), (8, 5), Verdict.IN_PART),  # sold at the end it is within its error
        ((14, 2), (8, 1), Verdict.IN_PART),  # too small
        ((61, 2), (8, 1), Verdict.IN_PART),  # too large
        ((30, 20), (8, 1), Verdict.IN_PART),
        ((30, 20), (8, 5), Verdict.NOT),
        ((-30, 5), (-8, 5), Verdict.NOT),
        ((30, np.nan), (20, np.nan), Verdict.NOT),  # a single start
    ],
)
def test_the_verdict(never: tuple[float, float], sold: tuple[float, float], verdict: Verdict) -> None:
    found, because = experiment._judged(figures(never, sold))
    assert found is verdict
    assert "against 30 published" in because


def test_differences_are_taken_start_by_start() -> None:
    """Two starts: monthly pays 40 and 10 of 1,000 in 2024, daily 10 and 0: 30 and 10, so 20 with an error of 10."""
    policies = experiment._policies()
    cohort = experiment._cohort(CapIndex(), [0, 50])
    tax = np.zeros((3, len(cohort.start)), np.int64)
    tax[1] = np.array([40, 25, 10, 0, 0, 10, 10, 0, 0, 0]) * DOLLAR
    lived = written([flat()] * len(cohort.start), tax=tax)._replace(policy=cohort.policy)
    by_year = experiment._by_age(lived, cohort)
    assert by_year["daily over monthly"][:2] == pytest.approx([200.0, 0.0])
    assert by_year["weekly over monthly"][:2] == pytest.approx([75.0, 0.0])
    found = experiment._figures(lived, cohort)
    drags = [1 - (1 - each / 1_000) ** (1 / YEARS) for each in (40, 10, 10, 0)]
    first, second = 1e4 * (drags[0] - drags[1]), 1e4 * (drags[2] - drags[3])
    assert found["daily step-up"] == pytest.approx((first + second) / 2)
    assert found["daily step-up error"] == pytest.approx(abs(first - second) / 2)
    assert found["no harvesting step-up"] == 0.0
    assert len(policies) == 5


def test_more_cost_is_above_zero() -> None:
    cohort = experiment._cohort(CapIndex(), [0])
    lived = written([flat()] * 5)._replace(policy=cohort.policy)
    lived.daily["cost"][50] = [1.0, 1.5, 3.0, 0.0, 0.0]
    assert experiment._figures(lived, cohort)["daily cost"] == pytest.approx(20 / YEARS)


def panel_of(first: date, last: date, source: str) -> MarketPanel:
    return replace(small_panel(), days=trading_days(first, last), source=source)


def test_a_real_market_that_has_the_years_of_the_claim_lives_those() -> None:
    panel = panel_of(date(2015, 6, 1), date(2022, 6, 30), "real")
    span = experiment._span(panel, True)
    begun = [from_day_number(int(panel.days[row])) for row in span.starts]
    assert begun[0] == date(2018, 1, 2)
    assert {day.year for day in begun} == {2018}
    assert span.last is not None
    assert from_day_number(int(panel.days[span.last])) == date(2021, 12, 31)


@pytest.mark.parametrize(
    ("first", "last", "source"),
    [
        (date(2015, 6, 1), date(2022, 6, 30), "simulated"),
        (date(2016, 6, 1), date(2022, 6, 30), "real"),  # too little before 2018
        (date(2015, 6, 1), date(2021, 6, 30), "real"),
    ],
)
def test_another_market_lives_what_it_has_and_says_so(first: date, last: date, source: str) -> None:
    span = experiment._span(panel_of(first, last, source), False)
    assert (span.starts, span.last) == (start_rows(6), None)
    assert "not the years of the claim" in span.words
