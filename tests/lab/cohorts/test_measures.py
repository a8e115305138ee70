"""Measures, on lives written by hand: every figure is worked out beside it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from lotwise.dates import to_day_number
from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.measures import (
    AtTheEnd,
    by_age,
    cost_a_year,
    costs_by_year,
    dispersion,
    gains_tax_a_year,
    growth_a_year,
    growth_of_target,
    paid_in_by_year,
    tax_drag,
    taxes_by_year,
    tracking_error,
)
from lotwise.lab.cohorts.policies import ordinary
from lotwise.lab.cohorts.recording import DAY, Ending, Lived
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.simulated_market import trading_days
from lotwise.money import DOLLAR

DAYS = trading_days(date(2023, 12, 29), date(2025, 12, 31))
YEARS = (int(DAYS[-1]) - int(DAYS[0])) / 365.25


def written(values: list[np.ndarray], **changes: Any) -> Lived:
    """Households of which nothing is known but their values, which nobody added to after the first day."""
    count = len(values)
    daily = np.zeros((DAYS.size, count), DAY)
    daily["value"] = np.stack(values, axis=1)
    daily["flow"][0] = daily["value"][0]
    nothing = np.zeros(count, np.int64)
    lived = Lived(
        first=0,
        days=DAYS,
        daily=daily,
        target=np.zeros((DAYS.size, 1)),
        years=np.array([2023, 2024, 2025]),
        gains=np.zeros((3, count, 3), np.int64),
        income=np.zeros((3, count, 2), np.int64),
        tax=np.zeros((3, count), np.int64),
        start=np.zeros(count, np.int32),
        policy=np.zeros(count, np.int32),
        target_of=np.zeros(count, np.int32),
        ending=Ending(nothing, nothing, nothing, nothing, nothing),
        realized=None,
        lots=np.zeros(0),
        cash=nothing,
        trades=None,
    )
    return lived._replace(**changes)


def flat(dollars: float = 1_000.0) -> np.ndarray:
    return np.full(DAYS.size, dollars)


def cohort(count: int) -> Cohort:
    client = Client(0, 1_000.0, short_rate=0.4, long_rate=0.2, state_rate=0.05)
    return cohort_of((ordinary("one"),), (CapIndex(),), [client] * count)


def test_the_drag_of_taxes_is_what_they_take_from_any_growth() -> None:
    tax = np.array([[0], [100 * DOLLAR], [-50 * DOLLAR]])
    ending = Ending(*(np.array([each * DOLLAR]) for each in (100, 300, 0, 0, 200)))
    lived = written([flat()], tax=tax, ending=ending)
    taxed = 0.9 * 1.05  # 100 of 1,000 paid, then 50 of 1,000 refunded
    for end, left in ((AtTheEnd.LIQUIDATION, 0.8), (AtTheEnd.STEP_UP, 1.0), (AtTheEnd.GIFT, 1 - 0.1 * 0.4)):
        assert tax_drag(lived, end, donee_rate=0.1)[0] == pytest.approx(1 - (taxed * left) ** (1 / YEARS))


def test_the_drag_does_not_depend_on_what_was_earned() -> None:
    rising = 1_000.0 * np.exp(np.linspace(0, 1, DAYS.size))
    ends = np.searchsorted(DAYS, [to_day_number(date(year, 12, 31)) for year in (2024, 2025)], side="right") - 1
    tax = np.zeros((3, 2), np.int64)
    tax[1:, 0] = 30 * DOLLAR
    tax[1:, 1] = np.rint(0.03 * rising[ends] * DOLLAR)
    drag = tax_drag(written([flat(), rising], tax=tax), AtTheEnd.STEP_UP)
    assert drag[0] == pytest.approx(drag[1], rel=1e-6)


def test_luck_is_not_taxed_at_the_end() -> None:
    """Two accounts of one basis: one had twice the gain by chance; both are taxed on what their target gained."""
    growth = np.linspace(1.0, 1.5, DAYS.size)
    lucky = np.linspace(1.0, 2.0, DAYS.size)
    gain = np.array([500, 1_000]) * DOLLAR
    ending = Ending(np.zeros(2, np.int64), gain, *(np.zeros(2, np.int64),) * 2, gain // 5)
    returns = np.concatenate([[0.0], growth[1:] / growth[:-1] - 1.0])[:, None]
    drag = tax_drag(written([1_000 * growth, 1_000 * lucky], target=returns, ending=ending))
    assert drag[0] == pytest.approx(1 - (1 - 100 / 1_500) ** (1 / YEARS))
    assert drag[1] == pytest.approx(drag[0])


def test_tax_on_gains_leaves_out_that_on_dividends() -> None:
    income = np.zeros((3, 1, 2), np.int64)
    income[1, 0] = 100 * DOLLAR, 200 * DOLLAR  # 45 and 50 of tax
    tax = np.array([[0], [105 * DOLLAR], [-20 * DOLLAR]])
    lived = written([flat()], tax=tax, income=income)
    assert gains_tax_a_year(lived, cohort(1), refunded=True)[0] == pytest.approx((0.010 - 0.020) / YEARS)
    assert gains_tax_a_year(lived, cohort(1), refunded=False)[0] == pytest.approx(0.010 / YEARS)


def test_dispersion_is_that_of_whole_years_among_those_who_lived_them() -> None:
    in_2024 = (to_day_number(date(2024, 1, 1)) <= DAYS) & (to_day_number(date(2024, 12, 31)) >= DAYS)
    values = []
    for gained in (0.00, 0.03, 0.06, 0.50):
        value = flat()
        value[in_2024] = 1_000 * (1 + gained)
        value[np.flatnonzero(in_2024)[-1] + 1 :] = 1_000 * (1 + gained)
        values.append(value)
    lived = written(values)
    found = dispersion(lived, np.array([True, True, True, False]))
    assert found[1] == pytest.approx(0.03)
    assert found[2] == pytest.approx(0.0)
    assert np.isnan(found[0])  # two days of it
    late = lived._replace(start=np.array([0, 0, 100, 0], np.int32))
    assert np.isnan(dispersion(late, np.array([True, True, True, False]))[1])  # two lived the year


def test_what_is_brought_in_is_no_return() -> None:
    value = flat()
    value[100:] += 500
    lived = written([value])
    lived.daily["flow"][100] = 500
    assert growth_a_year(lived)[0] == pytest.approx(0.0)
    assert tracking_error(lived)[0] == pytest.approx(0.0)


def test_tracking_is_annual_and_of_the_days_lived() -> None:
    move = np.where(np.arange(DAYS.size) % 2 == 0, 0.01, -0.01)
    move[0] = 0
    lived = written([1_000 * np.cumprod(1 + move)])
    assert tracking_error(lived)[0] == pytest.approx(0.01 * np.sqrt(252), rel=1e-6)
    same = lived._replace(target=move[:, None])
    assert tracking_error(same)[0] == pytest.approx(0.0, abs=1e-12)
    assert growth_of_target(same) == pytest.approx(np.prod(1 + move) ** (1 / YEARS) - 1)


def test_cost_does_not_count_the_first_days_purchases() -> None:
    lived = written([flat()])
    lived.daily["cost"][0], lived.daily["cost"][50] = 9.0, 2.0
    assert cost_a_year(lived)[0] == pytest.approx(0.002 / YEARS)
    # A year's costs are told with them: two dollars in 2024 (row 50), nine on the last day but one of 2023.
    assert costs_by_year(lived)[:, 0] == pytest.approx([0.009, 0.002, 0.0])


def test_figures_by_age_begin_with_each_households_own_year() -> None:
    """The first begins on the last trading day of 2023: 2024 is its first year, like that of the second."""
    late = int(np.searchsorted(DAYS, to_day_number(date(2024, 12, 2))))
    lived = written([flat()] * 4, start=np.array([0, 100, late - 1, late], np.int32))
    values = np.tile([[1.0], [2.0], [3.0]], 4)
    aged = by_age(lived, values)
    assert aged[:2].T.tolist()[:3] == [[2.0, 3.0]] * 3
    assert aged[0, 3] == 3.0
    assert np.isnan(aged[2]).all()
    assert np.isnan(aged[1, 3])


def test_what_is_paid_in_adds_up_until_each_years_end() -> None:
    lived = written([flat()])
    lived.daily["flow"][100], lived.daily["flow"][-1] = 500.0, -200.0
    assert paid_in_by_year(lived)[:, 0].tolist() == [1_000.0, 1_500.0, 1_300.0]


def test_taxes_are_fractions_of_each_years_last_value() -> None:
    tax = np.array([[0], [100 * DOLLAR], [-50 * DOLLAR]])
    assert taxes_by_year(written([flat(2_000.0)], tax=tax))[:, 0].tolist() == [0.0, 0.05, -0.025]
