from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.errors import RiskModelError
from lotwise.risk.estimation import EstimationSettings, SecurityStructure, estimate
from lotwise.risk.factor_model import FactorModel, Origin
from lotwise.securities.market import PriceHistory, SecurityKind
from tests.risk.simulated import SECTORS, SimulatedMarket, history_of, simulated_market, stocks

Floats = NDArray[np.float64]

# Half-lives long enough that a thousand days count almost alike: what is left is sampling error, which can be bounded.
STEADY = EstimationSettings(
    correlation_half_life=2000.0,
    factor_half_life=2000.0,
    specific_half_life=2000.0,
    level_half_life=2000.0,
    serial_lags=0,
)


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return simulated_market(n=120, days=1250, seed=3)


@pytest.fixture(scope="module")
def steady(market: SimulatedMarket) -> FactorModel:
    return estimate(market.history, market.structure, STEADY)


def covariance_of(model: FactorModel) -> Floats:
    result: Floats = model.exposures @ model.covariance @ model.exposures.T + np.diag(model.specific)
    return result


def with_prices(history: PriceHistory, prices: Floats) -> PriceHistory:
    return replace(history, adjusted=prices)


def with_days(history: PriceHistory, days: int) -> PriceHistory:
    return PriceHistory(history.symbols, history.days[-days - 1 :], history.adjusted[-days - 1 :])


def test_variance_of_random_portfolios_is_that_of_the_truth(market: SimulatedMarket, steady: FactorModel) -> None:
    rng = np.random.default_rng(0)
    long_only = rng.dirichlet(np.ones(120), size=50)
    active = long_only - 1.0 / 120.0
    for weights, tolerance in ((long_only, 0.08), (active, 0.08)):
        truth = np.einsum("pi,ij,pj->p", weights, market.covariance, weights)
        ratio = np.sqrt([steady.portfolio_variance(row) for row in weights] / truth)
        assert abs(ratio.mean() - 1.0) < tolerance / 2
        assert np.all(np.abs(ratio - 1.0) < 2 * tolerance)


def test_portfolios_that_the_model_thinks_best_are_not_much_riskier_in_truth(
    market: SimulatedMarket, steady: FactorModel
) -> None:
    """Tracking an index with 40 of 120 names, freely weighted: where errors of a model add up instead of cancelling."""
    V = covariance_of(steady)
    rng = np.random.default_rng(1)
    ratios = []
    for _ in range(20):
        chosen = rng.choice(120, 40, replace=False)
        index = np.full(120, 1.0 / 120.0)
        active = -index
        active[chosen] += np.linalg.solve(V[np.ix_(chosen, chosen)], V[chosen] @ index)
        truth = float(active @ market.covariance @ active)
        ratios.append(np.sqrt(truth / steady.portfolio_variance(active)))
    assert 0.95 < np.mean(ratios) < 1.12


def test_each_variance_and_the_number_of_factors(market: SimulatedMarket, steady: FactorModel) -> None:
    ratio = np.sqrt(np.diag(covariance_of(steady)) / np.diag(market.covariance))
    assert np.sqrt(np.mean((ratio - 1.0) ** 2)) < 0.05
    assert np.all(np.abs(ratio - 1.0) < 0.2)
    assert len(steady.factors) == 5  # those that are there: the other fifteen allowed would be chance
    assert set(steady.origin) == {Origin.ESTIMATED}


def test_a_calm_year_after_a_storm_predicts_calm(market: SimulatedMarket) -> None:
    returns = np.diff(market.history.adjusted, axis=0) / market.history.adjusted[:-1]
    returns[:600] *= 3.0
    model = estimate(history_of(np.maximum(returns, -0.9)), market.structure)
    index = np.full(120, 1.0 / 120.0)
    truth = float(index @ market.covariance @ index)
    assert np.sqrt(model.portfolio_variance(index) / truth) == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_days_on_which_stocks_fell_say_more_of_what_comes(market: SimulatedMarket, sign: float) -> None:
    """The last forty days move together by 1.5% up or down; only the side is other."""
    returns = np.diff(market.history.adjusted, axis=0) / market.history.adjusted[:-1]
    returns[-40:] = 0.015 * sign + 0.2 * returns[-40:]
    history = history_of(returns)
    levels = [estimate(history, market.structure, EstimationSettings(asymmetry=a)).specific for a in (0.0, 0.5)]
    ratio = np.median(levels[1] / levels[0])
    assert ratio < 0.9 if sign > 0 else ratio > 1.1


def test_more_securities_than_days_make_the_model_that_fewer_would(market: SimulatedMarket) -> None:
    """The same 120 stocks over 100 days (from the days' matrix) and 130 (from the securities')."""
    index = np.full(120, 1.0 / 120.0)
    truth = float(index @ market.covariance @ index)
    for days in (100, 130):
        model = estimate(with_days(market.history, days), market.structure, STEADY)
        assert np.sqrt(model.portfolio_variance(index) / truth) == pytest.approx(1.0, abs=0.2)
        assert len(model.factors) >= 3


def test_the_same_bytes_for_the_same_prices_in_any_order(market: SimulatedMarket) -> None:
    one = estimate(market.history, market.structure)
    again = estimate(market.history, market.structure)
    assert one.exposures.tobytes() == again.exposures.tobytes()
    assert one.covariance.tobytes() == again.covariance.tobytes()
    order = np.random.default_rng(5).permutation(120)
    shuffled = PriceHistory(
        tuple(market.history.symbols[i] for i in order),
        market.history.days,
        market.history.adjusted[:, order],
    )
    other = estimate(shuffled, market.structure.reordered(order))
    assert other.exposures.tobytes() == one.exposures[order].tobytes()
    assert other.specific.tobytes() == one.specific[order].tobytes()
    assert other.covariance.tobytes() == one.covariance.tobytes()


def test_later_prices_are_refused_and_earlier_ones_decide_alone(market: SimulatedMarket) -> None:
    cut = 1000
    day = from_day_number(int(market.history.days[cut]))
    with pytest.raises(RiskModelError, match="must not see later prices"):
        estimate(market.history, market.structure, as_of=day)
    early = PriceHistory(market.history.symbols, market.history.days[: cut + 1], market.history.adjusted[: cut + 1])
    before = estimate(early, market.structure)
    market_after = market.history.adjusted.copy()
    market_after[cut + 1 :] *= 1.7
    again = PriceHistory(market.history.symbols, market.history.days[: cut + 1], market_after[: cut + 1])
    assert estimate(again, market.structure, as_of=day).exposures.tobytes() == before.exposures.tobytes()
    assert before.as_of == day
    assert estimate(early, market.structure, as_of=day + timedelta(days=3)).as_of == day + timedelta(days=3)


def test_blocks_of_missing_prices_cost_little(market: SimulatedMarket) -> None:
    prices = market.history.adjusted.copy()
    rng = np.random.default_rng(8)
    for i in range(0, 120, 3):
        start = int(rng.integers(0, 1000))
        prices[start : start + 200, i] = np.nan
    prices[400:420] = np.nan  # and for a month nobody has any
    model = estimate(with_prices(market.history, prices), market.structure, STEADY)
    ratio = np.sqrt(np.diag(covariance_of(model)) / np.diag(market.covariance))
    assert np.all(np.abs(ratio - 1.0) < 0.2)
    weights = rng.dirichlet(np.ones(120)) - 1.0 / 120.0
    truth = float(weights @ market.covariance @ weights)
    assert np.sqrt(model.portfolio_variance(weights) / truth) == pytest.approx(1.0, abs=0.12)


def test_a_fund_quoted_on_a_holiday_costs_nobody_a_return(market: SimulatedMarket) -> None:
    prices = market.history.adjusted
    quoted = np.full((1, 120), np.nan)
    quoted[0, 0] = prices[500, 0]
    history = PriceHistory(
        market.history.symbols,
        np.concatenate([market.history.days[:500] - 1, market.history.days[500:501] - 1, market.history.days[500:]]),
        np.vstack([prices[:500], quoted, prices[500:]]),
    )
    plain = estimate(market.history, market.structure, STEADY)
    with_holiday = estimate(history, market.structure, STEADY)
    assert with_holiday.specific == pytest.approx(plain.specific, rel=1e-12)


def test_short_histories_lie_between_their_sector_and_themselves(market: SimulatedMarket) -> None:
    prices = market.history.adjusted.copy()
    full = estimate(market.history, market.structure, STEADY)
    prices[:-30, 0] = np.nan  # thirty days
    prices[:, 4] = np.nan  # none at all, same sector
    prices[:-1, 8] = np.nan  # one price, so no return
    model = estimate(with_prices(market.history, prices), market.structure, STEADY)
    assert model.origin[0] == Origin.SHORT_HISTORY
    assert model.origin[4] == model.origin[8] == Origin.SECTOR_PROXY
    assert model.exposures[4] == pytest.approx(model.exposures[8])
    V = covariance_of(model)
    peers = [i for i in range(120) if i % 4 == 0 and i not in (0, 4, 8)]
    others = [i for i in range(120) if i % 4 == 1]
    # A proxy moves with its own sector, and more with it than with another.
    correlation = V / np.sqrt(np.outer(np.diag(V), np.diag(V)))
    assert correlation[4, peers].mean() > correlation[4, others].mean() + 0.1
    assert model.specific[4] == pytest.approx(np.quantile(model.specific[peers], 0.75), rel=0.05)
    # Thirty days move the exposures towards what the whole history says, away from the average of the sector.
    gap_short = np.linalg.norm(V[0, peers] - covariance_of(full)[0, peers])
    gap_proxy = np.linalg.norm(V[4, peers] - covariance_of(full)[0, peers])
    assert gap_short < gap_proxy * 1.05


def test_a_class_stands_for_a_sector_nobody_knows(market: SimulatedMarket) -> None:
    prices = market.history.adjusted.copy()
    prices[:, :3] = np.nan
    sectors = ("Shipping", "", *market.structure.sector[2:])
    structure = replace(
        market.structure,
        sector=sectors,
        asset_class=("Equity", "Art", "Equity", *market.structure.asset_class[3:]),
    )
    model = estimate(with_prices(market.history, prices), structure)
    assert model.origin[:3] == (Origin.CLASS_PROXY, Origin.CLASS_PROXY, Origin.SECTOR_PROXY)
    index = np.append(np.zeros(3), np.full(117, 1.0 / 117.0))
    art = np.zeros(120)
    art[1] = 1.0
    beta = float(art @ covariance_of(model) @ index) / model.portfolio_variance(index)
    assert beta == pytest.approx(1.0, abs=0.1)


def market_with_funds(seed: int = 4) -> tuple[PriceHistory, SecurityStructure]:
    """Eighty stocks; a fund of all of them, two bond funds that move together, a money-market fund, a new bond fund."""
    stock = simulated_market(n=80, days=1000, seed=seed)
    rng = np.random.default_rng(seed)
    returns = np.diff(stock.history.adjusted, axis=0) / stock.history.adjusted[:-1]
    bonds = rng.normal(size=1000) * 0.06 / np.sqrt(252.0)
    quiet = rng.normal(size=(1000, 6)) * 0.004 / np.sqrt(252.0)
    funds = np.column_stack([returns.mean(axis=1), *(bonds + quiet[:, j] for j in range(6)), np.zeros(1000), bonds])
    symbols = (*stock.history.symbols, "INDEX", *(f"BOND{j}" for j in range(6)), "MONEY", "NEWBOND")
    history = history_of(np.hstack([returns, funds]), symbols)
    prices = history.adjusted.copy()
    prices[:, -1] = np.nan
    structure = SecurityStructure(
        asset_class=(*stock.structure.asset_class, "Equity", *("Bonds",) * 6, "Cash", "Bonds"),
        sector=(*stock.structure.sector, *("",) * 9),
        industry=("",) * 89,
        kind=(*stock.structure.kind, *(SecurityKind.ETF,) * 7, SecurityKind.FUND, SecurityKind.ETF),
    )
    return with_prices(history, prices), structure


def test_funds_are_near_what_they_hold_and_near_each_other() -> None:
    history, structure = market_with_funds()
    model = estimate(history, structure)
    n = len(history.symbols)

    def tracking(first: Floats, second: str) -> float:
        second_weights = np.zeros(n)
        second_weights[history.symbols.index(second)] = 1.0
        return float(np.sqrt(model.portfolio_variance(first - second_weights)))

    def only(symbol: str) -> Floats:
        weights = np.zeros(n)
        weights[history.symbols.index(symbol)] = 1.0
        return weights

    basket = np.append(np.full(80, 1.0 / 80.0), np.zeros(9))
    # The specific risk left in the basket, 3.4%, counts for the basket and, as its own, for the fund: x sqrt(2).
    assert tracking(basket, "INDEX") < 0.05
    assert tracking(only("BOND0"), "BOND1") < 0.013  # 0.57% in truth; each counts at least 0.5% of its own
    assert tracking(only("INDEX"), "BOND0") > 0.12
    assert np.sqrt(model.portfolio_variance(only("BOND0"))) == pytest.approx(0.06, rel=0.25)
    assert np.sqrt(model.portfolio_variance(only("MONEY"))) == pytest.approx(0.005, rel=0.1)
    # Without a single price a bond fund is like the other bond funds, not like stocks.
    assert model.origin[-1] == Origin.CLASS_PROXY
    assert tracking(only("NEWBOND"), "BOND0") < 0.03


def test_cash_without_prices_has_no_risk_but_the_least() -> None:
    market = simulated_market(n=40, days=300, seed=1)
    prices = market.history.adjusted.copy()
    prices[:, 7] = np.nan
    kinds = tuple(SecurityKind.CASH if i == 7 else SecurityKind.STOCK for i in range(40))
    model = estimate(with_prices(market.history, prices), replace(market.structure, kind=kinds))
    assert np.all(model.exposures[7] == 0.0)
    assert model.specific[7] == EstimationSettings().least_specific ** 2


def test_a_stock_whose_price_never_moves_gets_the_risk_of_its_peers(market: SimulatedMarket) -> None:
    prices = market.history.adjusted.copy()
    prices[:, 10] = 55.0
    model = estimate(with_prices(market.history, prices), market.structure)
    assert model.origin[10] == Origin.SECTOR_PROXY
    assert model.specific[10] > 0.15**2


def test_twins_and_a_wild_price_error_do_no_harm(market: SimulatedMarket) -> None:
    prices = market.history.adjusted.copy()
    prices[:, 1] = prices[:, 0]
    clean = estimate(with_prices(market.history, prices), market.structure)
    # Of two sectors: what little is specific in them is drawn to different peers.
    one, other = np.sqrt(np.diag(covariance_of(clean))[:2])
    assert one == pytest.approx(other, rel=1e-4)
    prices[-100, 30] *= 1000.0
    wild = estimate(with_prices(market.history, prices), market.structure)
    # Two returns of 1,000 to 1 cut at ten volatilities still count, as two bad days.
    assert np.sqrt(wild.specific[30] / clean.specific[30]) < 1.6
    others = np.delete(np.arange(120), 30)
    change = np.abs(wild.specific[others] / clean.specific[others] - 1.0)
    assert np.median(change) < 0.01
    assert change.max() < 0.2


def test_forty_days_of_everything_make_a_model_of_few_factors() -> None:
    market = simulated_market(n=60, days=40, seed=9)
    model = estimate(market.history, market.structure)
    assert set(model.origin) == {Origin.SHORT_HISTORY}
    assert 1 <= len(model.factors) <= 4
    index = np.full(60, 1.0 / 60.0)
    truth = float(index @ market.covariance @ index)
    assert np.sqrt(model.portfolio_variance(index) / truth) == pytest.approx(1.0, abs=0.4)


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_a_market_of_few_securities_has_their_variance(n: int) -> None:
    market = simulated_market(n=n, days=800, seed=n)
    model = estimate(market.history, market.structure, replace(STEADY, peer_observations=0.0))
    ratio = np.sqrt(np.diag(covariance_of(model)) / np.diag(market.covariance))
    assert np.all(np.abs(ratio - 1.0) < 0.2)


def test_inflation_multiplies_specific_variances(market: SimulatedMarket) -> None:
    plain = estimate(market.history, market.structure)
    inflated = estimate(market.history, market.structure, EstimationSettings(specific_inflation=1.5))
    assert inflated.specific == pytest.approx(1.5 * plain.specific)
    assert inflated.exposures.tobytes() == plain.exposures.tobytes()


def _bad_histories() -> list[tuple[str, PriceHistory, str]]:
    base = simulated_market(n=12, days=60, seed=2).history
    negative = base.adjusted.copy()
    negative[30, 5] = -1.0
    return [
        (
            "one day",
            PriceHistory(base.symbols, base.days[-1:], base.adjusted[-1:]),
            "at least 21 trading days",
        ),
        ("no day", PriceHistory(base.symbols, base.days[:0], base.adjusted[:0]), "at least 21 trading days"),
        (
            "ten days",
            PriceHistory(base.symbols, base.days[-10:], base.adjusted[-10:]),
            "at least 21 trading days",
        ),
        ("negative", with_prices(base, negative), "S005 on .* was -1.0"),
        ("twice", replace(base, symbols=("S001", *base.symbols[1:])), "twice was S001"),
        ("backwards", replace(base, days=base.days[::-1].copy()), "must ascend"),
        ("shape", replace(base, symbols=base.symbols[1:]), "must have shape"),
        ("nothing moves", with_prices(base, np.ones_like(base.adjusted)), "no security has returns"),
        ("all missing", with_prices(base, np.full_like(base.adjusted, np.nan)), "at least 21 trading days"),
    ]


@pytest.mark.parametrize(("history", "message"), [pytest.param(h, m, id=name) for name, h, m in _bad_histories()])
def test_what_cannot_be_a_history_is_refused(history: PriceHistory, message: str) -> None:
    with pytest.raises(RiskModelError, match=message):
        estimate(history, stocks(("Energy",) * 12))


def test_a_setting_out_of_range_is_refused() -> None:
    with pytest.raises(RiskModelError, match="correlation_half_life must be positive, was 0"):
        EstimationSettings(correlation_half_life=0.0)
    with pytest.raises(RiskModelError, match="asymmetry must be below 1, was 1"):
        EstimationSettings(asymmetry=1.0)
    with pytest.raises(RiskModelError, match="serial_lags must not be negative, was -1"):
        EstimationSettings(serial_lags=-1)


@st.composite
def _ragged_markets(draw: st.DrawFn) -> tuple[PriceHistory, SecurityStructure]:
    """Any mixture of kinds and sectors, gaps, constant columns, wild volatilities and listings at any time."""
    n = draw(st.integers(1, 30))
    days = draw(st.integers(22, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    loud = 10.0 ** rng.uniform(-5, -1.3, n)
    returns = np.clip((rng.standard_t(3, size=(days, n)) + rng.normal(size=(days, 1))) * loud, -0.9, 9.0)
    history = history_of(returns)
    prices = history.adjusted.copy()
    for i in range(n):
        fate = rng.integers(0, 8)
        if fate == 0:
            prices[:, i] = np.nan
        elif fate == 1:
            prices[:, i] = 10.0
        elif fate == 2:
            prices[: rng.integers(0, days), i] = np.nan
        elif fate == 3:
            prices[rng.random(days + 1) < 0.3, i] = np.nan
        elif fate == 4:
            prices[rng.integers(1, days) :, i] = np.nan
    prices[:, 0] = history.adjusted[:, 0]  # somebody has a history
    pick = rng.integers
    structure = SecurityStructure(
        asset_class=tuple(("", "Equity", "Bonds")[pick(0, 3)] for _ in range(n)),
        sector=tuple(("", *SECTORS)[pick(0, 5)] for _ in range(n)),
        industry=tuple(("", "A", "B")[pick(0, 3)] for _ in range(n)),
        kind=tuple(SecurityKind(int(pick(0, 5))) for _ in range(n)),
    )
    return with_prices(history, prices), structure


@given(_ragged_markets())
def test_any_market_gets_a_usable_model(drawn: tuple[PriceHistory, SecurityStructure]) -> None:
    """Finite, positive, PSD, one row each; and no variance far beyond the loudest return seen."""
    history, structure = drawn
    model = estimate(history, structure)  # FactorModel checks itself
    assert model.symbols == history.symbols
    V = covariance_of(model)
    assert np.linalg.eigvalsh(V)[0] >= -1e-9 * np.abs(V).max()
    assert np.all(model.specific >= EstimationSettings().least_specific ** 2)
    returns = history.adjusted[1:] / history.adjusted[:-1] - 1.0
    loudest = np.nanmax(np.abs(returns))
    assert np.diag(V).max() <= 3 * 252.0 * loudest**2 + 1e-3


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10)
def test_dollars_or_cents_make_no_difference(seed: int) -> None:
    market = simulated_market(n=20, days=200, seed=seed % 1000)
    scale = 2.0 ** np.random.default_rng(seed).integers(-6, 7, 20)
    one = estimate(market.history, market.structure)
    other = estimate(with_prices(market.history, market.history.adjusted * scale), market.structure)
    assert other.specific == pytest.approx(one.specific, rel=1e-9)
