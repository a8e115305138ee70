"""What was saved, as tables: a row per household, per credit of the rule of thumb, per month, and the firm's totals."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import to_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.ledger_files.recorded_history import Recorded
from lotwise.interchange.trade_table import exact
from lotwise.ledger.events import MISSING, NO_CODE, Table
from lotwise.ledger.tables import LOTS_OF_EVENT
from lotwise.money import DOLLAR, IntArray
from lotwise.savings.rule_of_thumb import Motive
from lotwise.savings.told import Told
from lotwise.savings.years import Cause

__all__ = ["PERIODS", "SavingsTables", "firm_totals", "lot_ids", "money_column", "savings_tables"]

PERIODS = ("since", "ytd", "day")  # since the beginning, in the year of the last day, on the last trading day
_ENDINGS = {"since": "", "ytd": "_ytd", "day": "_day"}  # of the columns of a period
_NUMBERS = ("rule_of_thumb", "shadow", "present_value")

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
    firm: pl.DataFrame  # a row per number and period: what all households come to
    untold: pl.DataFrame  # households of which nothing is told, each with the reason
    accounts: pl.DataFrame  # a row per account: what cash it had before its first event


def savings_tables(
    firm: Firm, recorded: Recorded, told: Told, chosen: NDArray[np.bool_], fees: IntArray
) -> SavingsTables:
    """Put what was told of the chosen households into tables; `fees` (H, 2) since the beginning and of the year."""
    households = _households(firm, told, chosen, fees)
    return SavingsTables(
        households,
        _credits(firm, recorded, told),
        _months(firm, told, chosen),
        firm_totals(households),
        _untold(firm, recorded, told, chosen),
        _accounts(firm, recorded, chosen),
    )


def firm_totals(households: pl.DataFrame) -> pl.DataFrame:
    """Add up all households: numbers A, B, C with their parts, and the fees that are known, by period."""
    rows = []
    for name in (*_NUMBERS, "fee"):
        for period in PERIODS:
            keys = {part: f"{name}_{part}{_ENDINGS[period]}" for part in ("deferral", "harvesting", "location")}
            if (total := f"{name}{_ENDINGS[period]}") in households.columns:
                keys = {"total": total, **{part: key for part, key in keys.items() if key in households.columns}}
                sums = households.select(pl.col(key).sum().alias(part) for part, key in keys.items())
                rows.append(sums.select(pl.lit(name).alias("number"), pl.lit(period).alias("period"), pl.all()))
    return pl.concat(rows, how="diagonal")


def _untold(firm: Firm, recorded: Recorded, told: Told, chosen: NDArray[np.bool_]) -> pl.DataFrame:
    """Say why nothing is told of the households that have no figures."""
    rows = np.flatnonzero(chosen & (told.begins <= 0))
    accounts = recorded.history.accounts.household
    known = np.zeros(chosen.size, np.bool_)
    known[accounts[accounts >= 0]] = True
    errors: dict[str | None, str] = {}
    for finding in firm.findings:
        if finding.severity is Severity.ERROR:
            errors.setdefault(finding.household, str(finding))
    why = []
    for row, name in zip(rows.tolist(), firm.labels.households[rows].tolist(), strict=True):
        if firm.book.households.blocked[row]:
            why.append(errors.get(name) or errors.get(None) or "its data has errors")
        elif known[row]:
            why.append("nothing of its accounts has been posted until this day")
        else:
            why.append("none of its accounts that are managed is in the ledger; lotwise ledger post adds what happened")
    names = pl.Series(firm.labels.households[rows].tolist(), dtype=pl.String)
    return pl.DataFrame({"household_id": names, "why": pl.Series(why, dtype=pl.String)})


def _accounts(firm: Firm, recorded: Recorded, chosen: NDArray[np.bool_]) -> pl.DataFrame:
    """Cash that each account is taken to have had before its first event: what it has less what moved since."""
    accounts = recorded.history.accounts
    rows = np.flatnonzero((accounts.household >= 0) & chosen[np.maximum(accounts.household, 0)])
    names = pl.Series(firm.labels.households.tolist(), dtype=pl.String)
    return pl.DataFrame(
        {
            "household_id": names.gather(accounts.household[rows].astype(np.int64)),
            "account_id": recorded.names.accounts.gather(rows),
            "opening_cash": money_column(accounts.cash[rows]),
        }
    ).sort("household_id", "account_id")


def money_column(values: IntArray) -> pl.Series:
    """Money as exact dollars; null where it is MISSING."""
    missing = values == MISSING
    return exact(np.where(missing, 0, values), DOLLAR).set(pl.Series(missing), None)


def _households(firm: Firm, told: Told, chosen: NDArray[np.bool_], fees: IntArray) -> pl.DataFrame:
    rows = np.flatnonzero(chosen & (told.begins > 0))
    start = to_day_number(date(firm.as_of.year, 1, 1))
    nothing = np.zeros_like(told.months.present_value[-1])
    earlier = np.flatnonzero(told.months.days < start)
    shadow, present = told.saved.parts.sum(axis=0), told.months.present_value[-1]
    year_before = told.months.present_value[earlier[-1]] if earlier.size else nothing
    saved_before, present_before = (
        (told.eve.saved[0], told.eve.present_value[0]) if told.eve.days.size else (nothing, nothing)
    )
    measures = (
        ("rule_of_thumb", *told.thumb),
        ("shadow", shadow, told.saved.parts[-1], shadow - saved_before),
        ("present_value", present, present - year_before, present - present_before),
    )
    columns: dict[str, pl.Series] = {
        "household_id": pl.Series(firm.labels.households[rows].tolist(), dtype=pl.String),
        "since": pl.Series(told.begins[rows].astype(np.int32)).cast(pl.Date),
        "value": money_column(told.months.value[-1][rows]),
    }
    for name, *tables in measures:
        for period, told_of in zip(PERIODS, tables, strict=True):
            table, ending = told_of[rows], _ENDINGS[period]
            columns[f"{name}{ending}"] = money_column(table.sum(axis=1))
            for cause in Cause:
                if name != "rule_of_thumb" or cause is not Cause.LOCATION:  # the rule of thumb knows no location
                    columns[f"{name}_{cause.name.lower()}{ending}"] = money_column(table[:, cause])
    columns["tax_record"] = money_column(told.saved.record.total.sum(axis=0)[rows])
    columns["tax_shadow"] = money_column(told.saved.shadow.total.sum(axis=0)[rows])
    columns["unrealised_record"] = money_column(told.months.gains[-1, rows, 0])
    columns["unrealised_shadow"] = money_column(told.months.gains[-1, rows, 1])
    columns["fee"], columns["fee_ytd"] = (money_column(fees[rows, period]) for period in (0, 1))
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
            "lot_id": lot_ids(recorded, rows["lot"]),
            "source": motive.replace_strict({int(key): word for key, word in _MOTIVES.items()}, return_dtype=pl.String),
            "term": pl.Series(["short", "long"]).gather(rows["long_term"].astype(np.int64)),
            "gain": money_column(rows["gain"]),
            "credit": money_column(rows["credit"]),
            "deferred": money_column(rows["stock"]),
            "why": motive.replace_strict({int(key): word for key, word in _WORDS.items()}, return_dtype=pl.String),
        }
    ).sort("day", "household_id", "account_id", "symbol", "lot_id", maintain_order=True)


def lot_ids(recorded: Recorded, lots: IntArray) -> pl.Series:
    """Name of each lot as the ledger calls it: its own, or the number of the event that opened it."""
    known = lots >= 0
    row = np.where(known, lots // LOTS_OF_EVENT, 0)
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
            "count": lots % LOTS_OF_EVENT,
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
                    "value": money_column(told.months.value[place][own]),
                    **{cause.name.lower(): money_column(saved[:, cause]) for cause in Cause},
                    "shadow": money_column(saved.sum(axis=1)),
                    "present_value": money_column(told.months.present_value[place][own].sum(axis=1)),
                }
            )
        )
    return pl.concat(parts)
