"""Open wash-sale windows of a folded ledger: what may not be bought, and which losses are worth nothing today.

From open lots and realised losses, per taxpayer (spouses together) and group of substantially identical securities:

- a loss that nothing has replaced yet, of a taxable sale of the last 30 days, bars purchases until its 30th day;
- shares bought in the last 30 days that have taken over no loss yet make as many loss shares worthless to sell, but
  not those of their own acquisition (Rev. Rul. 56-602), until the 30th day after the purchase.

`windows_of_state` gives the form that rebalancing reads (wash_sales.Windows); its purchases still contain a lot's own,
which rebalancing leaves out. `barred_losses` says it lot by lot, exactly as the fold would match a sale of today.

A purchase whose day is not known counts as made today: it bars losses until somebody gives the day. Groups are those
of the day of the sale (tables.IDENTICAL); groups that overlap on a day count as one, which may bar more than the law.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import Table
from lotwise.ledger.tables import LotMark, Reading, State, World
from lotwise.ledger.wash_sales import Int32Array, PurchaseColumns, SaleColumns, Windows, open_windows
from lotwise.money import IntArray

__all__ = ["BarredLosses", "barred_losses", "groups_on", "windows_of_state"]

_CANDIDATE = LotMark.REPLACEMENT | LotMark.ABSORBED


class BarredLosses(NamedTuple):
    """What replacement shares of the last 30 days do to each open lot, were it sold at a loss today."""

    shares: IntArray  # (L,) of the lot, sold whole and alone, whose loss would be disallowed; 0 in retirement accounts
    until: Int32Array  # (L,) last day on which some would be; dates.NO_DATE = none


class _Purchases(NamedTuple):
    """Shares that can still replace others."""

    desk: IntArray  # (P,) taxpayer and group as one number
    day: IntArray
    shares: IntArray
    acquisition: IntArray  # equal for fills of one order


def groups_on(world: World, day: int) -> Int32Array:
    """Group of each security on a day: the lowest code among all that are substantially identical to it, (S,)."""
    groups = np.arange(world.funds.size, dtype=np.int32)
    rows = world.identical[(world.identical["first"] <= day) & (world.identical["last"] >= day)]
    if not rows.size:
        return groups
    _, of_group = np.unique(rows["group"], return_inverse=True)
    while True:
        lowest = np.full(of_group.max() + 1, groups.size, dtype=np.int32)
        np.minimum.at(lowest, of_group, groups[rows["security"]])
        before = groups.copy()
        np.minimum.at(groups, rows["security"], lowest[of_group])
        if np.array_equal(before, groups):
            return groups


def windows_of_state(
    state: State, world: World, as_of: int, taxpayers: int, identical: Int32Array | None = None
) -> Windows:
    """List the windows that a trade on day `as_of` would meet, of `taxpayers` taxpayers.

    `household` of the result is the taxpayer. `identical` is the group of each security, (S,), where another
    numbering than `groups_on` is wanted. Raises ValueError where an account's taxpayer is outside the list.
    """
    groups = groups_on(world, as_of) if identical is None else identical
    bought = _purchases(state, world, groups, as_of)
    size = max(groups.size, int(groups.max(initial=0)) + 1)
    taxpayer, group = np.divmod(bought.desk, size)
    purchases = PurchaseColumns(_narrow(taxpayer), _narrow(group), _narrow(bought.day), bought.shares)
    return open_windows(as_of, taxpayers, purchases, _unmatched_losses(state, world, groups, as_of))


def barred_losses(state: State, world: World, as_of: int) -> BarredLosses:
    """Say of each open lot how many of its shares could be sold at a loss on day `as_of` for nothing, and until when.

    Under the reading OLDER_LOT_NEVER_REPLACES only shares acquired on the lot's own day or later count.
    """
    lots, groups = state.lots, groups_on(world, as_of)
    bought = _purchases(state, world, groups, as_of)
    order = np.lexsort((bought.day, bought.desk))
    desk, day, acquisition = bought.desk[order], bought.day[order], bought.acquisition[order]
    own_desk = _desks(lots, world, groups)
    own = _acquisitions(lots)
    first_day = np.full(lots.size, as_of - WASH_DAYS, dtype=np.int64)
    if world.reading == Reading.OLDER_LOT_NEVER_REPLACES:
        first_day = np.maximum(first_day, _known_days(lots, as_of))
    start = _places(desk, day, own_desk, first_day)
    end = np.searchsorted(desk, own_desk, side="right")
    until_row = np.concatenate(([0], np.cumsum(bought.shares[order])))
    others = until_row[end] - until_row[start] - _own_shares(bought, own_desk, own)
    latest = _latest_of_others(day, acquisition, own, start, end)
    taxed = world.accounts["kind"][lots["account"]] == AccountKind.TAXABLE
    barred: NDArray[np.bool_] = taxed & (others > 0) & (lots["marks"] & LotMark.SHORT == 0)
    shares = np.where(barred, np.minimum(lots["shares"], others), 0)
    return BarredLosses(shares, np.where(barred, latest + WASH_DAYS, NO_DATE).astype(np.int32))


def _narrow(column: IntArray) -> Int32Array:
    return column.astype(np.int32)


def _known_days(table: Table, as_of: int) -> IntArray:
    day: IntArray = np.where(table["acquired"] == NO_DATE, as_of, table["acquired"]).astype(np.int64)
    return day


def _desks(table: Table, world: World, groups: Int32Array) -> IntArray:
    """Taxpayer and group of each row as one number."""
    size = max(groups.size, int(groups.max(initial=0)) + 1)
    taxpayer = world.accounts["taxpayer"][table["account"]].astype(np.int64)
    security = table["matched_as"] if "matched_as" in (table.dtype.names or ()) else table["security"]
    desks: IntArray = taxpayer * size + groups[security]
    return desks


def _acquisitions(table: Table) -> IntArray:
    """One number for each acquisition: its order where it had one, else its event."""
    number: IntArray = np.where(table["bought_by"] >= 0, -1 - table["bought_by"].astype(np.int64), table["acquisition"])
    return number


def _purchases(state: State, world: World, groups: Int32Array, as_of: int) -> _Purchases:
    """Shares bought in the window that have replaced none; by the reading ANY_ACQUISITION those sold since too."""
    tables = [(state.lots, state.lots["shares"])]
    if world.reading == Reading.ANY_ACQUISITION:
        tables.append((state.realized, state.realized["counted"] - state.realized["replaced"]))
    parts = []
    for table, shares in tables:
        day = _known_days(table, as_of)
        usable = (table["marks"] & _CANDIDATE == LotMark.REPLACEMENT) & (table["marks"] & LotMark.SHORT == 0)
        keep = usable & (day >= as_of - WASH_DAYS) & (day <= as_of) & (shares > 0)
        rows = table[keep]
        parts.append((_desks(rows, world, groups), day[keep], shares[keep], _acquisitions(rows)))
    return _Purchases(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _unmatched_losses(state: State, world: World, groups: Int32Array, as_of: int) -> SaleColumns:
    """Losses that a purchase could still replace, once for each group of today identical on the day of the sale."""
    realized = state.realized
    open_loss = (realized["matched"] < realized["matchable"]) & (realized["basis"] > realized["proceeds"])
    taxed = world.accounts["kind"][realized["account"]] == AccountKind.TAXABLE
    recent = (realized["sold"] >= as_of - WASH_DAYS) & (realized["sold"] <= as_of)
    sales = realized[open_loss & taxed & recent]
    sale, security = _identical_securities(sales, world)
    pairs = np.unique(np.stack((sale, groups[security].astype(np.int64))), axis=1)
    household = world.accounts["taxpayer"][sales["account"]][pairs[0]].astype(np.int32)
    return SaleColumns(household, _narrow(pairs[1]), sales["sold"][pairs[0]].astype(np.int32))


def _identical_securities(sales: Table, world: World) -> tuple[IntArray, IntArray]:
    """Pairs of a sale and a security that was substantially identical to what it sold, on its day."""
    table = world.identical
    by_security = table[np.argsort(table["security"], kind="stable")]
    by_group = table[np.argsort(table["group"], kind="stable")]
    sale, row = _joined(sales["matched_as"], by_security["security"])
    covers = _covers(by_security[row], sales["sold"][sale])
    sale, group = sale[covers], by_security["group"][row[covers]]
    place, row = _joined(group, by_group["group"])
    sale = sale[place]
    covers = _covers(by_group[row], sales["sold"][sale])
    itself = np.arange(sales.size)
    return (
        np.concatenate((itself, sale[covers])),
        np.concatenate((sales["matched_as"], by_group["security"][row[covers]])).astype(np.int64),
    )


def _covers(rows: Table, day: Int32Array) -> NDArray[np.bool_]:
    covers: NDArray[np.bool_] = (rows["first"] <= day) & (rows["last"] >= day)
    return covers


def _joined(keys: Int32Array, ordered: Int32Array) -> tuple[IntArray, IntArray]:
    """Pairs of rows with equal keys: rows of `keys`, rows of `ordered`, which is sorted."""
    first = np.searchsorted(ordered, keys, side="left")
    count = np.searchsorted(ordered, keys, side="right") - first
    left = np.repeat(np.arange(keys.size), count)
    return left, np.arange(left.size) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)


def _places(desk: IntArray, day: IntArray, own_desk: IntArray, first_day: IntArray) -> IntArray:
    """First purchase of each desk on or after a day; purchases are sorted by desk and day."""
    least = int(min(day.min(initial=0), first_day.min(initial=0)))
    days = int(max(day.max(initial=0), first_day.max(initial=0))) - least + 1
    places: IntArray = np.searchsorted(desk * days + (day - least), own_desk * days + (first_day - least))
    return places


def _own_shares(bought: _Purchases, own_desk: IntArray, own: IntArray) -> IntArray:
    """Replacement shares of each lot's own acquisition."""
    names, name = np.unique(np.concatenate((bought.acquisition, own)), return_inverse=True)
    key = np.concatenate((bought.desk, own_desk)) * names.size + name
    _, place = np.unique(key, return_inverse=True)
    sums = np.zeros(key.size, dtype=np.int64)
    np.add.at(sums, place[: bought.shares.size], bought.shares)
    own_sums: IntArray = sums[place[bought.shares.size :]]
    return own_sums


def _latest_of_others(day: IntArray, acquisition: IntArray, own: IntArray, start: IntArray, end: IntArray) -> IntArray:
    """Day of the last purchase of each lot's desk that is not of its own acquisition; any day where there is none."""
    latest = np.zeros(own.size, dtype=np.int64)
    place = end - 1
    waiting = np.flatnonzero(place >= start)
    # Purchases of the lot's own acquisition are passed by: as many steps as it has lots there.
    while waiting.size:
        at = place[waiting]
        other = acquisition[at] != own[waiting]
        latest[waiting[other]] = day[at[other]]
        place[waiting] -= 1
        waiting = waiting[~other & (place[waiting] >= start[waiting])]
    return latest
