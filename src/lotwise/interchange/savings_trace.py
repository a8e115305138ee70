"""Numbers B and C as tables of lines: from the headline to the year, to the lot and the day, on both sides.

B is the tax of the shadow's years less that of the record's. A year's tax is the law's on its figures, and each figure
is a sum of lines: sales of `realized`, payments of `income`. C takes the growth of the tax that waits off B: `waiting`
has its arithmetic, and the unrealised gains in it are sums of `lots`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.ledger_files.recorded_history import Recorded
from lotwise.interchange.savings_tables import lot_ids, money_column
from lotwise.interchange.trade_table import exact
from lotwise.ledger.events import NO_CODE, Table
from lotwise.ledger.tables import LOTS_OF_EVENT
from lotwise.money import FULL_RATE, SHARE, IntArray
from lotwise.savings.both_sides import SideLines
from lotwise.savings.history import Floats
from lotwise.savings.present_value import latent_tax
from lotwise.savings.told import Told
from lotwise.savings.years import FIGURES, Cause, figures_of
from lotwise.tax.gains import recognised

__all__ = ["SIDES", "TraceTables", "trace_tables"]

SIDES = ("record", "shadow")
_WORDS = ("ordinary", "qualified", "distributed")


class TraceTables(NamedTuple):
    """Lines of both sides, in dollars."""

    realized: pl.DataFrame  # a row per sale of a lot
    income: pl.DataFrame  # a row per payment
    years: pl.DataFrame  # a row per year: the figures, and the tax on them
    lots: pl.DataFrame  # a row per lot of the last day
    waiting: pl.DataFrame  # a row per household


class _Names(NamedTuple):
    """What the rows of a history are called."""

    firm: Firm
    recorded: Recorded

    def first(self, table: Table, side: str) -> dict[str, pl.Series]:
        """Columns with which every table of lines begins: household, side, account, security."""
        households = pl.Series(self.firm.labels.households.tolist(), dtype=pl.String)
        owner = self.recorded.history.accounts.household[table["account"]].astype(np.int64)
        return {
            "household_id": households.gather(owner),
            "side": pl.Series(np.full(len(table), side)).cast(pl.String),
            "account_id": self.recorded.names.accounts.gather(table["account"].astype(np.int64)),
            "symbol": _named(self.recorded.names.securities, table["security"]),
        }

    def lots(self, table: Table, field: str, side: str) -> pl.Series:
        """Names of lots; one that the shadow bought is `sE.N`: its event and count."""
        if side == SIDES[0]:
            return lot_ids(self.recorded, table[field])
        number = table[field]
        own = [f"s{each // LOTS_OF_EVENT}.{each % LOTS_OF_EVENT}" if each >= 0 else None for each in number]
        made = pl.Series(own, dtype=pl.String)
        return _named(self.recorded.names.lots, table["name"]).zip_with(pl.Series(table["name"] != NO_CODE), made)


def trace_tables(
    firm: Firm, recorded: Recorded, told: Told, sides: tuple[SideLines, SideLines], later: Floats
) -> TraceTables:
    """Put both sides' lines into tables; `later` (H,) is what a dollar of tax paid later costs today."""
    names = _Names(firm, recorded)
    history = recorded.history
    taxable = history.world.accounts["kind"] == 0
    count = len(firm.labels.households)
    of_account = (history.accounts.household, taxable)
    figures = [figures_of(side.realized, (side.paid, side.word), of_account, told.years, count) for side in sides]
    chosen = np.flatnonzero(told.begins > 0)
    both = list(zip(SIDES, sides, strict=True))
    return TraceTables(
        pl.concat([_realized(names, lines, side) for side, lines in both]),
        pl.concat([_income(names, lines, side) for side, lines in both]),
        _years(firm, told, figures, chosen),
        pl.concat([_lots(names, lines, side, int(told.months.days[-1])) for side, lines in both]),
        _waiting(names, told, figures, later, chosen),
    )


def _named(names: pl.Series, codes: NDArray[np.int32]) -> pl.Series:
    """Names of codes; null where there is none."""
    known = codes >= 0
    if not len(names):
        return pl.Series([None] * codes.size, dtype=pl.String)
    return names.gather(np.where(known, codes, 0).astype(np.int64)).set(pl.Series(~known), None)


def _days(days: NDArray[np.int32]) -> pl.Series:
    """Days as dates; those before all dates are not known."""
    return pl.Series(days).cast(pl.Date).set(pl.Series(days < -100_000), None)


def _realized(names: _Names, lines: SideLines, side: str) -> pl.DataFrame:
    rows = lines.realized
    return pl.DataFrame(
        {
            "day": _days(rows["sold"]),
            **names.first(rows, side),
            "lot_id": names.lots(rows, "lot", side),
            "acquired": _days(rows["acquired"]),
            "term": pl.Series(["short", "long"]).gather(rows["long_term"].astype(np.int64)),
            "shares": exact(rows["shares"], SHARE),
            "proceeds": money_column(rows["proceeds"]),
            "basis": money_column(rows["basis"]),
            "disallowed": money_column(rows["disallowed"]),
            "gain": money_column(recognised(rows)),
        }
    ).sort("day", "household_id", "account_id", "symbol", maintain_order=True)


def _income(names: _Names, lines: SideLines, side: str) -> pl.DataFrame:
    rows = lines.paid
    return pl.DataFrame(
        {
            "day": _days(rows["day"]),
            **names.first(rows, side),
            "income": pl.Series(_WORDS).gather(lines.word),
            "amount": money_column(rows["amount"]),
        }
    ).sort("day", "household_id", "account_id", "symbol", maintain_order=True)


def _years(firm: Firm, told: Told, figures: list[IntArray], chosen: IntArray) -> pl.DataFrame:
    """Figures of each year since a household's first, and the tax on them: B is the shadow's less the record's."""
    parts = []
    first = np.array([from_day_number(int(day)).year for day in told.begins[chosen]], np.int64)
    for place, year in enumerate(told.years.tolist()):
        own = chosen[first <= year]
        for side, made, taxed in zip(SIDES, figures, (told.saved.record, told.saved.shadow), strict=True):
            parts.append(
                pl.DataFrame(
                    {
                        "household_id": pl.Series(firm.labels.households[own].tolist(), dtype=pl.String),
                        "year": pl.Series(np.full(own.size, year, np.int32)),
                        "side": pl.Series(np.full(own.size, side)).cast(pl.String),
                        **{name: money_column(made[place, own, at]) for at, name in enumerate(FIGURES)},
                        "tax": money_column(taxed.total[place, own]),
                    }
                )
            )
    return pl.concat(parts).sort("household_id", "year", "side")


def _lots(names: _Names, lines: SideLines, side: str, day: int) -> pl.DataFrame:
    rows, market = lines.lots, names.recorded.history.market
    price = market.price[max(market.row(day), 0)][rows["security"]]
    gain = np.where(price > 0, np.rint(rows["shares"] / SHARE * price) - rows["basis"], 0.0)
    return pl.DataFrame(
        {
            **names.first(rows, side),
            "lot_id": names.lots(rows, "number", side),
            "acquired": _days(rows["acquired"]),
            "shares": exact(rows["shares"], SHARE),
            "basis": money_column(rows["basis"]),
            "price": money_column(price),
            "gain": money_column(gain.astype(np.int64)),
        }
    ).sort("household_id", "account_id", "symbol", "acquired", maintain_order=True)


def _waiting(names: _Names, told: Told, figures: list[IntArray], later: Floats, chosen: IntArray) -> pl.DataFrame:
    """What C takes off B: the growth of the tax that waits, against the shadow's, by cause."""
    history, saved = names.recorded.history, told.saved
    columns: dict[str, pl.Series] = {
        "household_id": pl.Series(names.firm.labels.households[chosen].tolist(), dtype=pl.String),
        "long_rate": pl.Series(history.rates[chosen, 1] / FULL_RATE),
        "later": pl.Series(later[chosen]),
    }
    for at, (side, taxed) in enumerate(zip(SIDES, (saved.record, saved.shadow), strict=True)):
        gains, carried = told.months.gains[-1, :, at], taxed.short_carried + taxed.long_carried
        columns[f"unrealised_{side}"] = money_column(gains[chosen])
        columns[f"carried_{side}"] = money_column(carried[chosen])
        columns[f"losses_{side}"] = money_column(figures[at][:, chosen, 2:4].sum(axis=(0, 2)))
        columns[f"waits_{side}"] = money_column(latent_tax(history, gains, carried, later)[chosen])
    waiting = told.months.waiting[-1][chosen]
    columns["growth"] = money_column(waiting.sum(axis=1))
    for cause in Cause:
        columns[f"growth_{cause.name.lower()}"] = money_column(waiting[:, cause])
    columns["shadow"] = money_column(saved.parts.sum(axis=(0, 2))[chosen])
    columns["present_value"] = money_column(told.months.present_value[-1].sum(axis=1)[chosen])
    return pl.DataFrame(columns)
