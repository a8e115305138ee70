"""What a year's payments are on the return: dividends, interest and capital-gain distributions.

| event | what it is |
|---|---|
| DIVIDEND | ordinary dividends (Form 1040 line 3b); the part that qualifies also line 3a: 26 U.S.C. 1(h)(11) |
| INTEREST | taxable interest (line 2b) |
| CAPITAL_GAIN_DISTRIBUTION | long-term gain however long the fund was held (852(b)(3)(B)): Schedule D line 13 |
| REINVEST, no payment recorded beside it | a dividend of what was invested: 305(b)(1), IRS Publication 550 |

When a payment counts, and which reinvestments stand for a dividend, says `ledger.receipts`. `qualified` is what
`ledger.dividends` finds held long enough as of a day, `expected` what will have been if it is kept.

All amounts are `Money`, before fees. Not modelled: interest and dividends that are exempt from tax; payments taken
back; the parts of a distribution that are taxed at 25 or 28 percent; section 199A dividends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.dividends import holders_of, qualified_amounts, qualified_shares
from lotwise.ledger.events import EventFlag, EventKind, Table
from lotwise.ledger.receipts import INCOME_KINDS, days_received, reinvested_alone
from lotwise.ledger.tables import State, World
from lotwise.money import IntArray
from lotwise.tax.gains import of_year

__all__ = [
    "PAYMENT",
    "Income",
    "income_of",
    "ordinary",
    "payments",
]

PAYMENT = np.dtype(
    [
        ("amount", np.int64),  # before fees
        ("qualified", np.int64),  # of a dividend, the part on shares held long enough
        ("expected", np.int64),  # the part on shares that will have been, if they are kept
        ("shares", np.int64),  # that the ledger saw on the ex-date of a dividend, millionths
        ("row", np.int64),  # place among the events
        ("account", np.int32),
        ("day", np.int32),  # on which it counts
        ("kind", np.uint8),  # EventKind: DIVIDEND, INTEREST or CAPITAL_GAIN_DISTRIBUTION
        ("called", np.uint8),  # 1: the payer calls the dividend qualified
    ],
    align=True,
)


class Income(NamedTuple):
    """Income of a year, money, one entry a payer of tax; dividends are parted in three."""

    qualified: IntArray  # (T,)
    expected: IntArray  # (T,) qualified if the shares are kept
    ordinary: IntArray  # (T,) the rest of the dividends, at the rates of ordinary income
    interest: IntArray  # (T,)
    distributions: IntArray  # (T,) capital-gain distributions


def payments(events: Table, details: Table, state: State, world: World, year: int, as_of: int) -> Table:
    """List what counts as income of a year, as rows of PAYMENT in the order of the events.

    `events` are those of READ_KINDS at least, from READ_DAYS before the year to READ_DAYS after it, posted, `amount`
    before fees, and every SYMBOL_CHANGE of any day, so that shares are found under the name they have now; `details` is
    the table that they name, `world` what both refer to, `state` what was held and sold up to `as_of`, the day of the
    look.
    """
    days = days_received(events, details, world.funds)
    kind = np.where(reinvested_alone(events), EventKind.DIVIDEND, events["kind"])
    rows = np.flatnonzero(np.isin(kind, INCOME_KINDS) & of_year(days, year))
    paid = np.zeros(rows.size, PAYMENT)
    paid["row"], paid["day"], paid["kind"] = rows, days[rows], kind[rows]
    for name in ("amount", "account"):
        paid[name] = events[name][rows]
    dividends = np.flatnonzero(paid["kind"] == EventKind.DIVIDEND)
    own = events[rows[dividends]]
    seen = qualified_shares(own, details, state, as_of, holders=holders_of(events, details, world))
    called = (own["facts"] & EventFlag.QUALIFIED) != 0
    amounts = np.where(called, own["amount"], 0)
    sure = qualified_amounts(amounts, seen, count_expected=False)
    paid["qualified"][dividends] = sure
    paid["expected"][dividends] = qualified_amounts(amounts, seen) - sure
    paid["shares"][dividends], paid["called"][dividends] = seen.held, called
    return paid


def ordinary(paid: Table) -> IntArray:
    """Part of each payment that is a dividend which does not qualify ((P,) money; 0 of what is no dividend)."""
    rest: IntArray = np.where(
        paid["kind"] == EventKind.DIVIDEND, paid["amount"] - paid["qualified"] - paid["expected"], 0
    )
    return rest


def income_of(
    paid: Table, taxpayer_of_account: NDArray[np.int32], taxable: NDArray[np.bool_], taxpayers: int
) -> Income:
    """Income of every taxpayer from rows of PAYMENT; what retirement accounts receive is on no return.

    `taxpayer_of_account` and `taxable` are by code of account; `taxpayers` is one more than the largest taxpayer.
    """
    rows = paid[taxable[paid["account"]]]
    payer = taxpayer_of_account[rows["account"]]

    def summed(amounts: IntArray) -> IntArray:
        total = np.zeros(taxpayers, np.int64)
        np.add.at(total, payer, amounts)
        return total

    def of_kind(kind: EventKind) -> IntArray:
        return summed(np.where(rows["kind"] == kind, rows["amount"], 0))

    return Income(
        summed(rows["qualified"]),
        summed(rows["expected"]),
        summed(ordinary(rows)),
        of_kind(EventKind.INTEREST),
        of_kind(EventKind.CAPITAL_GAIN_DISTRIBUTION),
    )
