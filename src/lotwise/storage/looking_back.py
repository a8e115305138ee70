"""What an account held just before a row that was refused: for words, of a few rows; each is a fold of its taxpayer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.ledger.events import NO_CODE
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.tables import LotMark
from lotwise.storage.event_tables import event_tables
from lotwise.storage.journal import NUMBER
from lotwise.storage.ledger import Ledger
from lotwise.storage.names import codes_of, with_lots

__all__ = ["Moment", "shares_held"]


class Moment(NamedTuple):
    """Just before a row: its account, security and lot (None = any), its day, and the first event not yet posted."""

    account_id: str
    symbol: str | None
    lot_id: str | None
    day: int
    before: int


def shares_held(ledger: Ledger, moments: list[Moment], *, short: bool = False) -> list[int]:
    """Shares (millionths) that were open at each moment, sold short or not."""
    if not moments:
        return []
    standing, world = ledger.standing(), ledger.world()
    # A lot that is only named by rows that were refused has a name too.
    names = with_lots(standing.names, pl.Series([moment.lot_id for moment in moments], dtype=pl.String))
    taxpayer = world.accounts["taxpayer"]
    codes = codes_of(pl.Series([moment.account_id for moment in moments], dtype=pl.String), names.accounts)
    rows = ledger.journal.read(names.accounts.filter(pl.Series(np.isin(taxpayer, taxpayer[codes[codes >= 0]]))))
    events, details = event_tables(rows, names)
    payer = taxpayer[events["account"]]
    numbers = rows[NUMBER].to_numpy()
    held = []
    for moment, account in zip(moments, codes, strict=True):
        if account == NO_CODE:  # nothing was ever posted of it
            held.append(0)
            continue
        until = (events["day"] < moment.day) | ((events["day"] == moment.day) & (numbers < moment.before))
        chosen = events[until & (payer == taxpayer[account])]
        lots = fold(chosen, details, world, empty_state()).state.lots
        texts = pl.Series([moment.symbol], dtype=pl.String), pl.Series([moment.lot_id], dtype=pl.String)
        security, lot = codes_of(texts[0], names.securities)[0], codes_of(texts[1], names.lots)[0]
        mine = (lots["account"] == account) & (lots["security"] == security)
        mine &= ((lots["marks"] & LotMark.SHORT) != 0) == short
        if moment.lot_id is not None:
            mine &= lots["name"] == lot
        held.append(int(lots["shares"][mine].sum()))
    return held
