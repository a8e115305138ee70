"""Futures as one book: paths by the risk model, values and gains as the prices say, trades booked, years netted."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.money import DOLLAR, SHARE
from lotwise.prospects.choices import break_even, overlap_of, standing_of
from lotwise.prospects.growth import growth_factors
from lotwise.prospects.runs import after_trades, begun, book_of, chosen_runs, grown, next_year
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.rebalance import rebalance
from lotwise.securities.market import Market
from tests.rebalancing.tenth_of_a import one
from tests.rebalancing.written_book import lot, rest


def household() -> tuple[Book, Market]:
    return one(lot("A", 40_000, basis=16_000), lot("A", 10_000, basis=12_000), rest(50_000)).columns()


def wanted(book: Book) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return book.models.security[book.models.start[0] : book.models.start[1]]


# --- prices ---------------------------------------------------------------------------------------------------------


def test_prices_have_the_drift_and_the_covariance_of_the_risk_model() -> None:
    _, market = household()
    rng = np.random.default_rng(7)
    loadings = np.ascontiguousarray(rng.normal(0, 0.2, (4, 2)))
    specific = np.array([0.01, 0.04, 0.09, 0.02])
    market = market._replace(loadings=loadings, specific=specific)
    paths = np.stack([growth_factors(market, 3, path, 1, 0.06) for path in range(20_000)])
    assert paths.mean(axis=0) == pytest.approx(np.full(4, 1.06), rel=0.012)
    covariance = loadings @ loadings.T / 2 + np.diag(specific)
    assert np.cov(np.log(paths).T) == pytest.approx(covariance, abs=0.004)


def test_a_path_is_decided_by_seed_path_and_year_alone() -> None:
    _, market = household()
    first = growth_factors(market, 1, 2, 3, 0.05)
    assert np.array_equal(first, growth_factors(market, 1, 2, 3, 0.05))
    for other in ((2, 2, 3), (1, 3, 3), (1, 2, 4)):
        assert not np.array_equal(first, growth_factors(market, *other, 0.05))


# --- books ----------------------------------------------------------------------------------------------------------


def test_each_run_of_the_first_year_is_the_household_itself() -> None:
    book, market = household()
    runs = begun(book, 3)
    many, _ = book_of(book, runs, (book.policies, book.limits), first_year=True)
    many = many._replace(households=many.households._replace(policy=np.zeros(3, np.int32)))
    alone, together = rebalance(book, market), rebalance(many, market)
    for row in range(3):
        own = together.trades.household == row
        for name in ("security", "shares", "value", "basis", "gain", "tax"):
            assert getattr(together.trades, name)[own].tolist() == getattr(alone.trades, name).tolist()
    assert together.outcomes.te_after.tolist() == alone.outcomes.te_after.tolist() * 3


def test_growth_changes_values_and_gains_as_prices_would_and_keeps_basis() -> None:
    book, market = household()
    runs = chosen_runs(begun(book, 1), np.zeros(2, np.int64), np.arange(2))
    factors = np.ones((2, market.price.size))
    security = int(book.lots.security[np.argmin(book.lots.basis)])
    factors[1, security] = 1.5
    runs = grown(runs, factors, wanted(book))
    many, _ = book_of(book, runs, (book.policies, book.limits), first_year=False)
    before, same, dearer = standing_of(book, market), standing_of(many, market, 0), standing_of(many, market, 1)
    assert same.value == before.value
    held = book.lots.security == security
    assert dearer.value == before.value + int(before.worth[held].sum()) // 2
    assert dearer.gain.sum() == before.gain.sum() + int(before.worth[held].sum()) // 2
    targets = many.models.weight.reshape(2, -1)
    assert targets.sum(axis=1) == pytest.approx(np.repeat(book.models.weight.sum(), 2))
    place = wanted(book).tolist().index(security)
    assert targets[1, place] / targets[1].sum() > targets[0, place] / targets[0].sum()


def test_trades_conserve_shares_basis_and_cash() -> None:
    book, market = household()
    runs = begun(book, 2)
    many, order = book_of(book, runs, (book.policies, book.limits), first_year=True)
    many = many._replace(households=many.households._replace(policy=np.zeros(2, np.int32)))
    trades = rebalance(many, market).trades
    assert trades.shares.size > 0
    traded = np.array([True, False])
    after = after_trades(runs, order, trades, traded, int(market.as_of))

    def value(row: int) -> int:
        own = after.run == row
        price = market.price[after.lots.security[own]].astype(object)
        return int(sum(after.lots.shares[own].astype(object) * price) // SHARE) + int(after.cash[row].sum())

    assert value(0) == pytest.approx(standing_of(book, market).value, abs=trades.shares.size)
    assert value(1) == standing_of(book, market).value
    own = trades.household == 0
    sold = int(trades.basis[own & (trades.side == 1)].sum())
    bought = int(trades.basis[own & (trades.side == 0)].sum())
    assert int(after.lots.basis[after.run == 0].sum()) == int(book.lots.basis.sum()) - sold + bought
    assert np.all(after.lots.shares > 0)
    assert np.array_equal(after.cash[1], book.accounts.cash)


def test_losses_that_the_year_cannot_use_are_carried_and_gains_are_left_behind() -> None:
    book, _ = household()
    runs = begun(book, 2)
    short, long = np.array([0, 0]), np.array([-10_000 * DOLLAR, 5_000 * DOLLAR])
    year = next_year(runs, book.tax, short, long)
    assert year.tax["long_carryforward"].tolist() == [7_000 * DOLLAR, 0]
    assert year.tax["long_gains"].tolist() == [0, 0]
    again = next_year(year, book.tax, np.array([0, 0]), np.array([2_000 * DOLLAR, 0]))
    assert again.tax["long_carryforward"][0] == 2_000 * DOLLAR  # 7,000 less 2,000 of gains and 3,000 of income


# --- figures --------------------------------------------------------------------------------------------------------


def test_overlap_counts_cash() -> None:
    assert overlap_of(np.array([0.5, 0.3]), np.array([0.2, 0.7])) == pytest.approx(0.2 + 0.3 + 0.1)
    assert overlap_of(np.array([0.5, 0.3]), np.array([0.5, 0.3])) == pytest.approx(1.0)
    assert overlap_of(np.zeros(2), np.array([0.4, 0.4])) == pytest.approx(0.2)


def test_break_even_never_comes_where_tracking_is_not_saved() -> None:
    value = 1_000_000 * DOLLAR
    # 50 x (0.04^2 - 0.02^2) of a million is 60,000 a year
    assert break_even(30_000 * DOLLAR, (0.04, 0.02), 50.0, value) == pytest.approx(0.5)
    assert break_even(30_000 * DOLLAR, (0.02, 0.02), 50.0, value) is None
    assert break_even(-1, (0.02, 0.04), 50.0, value) == 0.0
