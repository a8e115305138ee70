"""The demo's models are what their names say, on any day of the panel."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from lotwise.lab.demo_models import (
    CHILDREN,
    FUND_MODELS,
    MODEL_CASH,
    MODELS,
    STOCK_MODELS,
    model_rows,
    weights_on,
)
from lotwise.lab.market_panel import FundRole, MarketPanel, trailing_yield


@pytest.mark.parametrize("model", MODELS)
def test_weights_and_cash_sum_to_one_on_any_day(panel: MarketPanel, model: str) -> None:
    for row in (0, 1000, len(panel.days) - 1):
        weight = weights_on(panel, row, model)
        parts = CHILDREN.get(model, {model: 1.0})
        cash = sum(share * MODEL_CASH.get(child, 0.0) for child, share in parts.items())
        assert weight.sum() + cash == pytest.approx(1, abs=1e-12)
        assert (weight >= 0).all()
        assert np.isfinite(panel.close[row, weight > 0]).all()


def test_the_index_holds_every_member_by_market_value(panel: MarketPanel) -> None:
    row = len(panel.days) - 1
    weight = weights_on(panel, row, "LARGE_500")
    assert (weight > 0).sum() == 500
    assert weight[:-20] * np.nansum(panel.caps[row] * panel.member[row]) == pytest.approx(
        np.where(panel.member[row], panel.caps[row], 0)[:-20] * 0.99
    )


def test_the_sample_has_100_names_and_the_sectors_of_the_index(panel: MarketPanel) -> None:
    row = len(panel.days) - 1
    whole, sample = (weights_on(panel, row, model) for model in ("LARGE_500", "LARGE_100"))
    assert (sample > 0).sum() == 100
    sectors = np.array(panel.universe.sectors)
    for sector in set(panel.universe.sectors) - {""}:
        assert sample[sectors == sector].sum() == pytest.approx(whole[sectors == sector].sum() / 0.99)


def test_value_yields_more_than_growth(panel: MarketPanel) -> None:
    row = len(panel.days) - 1
    yields = trailing_yield(panel, row)
    growth, value = (weights_on(panel, row, model) for model in ("GROWTH_150", "VALUE_150"))
    assert (growth > 0).sum() == (value > 0).sum() == 150
    assert value @ yields > 1.3 * (growth @ yields)


def test_rows_of_the_file_sum_to_exactly_one(panel: MarketPanel) -> None:
    rows = model_rows(panel)
    sums: dict[str, Decimal] = {}
    for row in rows:
        assert bool(row.symbol) != bool(row.child_model)
        sums[row.model] = sums.get(row.model, Decimal(0)) + Decimal(row.weight)
    assert sums == dict.fromkeys(MODELS, Decimal(1))
    known = {*panel.universe.symbols, "CASH"}
    assert all(row.symbol in known or row.child_model in (*STOCK_MODELS, *FUND_MODELS) for row in rows)


def test_a_role_the_market_lacks_is_named(panel: MarketPanel) -> None:
    assert panel.universe.symbols[panel.fund(FundRole.BONDS)] == "ZFBND"
    without = replace(panel, universe=replace(panel.universe, roles=("",) * len(panel.universe.roles)))
    with pytest.raises(KeyError, match="no fund with the role 'bonds'"):
        without.fund(FundRole.BONDS)
