"""Checkpoints of a life: all that is known at the end of a day, in one file that appears whole or not at all.

A file is named by a fingerprint of everything that decides a life, so that no other life is ever taken up from it.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from lotwise import __version__
from lotwise.errors import FolderError
from lotwise.interchange.atomic import write_whole
from lotwise.lab.cohorts.circumstances import tables_of
from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.cohorts.taxes import Carried
from lotwise.lab.market_panel import MarketPanel
from lotwise.ledger.events import EVENT, Table
from lotwise.ledger.fold import empty_state
from lotwise.ledger.tables import LOT, REALIZED

if TYPE_CHECKING:
    from lotwise.lab.cohorts.replay import PartOfLife

__all__ = ["Checkpoints", "fingerprint_of"]


def fingerprint_of(cohort: Cohort, panel: MarketPanel, risk: RiskThen, span: tuple[int, ...]) -> str:
    """Fingerprint of all that decides a life: this version, the market, the cohort, how risk is estimated, the days."""
    said = _of_this_version().copy()
    policies = [(policy, None if policy.profile is None else asdict(policy.profile)) for policy in cohort.policies]
    targets = [(type(target).__name__, target) for target in cohort.targets]
    # Arrays are hashed by their bytes: written out, numpy rounds them and leaves the middle of long ones out.
    universe = [getattr(panel.universe, each.name) for each in fields(panel.universe)]
    texts = [value for value in universe if not isinstance(value, np.ndarray)]
    said.update(repr((policies, targets, risk.made_of(), span, texts)).encode())
    columns = [column for column in (*cohort, *universe) if isinstance(column, np.ndarray)]
    events = [*panel.dividends, *panel.splits]
    columns += tables_of(cohort.said)
    for table in (*columns, panel.days, panel.close, panel.adjusted, panel.caps, panel.member, *events):
        said.update(np.ascontiguousarray(table).tobytes())
    return said.hexdigest()[:24]


@cache
def _of_this_version() -> hashlib._Hash:
    """Hash of the version and of every source file of the package: another code may live another life."""
    said, package = hashlib.sha256(__version__.encode()), Path(__file__).parents[2]
    for source in sorted(package.rglob("*.py")):
        said.update(source.read_bytes())
    return said


class Checkpoints:
    """Keeps the last checkpoint of one life in a folder; without one, keeps nothing."""

    def __init__(self, folder: Path | None, fingerprint: str) -> None:
        self._path = None if folder is None else folder / f"life-{fingerprint}.npz"

    def save(self, life: PartOfLife, row: int) -> None:
        """Keep how things stand at the end of a row."""
        if self._path is None:
            return
        standing, taxes = life.standing, life.taxes
        content = io.BytesIO()
        np.savez(
            content,
            row=row,
            lots=standing.state.lots,
            realized=standing.state.realized,
            cash=standing.cash,
            events=standing.events,
            settled=standing.settled,
            lines=_one(standing.lines, REALIZED),
            income=taxes.income,
            owed=taxes.owed,
            carried=np.stack(taxes.carried),
            alone=np.stack(taxes.alone),
            year=taxes.year,
            last_trade=life.deciding.last_trade,
            daily=life.daily[: row + 1 - life.first],
            target=life.target[: row + 1 - life.first],
            folded=_one(life.events, EVENT),
        )
        write_whole(self._path, content.getvalue())

    def load_into(self, life: PartOfLife) -> int:
        """Put a life where its checkpoint was; the row of that, -1 where there is none.

        Raises FolderError where the file cannot be read.
        """
        if self._path is None or not self._path.is_file():
            return -1
        try:
            return _load(self._path, life)
        except (ValueError, KeyError, EOFError, BadZipFile) as error:
            raise FolderError(
                f"{self._path}: must be a checkpoint as the lab left it, cannot be read ({error}); delete it, and the "
                "run begins anew"
            ) from error


def _load(path: Path, life: PartOfLife) -> int:
    with path.open("rb") as file, np.load(file) as kept:
        standing, taxes, row = life.standing, life.taxes, int(kept["row"])
        state = empty_state()
        standing.state = state._replace(lots=kept["lots"].astype(LOT), realized=kept["realized"].astype(REALIZED))
        standing.cash, standing.settled = kept["cash"], kept["settled"]
        standing.events = int(kept["events"])
        if standing.lines is not None:
            standing.lines = [kept["lines"]]
        taxes.income, taxes.owed, taxes.year = kept["income"], kept["owed"], int(kept["year"])
        taxes.carried, taxes.alone = Carried(*kept["carried"]), Carried(*kept["alone"])
        life.deciding.last_trade = kept["last_trade"]
        life.daily[: row + 1 - life.first] = kept["daily"]
        life.target[: row + 1 - life.first] = kept["target"]
        life.events = [kept["folded"]]
    return row


def _one(tables: list[Table] | None, kind: np.dtype[np.void]) -> Table:
    return np.concatenate([np.zeros(0, kind), *(tables or [])])
