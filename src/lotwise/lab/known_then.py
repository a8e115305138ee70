"""A market as it was known on an earlier day: nothing that came later is in it, not even as another share basis.

What funds held is known of the last day alone, and so of no earlier one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lotwise.lab.market_panel import CashDividends, Floats, Lookthrough, MarketPanel, Splits, last_known

__all__ = ["known_on", "month_ends", "shares_since"]

# Places of dollars that prices are kept to, as everywhere in files.
_PLACES = 4


def shares_since(panel: MarketPanel, row: int) -> Floats:
    """(N,) shares of the last day that one share of a day has become."""
    factor = np.ones(panel.close.shape[1])
    later = panel.splits.row > row
    np.multiply.at(factor, panel.splits.security[later], panel.splits.ratio[later])
    return factor


def known_on(panel: MarketPanel, row: int) -> MarketPanel:
    """The first `row` + 1 days of a market, on the share basis of the last of them."""
    factor = shares_since(panel, row)
    close = np.round(panel.close[: row + 1] * factor, _PLACES)
    end, total = last_known(close), last_known(panel.adjusted[: row + 1])
    paid, splits = panel.dividends, panel.splits
    then, before = paid.row <= row, splits.row <= row
    nothing = np.zeros(0, np.int32)
    return replace(
        panel,
        days=panel.days[: row + 1],
        close=close,
        adjusted=np.round(panel.adjusted[: row + 1] * (end / total), 6),
        caps=panel.caps[: row + 1],
        member=panel.member[: row + 1],
        dividends=CashDividends(
            paid.row[then], paid.security[then], paid.per_share[then] * factor[paid.security[then]]
        ),
        splits=Splits(splits.row[before], splits.security[before], splits.ratio[before]),
        lookthrough=Lookthrough(nothing, nothing.copy(), np.zeros(0)),
    )


def month_ends(panel: MarketPanel) -> list[int]:
    """Rows of the last trading day of each calendar month that is over."""
    months = panel.days.astype("datetime64[D]").astype("datetime64[M]")
    return [int(row) for row in np.flatnonzero(months[1:] != months[:-1])]
