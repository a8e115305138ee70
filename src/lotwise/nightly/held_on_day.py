"""What a household holds, for its page of holdings: out of the book, at the closes of the day."""

from __future__ import annotations

from datetime import date

import numpy as np

from lotwise.dates import NO_DATE, from_day_number, to_day_number
from lotwise.interchange.firm_folder import Firm
from lotwise.ledger.holding_period import is_long_term
from lotwise.money import SHARE, exact_mul_div
from lotwise.rebalancing.book import AccountKind, LotFlag
from lotwise.reports.documents.positions import HeldAccount, HeldLot, HeldPosition, HoldingsOnDay

__all__ = ["holdings_of"]


def holdings_of(firm: Firm, household: int) -> HoldingsOnDay:
    """Read one household's accounts, positions and lots out of a firm."""
    book, labels = firm.book, firm.labels
    first, last = (int(book.households.account_start[household + end]) for end in range(2))
    accounts = tuple(
        HeldAccount(
            str(labels.accounts[row]),
            AccountKind(book.accounts.kind[row]).name.lower(),
            int(book.accounts.cash[row]),
            not book.accounts.trades[row],
        )
        for row in range(first, last)
    )
    lots: dict[int, list[HeldLot]] = {}
    for row, account in zip(range(first, last), accounts, strict=True):
        for security, lot in _lots(firm, row, account):
            lots.setdefault(security, []).append(lot)
    return HoldingsOnDay(
        household_id=str(labels.households[household]),
        name=firm.household_names[household],
        as_of=firm.as_of,
        accounts=accounts,
        positions=tuple(_position(firm, security, tuple(own)) for security, own in lots.items()),
    )


def _position(firm: Firm, security: int, lots: tuple[HeldLot, ...]) -> HeldPosition:
    known, price = firm.market_labels, int(firm.market.price[security])
    return HeldPosition(
        known.symbols[security], known.names[security], known.asset_classes[security], price or None, lots
    )


def _lots(firm: Firm, account: int, held: HeldAccount) -> list[tuple[int, HeldLot]]:
    """The lots of an account, each with its security."""
    own = slice(*(int(firm.book.accounts.lot_start[account + end]) for end in range(2)))
    lots, today = firm.book.lots, to_day_number(firm.as_of)
    price = firm.market.price[lots.security[own]]
    unknown = ((lots.flags[own] & LotFlag.UNKNOWN_TAX) != 0) & (lots.basis[own] == 0)
    names = firm.labels.lots.slice(own.start, own.stop - own.start).to_list()
    columns = (
        names,
        lots.security[own].tolist(),
        lots.shares[own].tolist(),
        price.tolist(),
        np.where(unknown, -1, lots.basis[own]).tolist(),
        lots.acquired[own].tolist(),
        lots.holding_start[own].tolist(),
    )
    taxable = held.kind == "taxable"
    return [
        (
            security,
            HeldLot(
                account_id=held.account_id,
                lot_id=name,
                shares=shares,
                value=exact_mul_div(shares, each, SHARE),
                basis=None if basis < 0 else basis,
                acquired=None if acquired == NO_DATE else from_day_number(acquired),
                held_days=None if began == NO_DATE else today - began,
                long_term=began != NO_DATE and _long(began, today, firm.as_of),
                taxable=taxable,
            ),
        )
        for name, security, shares, each, basis, acquired, began in zip(*columns, strict=True)
    ]


def _long(began: int, today: int, as_of: date) -> bool:
    """Whether a sale on this day is long term; only lots about a year old need the calendar."""
    held = today - began
    return held > 367 or (held >= 366 and is_long_term(from_day_number(began), as_of))
