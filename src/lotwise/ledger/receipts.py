"""Receipts: on which day a payment is income, and which reinvestments are the only record of theirs.

A payment counts on its day (Reg. 1.301-1(b)), not on its ex-date. But what a fund declares in the last three months of
a year and pays in January counts on the last day of that year (26 U.S.C. 852(b)(7)): known where the ex-date, which
stands for the record date, is given.

A dividend that is reinvested is income like one in cash (305(b)(1); IRS Publication 550), and has a row of its own
beside the purchase. Some custodians deliver the purchase alone: then it stands for the payment it was made with, where
no payment of the security is recorded in the account within two weeks of it.

Not modelled: real estate investment trusts, which `funds` does not name (857(b)(9): date their payments of January the
31st of December); a reinvestment alone in the account beside another payment of the security.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.dividends import ex_days_of
from lotwise.ledger.events import NO_CODE, EventKind, Table
from lotwise.money import IntArray

__all__ = ["INCOME_KINDS", "READ_DAYS", "READ_KINDS", "days_received", "reinvested_alone"]

INCOME_KINDS = (EventKind.DIVIDEND, EventKind.INTEREST, EventKind.CAPITAL_GAIN_DISTRIBUTION)
_PAID_BY_FUNDS = (EventKind.DIVIDEND, EventKind.CAPITAL_GAIN_DISTRIBUTION)
_REINVESTED = (*INCOME_KINDS, EventKind.RETURN_OF_CAPITAL)  # what a purchase may have been made with

# Days between a payment and its reinvestment: brokers buy on the day of payment or in the week after, and some date the
# payment later than the purchase. Monthly payers need less than half a month.
_NEAR = 14

# Events that the income of a year depends on, and how many days before and after the year they may lie: a payment of
# January may count in December, and stand beside a reinvestment near it.
READ_KINDS = (*_REINVESTED, EventKind.REINVEST)
READ_DAYS = 31 + _NEAR

_JANUARY = 0  # months since January 1970, modulo 12


def days_received(events: Table, details: Table, funds: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Day on which each event counts as income: its own, or the 31st of December before what 852(b)(7) puts there.

    `events` are rows of EVENT, `details` the table that they name, `funds` whether each security is a fund (World).
    """
    days: NDArray[np.int32] = np.array(events["day"], np.int32)
    of_fund = (events["security"] != NO_CODE) & np.isin(events["kind"], _PAID_BY_FUNDS)
    of_fund[of_fund] = funds[events["security"][of_fund]]
    ex_days, given = ex_days_of(events, details)
    months = _months(days)
    back = months - _months(np.where(given, ex_days, days))
    # October to December are one to three months before January.
    earlier = of_fund & given & (months % 12 == _JANUARY) & (back >= 1) & (back <= 3)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
    counted: NDArray[np.int32] = np.where(earlier, first - 1, days)
    return counted


def _months(days: NDArray[np.int32]) -> IntArray:
    """Months since January 1970 of day numbers."""
    months: IntArray = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def reinvested_alone(events: Table) -> NDArray[np.bool_]:
    """Reinvestments near which the account has no payment of the security: each is the record of its own dividend."""
    bought = np.flatnonzero(events["kind"] == EventKind.REINVEST)
    paid = np.flatnonzero(np.isin(events["kind"], _REINVESTED))
    place = events["account"].astype(np.int64) * 2**32 + events["security"]
    _, number = np.unique(place, return_inverse=True)
    # Days of all years lie within 2^19 of 1970, so that those of two places never meet.
    key = (number.reshape(-1).astype(np.int64) << 20) + events["day"]
    known = np.sort(key[paid])
    beside = np.searchsorted(known, key[bought] + _NEAR, side="right") > np.searchsorted(known, key[bought] - _NEAR)
    alone = np.zeros(events.size, np.bool_)
    alone[bought[~beside]] = True
    return alone
