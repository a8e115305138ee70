"""Taxes of simulated clients: with the account less without it, losses carried from year to year."""

from __future__ import annotations

import numpy as np

from lotwise.lab.cohorts.clients import Client, Cohort, cohort_of
from lotwise.lab.cohorts.policies import ordinary
from lotwise.lab.cohorts.targets import CapIndex
from lotwise.lab.cohorts.taxes import Taxes
from lotwise.money import DOLLAR, IntArray


def cohort(*clients: Client) -> Cohort:
    return cohort_of((ordinary("one"),), (CapIndex(),), list(clients))


def client(**keys: float) -> Client:
    return Client(0, 1_000.0, short_rate=0.40, long_rate=0.20, state_rate=0.0, **keys)  # type: ignore[arg-type]


def gains(*years: tuple[int, int]) -> IntArray:
    """Short and long gains of one household, dollars."""
    return np.array([[[short, long, 0]] for short, long in years], np.int64) * DOLLAR


def owed(taxes: Taxes, found: IntArray) -> list[float]:
    taxes.close(taxes.first_year + len(found), found)
    return [float(each) / DOLLAR for each in taxes.owed[:, 0]]


def test_a_loss_beyond_the_limit_is_carried_into_the_next_years() -> None:
    found = gains((-10_000, 0), (2_000, 0), (0, 9_000))
    taxes = Taxes(cohort(client()), 2020, 3)
    # 3,000 deducted at 40%; 7,000 carried, of which 2,000 meet the gain and 3,000 are deducted; 2,000 carried.
    assert owed(taxes, found) == [-1_200.0, -1_200.0, 7_000 * 0.20]


def test_gains_outside_are_no_tax_of_the_account_and_take_its_losses() -> None:
    found = gains((-10_000, 0), (5_000, 0))
    taxes = Taxes(cohort(client(outside_short=50_000.0)), 2020, 2)
    assert owed(taxes, found) == [-4_000.0, 2_000.0]


def test_dividends_are_taxed_whatever_is_lost() -> None:
    taxes = Taxes(cohort(client()), 2020, 1)
    taxes.income[0, 0] = 1_000 * DOLLAR, 2_000 * DOLLAR
    assert owed(taxes, gains((0, 0))) == [1_000 * 0.40 + 2_000 * 0.20]


def test_the_position_of_a_year_carries_what_is_known_of_the_year_before() -> None:
    taxes = Taxes(cohort(client()), 2020, 3)
    found = gains((-10_000, 0), (500, -700), (0, 0))
    before = taxes.position(2021, found)[0]  # in January 2020 is not closed
    assert before["short_carryforward"] == 7_000 * DOLLAR
    assert (before["short_gains"], before["long_gains"]) == (500 * DOLLAR, -700 * DOLLAR)
    later = gains((-12_000, 0), (500, -700), (0, 0))  # a purchase of January gave a loss back, say
    assert taxes.position(2021, later)[0]["short_carryforward"] == 9_000 * DOLLAR
    taxes.close(2021, found)
    assert taxes.position(2021, later)[0]["short_carryforward"] == 7_000 * DOLLAR  # closed is closed


def test_the_open_year_is_taxed_as_if_it_ended_now() -> None:
    taxes = Taxes(cohort(client()), 2020, 2)
    found = gains((-10_000, 0), (9_000, 0))
    taxes.close(2021, found)
    assert taxes.of_open_year(found)[0] == 800 * DOLLAR
    assert taxes.carried_after(2021, found).short[0] == 0
