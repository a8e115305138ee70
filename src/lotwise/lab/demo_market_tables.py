"""The tables about the demo firm's market as data frames: securities, prices, models, screens and what funds hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import WASH_DAYS, from_day_number
from lotwise.lab.demo_models import model_rows
from lotwise.lab.demo_restrictions import screen_members
from lotwise.lab.market_panel import Floats, FundRole, MarketPanel, trailing_yield

__all__ = ["listed_since", "market_tables", "model_table", "qualified_shares"]

# Trading days by which the price of the fund from outside is late: more than the five that make a price stale.
LATE_ROWS = 8
# Part of dividends that is qualified: funds abroad pay less of it, funds of bonds none.
QUALIFIED = {"US equity": 1.0, "International equity": 0.7}


def qualified_shares(panel: MarketPanel) -> Floats:
    """(N,) part of each security's dividends that is qualified."""
    if panel.universe.qualified is not None:
        return panel.universe.qualified
    return np.array([QUALIFIED.get(each, 0.0) for each in panel.universe.asset_classes])


def _price_table(panel: MarketPanel, live: NDArray[np.intp]) -> pl.DataFrame:
    """prices: every day of what is listed; the fund from outside stops some days early."""
    close = panel.close[:, live].copy()
    outside = [at for at, place in enumerate(live) if panel.universe.roles[place] == FundRole.OUTSIDE]
    close[len(close) - LATE_ROWS :, outside] = np.nan
    row, column = np.nonzero(np.isfinite(close))
    return pl.DataFrame(
        {
            "date": pl.Series(panel.days[row]).cast(pl.Date),
            "symbol": pl.Series([panel.universe.symbols[place] for place in live]).gather(column),
            "close": close[row, column],
            "adj_close": panel.adjusted[row, live[column]],
        }
    ).with_columns(pl.col("adj_close").fill_nan(None))


def _action_table(panel: MarketPanel, since: int, listed: NDArray[np.bool_]) -> pl.DataFrame:
    """corporate_actions.csv: splits since a day, and what died since then, which is paid out at its last close."""
    splits, symbols = panel.splits, panel.universe.symbols
    recent = (panel.days[splits.row] >= since) & listed[splits.security]
    rows = [
        (int(panel.days[row]), symbols[place], "split", f"{ratio:g}", "")
        for row, place, ratio in zip(splits.row[recent], splits.security[recent], splits.ratio[recent], strict=True)
    ]
    for place in np.flatnonzero(listed & ~panel.live).tolist():
        last = int(np.flatnonzero(np.isfinite(panel.close[:, place]))[-1])
        price = f"{panel.close[last, place]:.4f}"
        rows.append((int(panel.days[last + 1]), symbols[place], "cash_merger", "", price))
    made = [(from_day_number(day).isoformat(), *rest) for day, *rest in sorted(rows)]
    return pl.DataFrame(made, schema=["date", "symbol", "kind", "ratio", "cash_per_share"], orient="row")


def listed_since(panel: MarketPanel, row: int) -> NDArray[np.bool_]:
    """(N,) securities that had a close on some day from `row` on."""
    return np.asarray(np.isfinite(panel.close[row:]).any(axis=0), dtype=np.bool_)


def model_table(panel: MarketPanel, rows: Sequence[int] | None = None) -> pl.DataFrame:
    """models.csv: weights of the last day, or those of several days, each holding from its day on."""
    table = pl.DataFrame(model_rows(panel, rows), orient="row").rename({"since": "from"})
    return table.drop("from") if rows is None else table


def market_tables(
    panel: MarketPanel, substitutes: dict[int, list[int]], since: int | None = None
) -> dict[str, pl.DataFrame]:
    """Tables about the market, by the stem of their files.

    What is dead on the last day is left out; with `since`, a row of the panel, only what was dead before that.
    """
    last = len(panel.days) - 1
    listed = listed_since(panel, last if since is None else since)
    universe, live = panel.universe, np.flatnonzero(listed)
    yields, qualified = trailing_yield(panel, last), qualified_shares(panel)
    look = panel.lookthrough
    held = panel.live[look.security]
    tables = {
        "securities": pl.DataFrame(
            {
                "symbol": [universe.symbols[place] for place in live],
                "name": [universe.names[place] for place in live],
                "kind": [universe.kinds[place] for place in live],
                "asset_class": [universe.asset_classes[place] for place in live],
                "sector": [universe.sectors[place] for place in live],
                "industry": [universe.industries[place] for place in live],
                "spread_bps": [f"{universe.spread_bps[place]:.1f}" for place in live],
                "dividend_yield": [f"{yields[place]:.5f}" for place in live],
                "qualified_share": [f"{qualified[place]:g}" for place in live],
                "identical_group": [universe.identical_groups[place] for place in live],
            }
        ),
        "prices": _price_table(panel, live),
        "models": model_table(panel),
        "screens": pl.DataFrame(
            [(screen, universe.symbols[place], "true") for screen, place in screen_members(panel)],
            schema={"screen": pl.String, "symbol": pl.String, "score": pl.String},
            orient="row",
        ),
        "substitutes": pl.DataFrame(
            [
                (universe.symbols[place], universe.symbols[other], rank + 1)
                for place, others in sorted(substitutes.items())
                for rank, other in enumerate(others)
            ],
            schema={"symbol": pl.String, "substitute": pl.String, "rank": pl.Int64},
            orient="row",
        ),
    }
    if held.any():
        tables["lookthrough"] = pl.DataFrame(
            {
                "fund": [universe.symbols[place] for place in look.fund[held]],
                "symbol": [universe.symbols[place] for place in look.security[held]],
                "weight": [f"{weight:.8f}" for weight in look.weight[held]],
                "as_of": [panel.as_of.isoformat()] * int(held.sum()),
            }
        )
    first = panel.days[-1] - WASH_DAYS if since is None else panel.days[since]
    actions = _action_table(panel, int(first), listed)
    if actions.height:
        tables["corporate_actions"] = actions
    return tables
