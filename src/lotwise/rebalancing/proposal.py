"""Proposals: what `rebalance` returns, as columns; one recorded outcome per household, lot-level trades beside it.

Reasons and messages are a code with figures; `lotwise.interchange.results` turns them into words.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.money import IntArray

__all__ = [
    "AccountResults",
    "Cause",
    "Outcomes",
    "Proposals",
    "Reason",
    "Relaxations",
    "Side",
    "Status",
    "Trades",
]

Floats = NDArray[np.float64]
Int32Array = NDArray[np.int32]
Flags = NDArray[np.uint8]


class Side(IntEnum):
    """Direction of a trade."""

    BUY = 0
    SELL = 1


class Status(IntEnum):
    """What became of a household."""

    PROPOSED = 0
    HOLD = 1
    REFUSED = 2
    FAILED = 3


class Cause(IntEnum):
    """Why a household has its status."""

    IMPROVES = 0  # proposed: the objective improves by more than the threshold
    CASH = 1  # proposed: an account's cash is outside its band
    RESTRICTION = 2  # proposed: a restriction is breached
    NOT_WORTH_IT = 3  # hold: the best trades do not improve the objective by more than the threshold
    NOTHING_TO_TRADE = 4  # hold: no account of it trades, or none of its accounts has any value
    BAD_DATA = 5  # refused: see the findings
    NO_VALUE = 6  # refused: an account's value is negative
    NOT_SOLVED = 7  # failed: the solver did not reach the stated gap
    NOT_VERIFIED = 8  # failed: the exact re-verification found a broken rule
    TRADED_LATELY = 9  # hold: its last trade is too near (days_between_trades); figure as for NOT_WORTH_IT


class Reason(IntEnum):
    """Why a lot or a name trades; the two figures of the trade are dollars but where they are something else.

    HARVEST: (credit now, 0). REBALANCE_SELL: (tax, risk saved a year). REBALANCE_BUY: (cost, risk saved a year).
    RESTRICTED: a restriction asks for it. RAISE_CASH / INVEST_CASH: cash was below / above its band. EXCHANGE_SELL:
    (tax, risk), pays for other trades. EXCHANGE_BUY: (cost, risk), takes the place of what is sold. LOCATE_SELL: (tax,
    tax on income that another kind of account spares). LOCATE_BUY: (cost, the same). SUBSTITUTE: (row of the security
    that it stands for, risk saved a year).
    """

    HARVEST = 0
    REBALANCE_SELL = 1
    REBALANCE_BUY = 2
    RESTRICTED = 3
    RAISE_CASH = 4
    INVEST_CASH = 5
    EXCHANGE_SELL = 6
    EXCHANGE_BUY = 7
    LOCATE_SELL = 8
    LOCATE_BUY = 9
    SUBSTITUTE = 10


class Trades(NamedTuple):
    """T lot-level trades, in the order of the book's households and accounts."""

    household: Int32Array
    account: Int32Array
    security: Int32Array
    lot: IntArray  # row of Lots for a sell, -1 for a buy
    side: Flags  # Side
    shares: IntArray  # positive
    value: IntArray  # money, shares x price
    basis: IntArray  # money: of the shares sold; the cost for a buy
    gain: IntArray  # money, 0 for a buy
    long_term: Flags  # of a sell: 1 if sold long term
    tax: IntArray  # money, gain x its rate, or loss x its worth; 0 in tax-deferred accounts
    cost: IntArray  # money, half the spread
    reason: Flags  # Reason
    figure_1: Floats  # dollars, see Reason
    figure_2: Floats


class Outcomes(NamedTuple):
    """H outcomes."""

    status: Flags  # Status
    cause: Flags  # Cause
    figure: Floats  # the figure of the cause (bp for NOT_WORTH_IT, fraction of value for CASH, ...)
    value: IntArray  # money, all accounts
    te_before: Floats  # annual, fraction
    te_after: Floats
    tax: IntArray  # money, liability of the year with the trades less without them
    cost: IntArray  # money
    score: Floats  # improvement of the objective, fraction of value
    gap_convex: Floats  # fraction of value
    gap: Floats  # fraction of value
    trades: Int32Array  # number of lot-level trades


class AccountResults(NamedTuple):
    """A rows: how the problem of each account went (zeros where it was not solved).

    Where a household is solved as one portfolio there is one problem: its accounts all have the same figures, but for
    cash, and these are fractions of the value of them all.
    """

    steps: Int32Array  # Newton steps over all solves
    objective: Floats  # J of what is proposed (of holding, where nothing is), fraction of account value
    objective_hold: Floats  # J of doing nothing
    lower_bound: Floats  # of the continuous problem at the cash and bounds as reached
    gap_convex: Floats
    cash_before: Floats  # fraction of account value
    cash_after: Floats


class Relaxations(NamedTuple):
    """Restrictions that could not be kept in full, least violation each; V rows."""

    household: Int32Array
    account: Int32Array  # -1: one of the household, in which its accounts are one portfolio
    source: Int32Array  # row of restrictions.csv; -1 = the cash that policy and requests ask for
    required: Floats  # the bound, fraction of the value of the account, or of the household's accounts
    reached: Floats  # what was reached


class Proposals(NamedTuple):
    """Everything `rebalance` says of a book."""

    trades: Trades
    outcomes: Outcomes
    accounts: AccountResults
    relaxations: Relaxations
