"""The record of a firm as savings are told from it: its posted ledger, its prices and its targets, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import to_day_number
from lotwise.errors import FolderError
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.firm_folder.target_history import Era, target_eras
from lotwise.interchange.ledger_files.posting import OpenLedger
from lotwise.interchange.ledger_files.price_history import as_traded, carried_on, payouts_of, read_closes
from lotwise.ledger.events import NO_CODE, Table
from lotwise.money import IntArray
from lotwise.rebalancing.book import Models
from lotwise.savings.corporate import actions_of
from lotwise.savings.history import Accounts, History, MarketHistory, Targets
from lotwise.storage.event_tables import FOLDED, event_tables
from lotwise.storage.journal import NUMBER
from lotwise.storage.names import Names, codes_of

__all__ = ["Posted", "Recorded", "recorded_history"]

_QUALIFIES = 0.5  # a security pays qualified dividends where this part of them does


class Posted(NamedTuple):
    """How far the journal had come when it was told, and what accounts had before their first event."""

    rows: int  # of the journal, those of corporate actions among them
    cash: Mapping[str, int]  # money by account


class Recorded(NamedTuple):
    """A history, and what its rows are called."""

    history: History
    names: Names  # of accounts, securities and lots
    numbers: IntArray  # (E,) number of each event in the journal
    rows: int  # of the journal that were looked at
    later: int  # events that were posted after those
    late: int  # of these, events of days that are told
    stopped: IntArray  # securities whose closes stopped long before the last day, and that nothing ended


def recorded_history(folder: Path, firm: Firm, opened: OpenLedger, posted: Posted | None = None) -> Recorded:
    """Gather what savings are told from; raises FolderError where nothing has been posted.

    Targets of earlier days are those that the folder gives for them: weights of models by `from`, models by glide. What
    has no dates is taken to have been as it is today. `posted` leaves out what was posted after that.
    """
    ledger = opened.ledger
    rows = ledger.journal.read(columns=FOLDED)
    if not rows.height:
        raise FolderError(
            f"{folder}: must have a posted ledger, was without one; `lotwise ledger open` begins it with the lots of a "
            "day, `lotwise ledger post` adds what happened since"
        )
    market_rows = ledger.journal.market_actions()
    names = _with_market(ledger.standing().names, firm, market_rows["new_symbol"])
    events, details = event_tables(rows, names)
    numbers = rows[NUMBER].to_numpy()
    del rows  # of a large firm several times as large as its events
    world = ledger.register.world(names)
    today = to_day_number(firm.as_of)
    closes = read_closes(folder, names.securities, today)
    until = ledger.journal.rows() if posted is None else posted.rows
    told, known = events["day"] <= today, numbers < until
    # The file is on the share basis and has the symbols of its last day, whichever day is told.
    last = max(today, closes.last)
    all_actions = actions_of(_only(events, events["day"] <= last), details, world, _applied(market_rows, names, last))
    market_known = market_rows.filter(pl.col(NUMBER) < until)
    late = int((told & ~known).sum())
    events, numbers = _only(events, told & known), _only(numbers, told & known)
    actions = actions_of(events, details, world, _applied(market_known, names, today))
    traded, factor = as_traded(closes, all_actions)
    carried = carried_on(traded, closes.days, all_actions, events)
    market = MarketHistory(
        closes.days,
        carried.price,
        carried.quoted,
        payouts_of(closes, factor, events),
        _qualified(firm, names),
    )
    history = History(
        events,
        details,
        world,
        _accounts(firm, names, ledger.standing().cash, posted.cash if posted else {}),
        market,
        _targets(folder, firm, names, closes.days),
        np.stack((firm.book.households.short_rate, firm.book.households.long_rate), axis=1).astype(np.int64),
        actions,
    )
    return Recorded(history, names, numbers, until, int((~known).sum()), late, np.flatnonzero(carried.stopped))


def _only(rows: Table, keep: NDArray[np.bool_]) -> Table:
    """Some of the rows; the same ones, not copied, where that is all of them: of a large firm they are gigabytes."""
    return rows if keep.all() else rows[keep]


def _applied(rows: pl.DataFrame, names: Names, today: int) -> tuple[Table, Table]:
    """Corporate actions that have been applied to every account, as events until a day."""
    events, details = event_tables(rows, names)
    return events[(events["day"] <= today) & (events["security"] != NO_CODE)], details


def _with_market(names: Names, firm: Firm, made: pl.Series) -> Names:
    """Names of the ledger, and after them the securities that only the market, the models or actions know."""
    others = pl.concat([pl.Series(firm.market_labels.symbols, dtype=pl.String).alias(""), made.drop_nulls().alias("")])
    others = others.unique(maintain_order=True)
    fresh = others.filter(~others.is_in(names.securities.implode()))
    return names._replace(securities=pl.concat([names.securities.alias(""), fresh.alias("")]))


def _accounts(firm: Firm, names: Names, moved: IntArray, opening: Mapping[str, int]) -> Accounts:
    """Which household each account of the ledger belongs to, and what cash it had before its first event.

    That is what it has less what moved since, unless `opening` says it.
    """
    book = firm.book
    place = codes_of(names.accounts, pl.Series(firm.labels.accounts.tolist(), dtype=pl.String))
    known = (place >= 0) & book.accounts.trades[np.maximum(place, 0)]
    household = np.where(known, book.accounts.household[np.maximum(place, 0)], -1).astype(np.int32)
    cash = np.where(known, book.accounts.cash[np.maximum(place, 0)] - moved[: place.size], 0).astype(np.int64)
    for row in np.flatnonzero(known).tolist() if opening else ():
        cash[row] = opening.get(names.accounts[row], cash[row])
    joint = book.policies.joint[book.households.policy] != 0
    return Accounts(household, cash, known & joint[np.maximum(household, 0)])


def _qualified(firm: Firm, names: Names) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    place = codes_of(names.securities, pl.Series(firm.market_labels.symbols, dtype=pl.String))
    share = firm.market.qualified_share[np.maximum(place, 0)]
    return np.asarray((place >= 0) & (share >= _QUALIFIES), dtype=np.bool_)


def _targets(folder: Path, firm: Firm, names: Names, days: NDArray[np.int32]) -> Targets:
    """Target of each household on each day, as fractions of value with the cash that its policy keeps today.

    A household whose model of a day is not known follows today's.
    """
    book = firm.book
    cash = book.policies.cash_target[book.households.policy]
    code = codes_of(pl.Series(firm.market_labels.symbols, dtype=pl.String), names.securities)
    today = Era(int(days[0]) if days.size else 0, book.models, book.households.model)
    eras = target_eras(folder, firm, int(days[0]), int(days[-1])) if days.size else []
    weights: list[NDArray[np.float64]] = []
    kept: list[float] = []
    of = np.zeros((book.households.model.size, max(days.size, 1)), np.int32)
    for era in eras or [today]:
        later = int(np.searchsorted(days, era.first))
        pairs = [
            (era.models if row >= 0 else book.models, int(row if row >= 0 else own), float(part))
            for row, own, part in zip(era.of.tolist(), book.households.model.tolist(), cash.tolist(), strict=True)
        ]
        known: dict[tuple[int, int, float], int] = {}
        for household, (models, model, part) in enumerate(pairs):
            key = (id(models), model, part)
            if key not in known:
                known[key] = len(weights)
                weights.append(_weights(models, model, part, code, len(names.securities)))
                kept.append(part)
            of[household, later:] = known[key]
    return Targets(np.stack(weights), np.array(kept), of)


def _weights(models: Models, model: int, cash: float, code: NDArray[np.int32], count: int) -> NDArray[np.float64]:
    """Weights of a model beside so much cash, by security of the record."""
    own = slice(int(models.start[model]), int(models.start[model + 1]))
    weight = np.zeros(count)
    weight[code[models.security[own]]] = models.weight[own]
    return weight * ((1.0 - cash) / max(1.0 - float(models.cash[model]), 1e-12))
