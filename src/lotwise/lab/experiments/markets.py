"""Markets that experiments are run on, and the days on which accounts begin."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from lotwise.dates import from_day_number
from lotwise.lab.experiments.protocol import Size
from lotwise.lab.market_panel import YEAR_ROWS, MarketPanel
from lotwise.lab.real_market import load_real_market
from lotwise.lab.simulated_market import SimulatedShape, simulate_market

__all__ = ["WARM_UP", "market_for", "market_in_words", "start_rows"]

# Years of prices before the first account begins: what the first risk model is estimated from.
WARM_UP = 2
# Years that accounts live.
_YEARS = {Size.QUICK: 5, Size.FULL: 10}
_REAL_YEARS = {Size.QUICK: _YEARS[Size.QUICK] + WARM_UP, Size.FULL: 14 + WARM_UP}


def market_for(folder: Path | None, size: Size, seed: int) -> MarketPanel:
    """Simulate a market, or read a real one from a folder; raises FolderError where that cannot be read."""
    if folder is not None:
        return load_real_market(folder, years=_REAL_YEARS[size])
    shape = SimulatedShape()
    first = date(shape.as_of.year - _YEARS[size] - WARM_UP + 1, 1, 1)
    return simulate_market(seed, replace(shape, first=first))


def market_in_words(panel: MarketPanel) -> str:
    """Say what a market is."""
    first, last = from_day_number(int(panel.days[0])), panel.as_of
    what = "real prices of members of the S&P 500" if panel.source == "real" else "a simulated market of 500 companies"
    return f"{what}, {first} to {last}; accounts begin after {WARM_UP} years of them"


def start_rows(count: int) -> list[int]:
    """Rows on which accounts begin: `count` of them, spread over the year after the warm-up."""
    first = WARM_UP * YEAR_ROWS
    return [int(row) for row in np.linspace(first, first + YEAR_ROWS, count, endpoint=False)]
