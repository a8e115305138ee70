"""The tables about the demo firm's market as data frames: securities, prices, models, screens and what funds hold."""

from __future__ import annotations

import numpy as np
import polars as pl

from lotwise.dates import WASH_DAYS, from_day_number
from lotwise.lab.demo_models import model_rows
from lotwise.lab.demo_restrictions import screen_members
from lotwise.lab.market_panel import Floats, FundRole, MarketPanel, trailing_yield

__all__ = ["market_tables", "qualified_shares"]

# Trading days by which the price of the fund from outside is late: more than the five that make a price stale.
LATE_ROWS = 8
# Part of dividends that is qualified: funds abroad pay less of it, funds of bonds none.
QUALIFIED = {"US equity": 1.0, "International equity": 0.7}


def qualified_shares(panel: MarketPanel) -> Floats:
    """(N,) part of each security's dividends that is qualified."""
    return np.array([QUALIFIED.get(each, 0.0) for each in panel.universe.asset_classes])


def _price_table(panel: MarketPanel) -> pl.DataFrame:
    """prices: every day of what still has a price; the fund from outside stops some days early."""
    live = np.flatnonzero(panel.live)
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


def _action_table(panel: MarketPanel) -> pl.DataFrame:
    """corporate_actions.csv: the splits of the days that transactions.csv covers."""
    splits = panel.splits
    recent = (panel.days[splits.row] >= panel.days[-1] - WASH_DAYS) & panel.live[splits.security]
    return pl.DataFrame(
        {
            "date": [from_day_number(int(panel.days[row])).isoformat() for row in splits.row[recent]],
            "symbol": [panel.universe.symbols[place] for place in splits.security[recent]],
            "kind": ["split"] * int(recent.sum()),
            "ratio": [f"{ratio:g}" for ratio in splits.ratio[recent]],
        }
    )


def market_tables(panel: MarketPanel, substitutes: dict[int, list[int]]) -> dict[str, pl.DataFrame]:
    """Tables about the market, by the stem of their files; what is dead on the last day is left out."""
    universe, live = panel.universe, np.flatnonzero(panel.live)
    yields, qualified = trailing_yield(panel, len(panel.days) - 1), qualified_shares(panel)
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
        "prices": _price_table(panel),
        "models": pl.DataFrame(model_rows(panel), orient="row"),
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
    actions = _action_table(panel)
    if actions.height:
        tables["corporate_actions"] = actions
    return tables
