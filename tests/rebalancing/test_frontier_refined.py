"""A point of a frontier by its true tax: on paper, and the same as the frontier where the rates of the night hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lotwise.money import DOLLAR, FULL_RATE, Rate
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.frontier import Frontier, tax_tracking_frontier
from lotwise.rebalancing.frontier_refined import RefinedPoint, refined_point
from lotwise.securities.market import Market
from lotwise.tax.parameters import FilingStatus
from lotwise.tax.position import TaxPosition, positions
from tests.rebalancing.written_book import REST, Name, WrittenBook, ira, lot, rest, taxable

# 40% short, 20% long; a dollar of loss that is carried on is worth 80% of the latter.
OWN = TaxPosition(2025, FilingStatus.SINGLE, short_rate=Rate(4 * FULL_RATE // 10), long_rate=Rate(FULL_RATE // 5))
LOSING = WrittenBook(
    {"A": Name(variance=0.06)},
    {"A": 0.1, REST: 0.9},
    (taxable(lot("A", 10_000, basis=20_000), rest(90_000)),),
    short_rate=0.4,
    long_rate=0.2,
)
GAINING = replace(LOSING, accounts=(taxable(lot("A", 40_000, basis=20_000), rest(60_000)), ira(rest(20_000))))


def by_law(written: WrittenBook) -> tuple[Book, Market]:
    book, market = written.columns()
    return book._replace(
        tax=positions([OWN]), policies=book.policies._replace(carried_loss_value=np.array([0.8]))
    ), market


def refined(written: WrittenBook, point: int | None = None) -> tuple[Frontier, RefinedPoint]:
    book, market = by_law(written)
    frontier = tax_tracking_frontier(book, market, 0, risk_prices=[100.0, 25.0])
    return frontier, refined_point(book, market, frontier, point)


def test_losses_beyond_those_that_the_year_can_use_are_kept() -> None:
    """At 20% losses are sold to 6 x d = 20% under target; in truth the first 3,000 save 40%, the next 16%: to 3%."""
    frontier, found = refined(LOSING)
    assert (found.point, found.risk_price, found.solves > 1) == (frontier.chosen, 50.0, True)
    assert found.frozen.tracking == pytest.approx(np.sqrt(0.06) * 0.2 / 6, rel=1e-3)
    assert found.true.tracking == pytest.approx(np.sqrt(0.06) * 0.03, rel=1e-2)
    assert found.true.long_gains / DOLLAR == pytest.approx(-3_000, rel=1e-2)
    lost = 100_000 * 0.2 / 6
    assert found.frozen.tax_in_all / DOLLAR == pytest.approx(-1_200 - 0.16 * (lost - 3_000), abs=1)
    assert found.true.tax_in_all / DOLLAR == pytest.approx(-1_200, abs=12)
    assert found.frozen.tax_at_rates / DOLLAR == pytest.approx(-0.2 * lost, abs=1)
    assert found.true.tax_at_rates == pytest.approx(0.2 * found.true.long_gains, abs=1)


def test_what_is_gained_is_risk_tax_and_cost_together() -> None:
    frontier, found = refined(LOSING)
    value = frontier.value / DOLLAR

    def worth(figures: object) -> float:
        tracking, tax, cost = (getattr(figures, name) for name in ("tracking", "tax_in_all", "cost"))
        return float(found.risk_price * tracking**2 * value + (tax + cost) / DOLLAR)

    assert found.gained > 5
    assert worth(found.frozen) - worth(found.true) == pytest.approx(found.gained, abs=0.2)


def test_another_point_is_solved_at_its_own_price() -> None:
    frontier, found = refined(LOSING, 0)
    assert (found.point, found.risk_price) == (0, 100.0)
    # 12 x d: 40% up to 3,000 dollars, which is as far as 3.33% would go
    assert found.true.tracking == pytest.approx(np.sqrt(0.06) * 0.03, rel=1e-2)
    assert frontier.chosen == 1


def test_where_rates_hold_both_are_the_same_trades() -> None:
    frontier, found = refined(GAINING)
    assert found.solves == 1
    assert found.gained == 0
    for name in (
        "tracking",
        "tax",
        "tax_in_all",
        "tax_at_rates",
        "short_gains",
        "long_gains",
        "cost",
        "sold",
        "bought",
    ):
        assert getattr(found.true, name) == pytest.approx(getattr(found.frozen, name), rel=1e-3, abs=1_000)
    assert found.frozen.sold == frontier.sold[found.point] > 0


def test_the_policy_decides_neither_shares_nor_thresholds_of_a_point() -> None:
    plain = refined(LOSING)[1]
    held_back = LOSING.steered(whole_shares=True, minimum_trade=50_000.0, worth_it=1.0)
    assert refined(held_back)[1].true == plain.true


def test_a_point_that_is_not_there_is_said() -> None:
    with pytest.raises(IndexError, match=r"point must lie within 0 .. 2, was 3"):
        refined(LOSING, 3)
