"""What was saved, as tables: a row per household, a row per credit of the rule of thumb, a row per month."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.ledger_files.recorded_history import Recorded
from lotwise.interchange.trade_table import exact
from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.ledger.tables import LOTS_OF_EVENT
from lotwise.money import DOLLAR, IntArray
from lotwise.savings.rule_of_thumb import Motive
from lotwise.savings.told import Told
from lotwise.savings.years import Cause

__all__ = ["SavingsTables", "savings_tables"]

_MOTIVES = {
    Motive.HARVEST: "harvesting",
    Motive.LOT_CHOICE: "deferral",
    Motive.DEFERRAL: "deferral",
    Motive.WASH: "harvesting",
}
_WORDS = {
    Motive.HARVEST: "loss realised beyond an ordinary sale",
    Motive.LOT_CHOICE: "gain that an ordinary sale realises and this did not, or the other way round",
    Motive.DEFERRAL: "change of the tax that is deferred",
    Motive.WASH: "loss disallowed by a wash sale",
}


class SavingsTables(NamedTuple):
    """Everything that is told, in dollars."""

    households: pl.DataFrame
    credits: pl.DataFrame
    months: pl.DataFrame


def savings_tables(
    firm: Firm, recorded: Recorded, told: Told, chosen: NDArray[np.bool_], fees: IntArray
) -> SavingsTables:
    """Put what was told of the chosen households into tables; `fees` (H, 2) since the beginning and of the year."""
    return SavingsTables(
        _households(firm, told, chosen, fees), _credits(firm, recorded, told), _months(firm, told, chosen)
    )


def _money(values: IntArray) -> pl.Series:
    missing = values == MISSING
    return exact(np.where(missing, 0, values), DOLLAR).set(pl.Series(missing), None)


def _year_start(told: Told) -> int:
    year = from_day_number(int(told.months.days[-1])).year
    return int(np.datetime64(f"{year}-01-01").astype("datetime64[D]").astype(np.int64))


def _by_cause(told: Told, households: int, since: int) -> IntArray:
    """Number A by cause (H, 3), of the credits since a day."""
    total = np.zeros((households, len(Cause)), np.int64)
    rows = told.credits[told.credits["day"] >= since]
    cause = np.where(np.isin(rows["motive"], (Motive.HARVEST, Motive.WASH)), int(Cause.HARVESTING), int(Cause.DEFERRAL))
    np.add.at(total, (rows["household"], cause), rows["credit"])
    return total


def _households(firm: Firm, told: Told, chosen: NDArray[np.bool_], fees: IntArray) -> pl.DataFrame:
    households = len(firm.labels.households)
    rows = np.flatnonzero(chosen & (told.begins > 0))
    start = _year_start(told)
    thumb, thumb_year = (_by_cause(told, households, since)[rows] for since in (np.iinfo(np.int32).min, start))
    shadow, shadow_year = told.saved.parts.sum(axis=0)[rows], told.saved.parts[-1][rows]
    present = told.months.present_value
    earlier = np.flatnonzero(told.months.days < start)
    before = present[earlier[-1]] if earlier.size else np.zeros_like(present[-1])
    measures = (
        ("rule_of_thumb", thumb, thumb_year),
        ("shadow", shadow, shadow_year),
        ("present_value", present[-1][rows], present[-1][rows] - before[rows]),
    )
    columns: dict[str, pl.Series] = {
        "household_id": pl.Series(firm.labels.households[rows].tolist(), dtype=pl.String),
        "since": pl.Series(told.begins[rows].astype(np.int32)).cast(pl.Date),
        "value": _money(told.months.value[-1][rows]),
    }
    for name, parts, year in measures:
        for period, table in (("", parts), ("_ytd", year)):
            columns[f"{name}{period}"] = _money(table.sum(axis=1))
            for cause in Cause:
                if name != "rule_of_thumb" or cause is not Cause.LOCATION:  # the rule of thumb knows no location
                    columns[f"{name}_{cause.name.lower()}{period}"] = _money(table[:, cause])
    columns["tax_record"] = _money(told.saved.record.total.sum(axis=0)[rows])
    columns["tax_shadow"] = _money(told.saved.shadow.total.sum(axis=0)[rows])
    columns["unrealised_record"] = _money(told.months.gains[-1, rows, 0])
    columns["unrealised_shadow"] = _money(told.months.gains[-1, rows, 1])
    columns["fee"], columns["fee_ytd"] = (_money(fees[rows, period]) for period in (0, 1))
    return pl.DataFrame(columns)


def _credits(firm: Firm, recorded: Recorded, told: Told) -> pl.DataFrame:
    rows: Table = told.credits
    motive = pl.Series(rows["motive"])
    return pl.DataFrame(
        {
            "day": pl.Series(rows["day"]).cast(pl.Date),
            "household_id": pl.Series(firm.labels.households.tolist(), dtype=pl.String).gather(
                rows["household"].astype(np.int64)
            ),
            "account_id": recorded.names.accounts.gather(rows["account"].astype(np.int64)),
            "symbol": recorded.names.securities.gather(rows["security"].astype(np.int64)),
            "lot_id": _lot_ids(recorded, told.folded, rows["lot"]),
            "source": motive.replace_strict({int(key): word for key, word in _MOTIVES.items()}, return_dtype=pl.String),
            "term": pl.Series(["short", "long"]).gather(rows["long_term"].astype(np.int64)),
            "gain": _money(rows["gain"]),
            "credit": _money(rows["credit"]),
            "deferred": _money(rows["stock"]),
            "why": motive.replace_strict({int(key): word for key, word in _WORDS.items()}, return_dtype=pl.String),
        }
    ).sort("day", "household_id", "account_id", "symbol", "lot_id", maintain_order=True)


def _lot_ids(recorded: Recorded, order: IntArray, lots: IntArray) -> pl.Series:
    """Name of each lot as the ledger calls it: its own, or the number of the event that opened it."""
    event = lots // LOTS_OF_EVENT
    known = (lots >= 0) & (event < order.size)
    row = order[np.where(known, event, 0)]
    opened = recorded.history.events["lot"][row]
    named = (
        recorded.names.lots.gather(np.where(opened == NO_CODE, 0, opened).astype(np.int64))
        if len(recorded.names.lots)
        else pl.Series([""] * lots.size)
    )
    frame = pl.DataFrame(
        {
            "name": named,
            "own": opened != NO_CODE,
            "number": recorded.numbers[row],
            "count": lots - event * LOTS_OF_EVENT,
            "known": known,
        }
    )
    return frame.select(
        pl.when(~pl.col("known"))
        .then(None)
        .when("own")
        .then("name")
        .otherwise(pl.format("#{}.{}", "number", "count"))
        .alias("lot_id")
    ).to_series()


def _months(firm: Firm, told: Told, chosen: NDArray[np.bool_]) -> pl.DataFrame:
    rows = np.flatnonzero(chosen & (told.begins > 0))
    parts = []
    for place, day in enumerate(told.months.days.tolist()):
        own = rows[told.begins[rows] <= day]
        saved = told.months.saved[place][own]
        parts.append(
            pl.DataFrame(
                {
                    "household_id": pl.Series(firm.labels.households[own].tolist(), dtype=pl.String),
                    "day": pl.Series(np.full(own.size, day, np.int32)).cast(pl.Date),
                    "value": _money(told.months.value[place][own]),
                    **{cause.name.lower(): _money(saved[:, cause]) for cause in Cause},
                    "shadow": _money(saved.sum(axis=1)),
                    "present_value": _money(told.months.present_value[place][own].sum(axis=1)),
                }
            )
        )
    return pl.concat(parts)
