"""What a year's sales realised: lot by lot, in totals, and per taxpayer for the whole firm.

Only sales of taxable accounts count, in the calendar year of the trade date (26 U.S.C. 453(k)(2)(A); Rev. Rul. 93-84,
1993-2 C.B. 225: whatever the settlement). A gain is proceeds less basis, where basis holds
what earlier wash sales added to it; what is recognised is the gain plus the loss disallowed (26 U.S.C. 1091(a)). Of
the loss disallowed, `permanent` is gone for ever, the rest waits in the basis of the replacement.

All amounts are `Money`. Capital-gain distributions are no sales: `tax.income`. Not modelled: gains of partnerships,
estates and other payers (Schedule D lines 4, 5, 11, 12); the settlement date of a short sale closed at a loss (Rev.
Rul. 2002-44).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import to_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import Table
from lotwise.ledger.tables import State
from lotwise.money import IntArray

__all__ = [
    "Gains",
    "Totals",
    "YearToDate",
    "gains",
    "of_year",
    "recognised",
    "taxable_rows",
    "year_to_date",
]


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals of one term: gain = proceeds - basis, recognised = gain + disallowed."""

    proceeds: int
    basis: int
    gain: int
    disallowed: int
    permanent: int
    recognised: int


class Gains(NamedTuple):
    """Realised gains of a year: rows of the ledger, what each recognises, and totals per term."""

    rows: Table  # (G,) REALIZED, in the ledger's order
    recognised: IntArray  # (G,)
    short: Totals
    long: Totals


class YearToDate(NamedTuple):
    """Net recognised gains of the year, negative where losses outweigh, one entry a taxpayer."""

    short: IntArray  # (T,)
    long: IntArray  # (T,)


def of_year(days: NDArray[np.int32], year: int) -> NDArray[np.bool_]:
    """Whether day numbers lie in a calendar year (days without one, dates.NO_DATE, lie in none)."""
    within: NDArray[np.bool_] = (days >= to_day_number(date(year, 1, 1))) & (days < to_day_number(date(year + 1, 1, 1)))
    return within


def recognised(realized: Table) -> IntArray:
    """Gain or loss that counts: proceeds - basis + loss disallowed, per row of REALIZED."""
    counted: IntArray = realized["proceeds"] - realized["basis"] + realized["disallowed"]
    return counted


def taxable_rows(realized: Table, accounts: Table, year: int, taxpayer: int | None = None) -> Table:
    """Rows of REALIZED that a year's return of a taxpayer reports; of all taxpayers where none is named.

    `accounts` is World.accounts. What retirement accounts realise is on no return.
    """
    wanted = accounts["kind"] == AccountKind.TAXABLE
    if taxpayer is not None:
        wanted &= accounts["taxpayer"] == taxpayer
    rows: Table = realized[of_year(realized["sold"], year) & wanted[realized["account"]]]
    return rows


def _totals(rows: Table) -> Totals:
    """Sum rows of REALIZED."""
    proceeds, basis, disallowed, permanent = (
        int(rows[column].sum()) for column in ("proceeds", "basis", "disallowed", "permanent")
    )
    gain = proceeds - basis
    return Totals(proceeds, basis, gain, disallowed, permanent, gain + disallowed)


def gains(state: State, accounts: Table, year: int, taxpayer: int | None = None) -> Gains:
    """Report realised gains of a year: per lot, and in total short and long.

    A loss of December can be disallowed by a purchase of January: until thirty days into the next year the report
    is what is known by then.
    """
    rows = taxable_rows(state.realized, accounts, year, taxpayer)
    long = rows["long_term"] == 1
    return Gains(rows, recognised(rows), _totals(rows[~long]), _totals(rows[long]))


def year_to_date(
    realized: Table,
    taxpayer_of_account: NDArray[np.int32],
    taxable: NDArray[np.bool_],
    year: int,
    taxpayers: int,
) -> YearToDate:
    """Net short and long gains of a year of every taxpayer, from one pass over the rows.

    `taxpayer_of_account` and `taxable` are columns of World.accounts; `taxpayers` is one more than the largest code.
    """
    counted = of_year(realized["sold"], year) & taxable[realized["account"]]
    rows = realized[counted]
    taxpayer = taxpayer_of_account[rows["account"]]
    amounts = recognised(rows)
    long = rows["long_term"] == 1
    net = YearToDate(np.zeros(taxpayers, np.int64), np.zeros(taxpayers, np.int64))
    np.add.at(net.short, taxpayer[~long], amounts[~long])
    np.add.at(net.long, taxpayer[long], amounts[long])
    return net
