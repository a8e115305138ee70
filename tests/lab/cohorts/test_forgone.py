"""What taxes, trades and fees have taken together, worked out beside each figure."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.lab.cohorts.forgone import forgone, opening_part
from lotwise.lab.cohorts.measures import AtTheEnd, tax_drag
from lotwise.lab.cohorts.recording import Ending
from lotwise.money import DOLLAR
from tests.lab.cohorts.test_measures import DAYS, YEARS, flat, written

FIRST_OF_2025 = int(np.searchsorted(DAYS.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970, 2025))


def doubled() -> tuple[np.ndarray, np.ndarray]:
    """An account and its target that double on the first day of 2025, (R,) and (R, 1)."""
    value, target = flat(), np.zeros((DAYS.size, 1))
    value[FIRST_OF_2025:] *= 2
    target[FIRST_OF_2025] = 1.0
    return value, target


def test_what_is_taken_early_would_have_grown() -> None:
    """100 of 1,000 in 2024 would have been 200 of 2,000; 100 of 2,000 in 2025 is half as much."""
    value, target = doubled()
    tax = np.zeros((3, 2), np.int64)
    tax[1, 0] = tax[2, 1] = 100 * DOLLAR
    lived = written([value, value], tax=tax, target=target)
    assert forgone(lived, AtTheEnd.STEP_UP) == pytest.approx([0.10, 0.05])


def test_costs_and_fees_count_like_taxes() -> None:
    lived = written([flat()])
    assert forgone(lived, AtTheEnd.STEP_UP, fee=0.002)[0] == pytest.approx(0.002 * YEARS)
    lived.daily["cost"][0], lived.daily["cost"][300] = 3.0, 2.0
    assert forgone(lived, AtTheEnd.STEP_UP)[0] == pytest.approx(0.005)


def test_a_fee_is_charged_from_the_first_day_on() -> None:
    late = written([flat(), flat()], start=np.array([0, FIRST_OF_2025], np.int32))
    late.daily["flow"][0, 1], late.daily["flow"][FIRST_OF_2025, 1] = 0.0, 1_000.0
    late.daily["value"][:FIRST_OF_2025, 1] = 0.0
    charged = forgone(late, AtTheEnd.STEP_UP, fee=0.01)
    assert charged[0] == pytest.approx(0.01 * YEARS)
    assert charged[1] == pytest.approx(0.01 * (DAYS[-1] - DAYS[FIRST_OF_2025]) / 365.25)


def test_money_of_later_days_is_charged_for_later_taxes_alone() -> None:
    """1,000 at first and 1,000 more in 2025: a tenth of the first is a twentieth of all, a tenth of all a tenth."""
    value = flat()
    value[FIRST_OF_2025:] = 2_000.0
    tax = np.zeros((3, 2), np.int64)
    tax[1, 0], tax[2, 1] = 100 * DOLLAR, 200 * DOLLAR
    lived = written([value, value], tax=tax)
    lived.daily["flow"][FIRST_OF_2025] = 1_000.0
    assert forgone(lived, AtTheEnd.STEP_UP) == pytest.approx([0.05, 0.10])
    assert opening_part(lived) == pytest.approx([0.5, 0.5])


def test_the_tax_of_selling_everything_is_taken_at_the_end() -> None:
    ending = Ending(*(np.array([each * DOLLAR]) for each in (0, 500, 0, 0, 150)))
    lived = written([flat()], ending=ending)
    assert forgone(lived, AtTheEnd.LIQUIDATION)[0] == pytest.approx(0.15)
    assert forgone(lived, AtTheEnd.STEP_UP)[0] == 0.0


def test_what_an_opening_was_taxed_grows_with_the_target() -> None:
    value, target = doubled()
    assert opening_part(written([value], target=target))[0] == pytest.approx(1.0)


def test_it_is_the_drag_of_small_taxes() -> None:
    """Where nobody adds money and taxes are small, both measures of tax agree."""
    tax = np.full((3, 1), DOLLAR)
    lived = written([flat()], tax=tax)
    assert forgone(lived, AtTheEnd.STEP_UP)[0] / YEARS == pytest.approx(tax_drag(lived, AtTheEnd.STEP_UP)[0], rel=2e-3)
