"""Market values of companies through time, from the few days on which they are known.

On each such day market value / close is the number of shares; between the days it is interpolated, before the
first and after the last it stays. Weights of the index become dollars by the ratio of the two on the companies that
have both.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.lab.market_folder import read_table
from lotwise.lab.market_panel import Floats

__all__ = ["market_values"]

# A share count further than this factor from a company's latest is left out: another company under the same ticker,
# both classes of shares counted in one, or a split that the source missed.
WORST_RATIO = 2.0
# A member of which nothing is known counts as one at this percentile of the members' market values that day.
UNKNOWN_PERCENTILE = 10.0
# A day on which a close is looked up may lie this many days after the last trading day.
NEAREST_DAYS = 7


def _close_on(close: Floats, days: pl.Series, day: date) -> Floats:
    """(S,) closes of the last trading day up to `day`; NaN where there is none within a week."""
    row = int(np.searchsorted(days.to_numpy(), np.datetime64(day), side="right")) - 1
    if row < 0 or (day - days[row]).days > NEAREST_DAYS:
        return np.full(close.shape[1], np.nan)
    found: Floats = close[row]
    return found


def _anchors(
    known: pl.DataFrame, symbols: tuple[str, ...], days: pl.Series, close: Floats
) -> dict[int, list[tuple[int, float]]]:
    """Share counts by company: (day number, shares), from a table of date, ticker, dollars."""
    place = {symbol: position for position, symbol in enumerate(symbols)}
    counts: dict[int, list[tuple[int, float]]] = {}
    for (day,), rows in known.sort("date", "ticker").group_by("date", maintain_order=True):
        assert isinstance(day, date)
        price = _close_on(close, days, day)
        number = int((np.datetime64(day) - np.datetime64("1970-01-01")).astype(int))
        for ticker, dollars in rows.select("ticker", "dollars").iter_rows():
            position = place.get(ticker)
            if position is not None and dollars and np.isfinite(price[position]):
                counts.setdefault(position, []).append((number, dollars / price[position]))
    return counts


def _weights_in_dollars(folder: Path, symbols: tuple[str, ...], days: pl.Series, close: Floats) -> pl.DataFrame:
    """Published index weights as market values: date, ticker, dollars.

    The weights of the last date become dollars by the constituents' market values (the median of dollars per percent);
    earlier dates by the price change of that portfolio.
    """
    weights = read_table(folder, "index_weights", ("date", "ticker", "weight_pct"))
    weights = weights.group_by("date", "ticker").agg(pl.col("weight_pct").sum()).sort("date", "ticker")
    members = read_table(folder, "constituents", ("ticker", "market_cap_2026_08_16", "ivv_weight_pct_2025_11_18"))
    both = members.drop_nulls().filter(pl.col("ivv_weight_pct_2025_11_18") > 0)
    per_percent = (both["market_cap_2026_08_16"] / both["ivv_weight_pct_2025_11_18"]).median()
    latest = weights["date"].max()
    assert isinstance(per_percent, float)
    assert isinstance(latest, date)
    base = weights.filter(pl.col("date") == latest)
    now = _close_on(close, days, latest)
    frames = []
    for (day,), rows in weights.group_by("date", maintain_order=True):
        assert isinstance(day, date)
        scale = per_percent * _growth(base, symbols, now, _close_on(close, days, day))
        frames.append(rows.select("date", "ticker", dollars=pl.col("weight_pct") * scale))
    return pl.concat(frames)


def _growth(base: pl.DataFrame, symbols: tuple[str, ...], now: Floats, then: Floats) -> float:
    """Value of the portfolio `base` on an earlier day per dollar of it today, its shares unchanged."""
    weight = dict(base.select("ticker", "weight_pct").iter_rows())
    each = np.array([weight.get(symbol, 0.0) for symbol in symbols])
    seen = (each > 0) & np.isfinite(now) & np.isfinite(then)
    return float((each[seen] * then[seen] / now[seen]).sum() / each[seen].sum()) if seen.any() else 1.0


def market_values(
    folder: Path,
    symbols: tuple[str, ...],
    days: pl.Series,
    close: Floats,
    member: NDArray[np.bool_],
) -> Floats:
    """(T, S) market values in dollars from closes (T, S); NaN where there is no close or no member of unknown size.

    A number of shares may be one that was published later than the day; a price never is.
    """
    early = read_table(folder, "market_caps_2012_2018", ("snapshot", "ticker", "market_cap"))
    early = early.select(date="snapshot", ticker="ticker", dollars=pl.col("market_cap").cast(pl.Float64))
    late = _weights_in_dollars(folder, symbols, days, close)
    counts = _anchors(pl.concat([early, late]), symbols, days, close)
    numbers = (days.to_numpy() - np.datetime64("1970-01-01")).astype("timedelta64[D]").astype(np.int64)
    caps: Floats = np.full(close.shape, np.nan)
    for position, anchors in counts.items():
        latest = anchors[-1][1]
        kept = [(day, count) for day, count in anchors if latest / WORST_RATIO < count < latest * WORST_RATIO]
        shares = np.interp(numbers, [day for day, _ in kept], [count for _, count in kept])
        caps[:, position] = shares * close[:, position]
    known = np.where(member, caps, np.nan)
    seen = np.isfinite(known).any(axis=1)
    small = np.full(len(known), np.nan)
    small[seen] = np.nanpercentile(known[seen], UNKNOWN_PERCENTILE, axis=1)
    unknown = member & np.isnan(caps) & np.isfinite(close)
    return np.where(unknown, small[:, None], caps)
