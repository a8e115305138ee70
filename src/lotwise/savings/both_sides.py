"""Number B line by line: what the record and its shadow sold, were paid and held in the end, each by itself.

The same walk as `tell` goes, for a few households: it keeps what the taxes of both sides were added up from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.ledger.events import Table
from lotwise.ledger.tables import LOTS_OF_EVENT, SHORT
from lotwise.money import IntArray
from lotwise.savings.asked import Asked, calendar_of
from lotwise.savings.history import History
from lotwise.savings.parts import Part, groups_of, part_of
from lotwise.savings.side import Side
from lotwise.savings.walk import Walk
from lotwise.savings.years import income_of

__all__ = ["SideLines", "both_sides"]


class SideLines(NamedTuple):
    """One side of some households, in taxable accounts: what its tax is made of. Accounts are those of the history.

    Lots of the record are numbered by the rows of the history's events, those of the shadow by its own.
    """

    realized: Table  # REALIZED
    paid: Table  # EVENT: dividends, interest, distributions
    word: IntArray  # of each payment: ordinary, qualified, distributed (0, 1, 2)
    lots: Table  # LOT, of the last day


def both_sides(history: History, chosen: NDArray[np.bool_], asked: Asked) -> tuple[SideLines, SideLines]:
    """Lines of the record and of its shadow until the last day, of the chosen households (H,)."""
    calendar = calendar_of(history, asked.until, asked.rule)
    found: tuple[list[SideLines], list[SideLines]] = ([], [])
    for accounts in groups_of(history, chosen):
        part = part_of(history, accounts)
        walk = Walk(part.history, np.ones(accounts.size, np.bool_), asked.rule, asked.since)
        for today in calendar.days:
            walk.step(today.day, due=today.due)
        owner = part.history.accounts.household
        counted = (owner >= 0) & (part.history.world.accounts["kind"] == 0)
        if part.households.size:
            counted &= chosen[part.households[np.maximum(owner, 0)]]
        found[0].append(_lines(walk.record, walk.events, counted, part, part.events[walk.folded_rows()]))
        found[1].append(_lines(walk.shadow, walk.all_shadow_events(), counted, part, None))
    record, shadow = (SideLines(*(np.concatenate(column) for column in zip(*side, strict=True))) for side in found)
    return record, shadow


def _lines(side: Side, events: Table, counted: NDArray[np.bool_], part: Part, rows: IntArray | None) -> SideLines:
    """Lines of the accounts that count, numbered as in the whole; `rows` = of the events that the lots come of."""
    state = side.state
    realized = state.realized[counted[state.realized["account"]]].copy()
    paid, word = income_of(events)
    own = counted[paid["account"]]
    lots = state.lots[counted[state.lots["account"]] & (state.lots["marks"] & SHORT == 0)].copy()
    lines = SideLines(realized, paid[own].copy(), word[own], lots)
    for table in (lines.realized, lines.paid, lines.lots):
        table["account"] = part.accounts[table["account"]]
    if rows is not None:
        for table, field in ((lines.realized, "lot"), (lines.lots, "number")):
            event = table[field] // LOTS_OF_EVENT
            known = (table[field] >= 0) & (event < rows.size)
            row = rows[np.where(known, event, 0)] if rows.size else event
            table[field] = np.where(known, row * LOTS_OF_EVENT + table[field] % LOTS_OF_EVENT, -1)
    return lines
