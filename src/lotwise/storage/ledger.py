"""A firm's ledger: a journal that is only added to, and what it folds into.

    FOLDER/ledger/journal/   what was posted (storage.journal)
    FOLDER/ledger/state/     what it folds into, a cache (storage.state_files)

A posting is folded before it is written: only rows that stand are journalled. Taxpayers are independent of each other.
Where all new events of a taxpayer come after everything that was folded of it, its state is extended; otherwise it is
folded again from the journal, so that a record posted in parts and one posted at once come to the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise import __version__
from lotwise.ledger.events import Table
from lotwise.ledger.fold import empty_state, fold
from lotwise.ledger.tables import Refusal, World
from lotwise.money import IntArray
from lotwise.storage.duplicates import Repeated, repeated_rows
from lotwise.storage.event_tables import event_tables, opens_lot
from lotwise.storage.folded import NOTHING, Standing, added_by_account, last_days, renumbered, room_for
from lotwise.storage.folding import Candidates, fold_onto
from lotwise.storage.journal import COLUMNS, NUMBER, Journal
from lotwise.storage.names import codes_of, with_names
from lotwise.storage.register import Register
from lotwise.storage.state_files import Earlier, read_earlier, read_standing, write_standing
from lotwise.storage.year_figures import ChangedYear, changed_years

__all__ = ["Ledger", "Posting"]


class Posting(NamedTuple):
    """What became of the rows of one posting."""

    status: NDArray[np.uint8]  # (rows,) tables.Refusal
    repeated: NDArray[np.uint8]  # (rows,) duplicates.Repeated
    breaks: IntArray  # (rows,) event of the journal that could not stand beside a backdated row; -1 = none
    number: IntArray  # (rows,) event of the journal; -1 where nothing was posted
    part: Path | None  # of the journal; None where nothing was posted


class Ledger:
    """One firm's ledger under one register.

    `unsaved` says why what was folded could not be kept, "" where it was: the next command then folds again.
    `changed_years` are those whose figures `standing` found to be others than under the register before, and
    `changed_parts` what of the register is another (keys of its fingerprint).
    """

    def __init__(self, folder: Path, register: Register) -> None:
        self.folder = folder / "ledger"
        self.register = register
        self.unsaved = ""
        self.changed_years: list[ChangedYear] = []
        self.changed_parts: set[str] = set()
        self.journal = Journal(self.folder / "journal")
        self._standing: Standing | None = None

    def standing(self) -> Standing:
        """Where the ledger stands: from the cache, or folded from the journal."""
        if self._standing is None:
            state, fingerprint = self.folder / "state", self._fingerprint()
            self._standing = read_standing(state, fingerprint)
            if self._standing is None:
                earlier = read_earlier(state, fingerprint)
                self._standing = self._folded_again()
                self._compare(earlier, self._standing)
                self._save(self._standing)
        return self._standing

    def world(self) -> World:
        """What the events refer to, in the order of the codes of `standing().names`."""
        return self.register.world(self.standing().names)

    def events(self) -> tuple[Table, Table]:
        """Every event of the journal and its details, in codes of `standing().names`."""
        return event_tables(self.journal.read(), self.standing().names)

    def post(
        self, rows: pl.DataFrame, *, backdated: bool = False, market_actions: pl.DataFrame | None = None
    ) -> Posting:
        """Post rows of `journal.SCHEMA` in their order; each whole or not at all.

        Without `backdated`, a row dated before the last event of its account is OUT_OF_ORDER. With it the taxpayer is
        folded again, and a row beside which an event posted earlier could not stand is OUT_OF_ORDER too: what was
        posted stands. `market_actions` are noted as applied, unless a row of the same transaction id is OUT_OF_ORDER.
        """
        standing = self.standing()
        repeated = repeated_rows(rows, self.journal.matching(rows))
        status = np.where(repeated == Repeated.NEW, Refusal.POSTED, Refusal.DUPLICATE).astype(np.uint8)
        if not backdated:
            status[(status == Refusal.POSTED) & self._is_late(rows, standing)] = Refusal.OUT_OF_ORDER
        chosen = np.flatnonzero(status == Refusal.POSTED)
        breaks = np.full(rows.height, -1, np.int64)
        candidates = self._candidates(_taken(rows, chosen), standing)
        outcome = fold_onto(room_for(standing, candidates.names), candidates, self.journal)
        status[chosen], breaks[chosen] = outcome.status, outcome.breaks
        posted = chosen[outcome.status == Refusal.POSTED]
        number = np.full(rows.height, -1, np.int64)
        number[posted] = standing.rows + np.arange(posted.size)
        written = [_taken(rows, posted).select(COLUMNS)]
        if market_actions is not None:
            late = rows["transaction_id"].filter(pl.Series(status == Refusal.OUT_OF_ORDER)).implode()
            written.append(market_actions.filter(~pl.col("transaction_id").is_in(late)).select(COLUMNS))
        part = self._append(pl.concat(written), outcome.standing)
        return Posting(status, repeated, breaks, number, part)

    def _append(self, written: pl.DataFrame, standing: Standing) -> Path | None:
        """Write the next part of the journal, then the cache."""
        if not written.height:
            return None
        part = self.journal.append(written)
        self._standing = standing._replace(rows=standing.rows + written.height)
        self._save(self._standing)
        return part

    def _candidates(self, rows: pl.DataFrame, standing: Standing) -> Candidates:
        names = with_names(standing.names, rows)
        events, details = event_tables(rows, names)
        return Candidates(events, details, names, self.register.world(names), _renaming(rows, events, standing))

    def _is_late(self, rows: pl.DataFrame, standing: Standing) -> NDArray[np.bool_]:
        codes = codes_of(rows["account_id"], standing.names.accounts)
        known = codes >= 0
        late = np.zeros(rows.height, np.bool_)
        late[known] = rows["date"].to_numpy()[known] < standing.last_day[codes[known]]
        return late

    def _folded_again(self) -> Standing:
        """Fold the whole journal."""
        rows = self.journal.read()
        if not rows.height:
            return NOTHING._replace(rows=self.journal.rows())
        names = with_names(NOTHING.names, rows)
        events, details = event_tables(rows, names)
        folded = fold(events, details, self.register.world(names), empty_state())
        numbers = rows[NUMBER].to_numpy()
        room = room_for(NOTHING, names)
        return Standing(
            names,
            renumbered(folded.state, 0, numbers),
            last_days(room.last_day, events),
            added_by_account(room.cash, events, folded.cash),
            numbers[folded.status != Refusal.POSTED],
            self.journal.rows(),
        )

    def _compare(self, earlier: Earlier | None, present: Standing) -> None:
        """Note which years the present register changed, before what was folded under the earlier one is gone."""
        if earlier is None:
            return
        self.changed_years = changed_years(earlier.standing, earlier.kinds, present, self._kinds(present))
        if isinstance(earlier.register, dict):
            now = self.register.fingerprint()
            self.changed_parts = {name for name, digest in now.items() if earlier.register.get(name) != digest}

    def _kinds(self, standing: Standing) -> NDArray[np.uint8]:
        kinds: NDArray[np.uint8] = self.register.world(standing.names).accounts["kind"]
        return kinds

    def _fingerprint(self) -> dict[str, object]:
        return {
            "parts": self.journal.fingerprint(),
            "register": self.register.fingerprint(),
            "version": __version__,
        }

    def _save(self, standing: Standing) -> None:
        """Keep what was folded, if that can be: a ledger that may only be read is read all the same."""
        try:
            write_standing(self.folder / "state", standing, self._kinds(standing), self._fingerprint())
        except (OSError, pl.exceptions.PolarsError) as error:
            self.unsaved = (isinstance(error, OSError) and error.strerror) or str(error).partition("\n")[0]


def _renaming(rows: pl.DataFrame, events: Table, standing: Standing) -> NDArray[np.bool_]:
    """Which rows call a lot by its number for the first time: folding again gives the lot that name."""
    numbered = rows["lot_id"].str.starts_with("#").fill_null(value=False).to_numpy() & ~opens_lot(events["kind"])
    if not numbered.any():
        return numbered
    lots = standing.state.lots
    known = lots["account"].astype(np.int64) << 32 | lots["name"]
    return numbered & ~np.isin(events["account"].astype(np.int64) << 32 | events["lot"], known)


def _taken(rows: pl.DataFrame, places: IntArray) -> pl.DataFrame:
    """Rows at ascending places; all of them are not copied."""
    return rows if places.size == rows.height else rows[places]
