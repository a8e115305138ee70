"""What events fold into: open lots, realised gains, wash sales and the state of every event, as tables.

Every row has a number that does not depend on how a record was cut into postings: the number of a lot is made of the
event that opened it, so that a lot can be named for good (`lot_number`).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import Table

__all__ = [
    "ABSORBED",
    "ACCOUNT",
    "ALWAYS_LONG",
    "FRESH_LOSS",
    "IDENTICAL",
    "LOT",
    "LOTS_OF_EVENT",
    "REALIZED",
    "REINVESTED",
    "REPLACEMENT",
    "SHORT",
    "WASH",
    "LotMark",
    "Origin",
    "Reading",
    "Refusal",
    "State",
    "World",
]

LOTS_OF_EVENT = 1 << 20  # lot number = event x LOTS_OF_EVENT + count: how many lots one event can open
ALWAYS_LONG = -(2**31) + 2  # holding_start of property that is long term whatever its period (26 U.S.C. 1223(9))


class Refusal(IntEnum):
    """What became of an event: posted, or why nothing of it was."""

    POSTED = 0
    OVERSOLD = 1  # more shares than the account holds (of that lot)
    UNKNOWN_LOT = 2  # no open lot of that name
    BEFORE_PURCHASE = 3  # the lot is bought later
    NOT_HELD = 4  # a split or reorganisation of what the account does not hold
    NOT_A_FUND = 5  # average basis of shares that are neither of a fund nor reinvested
    NEGATIVE = 6  # shares, amount or basis below zero, or no shares
    MISSING_DETAIL = 7  # basis, ratio, new security or dates that this kind needs
    TOO_LARGE = 8  # shares, basis or value leave 64 bits
    OTHER_TAXPAYER = 9  # a transfer to an account of another taxpayer or of another tax kind
    NO_SHORT = 10  # more closed than was sold short
    LOT_TWICE = 11  # a lot of this name is open in this account already
    UNKNOWN_KIND = 12
    DUPLICATE = 13  # the same transaction id again (set where files are posted)
    OUT_OF_ORDER = 14  # dated before what has been posted (set where files are posted)
    BAD_ROW = 15  # a cell that cannot be read (set where files are posted)
    SOLD_SHORT = 16  # a merger or distribution of shares that the account is short of: not modelled


class Reading(IntEnum):
    """Which earlier purchases replace shares sold at a loss: 26 U.S.C. 1091 does not say, programs differ."""

    HELD_AT_END_OF_DAY = 0  # those still held when the day of the sale ends
    HELD_AFTER_THIS_SALE = 1  # those still held right after the sale
    ANY_ACQUISITION = 2  # every acquisition of the 61 days, sold since or not: the letter of the statute
    OLDER_LOT_NEVER_REPLACES = 3  # as the first, but never shares acquired before those sold


class LotMark(IntFlag):
    """Facts about a lot."""

    REPLACEMENT = 1  # a purchase or reinvestment: it can replace shares sold at a loss
    ABSORBED = 2  # it has replaced shares sold at a loss, and cannot again
    REINVESTED = 4
    SHORT = 8  # shares sold short: basis holds the proceeds
    FRESH_LOSS = 16  # a gift: for a loss, loss_basis and a holding period from the gift count (Reg. 1.1015-1)


# The same for kernels, which know no flags.
REPLACEMENT = int(LotMark.REPLACEMENT)
ABSORBED = int(LotMark.ABSORBED)
REINVESTED = int(LotMark.REINVESTED)
SHORT = int(LotMark.SHORT)
FRESH_LOSS = int(LotMark.FRESH_LOSS)


class Origin(IntEnum):
    """What a realised gain comes from."""

    SALE = 0
    COVER = 1  # a short sale closed
    RETURN_OF_CAPITAL = 2  # beyond basis
    BOOT = 3  # cash received in a reorganisation
    CASH_IN_LIEU = 4
    CASH_MERGER = 5


ACCOUNT = np.dtype(
    [
        ("short_rate", np.int64),  # billionths, for LOWEST_TAX
        ("long_rate", np.int64),
        ("taxpayer", np.int32),  # accounts of spouses are one taxpayer for wash sales
        ("kind", np.uint8),  # households.accounts.AccountKind
        ("relief", np.uint8),  # standing order: Relief, not DEFAULT
    ],
    align=True,
)

# Securities a and b are substantially identical on a day if both have a row of one group that covers it.
IDENTICAL = np.dtype([("security", np.int32), ("group", np.int32), ("first", np.int32), ("last", np.int32)], align=True)

LOT = np.dtype(
    [
        ("number", np.int64),
        ("parent", np.int64),  # lot it was split from, spun off from or moved from; -1 = none
        ("acquisition", np.int64),  # event of the purchase it stems from
        ("absorbed_from", np.int64),  # event of the sale whose loss it took over; -1 = none
        ("shares", np.int64),
        ("basis", np.int64),  # adjusted, the loss taken over included
        ("original_basis", np.int64),  # before any wash-sale adjustment
        ("absorbed_loss", np.int64),
        (
            "loss_basis",
            np.int64,
        ),  # of gifts worth less than the donor's basis; MISSING = the basis; see also short_sales
        ("account", np.int32),
        ("security", np.int32),
        ("name", np.int32),  # code of its name; NO_CODE = named by its number
        ("bought_by", np.int32),  # code of the order that bought it: its fills are one acquisition; NO_CODE = none
        ("acquired", np.int32),  # day it came, for wash windows and forms; NO_DATE = not known
        ("holding_start", np.int32),  # day its holding period counts from
        ("marks", np.uint8),
    ],
    align=True,
)

REALIZED = np.dtype(
    [
        ("event", np.int64),
        ("lot", np.int64),  # number of the lot sold; -1 = never in the ledger
        ("acquisition", np.int64),
        ("shares", np.int64),
        ("proceeds", np.int64),
        ("basis", np.int64),  # earlier wash-sale adjustments included
        ("disallowed", np.int64),  # wash-sale loss disallowed, not negative
        ("permanent", np.int64),  # part of it that is gone for ever
        # In shares as splits since have counted them:
        ("counted", np.int64),  # its shares
        ("matchable", np.int64),  # those that replacements can be matched with
        ("matched", np.int64),  # part of them that has been
        ("replaced", np.int64),  # those that replaced others after they were sold (ANY_ACQUISITION)
        ("account", np.int32),
        ("security", np.int32),  # as it was sold
        ("matched_as", np.int32),  # what it is called since: what would replace it
        ("name", np.int32),
        ("bought_by", np.int32),  # code of the order that bought the lot; NO_CODE = none
        ("sold_by", np.int32),  # code of the order that sold it: its fills are one sale
        ("acquired", np.int32),
        ("holding_start", np.int32),
        ("sold", np.int32),
        ("long_term", np.uint8),
        ("origin", np.uint8),
        ("marks", np.uint8),  # of the lot sold
    ],
    align=True,
)

WASH = np.dtype(
    [
        ("sale", np.int64),  # event of the loss
        ("sold_lot", np.int64),
        ("purchase", np.int64),  # event of the replacement
        ("lot", np.int64),  # lot that took the loss over
        ("shares", np.int64),
        ("loss", np.int64),  # disallowed
        ("day", np.int32),  # later of the two trades: from then on it is known
        ("held_days", np.int32),  # days of the shares sold that the replacement takes over
        ("permanent", np.uint8),  # 1: replaced in a retirement account, or by shares already sold
    ],
    align=True,
)


class World(NamedTuple):
    """What events refer to."""

    accounts: Table  # (A,) ACCOUNT
    funds: NDArray[np.bool_]  # (S,) whether a security is a fund: average basis may be elected
    identical: Table  # (I,) IDENTICAL, sorted by security
    reading: Reading = Reading.HELD_AT_END_OF_DAY


class State(NamedTuple):
    """Everything that has been folded."""

    lots: Table  # (L,) LOT, open ones, sorted by account, security, acquired, acquisition; parts of one as they came
    realized: Table  # (R,) REALIZED, sorted by event; within one as they were taken
    washes: Table  # (W,) WASH, sorted by day, sale
