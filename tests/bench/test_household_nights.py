"""The bench of whole nights: its households are what it says, and their proposals break no rule."""

from __future__ import annotations

import numpy as np

from lotwise.bench.household_nights import household_nights, nights_of
from lotwise.bench.large_firm import FirmSize
from lotwise.dates import NO_DATE
from lotwise.rebalancing.proposal import Side
from lotwise.rebalancing.rebalance import rebalance

SMALL = FirmSize(names=40, held=12)


def test_a_household_has_accounts_of_all_kinds_and_a_few_open_windows() -> None:
    book, market = nights_of(3, 4, SMALL, 1)
    assert book.households.account_start.tolist() == [0, 4, 8, 12]
    assert book.accounts.kind.tolist() == [0, 0, 1, 2] * 3
    assert book.accounts.household.tolist() == np.repeat(range(3), 4).tolist()
    assert np.diff(book.accounts.lot_start).tolist() == [48] * 12
    assert np.diff(book.windows.start).tolist() == [10] * 3
    assert ((book.windows.no_buy_until > market.as_of) != (book.windows.no_loss_until > market.as_of)).all()
    proposals = rebalance(book, market)
    for household in range(3):
        rows = slice(*book.windows.start[household : household + 2])
        barred = set(book.windows.identical[rows][book.windows.no_buy_until[rows] != NO_DATE].tolist())
        own = (proposals.trades.household == household) & (proposals.trades.side == Side.BUY)
        assert own.any()
        assert not barred & set(market.identical[proposals.trades.security[own]].tolist())


def test_the_table_has_a_row_of_each_shape_and_no_broken_rule() -> None:
    table = household_nights([(2, 3), (3, 2)], 1, 0, SMALL)
    assert [row[:3] for row in table.rows] == [("40 in 2", "3", "96"), ("40 in 3", "2", "144")]
    assert table.missed == []
    for row in table.rows:
        plain, plain_99, netted, netted_99 = (float(cell) for cell in row[3:7])
        assert plain <= plain_99
        assert netted <= netted_99
