"""Realised rows written by hand, in dollars, shares and dates, and cast into the ledger's table."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np

from lotwise.dates import NO_DATE, to_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import NO_CODE, Table
from lotwise.ledger.tables import ACCOUNT, ALWAYS_LONG, REALIZED, LotMark, Origin
from lotwise.money import DOLLAR, SHARE, parse_decimal

__all__ = ["OWN", "ROTH", "SPOUSE_OTHER", "Sold", "dollars", "table_of", "three_accounts"]

OWN, ROTH, SPOUSE_OTHER = 0, 1, 2  # accounts of `three_accounts`


class Sold(NamedTuple):
    """One lot of one sale; `acquired` None = not known."""

    proceeds: str
    basis: str
    disallowed: str = "0"
    permanent: str = "0"
    shares: str = "100"
    acquired: str | None = "2024-06-03"
    sold: str = "2025-03-03"
    long_term: bool = False
    inherited: bool = False
    account: int = OWN
    security: int = 0
    lot: int = 1
    event: int = 1
    order: int = NO_CODE
    origin: Origin = Origin.SALE
    marks: LotMark = LotMark.REPLACEMENT


def dollars(text: str) -> int:
    """Money of a decimal text."""
    return parse_decimal(text, DOLLAR)


def _day(text: str | None) -> int:
    return NO_DATE if text is None else to_day_number(date.fromisoformat(text))


def table_of(*rows: Sold) -> Table:
    """Make a table of REALIZED."""
    made = np.zeros(len(rows), REALIZED)
    for i, row in enumerate(rows):
        entry = made[i]
        entry["event"], entry["sold_by"] = row.event, row.order
        entry["lot"] = row.lot
        entry["shares"] = parse_decimal(row.shares, SHARE)
        entry["proceeds"], entry["basis"] = dollars(row.proceeds), dollars(row.basis)
        entry["disallowed"], entry["permanent"] = dollars(row.disallowed), dollars(row.permanent)
        entry["account"], entry["security"] = row.account, row.security
        entry["acquired"], entry["sold"] = _day(row.acquired), _day(row.sold)
        entry["holding_start"] = ALWAYS_LONG if row.inherited else entry["acquired"]
        entry["long_term"] = row.long_term
        entry["origin"], entry["marks"] = row.origin, row.marks
    return made


def three_accounts() -> Table:
    """Make two accounts of taxpayer 0, the second a Roth account, and a taxable one of taxpayer 1."""
    accounts = np.zeros(3, ACCOUNT)
    accounts["taxpayer"] = (0, 0, 1)
    accounts["kind"] = (AccountKind.TAXABLE, AccountKind.ROTH, AccountKind.TAXABLE)
    return accounts
