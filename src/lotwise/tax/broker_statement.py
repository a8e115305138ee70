"""What a broker's Form 1099-B says of a sale, and how Form 8949 sets it right.

The form starts from the broker's amounts where the basis was reported, so that the Internal Revenue Service finds them,
and columns (f) and (g) lead to the right gain: code B with the broker's basis in (e); code E with proceeds before
selling expenses in (d). Where basis was not reported, (e) is the right basis at once, and code B adjusts nothing.
Code W is the loss of a wash sale, disallowed. Source: instructions for Form 8949, columns (e) to (g).
"""

from __future__ import annotations

from datetime import date
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, to_day_number
from lotwise.ledger.events import MISSING, Table
from lotwise.ledger.tables import Origin
from lotwise.money import IntArray
from lotwise.tax.form_cells import CENT, Cells

__all__ = ["Reporting", "Statement", "adjusted", "as_reported"]

# Brokers report the basis of stock acquired from these days on (Reg. 1.6045-1(a)(15)(i)(A) and (B)): shares in general,
# and shares of funds and reinvestment plans.
COVERED_FROM = to_day_number(date.fromisoformat("2011-01-01"))
FUNDS_COVERED_FROM = to_day_number(date.fromisoformat("2012-01-01"))


class Reporting(IntEnum):
    """What Form 1099-B says of a sale."""

    BASIS_REPORTED = 0
    BASIS_NOT_REPORTED = 1
    NO_FORM = 2


class Statement(NamedTuple):
    """What the broker's statement says, one entry a realised row; MISSING = as the ledger has it."""

    reporting: NDArray[np.uint8]  # (R,) Reporting
    proceeds: IntArray  # (R,) Money
    basis: IntArray  # (R,) Money


def as_reported(rows: Table, funds: NDArray[np.bool_] | None = None) -> Statement:
    """Assume what brokers report: basis where the law has them report it, and the ledger's own amounts.

    Shares acquired before 2011 (of funds, 2012) or on a day not known: no basis. A return of capital beyond basis is
    on no Form 1099-B. `funds` is World.funds; where it is not given, no security is taken for a fund.
    """
    acquired = rows["acquired"]
    since = np.full(rows.size, COVERED_FROM, np.int64)
    if funds is not None:
        since[funds[rows["security"]]] = FUNDS_COVERED_FROM
    covered = (acquired != NO_DATE) & (acquired >= since)
    reporting = np.where(covered, Reporting.BASIS_REPORTED, Reporting.BASIS_NOT_REPORTED).astype(np.uint8)
    reporting[rows["origin"] == Origin.RETURN_OF_CAPITAL] = Reporting.NO_FORM
    missing = np.full(rows.size, MISSING, np.int64)
    return Statement(reporting, missing, missing.copy())


def _differs(stated: int, own: int) -> bool:
    """Whether a broker's amount is another one; it has whole cents, the ledger more digits."""
    return stated != MISSING and abs(stated - own) >= CENT


def adjusted(row: np.void, statement: Statement, i: int) -> tuple[str, Cells]:
    """Columns (d) to (g) of one realised row: the broker's amounts, and what makes the gain the ledger's again."""
    proceeds, basis, adjustment = int(row["proceeds"]), int(row["basis"]), int(row["disallowed"])
    codes = "W" if adjustment else ""
    stated = int(statement.basis[i])
    if _differs(stated, basis):
        codes += "B"
        if statement.reporting[i] == Reporting.BASIS_REPORTED:
            adjustment += stated - basis
            basis = stated  # boxes B and E take the right basis, with nothing in (g)
    stated = int(statement.proceeds[i])
    if _differs(stated, proceeds) and stated > proceeds:
        codes += "E"
        adjustment -= stated - proceeds
        proceeds = stated
    return "".join(sorted(codes)), Cells(proceeds, basis, adjustment)
