"""Qualified dividends: whether the shares were held long enough around the ex-dividend date.

A dividend is taxed at the rates of long-term gains only on shares held more than 60 days of the 121 that begin 60
days before the ex-dividend date: 26 U.S.C. 1(h)(11)(B)(iii)(I), which reads the 45 and 91 days of 246(c)(1)(A) as 60
and 121. Preferred stock whose dividends are for more than 366 days: more than 90 days of 181 (246(c)(2)). The day of
acquisition is excluded and the day of sale included (246(c)(3)(A)), by trade dates. A holding period taken over from
shares sold in a wash sale does not count (246(c)(3)(B)); that of a donor does, and a short sale begins it anew.

The window ends 60 days after the ex-date. Until then shares still held that have not the days yet are `expected`: they
qualify if they are not sold too soon.

Shares are looked for under every name that the security has had (SYMBOL_CHANGE), and, where the account held none on
the ex-date, in all taxable accounts of its taxpayer: they may have been moved there since (`Holders`).

Shares of unknown acquisition are taken as held long before. Not modelled: days on which a short sale, option or
similar position took the risk away (246(c)(4)); payers whose dividends never qualify (the event's flag QUALIFIED
says); shares given away or delivered against a short sale after the ex-date, which are seen as not held, and those
moved to another account while some stayed; a symbol that another company has taken over: both are seen as one; a merger
between the ex-date and the look. A split counts all that is open anew, so that the part which qualifies is the same;
where some were sold between the ex-date and the split, those are still counted in old shares.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE
from lotwise.households.accounts import AccountKind
from lotwise.kernels import kernel
from lotwise.ledger.events import NO_CODE, EventKind, Table
from lotwise.ledger.tables import ALWAYS_LONG, LotMark, Origin, State, World
from lotwise.money import IntArray, mul_div

__all__ = [
    "DIVIDEND_DAYS",
    "PREFERRED_DIVIDEND_DAYS",
    "Holders",
    "QualifiedShares",
    "days_in_window",
    "ex_days_of",
    "held_long_enough",
    "holders_of",
    "qualified_amounts",
    "qualified_shares",
]

# 26 U.S.C. 1(h)(11)(B)(iii)(I): more than this many days, of as many before the ex-date, that date, and as many after.
DIVIDEND_DAYS = 60
# 26 U.S.C. 246(c)(2), for preferred stock whose dividends are for a period of more than 366 days.
PREFERRED_DIVIDEND_DAYS = 90

# Origins of REALIZED by which shares leave an account; the others pay cash on shares that stay.
_DISPOSALS = (Origin.SALE, Origin.COVER, Origin.CASH_IN_LIEU, Origin.CASH_MERGER)


class QualifiedShares(NamedTuple):
    """Per dividend: shares that were held on the ex-date, and what the holding test says of them; millionths."""

    held: IntArray  # (D,)
    qualified: IntArray  # (D,) held long enough
    expected: IntArray  # (D,) not yet, but still held, and in time if they are kept


class Holders(NamedTuple):
    """Which securities are one under several names, and which accounts belong to one taxpayer."""

    roots: IntArray  # (S + 1,) one code for all names of a security, by code; the last is NO_CODE, for none
    payers: NDArray[np.int32]  # (A,) taxpayer of each taxable account; NO_CODE for a retirement account


def holders_of(events: Table, details: Table, world: World) -> Holders:
    """Read the changes of name among rows of EVENT, chained whatever their order, and the taxpayers of a world."""
    changes = events[(events["kind"] == EventKind.SYMBOL_CHANGE) & (events["detail"] != NO_CODE)]
    pairs = np.stack((changes["security"], details["new_security"][changes["detail"]]), axis=1)
    roots = np.append(np.arange(world.funds.size), NO_CODE).astype(np.int64)
    for old, new in np.unique(pairs[(pairs != NO_CODE).all(axis=1)], axis=0).tolist():
        roots[roots == roots[old]] = roots[new]
    accounts = world.accounts
    payers = np.where(accounts["kind"] == AccountKind.TAXABLE, accounts["taxpayer"], NO_CODE)
    return Holders(roots, payers.astype(np.int32))


@kernel
def _days(acquired: int, sold: int, ex_day: int, days: int) -> int:
    """Days held within `days` before and after the ex-date."""
    first = max(acquired + 1, ex_day - days)
    last = min(sold, ex_day + days)
    return max(last - first + 1, 0)


def days_in_window(acquired: int, sold: int | None, ex_day: int, *, preferred: bool = False) -> int:
    """Count the days of the window on which shares were held: day acquired excluded, day sold included.

    Days are day numbers; `sold` is None for shares kept to the end of the window.
    """
    days = PREFERRED_DIVIDEND_DAYS if preferred else DIVIDEND_DAYS
    return int(_days(acquired, ex_day + days if sold is None else sold, ex_day, days))


def held_long_enough(acquired: int, sold: int | None, ex_day: int, *, preferred: bool = False) -> bool:
    """Whether a dividend on these shares is qualified: held more than 60 (preferred: 90) days of the window."""
    days = PREFERRED_DIVIDEND_DAYS if preferred else DIVIDEND_DAYS
    return days_in_window(acquired, sold, ex_day, preferred=preferred) > days


class _Holdings(NamedTuple):
    """Spans of time in which shares were held, sorted by account and security."""

    place: IntArray  # account and security as one number
    start: NDArray[np.int32]  # day that counts as the day of acquisition
    acquired: NDArray[np.int32]
    sold: NDArray[np.int32]  # NO_DATE = still held
    shares: IntArray


def _place(owner: NDArray[np.int32], security: IntArray) -> IntArray:
    """Account (or taxpayer) and security as one number, to sort and search by."""
    place: IntArray = owner.astype(np.int64) * 2**32 + security
    return place


def _in_account(rows: Table, holders: Holders | None) -> IntArray:
    return _place(rows["account"], rows["security"] if holders is None else holders.roots[rows["security"]])


def _of_taxpayer(rows: Table, holders: Holders) -> IntArray:
    """Taxpayer and security; what a retirement account holds is below zero, where no dividend is looked for."""
    return _place(holders.payers[rows["account"]], holders.roots[rows["security"]])


@kernel
def _count(
    places: IntArray, ex_days: NDArray[np.int32], holdings: _Holdings, as_of: int, days: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Held, qualified and expected shares of every dividend."""
    held = np.zeros(places.size, dtype=np.int64)
    qualified = np.zeros(places.size, dtype=np.int64)
    expected = np.zeros(places.size, dtype=np.int64)
    for i in range(places.size):
        ex_day = int(ex_days[i])
        first = np.searchsorted(holdings.place, places[i])
        for j in range(first, holdings.place.size):
            if holdings.place[j] != places[i]:
                break
            still = holdings.sold[j] == NO_DATE
            # Who holds the shares before trading begins on the ex-date has the dividend; the seller of that day too.
            if holdings.acquired[j] >= ex_day or (not still and holdings.sold[j] < ex_day):
                continue
            held[i] += holdings.shares[j]
            sold = as_of if still else int(holdings.sold[j])
            start = int(holdings.start[j])
            if _days(start, sold, ex_day, days) > days:
                qualified[i] += holdings.shares[j]
            elif still and _days(start, ex_day + days, ex_day, days) > days:
                expected[i] += holdings.shares[j]
    return held, qualified, expected


def _counts_from(rows: Table, kept: IntArray) -> NDArray[np.int32]:
    """Day that counts as the day of acquisition: where the holding period starts, but never that of shares washed.

    Inherited lots carry a mark instead of a day in holding_start: they count from the day they came.
    """
    start, acquired = rows["holding_start"][kept], rows["acquired"][kept]
    is_day = (start != NO_DATE) & (start != ALWAYS_LONG)
    washed = (rows["marks"][kept] & LotMark.ABSORBED != 0) & (start < acquired)
    counts: NDArray[np.int32] = np.where(is_day & ~washed, start, acquired)
    return counts


def _kept(rows: Table, place: IntArray, places: IntArray) -> IntArray:
    """Rows of long holdings at these places (ascending): shares sold short receive no dividend."""
    at = np.minimum(np.searchsorted(places, place), places.size - 1)
    return np.flatnonzero((places[at] == place) & (rows["marks"] & LotMark.SHORT == 0))


def _holdings(state: State, places: IntArray, place_of: Callable[[Table], IntArray]) -> _Holdings:
    """Spans of holdings at these places: open lots, and lots sold."""
    lots, sold = state.lots, state.realized
    of_lots, of_sold = place_of(lots), place_of(sold)
    # Whole rows are never copied: a ledger may hold millions, and few of their columns matter here.
    still, gone = _kept(lots, of_lots, places), _kept(sold, of_sold, places)
    gone = gone[np.isin(sold["origin"][gone], _DISPOSALS)]
    place = np.concatenate([of_lots[still], of_sold[gone]])
    order = np.argsort(place, kind="stable")
    return _Holdings(
        place[order],
        np.concatenate([_counts_from(lots, still), _counts_from(sold, gone)])[order],
        np.concatenate([lots["acquired"][still], sold["acquired"][gone]])[order],
        np.concatenate([np.full(still.size, NO_DATE, np.int32), sold["sold"][gone]])[order],
        np.concatenate([lots["shares"][still], sold["shares"][gone]])[order],
    )


def ex_days_of(dividends: Table, details: Table) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Ex-date of each row of EVENT, the day of payment where none is given; and whether one is."""
    days = np.array(dividends["day"], np.int32)
    detailed = np.flatnonzero(dividends["detail"] != NO_CODE)
    stated = details["ex_day"][dividends["detail"][detailed]]
    given = np.zeros(days.size, np.bool_)
    given[detailed] = stated != NO_DATE
    days[given] = stated[stated != NO_DATE]
    return days, given


def qualified_shares(
    dividends: Table,
    details: Table,
    state: State,
    as_of: int,
    *,
    preferred: bool = False,
    holders: Holders | None = None,
) -> QualifiedShares:
    """Say of every dividend how many of the shares that earned it were held long enough, as known on `as_of`.

    `dividends` is rows of EVENT, `details` the table that their `detail` names; where no ex-date is given the day of
    payment stands in. `state` is everything folded up to `as_of`. Without `holders` a security has one name, and only
    the account that was paid is looked at. The shares tell the part of the dividend that qualifies
    (`qualified_amounts`).
    """
    ex_days, _ = ex_days_of(dividends, details)
    days = PREFERRED_DIVIDEND_DAYS if preferred else DIVIDEND_DAYS
    if not dividends.size:
        return QualifiedShares(*(np.zeros(0, np.int64) for _ in QualifiedShares._fields))

    def seen(chosen: NDArray[np.intp], place_of: Callable[[Table], IntArray]) -> tuple[IntArray, IntArray, IntArray]:
        places = place_of(dividends[chosen])
        holdings = _holdings(state, np.unique(places), place_of)
        counted: tuple[IntArray, IntArray, IntArray] = _count(places, ex_days[chosen], holdings, as_of, days)
        return counted

    found = QualifiedShares(*seen(np.arange(dividends.size), lambda rows: _in_account(rows, holders)))
    if holders is None:
        return found
    unseen = (found.held == 0) & (dividends["security"] != NO_CODE) & (holders.payers[dividends["account"]] != NO_CODE)
    elsewhere = np.flatnonzero(unseen)
    if elsewhere.size:
        for column, shares in zip(found, seen(elsewhere, lambda rows: _of_taxpayer(rows, holders)), strict=True):
            column[elsewhere] = shares
    return found


@kernel
def _parts(amounts: IntArray, part: IntArray, whole: IntArray) -> IntArray:
    """Amounts x part / whole; 0 where the whole is 0."""
    made = np.zeros(amounts.size, dtype=np.int64)
    for i in range(amounts.size):
        if whole[i] > 0:
            made[i] = mul_div(amounts[i], part[i], whole[i])
    return made


def qualified_amounts(amounts: IntArray, shares: QualifiedShares, *, count_expected: bool = True) -> IntArray:
    """Money of every dividend that qualifies; with what is expected to, unless told otherwise.

    Where the ledger saw no share on the ex-date nothing is known, and nothing qualifies.
    """
    part = shares.qualified + shares.expected if count_expected else shares.qualified
    return _parts(np.ascontiguousarray(amounts), part, shares.held)
