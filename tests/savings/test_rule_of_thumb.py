"""Number A: the golden example, and what a stock of deferral is."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.money import DOLLAR
from lotwise.savings.rule_of_thumb import Motive
from lotwise.savings.told import Told, tell
from tests.savings.written_history import Written, deposited, held, sold

ALL = np.ones(1, np.bool_)


def told(written: Written, *, daily: bool = False) -> Told:
    return tell(written.history(), ALL, written.asked(daily=daily))


def dollars(found: Told, motive: Motive, symbol: int = 0) -> float:
    rows = found.credits[(found.credits["motive"] == motive) & (found.credits["security"] == symbol)]
    return float(rows["credit"].sum()) / DOLLAR


def golden(basis: float, acquired: str, sale: float = 0.0) -> Written:
    """A million dollars, 4% of it IBM against a target of 3%; the rest has neither gain nor loss."""
    happened = [
        held("2026-03-02", "IBM", 400, basis, acquired),
        held("2026-03-02", "REST", 9_600, 960_000, "2020-01-02"),
    ]
    if sale:
        happened += [sold("2026-03-03", "IBM", sale / 100, sale)]
    flat = {"IBM": {"2026-03-02": 100.0}, "REST": {"2026-03-02": 100.0}}
    return Written(flat, {"IBM": 0.03, "REST": 0.97}, happened, "2026-03-02", "2026-03-31")


def test_a_short_term_loss_sold_beyond_the_ordinary_sale_is_a_harvest() -> None:
    """Sold to 1%: 3% of value, of which an ordinary rebalance sells 1%; the other 2% lose $5,000 at 40.8%."""
    found = told(golden(50_000, "2026-01-15", sale=30_000))
    assert dollars(found, Motive.HARVEST) == pytest.approx(2_040)
    assert dollars(found, Motive.DEFERRAL) == pytest.approx(0)


@pytest.mark.parametrize(("acquired", "credit"), [("2025-11-03", 425), ("2020-01-02", 595)])
def test_a_gain_that_is_held_above_target_is_deferred(acquired: str, credit: float) -> None:
    found = told(golden(30_000, acquired))
    assert dollars(found, Motive.DEFERRAL) == pytest.approx(credit)
    assert float(found.credits["credit"].sum()) / DOLLAR == pytest.approx(credit)


def test_a_deferral_is_credited_once_however_often_it_is_looked_at() -> None:
    often, seldom = (told(golden(30_000, "2020-01-02"), daily=daily) for daily in (True, False))
    assert dollars(often, Motive.DEFERRAL) == pytest.approx(595)
    assert dollars(seldom, Motive.DEFERRAL) == pytest.approx(595)
    assert len(often.credits) == len(seldom.credits) == 1


def test_a_deferral_is_taken_back_when_the_gain_is_realised() -> None:
    found = told(golden(30_000, "2020-01-02", sale=10_000))
    assert dollars(found, Motive.DEFERRAL) == pytest.approx(0)
    assert float(found.credits["credit"].sum()) == pytest.approx(0)


def test_a_gain_realised_beyond_the_ordinary_sale_is_a_debit() -> None:
    found = told(golden(30_000, "2020-01-02", sale=20_000))
    assert float(found.credits["credit"].sum()) / DOLLAR == pytest.approx(-10_000 * 0.25 * 0.238)


def test_an_account_that_holds_nothing_but_cash_defers_nothing() -> None:
    flat = {"IBM": {"2026-03-02": 100.0}}
    found = told(Written(flat, {"IBM": 1.0}, [deposited("2026-03-02", 5_000)], "2026-03-02", "2026-03-31"))
    assert len(found.credits) == 0
    assert found.months.value[-1].tolist() == [5_000 * DOLLAR]
