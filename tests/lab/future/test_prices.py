"""Prices to come: of the risk that the model says, of one growth for all, with dividends among it; and the target."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from lotwise.dates import from_day_number
from lotwise.interchange.firm_folder import Firm
from lotwise.lab.cohorts.market import MarketSoFar, MarketTape
from lotwise.lab.future.model import ModelFromToday, model_from_today
from lotwise.lab.future.prices import Future, RiskOfToday, prices_to_come
from lotwise.lab.market_panel import MarketPanel
from lotwise.securities.market import Market, MarketLabels
from tests.lab.future.family_firm import told_family


@pytest.fixture(scope="module")
def firm() -> Firm:
    return told_family()


def paths(firm: Firm, count: int, **said: float) -> list[MarketPanel]:
    future = Future(years=20, growth=said.pop("growth", 0.07), seed=3)
    market = firm.market._replace(dividend_yield=np.full(4, said.pop("dividends", 0.0)))
    return [prices_to_come(market, firm.market_labels, future, path) for path in range(count)]


def wide(firm: Firm, loading: float) -> tuple[Market, MarketLabels]:
    """A market of 600 names of fifty factors, 0.06 of variance of their own."""
    count, labels = 600, firm.market_labels
    columns: dict[str, Any] = {
        name: np.resize(getattr(firm.market, name), count)
        for name in Market._fields
        if name not in ("as_of", "loadings", "identical")
    }
    market = firm.market._replace(
        **columns, loadings=np.full((count, 50), loading), identical=np.arange(count, dtype=np.int32)
    )
    names = tuple(f"N{each}" for each in range(count))
    return market, replace(labels, symbols=names, names=names, asset_classes=names, sectors=names, industries=names)


def test_risk_is_that_of_the_model(firm: Firm) -> None:
    """Factors of variance 0.03 in all and 0.06 of their own: 0.09 each, and 0.03 between any two."""
    market, labels = wide(firm, np.sqrt(2 * 0.03 / 50))
    panels = [prices_to_come(market, labels, Future(years=20, seed=5), path) for path in range(3)]
    found = np.cov(np.vstack([np.diff(np.log(panel.adjusted), axis=0) for panel in panels]).T) * 252
    assert np.diag(found).mean() == pytest.approx(0.09, rel=0.04)
    assert found[~np.eye(600, dtype=bool)].mean() == pytest.approx(0.03, rel=0.06)


@pytest.mark.parametrize("growth", [0.0, 0.07])
def test_every_security_is_expected_to_grow_alike(firm: Firm, growth: float) -> None:
    """600 names without a factor are 600 draws of the growth of ten years."""
    market, labels = wide(firm, 0.0)
    panel = prices_to_come(market, labels, Future(years=10, growth=growth, seed=5), 0)
    ends = panel.adjusted[-1] / panel.adjusted[0]
    expected = (1 + growth) ** ((len(panel.days) - 1) / 252)
    assert abs(ends.mean() - expected) < 3 * ends.std() / np.sqrt(600)
    assert ends.std() > 0.5 * expected  # they differ


def test_dividends_are_part_of_the_growth(firm: Firm) -> None:
    (with_them,), (without,) = (paths(firm, 1, dividends=rate) for rate in (0.04, 0.0))
    assert with_them.close[0].tolist() == without.close[0].tolist() == [100.0] * 4
    assert with_them.adjusted[-1] / with_them.adjusted[0] == pytest.approx(without.adjusted[-1] / without.adjusted[0])
    paid = with_them.dividends
    assert not without.dividends.row.size
    last, security = int(paid.row[-1]), int(paid.security[-1])
    held = with_them.close[last, security] + paid.per_share[-1]
    grown = with_them.adjusted[last, security] / with_them.adjusted[last - 1, security]
    assert held / with_them.close[last - 1, security] == pytest.approx(grown, abs=1e-5)
    a_year = np.bincount(paid.security, paid.per_share / with_them.close[paid.row - 1, paid.security]) / 20.1
    assert a_year == pytest.approx(np.full(4, 0.04), rel=0.03)


def test_a_path_is_the_same_again_and_unlike_every_other(firm: Firm) -> None:
    one, other = paths(firm, 2)
    assert paths(firm, 1)[0].close.tobytes() == one.close.tobytes()
    assert (one.close[1:] != other.close[1:]).mean() > 0.99


def test_it_begins_today_and_ends_with_a_year(firm: Firm) -> None:
    panel = prices_to_come(firm.market, firm.market_labels, Future(years=2), 0)
    assert from_day_number(int(panel.days[0])) == date(2026, 11, 20)
    assert panel.as_of == date(2028, 12, 29)
    assert panel.universe.spread_bps.tolist() == pytest.approx([2.0] * 4)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"years": 0}, "years must be 1 to 40, was 0"),
        ({"years": 41}, "years must be 1 to 40, was 41"),
        ({"paths": 0}, "paths must be 1 to 1,000, was 0"),
        ({"growth": 0.9}, r"growth must be -0.2 to 0.3 a year, was 0.9"),
        ({"seed": -1}, "seed must not be negative, was -1"),
    ],
)
def test_a_future_that_cannot_be_is_refused(said: dict[str, int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Future(**said)


def so_far(panel: MarketPanel, rows: int) -> MarketSoFar:
    tape, market = MarketTape(panel), MarketSoFar(panel.universe, rows)
    for row in range(rows):
        market.add(tape.at(row))
    return market


def test_within_a_class_weights_move_with_prices_and_classes_stay(firm: Firm) -> None:
    (panel,) = paths(firm, 1)
    market = so_far(panel, 300)
    grown = panel.adjusted[299] / panel.adjusted[0]
    one = ModelFromToday("m", (0, 1, 2, 3), (0.25,) * 4, (0, 0, 0, 0), None).on(market)
    assert one.weight == pytest.approx(grown / grown.sum())
    two = ModelFromToday("m", (0, 1, 2, 3), (0.4, 0.2, 0.1, 0.2), (0, 0, 1, 1), 0.1).on(market)
    assert two.cash == 0.1
    assert two.weight[:2].sum() == pytest.approx(0.6)
    assert two.weight[2:].sum() == pytest.approx(0.3)
    assert two.weight[0] / two.weight[1] == pytest.approx(2 * grown[0] / grown[1])


def test_what_of_a_model_has_no_price_is_left_out(firm: Firm) -> None:
    price = firm.market.price.copy()
    price[3] = 0
    model, without = model_from_today(replace(firm, market=firm.market._replace(price=price)), 0)
    assert without == pytest.approx(0.25)
    assert model.securities == (0, 1, 2)
    assert sum(model.weights) == pytest.approx(1.0)


def test_what_cannot_be_traded_today_can_from_tomorrow_on(firm: Firm) -> None:
    tradable = firm.market.tradable.copy()
    tradable[2] = False
    (panel,) = paths(firm, 1)
    risk = RiskOfToday(firm.market._replace(tradable=tradable))
    found = [risk.with_risk(firm.market, so_far(panel, rows), ()).tradable.tolist() for rows in (1, 2)]
    assert found == [[True, True, False, True], [True] * 4]
    assert risk.made_of() != RiskOfToday(firm.market).made_of()
