"""A statistical risk model from prices as they were known on a day.

1. Returns, each day divided by its level of volatility, extremes cut (`returns`).
2. Factors from the stocks with a long history (`factors`), exposures of all else to them by regression that starts
   from the average of its peers; without any history that average is the exposure (`layer`, `regression`, `peers`).
3. The same again for what stock factors leave unexplained in funds: bonds, gold and foreign shares move together for
   reasons that no domestic stock shows.
4. Specific variances, drawn towards those of the peers.
5. Factors scaled to an annual variance of 1, so that an exposure is a volatility.

The same inputs give the same bytes, in whatever order the symbols come. Not modelled: two stocks of one company (their
specific risk counts as independent), fundamental factors, expected changes of a company's risk.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number, to_day_number
from lotwise.errors import RiskModelError
from lotwise.risk.estimation_settings import EstimationSettings
from lotwise.risk.factor_model import FactorModel, Origin
from lotwise.risk.layer import FactorLayer, Roles, factor_layer
from lotwise.risk.peers import Peers, SecurityStructure, find_peers
from lotwise.risk.returns import (
    DAYS_PER_YEAR,
    daily_returns,
    effective_count,
    exponential_weights,
    weighted_mean_square,
)
from lotwise.securities.market import PriceHistory, SecurityKind

__all__ = ["EstimationSettings", "SecurityStructure", "estimate"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_DEFAULTS = EstimationSettings()

# A market of fewer stocks than this has no factors of its own: stocks and funds are then looked at together.
_LEAST_STOCKS = 10

# Share of the weight of all days on which a security must have a return to help in finding factors.
_LEAST_COVERAGE = 0.6

# A fund whose daily volatility beyond the stock factors is less than this has nothing left to explain.
_LEAST_RESIDUAL = 1e-6

_LEAST_VARIANCE = 1e-12


class _Panel(NamedTuple):
    """Returns of N securities over T days, and what can be made of each."""

    returns: Floats  # (T, N) NaN where there is none, or no use in it
    observations: NDArray[np.intp]  # (N,)
    full: Flags  # (N,) long enough a history to find factors in
    stock: Flags  # (N,)


def estimate(
    history: PriceHistory,
    structure: SecurityStructure,
    settings: EstimationSettings = _DEFAULTS,
    *,
    as_of: date | None = None,
) -> FactorModel:
    """Estimate a factor model from total-return prices up to a day (the last of the history, unless given).

    Every symbol of the history gets a risk; `origin` says from what. Cash without prices has the least specific risk
    and no other. Raises RiskModelError for days after `as_of`, for prices that are not positive, and where there are
    too few days or no security has a usable history.
    """
    day = _checked(history, structure, settings, as_of)
    # One order inside, so that the order in which a caller lists securities cannot move a bit of the result.
    order = np.array(sorted(range(len(history.symbols)), key=history.symbols.__getitem__), dtype=np.intp)
    back = np.argsort(order)
    within = structure.reordered(order)
    returns = daily_returns(history.adjusted[-settings.window - 1 :][:, order])
    if len(returns) < settings.least_days:
        raise RiskModelError(
            f"a risk model needs prices of at least {settings.least_days + 1} trading days up to {day}, had "
            f"{len(returns) + 1 if len(returns) else len(history.days)}: add earlier prices or bring a risk model along"
        )
    panel = _panel(returns, within, settings)
    if not np.any(panel.full):
        raise RiskModelError(
            f"no security has returns on {_LEAST_COVERAGE:.0%} of the days up to {day}: add prices or bring a risk "
            "model along"
        )
    layers, peers = _layers(panel, within, settings)
    specific = _drawn_to_peers(_own_specific(layers), peers, panel, settings) * DAYS_PER_YEAR
    specific = np.maximum(specific * settings.specific_inflation, settings.least_specific**2)
    exposures = np.hstack([layer.exposures for layer in layers])
    quiet = np.array([kind == SecurityKind.CASH for kind in within.kind]) & (panel.observations == 0)
    exposures[quiet] = 0.0
    specific[quiet] = settings.least_specific**2
    origin = _origin(panel, peers, settings)
    covariance = _block_diagonal([layer.covariance * DAYS_PER_YEAR for layer in layers])
    exposures, covariance = _of_unit_variance(exposures, covariance)
    return FactorModel(
        as_of=day,
        symbols=history.symbols,
        factors=_factor_names(layers),
        exposures=exposures[back],
        covariance=covariance,
        specific=specific[back],
        origin=tuple(origin[i] for i in back),
    )


def _factor_names(layers: list[FactorLayer]) -> tuple[str, ...]:
    return tuple(
        f"{name} {j + 1}"
        for name, layer in zip(("stocks", "funds"), layers, strict=False)
        for j in range(layer.exposures.shape[1])
    )


def _checked(
    history: PriceHistory, structure: SecurityStructure, settings: EstimationSettings, as_of: date | None
) -> date:
    """Refuse what cannot be a history as known on the day; return the day."""
    symbols, days, prices = history.symbols, history.days, history.adjusted
    if prices.shape != (len(days), len(symbols)):
        raise RiskModelError(f"prices must have shape {(len(days), len(symbols))}, had {prices.shape}")
    if len(structure.kind) != len(symbols):
        raise RiskModelError(f"the structure must have {len(symbols)} securities, had {len(structure.kind)}")
    if len(set(symbols)) != len(symbols):
        twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
        raise RiskModelError(f"every symbol must appear once in the price history, twice was {', '.join(twice[:10])}")
    if not len(days) or not symbols:
        raise RiskModelError(
            f"a risk model needs prices of at least {settings.least_days + 1} trading days, had none: add prices or "
            "bring a risk model along"
        )
    if np.any(np.diff(days) <= 0):
        raise RiskModelError("the days of a price history must ascend, each once: sort them")
    day = from_day_number(int(days[-1])) if as_of is None else as_of
    if int(days[-1]) > to_day_number(day):
        raise RiskModelError(
            f"a risk model of {day} must not see later prices, was given prices of {from_day_number(int(days[-1]))}"
        )
    bad = np.argwhere(np.isinf(prices) | (prices <= 0.0))
    if len(bad):
        t, i = bad[0]
        raise RiskModelError(
            f"every price must be positive (NaN where there is none), {len(bad)} were not; the first: "
            f"{symbols[i]} on {from_day_number(int(days[t]))} was {prices[t, i]}"
        )
    return day


def _panel(returns: Floats, structure: SecurityStructure, settings: EstimationSettings) -> _Panel:
    """Sort out what can be made of each security.

    A stock whose price never moved has no price in truth, and gets the risk of its peers; a fund may be that quiet.
    """
    stock = np.array([kind == SecurityKind.STOCK for kind in structure.kind], dtype=np.bool_)
    moves = np.any(np.isfinite(returns) & (returns != 0.0), axis=0)
    usable = np.where(stock & ~moves, np.nan, returns)
    seen = np.isfinite(usable)
    w = exponential_weights(len(returns), settings.correlation_half_life)
    coverage = np.sum(seen * w[:, None], axis=0) / np.sum(w)
    return _Panel(
        returns=usable,
        observations=np.sum(seen, axis=0),
        full=moves & (coverage >= _LEAST_COVERAGE),
        stock=stock,
    )


def _layers(
    panel: _Panel, structure: SecurityStructure, settings: EstimationSettings
) -> tuple[list[FactorLayer], Peers]:
    """Return the layer of stocks, the layer of funds if there is something to explain, and everybody's peers."""
    peers = find_peers(structure, panel.full)
    stocks = panel.full & panel.stock
    if np.sum(stocks) < _LEAST_STOCKS:
        nobody = np.zeros_like(stocks)
        together = Roles(core=panel.full, unlike=nobody, peers=peers, stock=panel.stock)
        return [factor_layer(panel.returns, together, settings.factors, settings)], peers
    roles = Roles(core=stocks, unlike=panel.full & ~stocks, peers=peers, stock=panel.stock)
    first = factor_layer(panel.returns, roles, settings.factors, settings)
    funds = np.flatnonzero(~panel.stock)
    left = first.residuals[:, funds]
    w = exponential_weights(len(left), settings.correlation_half_life)
    core = panel.full[funds] & (weighted_mean_square(left, w) > _LEAST_RESIDUAL**2)
    if np.sum(core) < 2 or settings.fund_factors == 0:
        return [first], peers
    narrowed = structure.reordered(funds)
    roles = Roles(
        core=core,
        unlike=panel.full[funds] & ~core,
        peers=find_peers(narrowed, panel.full[funds]),
        stock=np.zeros(len(funds), dtype=np.bool_),
    )
    second = factor_layer(left, roles, settings.fund_factors, settings)
    return [first, _spread_over(second, funds, panel.returns.shape)], peers


def _spread_over(layer: FactorLayer, rows: NDArray[np.intp], shape: tuple[int, ...]) -> FactorLayer:
    """Give a layer of some securities a row for every security: no exposure, nothing known of specific risk."""
    exposures = np.zeros((shape[1], layer.exposures.shape[1]))
    exposures[rows] = layer.exposures
    specific = np.full(shape[1], np.nan)
    specific[rows] = layer.specific
    residuals = np.full(shape, np.nan)
    residuals[:, rows] = layer.residuals
    return FactorLayer(exposures, layer.covariance, specific, residuals)


def _own_specific(layers: list[FactorLayer]) -> Floats:
    """Specific variance by each security's own returns: what the last layer that saw it leaves; NaN where none did."""
    specific = layers[0].specific
    for layer in layers[1:]:
        specific = np.where(np.isfinite(layer.specific), layer.specific, specific)
    return specific


def _drawn_to_peers(own: Floats, peers: Peers, panel: _Panel, settings: EstimationSettings) -> Floats:
    """Draw specific variances towards the peers' median, by logarithms, the more the fewer observations there are.

    A security of short history is drawn towards their upper quartile instead: young companies are riskier than their
    sector. Logarithms, because the specific variance of funds spans four orders of magnitude.
    """
    log_own = np.log(np.maximum(own, _LEAST_VARIANCE))
    short = panel.observations < settings.short_history
    log_peers = np.where(short, peers.quantile(log_own, 0.75), peers.quantile(log_own, 0.5))
    w = exponential_weights(len(panel.returns), settings.specific_half_life)
    count = np.array([effective_count(w[seen]) for seen in np.isfinite(panel.returns).T])
    share = count / (count + max(settings.peer_observations, _LEAST_VARIANCE))
    log_own = np.where(panel.observations > 0, log_own, log_peers)
    result: Floats = np.exp(share * log_own + (1.0 - share) * log_peers)
    return result


def _origin(panel: _Panel, peers: Peers, settings: EstimationSettings) -> list[str]:
    """Say from what each security's risk was made."""
    origins: list[str] = []
    for observations, by_sector in zip(panel.observations, peers.by_sector, strict=True):
        if observations >= settings.short_history:
            origins.append(Origin.ESTIMATED)
        elif observations > 0:
            origins.append(Origin.SHORT_HISTORY)
        else:
            origins.append(Origin.SECTOR_PROXY if by_sector else Origin.CLASS_PROXY)
    return origins


def _of_unit_variance(exposures: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Scale the factors to an annual variance of 1: the same risk, in exposures that are volatilities.

    Returns exposures x sd (N, k) and covariance / (sd sd') (k, k). A factor without variance moves nothing: its
    exposures become 0.
    """
    sd = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    moves = sd > 0.0
    scale = np.where(moves, sd, 1.0)
    scaled = covariance / np.outer(scale, scale)
    np.fill_diagonal(scaled, 1.0)
    return np.where(moves, exposures * sd, 0.0), scaled


def _block_diagonal(blocks: list[Floats]) -> Floats:
    """Put covariances beside each other: the layers do not move together, by construction."""
    size = sum(len(block) for block in blocks)
    whole = np.zeros((size, size))
    start = 0
    for block in blocks:
        whole[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    return whole
