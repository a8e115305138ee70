"""Events: everything that happens to an account, as rows of a table that is only ever appended to.

An event is never edited. What was wrong is put right by a later event (`BASIS_CORRECTION`, or a reversal).
The columns of `EVENT` hold what almost every event has; what only some have stands in one row of `DETAIL`, named by
`detail`. `amount` is always the cash that moved, after fees, and never negative; the kind says which way. Shares are
millionths and never negative; money is ten-thousandths of a dollar (lotwise.money); days are lotwise.dates.

| kind | shares | amount | details |
|---|---|---|---|
| BUY | bought | paid, fees included: the basis | |
| SELL | sold | received, fees deducted | `lot` or relief; STATED: basis, acquired, holding_start |
| REINVEST | bought | paid: the basis | a purchase with a distribution, which has a row of its own |
| DIVIDEND, CAPITAL_GAIN_DISTRIBUTION, INTEREST | - | received | ex_day; flag QUALIFIED |
| DEPOSIT, WITHDRAWAL, FEE | - | moved | |
| TRANSFER_IN | of one lot | - | basis, original_basis, acquired, holding_start; flag PURCHASE |
| TRANSFER_OUT | moved | - | `lot` or relief; counter_account keeps the lots in the ledger |
| GIFT_IN | received | - | basis, acquired: the donor's; fair_value: total on the day of the gift |
| INHERITANCE | received | - | fair_value: total at death |
| DONATION | given away | - | `lot` or relief; nothing is realised (gifts made are the same) |
| SPLIT | - | - | ratio: new shares per old share (2/1; 1/10 is a reverse split) |
| STOCK_DIVIDEND | - | - | ratio: additional shares per share held |
| STOCK_DIVIDEND_OTHER | - | - | new_security, ratio: new per old, fraction of basis |
| SYMBOL_CHANGE | - | - | new_security |
| CASH_MERGER | - | received in all; or 0 | cash per share, where amount is 0 |
| STOCK_MERGER | - | - | new_security, ratio: new per old |
| MIXED_MERGER | - | received in all; or 0 | new_security, ratio, cash per old share, fair_value of one new share |
| SPIN_OFF | - | - | new_security, ratio: new per old, fraction of basis that goes to the new shares |
| RETURN_OF_CAPITAL | - | received in all; or 0 | cash per share, where amount is 0 |
| CASH_IN_LIEU | fraction of a share sold | received | `lot` or relief |
| SELL_SHORT | sold short | received | |
| COVER | closed | paid | `lot`: closed by delivering that lot (amount 0) |
| BASIS_CORRECTION | - | - | `lot`; basis, and original_basis, acquired, holding_start where given |

Reorganisations and splits (SPLIT to RETURN_OF_CAPITAL) act on all lots of one account and security, at the opening of
their day: before its trades, whenever they were recorded. `order` joins fills of one order: one
acquisition, one sale (26 U.S.C. 1091; Rev. Rul. 56-602).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE

# A structured array: one record a row, columns by name.
Table: TypeAlias = NDArray[Any]

__all__ = [
    "DETAIL",
    "EVENT",
    "MISSING",
    "NO_CODE",
    "EventFlag",
    "EventKind",
    "Relief",
    "Table",
    "no_details",
]

MISSING = -(2**63)  # an amount that is not given
NO_CODE = -1  # no lot, order, security, account or detail named


class EventKind(IntEnum):
    """What happened."""

    BUY = 1
    SELL = 2
    REINVEST = 3
    DIVIDEND = 4
    CAPITAL_GAIN_DISTRIBUTION = 5
    INTEREST = 6
    DEPOSIT = 7
    WITHDRAWAL = 8
    FEE = 9
    TRANSFER_IN = 10
    TRANSFER_OUT = 11
    GIFT_IN = 12
    INHERITANCE = 13
    DONATION = 14
    SPLIT = 15
    STOCK_DIVIDEND = 16
    STOCK_DIVIDEND_OTHER = 17
    SYMBOL_CHANGE = 18
    CASH_MERGER = 19
    STOCK_MERGER = 20
    MIXED_MERGER = 21
    SPIN_OFF = 22
    RETURN_OF_CAPITAL = 23
    CASH_IN_LIEU = 24
    SELL_SHORT = 25
    COVER = 26
    BASIS_CORRECTION = 27


class Relief(IntEnum):
    """Which lots a sale takes. A named lot goes before any of these (Reg. 1.1012-1(c))."""

    DEFAULT = 0  # the standing order of the account
    FIFO = 1
    LIFO = 2
    HIFO = 3
    LOWEST_TAX = 4
    AVERAGE = 5  # average basis, by election, of fund shares only; oldest shares first (Reg. 1.1012-1(e))


class EventFlag(IntFlag):
    """Facts about an event."""

    QUALIFIED = 1  # the payer's dividend is a qualified one; whether the shares were held long enough is another matter
    STATED = 2  # a sale of shares that the ledger never held, with the basis and dates that its source states
    PURCHASE = 4  # the lot transferred in was bought: it can replace shares sold at a loss
    USED = 8  # the purchase has replaced other shares already


EVENT = np.dtype(
    [
        ("shares", np.int64),
        ("amount", np.int64),
        ("day", np.int32),  # trade date
        ("account", np.int32),
        ("security", np.int32),  # NO_CODE = none
        ("lot", np.int32),  # code of a lot's name: the one opened, or the one taken; NO_CODE = none
        ("order", np.int32),  # code of the order it filled; NO_CODE = an order of its own
        ("detail", np.int32),  # row of DETAIL; NO_CODE = none
        ("kind", np.uint8),
        ("relief", np.uint8),
        ("facts", np.uint8),  # EventFlag; numpy keeps the name "flags" for itself
    ],
    align=True,
)

DETAIL = np.dtype(
    [
        ("basis", np.int64),
        ("original_basis", np.int64),
        ("fair_value", np.int64),
        ("cash", np.int64),  # money per share
        ("ratio_new", np.int64),  # ratio_new new shares ...
        ("ratio_old", np.int64),  # ... for ratio_old old ones
        ("fraction", np.int64),  # billionths
        ("short_rate", np.int64),  # billionths, for LOWEST_TAX: those of the day it was posted; MISSING = the account's
        ("long_rate", np.int64),
        ("acquired", np.int32),
        ("holding_start", np.int32),
        ("ex_day", np.int32),
        ("new_security", np.int32),
        ("counter_account", np.int32),
    ],
    align=True,
)


def no_details(rows: int) -> Table:
    """Make `rows` rows of DETAIL in which nothing is given."""
    made = np.empty(rows, DETAIL)
    for name in DETAIL.names or ():
        codes = name in ("new_security", "counter_account")
        made[name] = NO_CODE if codes else MISSING if DETAIL[name] == np.int64 else NO_DATE
    return made
