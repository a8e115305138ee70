"""Which target each household had on every day: models with the weights of their days, and the glide by date.

What is wrong in these files has been reported where the firm was read; here it is left out once more without a word.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.interchange.firm_folder import client_files, market_files
from lotwise.interchange.firm_folder.columns import TypedTable, empty_table
from lotwise.interchange.firm_folder.findings import FindingList
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.firm_folder.households import follow_glide, read_roster
from lotwise.interchange.firm_folder.models import ModelTable, read_models
from lotwise.interchange.firm_folder.register import open_table
from lotwise.interchange.firm_folder.securities import code_of, read_securities
from lotwise.interchange.firm_folder.tables import read_table
from lotwise.rebalancing.book import Models

__all__ = ["Era", "target_eras"]


class Era(NamedTuple):
    """From a day on, until the next era: the models, and which of them each household of the firm follows (-1 = none).

    Securities of the models are those of the firm's market.
    """

    first: int
    models: Models
    of: NDArray[np.int32]  # (H,)


def target_eras(folder: Path, firm: Firm, since: int, until: int) -> list[Era]:
    """Every change of a target from `since` to `until`, the earliest first; the first era begins at `since`."""
    said = FindingList()
    models = open_table(folder, market_files.MODELS, said)
    securities = open_table(folder, market_files.SECURITIES, said)
    households = open_table(folder, client_files.HOUSEHOLDS, said)
    known = None if securities is None else read_securities(securities, said)
    roster = None if households is None else read_roster(households, None, said)
    if models is None or known is None or roster is None:
        return []
    raw = read_table(folder, client_files.GLIDE, said)
    glide = empty_table(client_files.GLIDE) if raw is None else open_table(folder, client_files.GLIDE, said)
    if glide is None:
        glide = empty_table(client_files.GLIDE)
    place = code_of(pl.Series(firm.labels.households.tolist(), dtype=pl.String), roster.ids)
    eras = []
    for day in _changes(models, glide, since, until):
        table = read_models(models, known, day, said)
        if table is None:
            continue
        followed = follow_glide(glide, roster, day, said).model.gather(place)
        eras.append(Era(day, table.models, _rows_of(followed, table)))
    return eras


def _changes(models: TypedTable, glide: TypedTable, since: int, until: int) -> list[int]:
    """Days on which a target may change, `since` first."""
    days = pl.concat([models.frame["from"].cast(pl.Int64), glide.frame["date"].cast(pl.Int64)]).drop_nulls()
    return [since, *sorted(set(days.filter((days > since) & (days <= until)).to_list()))]


def _rows_of(followed: pl.Series, table: ModelTable) -> NDArray[np.int32]:
    """Row of each household's model; -1 where it is not there or not sound."""
    code = code_of(followed, table.names).fill_null(-1).to_numpy().astype(np.int32)
    rows: NDArray[np.int32] = np.where((code >= 0) & table.sound[np.maximum(code, 0)], code, -1).astype(np.int32)
    return rows
