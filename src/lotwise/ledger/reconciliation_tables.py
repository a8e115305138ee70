"""A custodian's lots, and what becomes of them beside ours: the tables of a reconciliation.

| outcome | what it says |
|---|---|
| MATCHED | one lot of ours and one of theirs agree in shares, basis and day, to the last unit |
| EXPLAINED | they differ as custodians are known to differ; `causes` says how; nothing needs to be posted |
| BROKEN | one side is wrong; the events of the row make our side theirs |

Every lot of ours and every lot of theirs is in exactly one row, whole. Names of lots, accounts and securities are
codes of the same lists on both sides. Shares are millionths, money is ten-thousandths of a dollar (lotwise.money).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np

from lotwise.ledger.events import Table
from lotwise.money import IntArray

__all__ = [
    "BROKEN_CAUSES",
    "CENT",
    "CUSTODIAN_LOT",
    "RECONCILED",
    "Cause",
    "Labels",
    "Outcome",
    "Reconciliation",
    "Tolerance",
]

CENT = 100  # money units: what statements are printed in

CUSTODIAN_LOT = np.dtype(
    [
        ("shares", np.int64),  # negative = sold short
        ("basis", np.int64),  # as they report it, wash-sale adjustments included; MISSING = not stated
        ("original_basis", np.int64),  # before adjustments; MISSING = not stated
        ("account", np.int32),
        ("security", np.int32),
        ("name", np.int32),  # NO_CODE = none
        ("acquired", np.int32),  # NO_DATE = not stated ("various")
        ("line", np.int32),  # of their file, from 1
    ],
    align=True,
)


class Outcome(IntEnum):
    """What became of a row."""

    MATCHED = 0
    EXPLAINED = 1
    BROKEN = 2


class Cause(IntFlag):
    """How two sides differ; several may hold. `BROKEN_CAUSES` are breaks, the others explain."""

    ROUNDING = 1  # basis or shares within the tolerance
    WASH_ADJUSTMENT = 2  # basis differs by a wash-sale loss that only one side took over
    AGGREGATED = 4  # several lots of ours are one of theirs
    SPLIT = 8  # one lot of ours is several of theirs
    TACKED = 16  # their day counts the holding period of the shares replaced or given; ours is the day it came
    AVERAGE_COST = 32  # they spread the basis of the position evenly over its shares
    PENDING_BUY = 64  # bought today: not on their list yet
    PENDING_SALE = 128  # sold today: still on their list
    UNSTATED = 256  # they state no basis or no day
    BASIS = 512  # basis differs
    DAY = 1024  # day acquired differs, or only they know it
    SHARES = 2048  # shares differ
    ONLY_OURS = 4096
    ONLY_THEIRS = 8192
    UNTAXED = 16384  # basis or day differs in a retirement account, where no tax depends on them


BROKEN_CAUSES = Cause.BASIS | Cause.DAY | Cause.SHARES | Cause.ONLY_OURS | Cause.ONLY_THEIRS

RECONCILED = np.dtype(
    [
        ("our_shares", np.int64),  # open ones, short ones negative
        ("their_shares", np.int64),
        ("our_basis", np.int64),
        ("their_basis", np.int64),  # MISSING = not stated
        ("our_first", np.int64),  # lots of the row: our_lots[our_first : our_first + our_count]
        ("their_first", np.int64),
        ("our_count", np.int32),
        ("their_count", np.int32),
        ("account", np.int32),
        ("security", np.int32),
        ("causes", np.int32),  # Cause
        ("outcome", np.uint8),  # Outcome
    ],
    align=True,
)


class Tolerance(NamedTuple):
    """How far apart two lots may be and still be the same, per lot."""

    basis: int = CENT  # money
    shares: int = 0  # millionths: for custodians that print fewer decimals


class Labels(NamedTuple):
    """The names behind the codes."""

    accounts: Sequence[str]
    securities: Sequence[str]
    lots: Sequence[str]


class Reconciliation(NamedTuple):
    """Our lots beside a custodian's, and the events that would make ours theirs."""

    rows: Table  # (R,) RECONCILED, sorted by account, security, first lot of ours, first of theirs
    our_lots: IntArray  # (L,) rows of State.lots in the order of `rows`
    their_lots: IntArray  # (C,) rows of the custodian's table in the order of `rows`
    events: Table  # (E,) EVENT that mend the broken rows, in the order in which to post them
    details: Table  # (D,) DETAIL
    event_row: IntArray  # (E,) row that each event mends
