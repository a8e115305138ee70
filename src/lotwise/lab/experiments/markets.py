"""Markets that experiments are run on, and the days on which accounts begin."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from lotwise.dates import from_day_number
from lotwise.lab.cohorts.policies import next_trading_day
from lotwise.lab.experiments.protocol import Size
from lotwise.lab.known_then import known_on
from lotwise.lab.market_panel import YEAR_ROWS, MarketPanel
from lotwise.lab.real_market import load_real_market
from lotwise.lab.simulated_market import SimulatedShape, simulate_market

__all__ = ["WARM_UP", "market_for", "market_in_words", "start_rows"]

# Years of prices before the first account begins: what the first risk model is estimated from.
WARM_UP = 2
# Years that accounts live.
_YEARS = {Size.QUICK: 5, Size.FULL: 10}
_SIMULATED_END = date(2025, 12, 31)
_REAL_YEARS = {Size.QUICK: _YEARS[Size.QUICK] + WARM_UP, Size.FULL: 14 + WARM_UP}


def market_for(folder: Path | None, size: Size, seed: int, years: int | None = None) -> MarketPanel:
    """Simulate a market, or read a real one from a folder; raises FolderError where that cannot be read.

    Accounts can live for `years` of it; None: as many as the size says.

    It ends with a calendar year: a rule that acts at its end, and a tax that is reckoned then, would miss the last.
    """
    if folder is not None:
        panel = load_real_market(folder, years=_REAL_YEARS[size] if years is None else years + WARM_UP)
        return known_on(panel, _last_of_whole_years(panel))
    lived = _YEARS[size] if years is None else years
    first = date(_SIMULATED_END.year - lived - WARM_UP + 1, 1, 1)
    return simulate_market(seed, SimulatedShape(first, _SIMULATED_END))


def _last_of_whole_years(panel: MarketPanel) -> int:
    """Row of the last day of the last year that is over; the market's last where there is none."""
    year = panel.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    ends = np.flatnonzero(np.diff(year) > 0)
    last = len(panel.days) - 1
    over = next_trading_day(panel.as_of).year > panel.as_of.year
    return last if over or not ends.size else int(ends[-1])


def market_in_words(panel: MarketPanel) -> str:
    """Say what a market is."""
    first, last = from_day_number(int(panel.days[0])), panel.as_of
    what = "real prices of members of the S&P 500" if panel.source == "real" else "a simulated market of 500 companies"
    return f"{what}, {first} to {last}; accounts begin after {WARM_UP} years of them"


def start_rows(count: int) -> list[int]:
    """Rows on which accounts begin: `count` of them, spread over the year after the warm-up."""
    first = WARM_UP * YEAR_ROWS
    return [int(row) for row in np.linspace(first, first + YEAR_ROWS, count, endpoint=False)]
