"""Wash sales told one by one: which loss, what replaced the shares, what became of the loss.

The rows of State.washes are numbers of events and lots; here they are joined with the realised rows and open lots they
speak of. A lot that took a loss over may have been sold, moved, split or merged since: what it was is known
by its purchase, where it is now by its number as long as that is open or has been sold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lotwise.dates import from_day_number
from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import NO_CODE, Table
from lotwise.ledger.reconciliation_tables import Labels
from lotwise.ledger.tables import LOTS_OF_EVENT, State, World
from lotwise.money import IntArray, format_money, format_shares

__all__ = ["WASHED", "wash_words", "washed_losses"]

WASHED = np.dtype(
    [
        ("sale", np.int64),  # event of the loss
        ("shares", np.int64),
        ("loss", np.int64),  # disallowed
        ("lot", np.int64),  # number of the lot that took it over
        ("taxpayer", np.int32),
        ("account", np.int32),  # of the loss
        ("security", np.int32),
        ("sold_name", np.int32),  # lot sold; NO_CODE = none
        ("sold", np.int32),  # day of the loss
        ("into_account", np.int32),  # of the replacement; NO_CODE = it is neither open nor sold under its number
        ("into_security", np.int32),
        ("into_name", np.int32),
        ("bought", np.int32),  # day of the replacement, where it is known
        ("held_days", np.int32),
        ("permanent", np.uint8),
        ("still_open", np.uint8),  # the lot that took the loss over is open
    ],
    align=True,
)


def washed_losses(state: State, world: World, taxpayer: int | None = None) -> Table:
    """List the wash sales (of one taxpayer) as WASHED, by taxpayer, then day of the loss, then sale."""
    washes = state.washes
    table = np.zeros(washes.size, WASHED)
    for column in ("sale", "shares", "loss", "lot", "held_days", "permanent"):
        table[column] = washes[column]
    sold = _first_with(state.realized["event"], state.realized["lot"], washes["sale"], washes["sold_lot"])
    rows = state.realized[sold]
    table["account"], table["security"] = rows["account"], rows["security"]
    table["sold"], table["sold_name"] = rows["sold"], rows["name"]
    table["taxpayer"] = world.accounts["taxpayer"][rows["account"]]
    _say_replacements(table, state)
    if taxpayer is not None:
        table = table[table["taxpayer"] == taxpayer]
    return table[np.lexsort((table["lot"], table["sale"], table["sold"], table["taxpayer"]))]


def _first_with(event: IntArray, lot: IntArray, wanted_event: IntArray, wanted_lot: IntArray) -> IntArray:
    """First row of each wanted event and lot; every one of them is there."""
    order = np.lexsort((lot, event))
    lots, place = np.unique(np.concatenate((lot, wanted_lot)), return_inverse=True)
    key = event * lots.size + place[: lot.size]
    found: IntArray = order[np.searchsorted(key[order], wanted_event * lots.size + place[lot.size :])]
    return found


def _say_replacements(table: Table, state: State) -> None:
    """Fill in what the replacements are: open lots first, else what has been sold under their number."""
    for column in ("into_account", "into_security", "into_name"):
        table[column] = NO_CODE
    table["bought"] = table["sold"]
    known = np.zeros(table.size, dtype=np.bool_)
    for source, number, is_open in ((state.lots, "number", 1), (state.realized, "lot", 0)):
        order = np.argsort(source[number], kind="stable")
        place = np.searchsorted(source[number][order], table["lot"])
        there = place < order.size
        there[there] = source[number][order[place[there]]] == table["lot"][there]
        there &= ~known & (table["lot"] >= 0)
        rows = source[order[place[there]]]
        for column, name in (
            ("into_account", "account"),
            ("into_security", "security"),
            ("into_name", "name"),
            ("bought", "acquired"),
        ):
            table[column][there] = rows[name]
        table["still_open"][there] = is_open
        known |= there


class _Parts(NamedTuple):
    """What a sentence about a wash sale is made of."""

    loss: str
    sale: str
    replacement: str
    fate: str


def wash_words(table: Table, world: World, labels: Labels) -> Iterator[str]:
    """Say each row of WASHED in a sentence: the sale, the lot that took the loss over, how much, for ever or not."""
    for row in table:
        parts = _Parts(_money(row), _sale(row, labels), _replacement(row, labels), _fate(row, world))
        yield f"{parts.loss} of {parts.sale} is disallowed: {parts.replacement}; {parts.fate}"


def _money(row: np.void) -> str:
    return format_money(int(row["loss"]))


def _sale(row: np.void, labels: Labels) -> str:
    name = "" if row["sold_name"] == NO_CODE else f" of lot {labels.lots[row['sold_name']]}"
    what = f"{format_shares(int(row['shares']))} {labels.securities[row['security']]}{name}"
    return f"the loss on {what} sold on {from_day_number(row['sold'])} in {labels.accounts[row['account']]}"


def _replacement(row: np.void, labels: Labels) -> str:
    if row["into_account"] == NO_CODE:
        return f"replaced by lot {_number(row)}, moved since"
    named = row["into_name"] != NO_CODE
    lot = f"lot {labels.lots[row['into_name']]}" if named else f"lot {_number(row)}"
    symbol, account = labels.securities[row["into_security"]], labels.accounts[row["into_account"]]
    return f"replaced by {symbol} bought on {from_day_number(row['bought'])} in {account} ({lot})"


def _number(row: np.void) -> str:
    """Name of a lot without one: the event that opened it, and its count among the lots of that event."""
    event, count = divmod(int(row["lot"]), LOTS_OF_EVENT)
    return f"#{event}.{count}"


def _fate(row: np.void, world: World) -> str:
    if row["permanent"]:
        account = row["into_account"]
        retirement = account != NO_CODE and world.accounts["kind"][account] != AccountKind.TAXABLE
        where = "bought in a retirement account" if retirement else "the replacement had been sold before"
        return f"gone for ever ({where})"
    held = f"its holding period begins {row['held_days']} days earlier" if row["held_days"] else "no day is added"
    return f"moved into the basis of that lot{'' if row['still_open'] else ', which has been sold since'}; {held}"
