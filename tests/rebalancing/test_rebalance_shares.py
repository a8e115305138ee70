"""Whole shares, smallest trades and positions sold out."""

from __future__ import annotations

import numpy as np
import pytest

from lotwise.money import SHARE
from tests.rebalancing.tenth_of_a import one
from tests.rebalancing.written_book import (
    Name,
    WrittenBook,
    lot,
    rest,
    taxable,
)


def drifted(count: int = 12, **steering: float | bool) -> WrittenBook:
    """Names at a twelfth each, drifted by up to half, at odd prices, some with a fraction of a share."""
    names = {f"N{i}": Name(price=17.25 + 31.4 * i, variance=0.05 + 0.01 * i, spread_bps=5) for i in range(count)}
    values = np.array([1 + 0.45 * np.sin(3.0 * i) for i in range(count)]) / count * 99_000
    lots = [
        lot(s, float(v), basis=float(v) * (0.7 + 0.05 * i)) for i, (s, v) in enumerate(zip(names, values, strict=True))
    ]
    model = dict.fromkeys(names, 0.99 / count)
    return WrittenBook(names, model, (taxable(*lots, cash=1_000),)).steered(
        cash_target=0.01, cash_band=0.005, **steering
    )


def test_whole_shares_are_traded_in_whole_shares_and_cost_little() -> None:
    night = drifted(whole_shares=True, risk_price=500.0).night()
    trades = night.proposals.trades
    assert trades.shares.size > 6
    for security in set(trades.security.tolist()):
        shares = int(trades.shares[trades.security == security].sum())
        held = int(night.book.lots.shares[night.book.lots.security == security].sum())
        assert shares % SHARE == 0 or shares == held
    ideal = drifted(risk_price=500.0).night()
    assert 0 <= ideal.score - night.score < 0.05 * ideal.score


def test_no_trade_is_smaller_than_the_minimum() -> None:
    free = drifted(risk_price=500.0).night().proposals.trades.value
    assert free.min() < 1_500 * 10_000 < free.max()  # the minimum binds
    night = drifted(risk_price=500.0, minimum_trade=1_500.0).night()
    assert night.proposals.trades.value.min() >= 1_500 * 10_000
    assert night.score > 0


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("basis", [2_000, 1_050])  # a loss sells it out at once; without one its best weight is just 0
def test_a_position_is_sold_out_with_its_fraction_however_small_it_is(basis: float, whole: bool) -> None:
    leftover = lot("B", 1_050, basis)  # ten and a half shares of what the model does not want
    night = one(leftover, lot("A", 20_000), rest(78_950), whole_shares=whole, minimum_trade=5_000.0).night()
    assert night.sold("B") == pytest.approx(1_050)
    assert night.weight("B") == 0


def test_whole_shares_of_several_lots_may_cut_through_fractions() -> None:
    lots = (lot("A", 10_050), lot("A", 10_050, days=2000), rest(79_900))
    night = one(*lots, whole_shares=True).night()
    assert night.sold("A") == pytest.approx(10_100, abs=100)
    assert night.sold("A") % 100 == 0
