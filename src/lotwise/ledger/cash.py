"""Cash of accounts and income of their owners, from the events that were posted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.kernels import kernel
from lotwise.ledger.events import EventFlag, EventKind, Table
from lotwise.ledger.tables import Refusal
from lotwise.money import SHARE, IntArray, mul_div

__all__ = ["INCOME", "cash_of", "income_of", "traded_amounts"]

_INCOME_KINDS = (EventKind.DIVIDEND, EventKind.CAPITAL_GAIN_DISTRIBUTION, EventKind.INTEREST)

INCOME = np.dtype(
    [
        ("amount", np.int64),  # received in all
        ("qualified", np.int64),  # dividends that the payer calls qualified (26 U.S.C. 1(h)(11) asks for more)
        ("account", np.int32),
        ("year", np.int32),
        ("kind", np.uint8),  # EventKind: DIVIDEND, CAPITAL_GAIN_DISTRIBUTION or INTEREST
    ],
    align=True,
)


def cash_of(events: Table, moved: IntArray, accounts: int) -> IntArray:
    """Cash of each account: all that its events moved, in and out ((A,) money).

    `moved` is `fold.Folded.cash`, money by event: what a merger or a return of capital pays depends on the shares held,
    which only the fold knows.
    """
    cash = np.zeros(accounts, np.int64)
    np.add.at(cash, events["account"], moved)
    return cash


def income_of(events: Table, status: NDArray[np.uint8]) -> Table:
    """Dividends, capital-gain distributions and interest received by account, year and kind (`INCOME`, sorted so).

    A distribution that is reinvested has a row of its own beside the purchase. Interest paid is no income: it is a FEE.
    """
    rows = events[np.isin(events["kind"], _INCOME_KINDS) & (status == Refusal.POSTED) & (events["day"] != NO_DATE)]
    year = rows["day"].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    keys = np.stack((rows["account"].astype(np.int64), year, rows["kind"].astype(np.int64)))
    found, place = np.unique(keys, axis=1, return_inverse=True)
    income = np.zeros(found.shape[1], INCOME)
    income["account"], income["year"], income["kind"] = found
    place = place.reshape(-1)
    np.add.at(income["amount"], place, rows["amount"])
    qualified = (rows["kind"] == EventKind.DIVIDEND) & ((rows["facts"] & EventFlag.QUALIFIED) != 0)
    np.add.at(income["qualified"], place[qualified], rows["amount"][qualified])
    return income


@kernel
def _traded_amounts(shares: IntArray, price: IntArray) -> IntArray:
    made = np.empty(shares.size, np.int64)
    for row in range(made.size):
        made[row] = mul_div(shares[row], price[row], SHARE)
    return made


def traded_amounts(shares: IntArray, price: IntArray) -> IntArray:
    """Shares x price, rounded half to even, of whatever sign; `money.OVERFLOW` where it does not fit."""
    made: IntArray = _traded_amounts(np.abs(shares.astype(np.int64)), price.astype(np.int64))
    return made
