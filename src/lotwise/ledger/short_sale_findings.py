"""Short sales that the law may treat otherwise than the ledger does: found, so that somebody looks at them.

- 26 U.S.C. 1091(e): a loss on closing a short sale is disallowed where, within 30 days before or after the closing,
  substantially identical shares were sold, or another short sale of them was entered into.
- 26 U.S.C. 1259: a short sale by who holds appreciated identical shares is a constructive sale of those; not where it
  is closed by the 30th day after the year and the shares are then held for 60 days (1259(c)(3)).

Neither is modelled in the fold. Here only what makes them possible is looked for, in what has been folded. Identical
shares are those of the day of the closing, or of the short sale; spouses are one taxpayer. Shares held count where
their basis is below what the short sale brought, share for share as they are counted in the state: a split between the
sale of one and the closing of the other may hide them, or show them for nothing. Not looked at: options and other ways
to give up risk (1259(c)(1)(B) to (E)), the 60 days after a closing, related persons but spouses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, WASH_DAYS, from_day_number, to_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import NO_CODE, Table
from lotwise.ledger.open_windows import groups_on
from lotwise.ledger.tables import LotMark, Origin, State, World
from lotwise.ledger.wash_sales import Int32Array
from lotwise.money import IntArray

__all__ = ["CLOSED_AT_A_LOSS", "HELD_AGAINST", "closed_at_a_loss", "held_against", "last_day_to_close"]

CLOSED_AT_A_LOSS = np.dtype(
    [
        ("event", np.int64),  # of the closing
        ("other", np.int64),  # of the sale, or short sale, nearest in day
        ("since", np.int64),  # event with which both were known
        ("loss", np.int64),
        ("account", np.int32),
        ("security", np.int32),
        ("closed", np.int32),
        ("other_account", np.int32),
        ("other_security", np.int32),
        ("other_day", np.int32),
        ("other_short", np.uint8),
    ],
    align=True,
)

HELD_AGAINST = np.dtype(
    [
        ("event", np.int64),  # of the short sale
        ("since", np.int64),  # event with which it was known: the closing that came too late, else the short sale
        ("shares", np.int64),  # sold short, and open after the last day to close
        ("held", np.int64),  # identical shares that were held then and had gained
        ("account", np.int32),
        ("security", np.int32),
        ("opened", np.int32),
        ("closed", np.int32),  # the last of it; NO_DATE = some is open
    ],
    align=True,
)

_SOLD = (Origin.SALE, Origin.CASH_MERGER)
_SHARES_GONE = (*_SOLD, Origin.CASH_IN_LIEU, Origin.COVER)  # realised rows that say how long shares were held
_TRADE = np.dtype(
    [(name, np.int64) for name in ("event", "taxpayer", "account", "security", "day", "order", "short")], align=True
)

# A part of a short sale, open or closed.
_SHORT_PART = np.dtype(
    [
        ("event", np.int64),  # of the short sale
        ("closing", np.int64),  # event; NO_CODE = open
        ("shares", np.int64),
        ("proceeds", np.int64),
        ("order", np.int32),
        ("account", np.int32),
        ("security", np.int32),
        ("opened", np.int32),
        ("closed", np.int32),  # NO_DATE = open
    ],
    align=True,
)


class _Groups:
    """Substantially identical groups by day."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[int, Int32Array] = {}

    def same(self, securities: IntArray, security: int, day: int) -> NDArray[np.bool_]:
        """Whether securities are substantially identical to one on a day."""
        if day not in self._known:
            self._known[day] = groups_on(self._world, day)
        groups = self._known[day]
        same: NDArray[np.bool_] = groups[securities] == groups[security]
        return same


def last_day_to_close(opened: int) -> date:
    """The 30th day after the close of the taxable year (the calendar year) of a short sale: 26 U.S.C. 1259(c)(3)(A)."""
    return date(from_day_number(opened).year + 1, 1, 30)


def closed_at_a_loss(state: State, world: World) -> Table:
    """Short sales closed at a loss in taxable accounts beside which identical shares were sold, long or short.

    One row of CLOSED_AT_A_LOSS for each closing, by event.
    """
    rows = state.realized[(state.realized["origin"] == Origin.COVER) & _taxed(state.realized, world)]
    rows = rows[rows["basis"] > rows["proceeds"]]
    if not rows.size:
        return np.empty(0, CLOSED_AT_A_LOSS)
    trades, groups = _trades(state, world), _Groups(world)
    place = (trades["taxpayer"] << 32) + trades["day"]
    found = []
    for own in _by_event(rows, rows["event"]):
        row = own[0]
        day = int(row["sold"])
        desk = int(world.accounts["taxpayer"][row["account"]]) << 32
        begin, end = np.searchsorted(place, (desk + day - WASH_DAYS, desk + day + WASH_DAYS + 1))
        near = trades[begin:end]
        near = near[groups.same(near["security"], int(row["matched_as"]), day)]
        near = near[(near["short"] == 0) | _another(near, own)]
        if not near.size:
            continue
        other = near[np.argmin(np.abs(near["day"] - day))]
        loss = int((own["basis"] - own["proceeds"]).sum())
        since = max(int(row["event"]), int(near["event"].min()))
        found.append(
            (row["event"], other["event"], since, loss, row["account"], row["security"], day,
             other["account"], other["security"], other["day"], other["short"])
        )  # fmt: skip
    return np.array(found, CLOSED_AT_A_LOSS)


def held_against(state: State, world: World) -> Table:
    """Short sales that were not closed in time while identical shares that had gained were held.

    One row of HELD_AGAINST for each short sale, by event. A short sale of this year that is still open is one: until
    the last day to close it can be put right.
    """
    parts = _short_parts(state)
    limit = np.array([to_day_number(last_day_to_close(day)) for day in parts["opened"].tolist()], np.int64)
    late = _taxed(parts, world) & ((parts["closed"] == NO_DATE) | (parts["closed"] > limit))
    parts = parts[late]
    if not parts.size:
        return np.empty(0, HELD_AGAINST)
    held, groups = _Held.of(state, world), _Groups(world)
    found = []
    for own in _by_event(parts, parts["event"]):
        part = own[0]
        gained = held.gained(part, int(world.accounts["taxpayer"][part["account"]]), groups)
        if not gained:
            continue
        still_open = bool((own["closed"] == NO_DATE).any())
        since = part["event"] if still_open else own["closing"].max()
        closed = NO_DATE if still_open else own["closed"].max()
        found.append(
            (
                part["event"],
                since,
                own["shares"].sum(),
                gained,
                part["account"],
                part["security"],
                part["opened"],
                closed,
            )
        )
    return np.array(found, HELD_AGAINST)


def _taxed(table: Table, world: World) -> NDArray[np.bool_]:
    taxed: NDArray[np.bool_] = world.accounts["kind"][table["account"]] == AccountKind.TAXABLE
    return taxed


def _another(trades: Table, closed: Table) -> NDArray[np.bool_]:
    """Whether a short sale is another one for any of those closed; fills of one order are one."""
    same = trades["event"][:, None] == closed["acquisition"]
    same |= (trades["order"][:, None] == closed["bought_by"]) & (trades["order"][:, None] != NO_CODE)
    another: NDArray[np.bool_] = ~same.all(axis=1)
    return another


def _by_event(table: Table, events: IntArray) -> Iterator[Table]:
    """Rows of each event, events ascending."""
    ordered = table[np.argsort(events, kind="stable")]
    _, start = np.unique(np.sort(events), return_index=True)
    yield from np.split(ordered, start[1:])


def _short_parts(state: State) -> Table:
    """What is open of short sales, then what has been closed: a row of a closing keeps the day of its short sale."""
    lots = state.lots[(state.lots["marks"] & LotMark.SHORT) != 0]
    rows = state.realized[state.realized["origin"] == Origin.COVER]
    parts = np.empty(lots.size + rows.size, _SHORT_PART)
    for name, open_column, closed_column in (
        ("event", "acquisition", "acquisition"),
        ("shares", "shares", "shares"),
        ("proceeds", "basis", "proceeds"),
        ("order", "bought_by", "bought_by"),
        ("account", "account", "account"),
        ("security", "security", "matched_as"),
        ("opened", "acquired", "holding_start"),
    ):
        parts[name] = np.concatenate((lots[open_column], rows[closed_column]))
    parts["closing"] = np.concatenate((np.full(lots.size, NO_CODE), rows["event"]))
    parts["closed"] = np.concatenate((np.full(lots.size, NO_DATE), rows["sold"]))
    return parts


def _trades(state: State, world: World) -> Table:
    """Sales and short sales as _TRADE, by taxpayer and day."""
    sales = state.realized[np.isin(state.realized["origin"], _SOLD)]
    short = _short_parts(state)
    table = np.zeros(sales.size + short.size, _TRADE)
    for name, sold, opened in (
        ("event", "event", "event"),
        ("account", "account", "account"),
        ("security", "matched_as", "security"),
        ("day", "sold", "opened"),
        ("order", "sold_by", "order"),
    ):
        table[name] = np.concatenate((sales[sold], short[opened]))
    table["short"][sales.size :] = 1
    table["taxpayer"] = world.accounts["taxpayer"][table["account"]]
    return table[np.lexsort((table["event"], table["day"], table["taxpayer"]))]


class _Held(NamedTuple):
    """Shares that taxable accounts hold, or have held, by taxpayer."""

    taxpayer: IntArray
    security: IntArray
    since: IntArray  # day acquired; NO_DATE = not known
    until: IntArray  # day sold
    shares: IntArray
    basis: IntArray

    @staticmethod
    def of(state: State, world: World) -> _Held:
        """Gather open lots and what has been sold of others."""
        lots = state.lots[((state.lots["marks"] & LotMark.SHORT) == 0) & _taxed(state.lots, world)]
        gone = np.isin(state.realized["origin"], _SHARES_GONE) & _taxed(state.realized, world)
        rows = state.realized[gone]
        day = np.concatenate((lots["acquired"], rows["acquired"]))
        until = np.concatenate((np.full(lots.size, np.iinfo(np.int32).max), rows["sold"]))
        security = np.concatenate((lots["security"], rows["matched_as"]))
        account, shares, basis = (np.concatenate((lots[name], rows[name])) for name in ("account", "shares", "basis"))
        taxpayer = world.accounts["taxpayer"][account].astype(np.int64)
        order = np.argsort(taxpayer, kind="stable")
        return _Held(*(column[order] for column in (taxpayer, security, day, until, shares, basis)))

    def gained(self, part: np.void, taxpayer: int, groups: _Groups) -> int:
        """Shares of a taxpayer, identical to those of a short sale and held on its day, whose basis was below it."""
        begin, end = np.searchsorted(self.taxpayer, (taxpayer, taxpayer + 1))
        mine = _Held(*(column[begin:end] for column in self))
        there = (mine.since <= part["opened"]) & (mine.until > part["opened"])
        there &= groups.same(mine.security, int(part["security"]), int(part["opened"]))
        price, per = int(part["proceeds"]), int(part["shares"])
        # Python's integers: money x shares leaves 64 bits.
        pairs = zip(mine.shares[there].tolist(), mine.basis[there].tolist(), strict=True)
        return sum(shares for shares, basis in pairs if basis * per < price * shares)
