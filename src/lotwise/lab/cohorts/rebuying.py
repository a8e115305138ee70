"""Harvesting as it would be without a wash-sale rule: what is below its basis is sold and bought back at once.

No account can do this; it says what the rule (26 U.S.C. 1091) costs. The ledger knows no world without the rule, so
every purchase of such an account is posted as one that has replaced other shares already: it can replace none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.cohorts.market import MarketSoFar
from lotwise.lab.cohorts.outside import blank_events, names_of_lots
from lotwise.ledger.events import EventFlag, EventKind, Table
from lotwise.ledger.tables import State
from lotwise.money import SHARE

__all__ = ["rebought", "without_wash_sales"]


def rebought(state: State, market: MarketSoFar, accounts: NDArray[np.bool_], traded: Table) -> Table:
    """Sell and buy back every lot below its basis of some accounts (A,), but in names that are `traded` today.

    All lots of a name are bought back as one.
    """
    lots = state.lots[accounts[state.lots["account"]]]
    price = np.where(market.quoted, market.price, 0)[lots["security"]]
    worth = np.rint(lots["shares"] / SHARE * price).astype(np.int64)
    taken = np.isin(_position(lots), _position(traded))
    chosen = (worth > 0) & (worth < lots["basis"]) & ~taken
    lots, worth = lots[chosen], worth[chosen]
    sold = blank_events(lots.size, EventKind.SELL, market.day)
    for name in ("account", "security", "shares"):
        sold[name] = lots[name]
    sold["amount"], sold["lot"] = worth, lots["name"]
    positions, first = np.unique(_position(lots), return_index=True)
    place = np.searchsorted(positions, _position(lots))
    bought = blank_events(positions.size, EventKind.BUY, market.day)
    bought["account"], bought["security"] = lots["account"][first], lots["security"][first]
    np.add.at(bought["shares"], place, lots["shares"])
    np.add.at(bought["amount"], place, worth)
    bought["lot"] = names_of_lots(market.row, bought["security"], market.price.size, reinvested=True)
    return np.concatenate([sold, bought])


def without_wash_sales(events: Table, accounts: NDArray[np.bool_]) -> None:
    """Mark the purchases of some accounts (A,) as used: they replace nothing."""
    used = (events["kind"] == EventKind.BUY) & accounts[events["account"]]
    events["facts"] |= np.where(used, np.uint8(EventFlag.USED), np.uint8(0))


def _position(table: Table) -> NDArray[np.int64]:
    position: NDArray[np.int64] = table["account"].astype(np.int64) << 32 | table["security"]
    return position
