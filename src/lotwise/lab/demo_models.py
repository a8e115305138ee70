"""The demo firm's target portfolios: index, sampled index, tilts, funds and blends, on any market and any past day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lotwise.dates import from_day_number
from lotwise.lab.market_panel import YEAR_ROWS, Floats, FundRole, Int32Array, MarketPanel, trailing_yield
from lotwise.money import split_by_largest_remainder

__all__ = ["CHILDREN", "FUND_MODELS", "MODELS", "STOCK_MODELS", "model_rows", "targets", "weights_on"]

# Models of single stocks.
STOCK_MODELS = ("LARGE_500", "LARGE_100", "GROWTH_150", "VALUE_150")
# Cash that a model asks for itself; the others leave it to the household's profile.
MODEL_CASH = {"LARGE_500": 0.01}
# Models of funds only, by role.
FUND_MODELS: dict[str, dict[FundRole, float]] = {
    "US_FUNDS": {FundRole.TOTAL: 0.70, FundRole.GROWTH: 0.15, FundRole.VALUE: 0.15},
    "WORLD_FUNDS": {FundRole.INTERNATIONAL: 0.75, FundRole.EMERGING: 0.25},
    "BOND_FUNDS": {FundRole.BONDS: 0.70, FundRole.SHORT_BONDS: 0.30},
    "INDEX_FUND": {FundRole.BROAD: 1.0},
    "INDEX_FUND_TWIN": {FundRole.TWIN: 1.0},
}
# Blends: model -> weight.
CHILDREN: dict[str, dict[str, float]] = {
    "FUNDS_80_20": {"US_FUNDS": 0.60, "WORLD_FUNDS": 0.20, "BOND_FUNDS": 0.20},
    "BALANCED_60_40": {"LARGE_100": 0.42, "WORLD_FUNDS": 0.18, "BOND_FUNDS": 0.40},
    "GLOBAL_80_20": {"LARGE_500": 0.60, "WORLD_FUNDS": 0.20, "BOND_FUNDS": 0.20},
}
MODELS = (*STOCK_MODELS, *FUND_MODELS, *CHILDREN)

SAMPLE = 100
TILTED = 150
# Strength of a tilt: weight = market value x exp(TILT x (score - 1/2)), score from 0 to 1.
TILT = 2.0
# Weights in models.csv have this many parts per one.
PARTS = 1_000_000


class ModelRow(NamedTuple):
    """One line of models.csv; exactly one of symbol and child_model is filled."""

    model: str
    symbol: str
    child_model: str
    weight: str
    since: str  # written as `from`: the day from which it holds; '' = always


def _ranks(values: Floats, inside: Int32Array) -> Floats:
    """Rank of each of `inside` among them, from 0 (least) to 1."""
    order = np.argsort(np.argsort(values[inside], kind="stable"), kind="stable")
    ranked: Floats = order / max(len(inside) - 1, 1)
    return ranked


def _sampled(panel: MarketPanel, caps: Floats, inside: Int32Array) -> Floats:
    """Largest names of every sector, as many as its weight deserves, at least one; sectors keep their weights."""
    sectors = np.array(panel.universe.sectors)[inside]
    weight = np.zeros(len(caps))
    names, place = np.unique(sectors, return_inverse=True)
    totals = np.bincount(place, weights=caps[inside])
    # One seat each, the others in proportion to what a sector's weight deserves beyond it.
    beyond = np.maximum(np.round(totals / totals.sum() * SAMPLE * 1e6 - 1e6), 0).astype(np.int64)
    others = split_by_largest_remainder(SAMPLE - len(names), [int(each) for each in beyond])
    seats = [1 + more for more in others]
    for sector in range(len(names)):
        group = inside[place == sector]
        chosen = group[np.argsort(-caps[group], kind="stable")[: seats[sector]]]
        weight[chosen] = caps[chosen] / caps[chosen].sum() * totals[sector]
    return weight


def _tilted(panel: MarketPanel, row: int, caps: Floats, inside: Int32Array, *, growth: bool) -> Floats:
    """Market values tilted by dividend yield and a year's return, both by rank; the largest `TILTED` names."""
    year_ago = panel.adjusted[max(0, row - YEAR_ROWS)]
    risen = np.nan_to_num(panel.adjusted[row] / year_ago, nan=1.0)
    score = 0.6 * _ranks(-trailing_yield(panel, row), inside) + 0.4 * _ranks(risen, inside)
    tilted = caps[inside] * np.exp(TILT * ((score if growth else 1 - score) - 0.5))
    best = np.argsort(-tilted, kind="stable")[:TILTED]
    weight = np.zeros(len(caps))
    weight[inside[best]] = tilted[best]
    return weight


def weights_on(panel: MarketPanel, row: int, model: str) -> Floats:
    """(N,) weights of a model as it stood on a day, blends resolved; they and the model's cash sum to 1."""
    if model in CHILDREN:
        parts = [share * weights_on(panel, row, child) for child, share in CHILDREN[model].items()]
        total: Floats = np.sum(parts, axis=0)
        return total
    weight = np.zeros(panel.close.shape[1])
    if model in FUND_MODELS:
        for role, share in FUND_MODELS[model].items():
            place = panel.fund(role)
            weight[place] = share if np.isfinite(panel.close[row, place]) else 0.0
    else:
        caps = np.where(panel.member[row], np.nan_to_num(panel.caps[row]), 0.0)
        inside = np.flatnonzero(caps > 0).astype(np.int32)
        if model == "LARGE_100":
            weight = _sampled(panel, caps, inside)
        elif model == "LARGE_500":
            weight = caps
        else:
            weight = _tilted(panel, row, caps, inside, growth=model == "GROWTH_150")
    total_weight = weight.sum()
    if total_weight <= 0:
        return weight
    result: Floats = weight * ((1 - MODEL_CASH.get(model, 0.0)) / total_weight)
    return result


def targets(panel: MarketPanel, rows: Int32Array, model: str) -> Floats:
    """(G, N) weights of a model on each of the days `rows`."""
    return np.array([weights_on(panel, int(row), model) for row in rows])


def model_rows(panel: MarketPanel, rows: Sequence[int] | None = None) -> list[ModelRow]:
    """models.csv: every model as of the last day, or as it stood on each of `rows` and has held from that day on.

    Weights sum to 1 to the last digit.
    """
    lines: list[ModelRow] = []
    for row in [len(panel.days) - 1] if rows is None else rows:
        day = "" if rows is None else from_day_number(int(panel.days[row])).isoformat()
        for model in (*STOCK_MODELS, *FUND_MODELS):
            lines += _weight_rows(panel, row, model, day)
    for model, children in CHILDREN.items():
        lines += [ModelRow(model, "", child, f"{share:.2f}", "") for child, share in children.items()]
    return lines


def _weight_rows(panel: MarketPanel, row: int, model: str, day: str) -> list[ModelRow]:
    weight = weights_on(panel, row, model)
    held = np.flatnonzero(weight)
    symbols = [panel.universe.symbols[place] for place in held]
    each = [int(part) for part in np.round(weight[held] * 1e12)]
    cash = MODEL_CASH.get(model, 0.0)
    if cash:
        symbols.append("CASH")
        each.append(round(cash * 1e12))
    parts = split_by_largest_remainder(PARTS, each)
    return [
        ModelRow(model, symbol, "", f"{part / PARTS:.6f}", day)
        for symbol, part in zip(symbols, parts, strict=True)
        if part
    ]
