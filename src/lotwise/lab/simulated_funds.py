"""The funds of a simulated market: index funds of its own companies, and of markets abroad and bonds beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.market_panel import YEAR_ROWS, CashDividends, Floats, FundRole, Lookthrough
from lotwise.lab.simulated_returns import COMMON_TAILS, CommonReturns, clustered_shocks, pin

__all__ = ["Funds", "simulate_funds"]

# Rows between two dividends of a fund, and the row of the first.
FUND_QUARTER_ROWS = 63
FUND_FIRST_ROW = 55
# What a fund's price does besides its index, standard deviation per day.
FUND_NOISE = 0.00004


class _Fund(NamedTuple):
    role: FundRole
    symbol: str
    name: str
    asset_class: str
    sector: str
    spread_bps: float
    fee: float  # per year
    dividend_yield: float
    first_price: float
    kind: str = "etf"
    identical_group: str = ""


_US = "US equity"
_ABROAD = "International equity"
_BONDS = "US bonds"
_FUNDS = (
    _Fund(FundRole.BROAD, "ZFLCA", "Simulated Large Company 500 Fund A", _US, "", 0.5, 0.0003, 0.014, 200.0)._replace(
        identical_group="large-company-500"
    ),
    _Fund(FundRole.TWIN, "ZFLCB", "Simulated Large Company 500 Fund B", _US, "", 0.4, 0.0009, 0.013, 185.0)._replace(
        identical_group="large-company-500"
    ),
    _Fund(FundRole.TOTAL, "ZFTOT", "Simulated Total Market Fund", _US, "", 0.6, 0.0003, 0.014, 105.0),
    _Fund(FundRole.GROWTH, "ZFGRO", "Simulated Growth Fund", _US, "", 1.0, 0.0004, 0.006, 120.0),
    _Fund(FundRole.VALUE, "ZFVAL", "Simulated Value Fund", _US, "", 1.0, 0.0004, 0.022, 80.0),
    _Fund(
        FundRole.TECHNOLOGY,
        "ZFTEC",
        "Simulated Technology Fund",
        _US,
        "Information Technology",
        1.2,
        0.0009,
        0.007,
        45.0,
    ),
    _Fund(FundRole.HEALTH, "ZFHLT", "Simulated Health Care Fund", _US, "Health Care", 1.4, 0.0009, 0.013, 70.0),
    _Fund(FundRole.ENERGY, "ZFNRG", "Simulated Energy Fund", _US, "Energy", 1.6, 0.0009, 0.033, 60.0),
    _Fund(
        FundRole.INTERNATIONAL,
        "ZFINT",
        "Simulated Developed Markets Fund",
        _ABROAD,
        "",
        1.8,
        0.0005,
        0.029,
        40.0,
    ),
    _Fund(FundRole.EMERGING, "ZFEMG", "Simulated Emerging Markets Fund", _ABROAD, "", 2.4, 0.0008, 0.026, 35.0),
    _Fund(FundRole.BONDS, "ZFBND", "Simulated Aggregate Bond Fund", _BONDS, "", 1.0, 0.0003, 0.030, 82.0),
    _Fund(FundRole.SHORT_BONDS, "ZFSTB", "Simulated Short Bond Fund", _BONDS, "", 1.2, 0.0004, 0.024, 79.0),
    _Fund(
        FundRole.OUTSIDE,
        "ZFINC",
        "Simulated Income Fund",
        "Other",
        "",
        12.0,
        0.0075,
        0.045,
        24.0,
        kind="fund",
    ),
)


class Funds(NamedTuple):
    """F funds; positions in `lookthrough.fund` count the funds, in `.security` the companies."""

    symbols: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    asset_classes: tuple[str, ...]
    sectors: tuple[str, ...]
    roles: tuple[str, ...]
    identical_groups: tuple[str, ...]
    spread_bps: Floats
    close: Floats  # (T, F)
    adjusted: Floats
    dividends: CashDividends
    lookthrough: Lookthrough


def _holdings(caps: Floats, sectors: tuple[str, ...], half: NDArray[np.bool_]) -> dict[FundRole, Floats]:
    """Market values (T, C) that each index of domestic companies holds; NaN = not held.

    Growth and value split the market in two halves.
    """
    sector = np.array(sectors)

    def only(inside: NDArray[np.bool_]) -> Floats:
        return np.where(inside, caps, np.nan)

    return {
        FundRole.BROAD: caps,
        FundRole.TWIN: caps,
        FundRole.TOTAL: caps,
        FundRole.GROWTH: only(half),
        FundRole.VALUE: only(~half),
        FundRole.TECHNOLOGY: only(sector == "Information Technology"),
        FundRole.HEALTH: only(sector == "Health Care"),
        FundRole.ENERGY: only(sector == "Energy"),
    }


def _index_returns(total: Floats, caps: Floats) -> Floats:
    """(T,) daily return of a capital-weighted index: yesterday's market values, today's returns."""
    weight = np.nan_to_num(caps[:-1])
    result: Floats = np.zeros(len(total))
    result[1:] = (weight * total[1:]).sum(axis=1) / weight.sum(axis=1)
    return result


def _foreign_returns(rng: np.random.Generator, common: CommonReturns) -> dict[FundRole, Floats]:
    """Daily returns of what is no domestic company: annual drift, share of the market's move, own volatility.

    Rounded from the last decades: stocks abroad move with the domestic market, bonds hardly.
    """
    plan = {
        FundRole.INTERNATIONAL: (0.065, 0.80, 0.085),
        FundRole.EMERGING: (0.055, 0.80, 0.13),
        FundRole.BONDS: (0.022, 0.02, 0.052),
        FundRole.SHORT_BONDS: (0.020, 0.005, 0.018),
        FundRole.OUTSIDE: (0.035, 0.35, 0.05),
    }
    own = clustered_shocks(rng, len(common.market), len(plan), COMMON_TAILS)[2]
    return {
        role: drift / YEAR_ROWS + share * common.market + pin(own[:, place], volatility)
        for place, (role, (drift, share, volatility)) in enumerate(plan.items())
    }


def simulate_funds(
    rng: np.random.Generator, common: CommonReturns, total: Floats, caps: Floats, sectors: tuple[str, ...]
) -> Funds:
    """Build the funds from companies' total returns (T, C) and the market values of the members (T, C)."""
    half = np.asarray(rng.random(total.shape[1]) < 0.5)
    holdings = _holdings(caps, sectors, half)
    returns = _foreign_returns(rng, common)
    returns |= {role: _index_returns(total, held) for role, held in holdings.items()}
    rows = len(total)
    ex_date = (np.arange(rows) % FUND_QUARTER_ROWS == FUND_FIRST_ROW).astype(np.float64)
    fees = np.array([fund.fee for fund in _FUNDS]) / YEAR_ROWS
    growth = 1 + np.column_stack([returns[fund.role] for fund in _FUNDS]) - fees
    growth += rng.normal(0, FUND_NOISE, growth.shape)
    growth[0] = 1.0
    rates = np.outer(ex_date, [fund.dividend_yield / 4 for fund in _FUNDS])
    close = np.round(np.cumprod(growth - rates, axis=0) * [fund.first_price for fund in _FUNDS], 2)
    worth = np.cumprod(growth, axis=0)
    paid_row, paid = np.nonzero(rates)
    lookthrough = [
        (place, company, weight)
        for place, fund in enumerate(_FUNDS)
        if fund.role in holdings
        for company, weight in _last_weights(holdings[fund.role])
    ]
    return Funds(
        symbols=tuple(fund.symbol for fund in _FUNDS),
        names=tuple(fund.name for fund in _FUNDS),
        kinds=tuple(fund.kind for fund in _FUNDS),
        asset_classes=tuple(fund.asset_class for fund in _FUNDS),
        sectors=tuple(fund.sector for fund in _FUNDS),
        roles=tuple(fund.role.value for fund in _FUNDS),
        identical_groups=tuple(fund.identical_group for fund in _FUNDS),
        spread_bps=np.array([fund.spread_bps for fund in _FUNDS]),
        close=close,
        adjusted=np.round(worth * (close[-1] / worth[-1]), 6),
        dividends=CashDividends(
            paid_row.astype(np.int32),
            paid.astype(np.int32),
            np.round(rates[paid_row, paid] * close[paid_row - 1, paid], 4),
        ),
        lookthrough=Lookthrough(
            np.array([place for place, _, _ in lookthrough], dtype=np.int32),
            np.array([company for _, company, _ in lookthrough], dtype=np.int32),
            np.array([weight for _, _, weight in lookthrough], dtype=np.float64),
        ),
    )


def _last_weights(caps: Floats) -> list[tuple[int, float]]:
    """Holdings of the last day, as fractions."""
    last = caps[-1]
    held = np.flatnonzero(np.isfinite(last))
    weights = last[held] / last[held].sum()
    return [(int(company), float(weight)) for company, weight in zip(held, weights, strict=True)]
