"""The record of a firm as savings are told from it: its posted ledger, its prices and its targets, day by day."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.dates import to_day_number
from lotwise.errors import FolderError
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.ledger_files.posting import OpenLedger
from lotwise.interchange.ledger_files.price_history import as_traded, carried_on, payouts_of, read_closes
from lotwise.money import IntArray
from lotwise.savings.history import Accounts, History, MarketHistory, Targets
from lotwise.storage.event_tables import event_tables
from lotwise.storage.journal import NUMBER
from lotwise.storage.names import Names, codes_of

__all__ = ["Recorded", "recorded_history"]

_QUALIFIES = 0.5  # a security pays qualified dividends where this part of them does


class Recorded(NamedTuple):
    """A history, and what its rows are called."""

    history: History
    names: Names  # of accounts, securities and lots
    numbers: IntArray  # (E,) number of each event in the journal


def recorded_history(folder: Path, firm: Firm, opened: OpenLedger) -> Recorded:
    """Gather what savings are told from; raises FolderError where nothing has been posted.

    Targets of earlier days are those of today: models, as they stand, with the weights that they have now.
    """
    ledger = opened.ledger
    rows = ledger.journal.read()
    if not rows.height:
        raise FolderError(
            f"{folder}: must have a posted ledger, was without one; `lotwise ledger open` begins it with the lots of a "
            "day, `lotwise ledger post` adds what happened since"
        )
    names = _with_market(ledger.standing().names, firm)
    events, details = event_tables(rows, names)
    world = ledger.register.world(names)
    today = to_day_number(firm.as_of)
    kept = events["day"] <= today
    events, numbers = events[kept], rows[NUMBER].to_numpy()[kept]
    closes = read_closes(folder, names.securities, today)
    traded, factor = as_traded(closes, events, details)
    market = MarketHistory(
        closes.days,
        carried_on(traded, closes.days, events, details),
        payouts_of(closes, factor, events),
        _qualified(firm, names),
    )
    history = History(
        events,
        details,
        world,
        _accounts(firm, names, ledger.standing().cash),
        market,
        _targets(firm, names, closes.days.size),
        np.stack((firm.book.households.short_rate, firm.book.households.long_rate), axis=1).astype(np.int64),
    )
    return Recorded(history, names, numbers)


def _with_market(names: Names, firm: Firm) -> Names:
    """Names of the ledger, and after them the securities that only the market or the models know."""
    others = pl.Series(firm.market_labels.symbols, dtype=pl.String)
    fresh = others.filter(~others.is_in(names.securities.implode()))
    return names._replace(securities=pl.concat([names.securities.alias(""), fresh.alias("")]))


def _accounts(firm: Firm, names: Names, moved: IntArray) -> Accounts:
    """Which household each account of the ledger belongs to, and what cash it had before its first event."""
    book = firm.book
    place = codes_of(names.accounts, pl.Series(firm.labels.accounts.tolist(), dtype=pl.String))
    known = (place >= 0) & book.accounts.trades[np.maximum(place, 0)]
    household = np.where(known, book.accounts.household[np.maximum(place, 0)], -1).astype(np.int32)
    cash = np.where(known, book.accounts.cash[np.maximum(place, 0)] - moved[: place.size], 0).astype(np.int64)
    joint = book.policies.joint[book.households.policy] != 0
    return Accounts(household, cash, known & joint[np.maximum(household, 0)])


def _qualified(firm: Firm, names: Names) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    place = codes_of(names.securities, pl.Series(firm.market_labels.symbols, dtype=pl.String))
    share = firm.market.qualified_share[np.maximum(place, 0)]
    return np.asarray((place >= 0) & (share >= _QUALIFIES), dtype=np.bool_)


def _targets(firm: Firm, names: Names, days: int) -> Targets:
    """Today's target of each household, as fractions of value with the cash that it holds."""
    book = firm.book
    cash = book.policies.cash_target[book.households.policy]
    pairs = np.stack((book.households.model.astype(np.float64), cash), axis=1)
    distinct, of = np.unique(pairs, axis=0, return_inverse=True)
    code = codes_of(pl.Series(firm.market_labels.symbols, dtype=pl.String), names.securities)
    weight = np.zeros((len(distinct), len(names.securities)))
    for row, (model, held_in_cash) in enumerate(distinct):
        own = slice(book.models.start[int(model)], book.models.start[int(model) + 1])
        scale = (1.0 - held_in_cash) / max(1.0 - float(book.models.cash[int(model)]), 1e-12)
        weight[row, code[book.models.security[own]]] = book.models.weight[own] * scale
    rows = np.repeat(of.reshape(-1, 1), max(days, 1), axis=1).astype(np.int32)
    return Targets(weight, distinct[:, 1].copy(), rows)
