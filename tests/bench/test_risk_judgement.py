from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="needs scikit-learn (the extra bench)")

from lotwise.bench.risk_accounts import OptimisedAccount, standing, terms
from lotwise.bench.risk_forecasts import OURS, Forecast, Forecaster, complete_returns, forecasters, of_covariance
from lotwise.bench.risk_judgement import OPTIMISED, RANDOM, SECTOR, Judgement, Sizes, judge
from lotwise.bench.risk_market import HORIZON, RiskDate, RiskMarket, read_risk_market
from lotwise.bench.risk_metrics import bias_of
from lotwise.errors import FolderError
from tests.bench.simulated_index import SimulatedIndex, simulated_index

Floats = NDArray[np.float64]

SMALL = Sizes(random=8, accounts=4)


@pytest.fixture(scope="module")
def index() -> SimulatedIndex:
    return simulated_index(stocks=120, days=1400, seed=7)


def truth_of(index: SimulatedIndex) -> Forecaster:
    """The covariance from which the returns were drawn."""

    def forecast(known: RiskDate) -> Forecast:
        return of_covariance(index.covariance[np.ix_(known.columns, known.columns)] / 252.0)

    return forecast


def rows_of(market: RiskMarket, count: int) -> list[int]:
    last = len(market.days) - 1 - HORIZON
    return [last - HORIZON * number for number in reversed(range(count))]


def flat(judgement: Judgement) -> dict[tuple[str, str], bytes]:
    return {
        key: np.array(record.standardised).tobytes() + np.array(record.predicted).tobytes()
        for key, record in judgement.records.items()
    }


def test_portfolios_of_a_market_drawn_from_the_forecast_have_a_bias_of_1(index: SimulatedIndex) -> None:
    """All classes, the optimised too: a forecast without error has nothing for an optimizer to lean on."""
    market = index.market
    judgement = judge(market, rows_of(market, 60), {"truth": truth_of(index)}, SMALL)
    assert judgement.unsolved == 0
    for kind in (RANDOM, SECTOR, OPTIMISED):
        bias = bias_of(np.array(judgement.records[kind, "truth"].standardised))
        # One deviation of 60 months errs by 9%; portfolios of a class share some of it.
        assert bias.mean == pytest.approx(1.0, abs=0.2), kind


def test_a_sample_covariance_flatters_the_portfolios_that_are_optimised_with_it(index: SimulatedIndex) -> None:
    def short_sample(known: RiskDate) -> Forecast:
        prices = known.history.adjusted[-200:, : known.members]
        return of_covariance(np.cov(prices[1:] / prices[:-1] - 1.0, rowvar=False))

    market = index.market
    judgement = judge(market, rows_of(market, 30), {"truth": truth_of(index), "sample": short_sample}, SMALL)
    bias = {
        (kind, name): bias_of(np.array(judgement.records[kind, name].standardised)).mean
        for kind in (RANDOM, OPTIMISED)
        for name in ("truth", "sample")
    }
    assert bias[OPTIMISED, "sample"] > 1.15 * bias[OPTIMISED, "truth"]
    assert bias[RANDOM, "sample"] == pytest.approx(bias[RANDOM, "truth"], rel=0.15)


def test_the_model_of_lotwise_is_near_the_truth_where_there_is_one(index: SimulatedIndex) -> None:
    """Steady normal returns: no weather to miss, so that what is left is the noise of an estimate."""
    market = index.market
    ours = {OURS: forecasters()[OURS], "truth": truth_of(index)}
    judgement = judge(market, rows_of(market, 36), ours, SMALL)
    for kind in (RANDOM, SECTOR, OPTIMISED):
        of_truth = bias_of(np.array(judgement.records[kind, "truth"].standardised)).mean
        bias = bias_of(np.array(judgement.records[kind, OURS].standardised)).mean
        assert bias / of_truth == pytest.approx(1.0, abs=0.12), kind


def test_the_future_changes_nothing_before_it(index: SimulatedIndex) -> None:
    """Prices after a month are shuffled: every forecast and every weight up to its start stays, bit for bit."""
    market = index.market
    rows = rows_of(market, 4)
    cut = rows[2]
    later = market.adjusted.copy()
    rng = np.random.default_rng(0)
    later[cut + 1 :] = later[cut] * np.exp(rng.normal(size=later[cut + 1 :].shape) * 0.3)
    before = judge(market, rows, forecasters(), SMALL)
    after = judge(market.with_prices(later), rows, forecasters(), SMALL)
    assert before.records.keys() == after.records.keys()
    for key, record in before.records.items():
        other = after.records[key]
        # What was predicted up to the cut, and what happened up to it; then things differ.
        assert [one.tobytes() for one in record.predicted[:3]] == [one.tobytes() for one in other.predicted[:3]], key
        assert [one.tobytes() for one in record.ratio[:2]] == [one.tobytes() for one in other.ratio[:2]], key
        assert record.ratio[2].tobytes() != other.ratio[2].tobytes()
        assert record.predicted[3].tobytes() != other.predicted[3].tobytes()


def test_the_same_market_gives_the_same_bytes(index: SimulatedIndex) -> None:
    chosen = {OURS: forecasters()[OURS]}
    rows = rows_of(index.market, 2)
    one, other = (judge(index.market, rows, chosen, SMALL) for _ in range(2))
    assert flat(one) == flat(other)


def test_a_forecast_narrowed_to_a_few_names_ranks_portfolios_as_the_whole_one(index: SimulatedIndex) -> None:
    known = index.market.known(1300)
    forecast = truth_of(index)(known)
    rng = np.random.default_rng(3)
    chosen = np.sort(rng.choice(known.members, 30, replace=False))
    loadings, specific, target = forecast.within(chosen, known.benchmark)
    weights = rng.dirichlet(np.ones(30), size=20)
    active = np.tile(-known.benchmark, (20, 1))
    active[:, chosen] += weights
    whole = forecast.variances(active)
    narrow = 0.5 * np.sum(((weights - target) @ loadings) ** 2, axis=1) + ((weights - target) ** 2) @ specific
    # They differ by a constant: what the names outside cost whatever is done.
    assert np.ptp(whole - narrow) < 1e-12
    assert specific.min() > 0.0


def test_members_that_look_the_same_to_a_forecast_can_be_optimised(index: SimulatedIndex) -> None:
    """Two twins make a covariance singular; what is narrowed to them tracks as well as before."""
    known = index.market.known(1300)
    covariance = index.covariance.copy()
    covariance[1] = covariance[0]
    covariance[:, 1] = covariance[:, 0]
    forecast = of_covariance(covariance / 252.0)
    chosen = np.arange(20)
    loadings, specific, target = forecast.within(chosen, known.benchmark)
    assert np.all(np.isfinite(target))
    assert 0.5 * loadings @ loadings.T + np.diag(specific) == pytest.approx(covariance[:20, :20], abs=1e-9)
    account = OptimisedAccount(terms(1)[0])
    assert account.rebalanced(known, forecast).sum() == pytest.approx(1.0)
    assert account.unsolved == 0


def test_gaps_leave_each_member_its_own_volatility(index: SimulatedIndex) -> None:
    market = index.market
    prices = market.adjusted.copy()
    whole = complete_returns(market.known(1300))
    prices[:900, 0] = np.nan
    returns = complete_returns(market.with_prices(prices).known(1300))
    assert np.all(np.isfinite(returns))
    assert np.std(returns[:, 0]) == pytest.approx(np.std(whole[:, 0]), rel=0.15)
    assert np.array_equal(returns[:, 1], whole[:, 1])


def test_an_account_keeps_its_names_its_cash_and_its_rules(index: SimulatedIndex) -> None:
    market = index.market
    account = next(each for each in terms(20) if each.avoided >= 0 and each.cash > 0.0 and each.taxed)
    followed = OptimisedAccount(account)
    sector_of: dict[int, str] = {}
    bought: set[int] = set()
    weights: list[Floats] = []
    for row in rows_of(market, 6):
        known = market.known(row)
        sector_of.update(zip(known.columns.tolist(), known.structure.sector, strict=False))
        weights.append(followed.rebalanced(known, truth_of(index)(known)))
        bought |= set(known.columns[weights[-1] > 0.0].tolist())
        assert 1.0 - account.cash - 1e-9 <= weights[-1].sum() <= 1.0 + 1e-9
        assert weights[-1].min() >= 0.0
        followed.grown(known.columns, market.growth(row, known.columns)[-1])
    assert len(bought) <= account.names
    avoided = sorted(set(sector_of.values()))[account.avoided % 6]
    assert avoided not in {sector_of[column] for column in bought}
    assert followed.unsolved == 0
    assert np.abs(weights[-1] - weights[0]).sum() > 0.02  # it trades


def test_standing_depends_on_the_symbol_alone() -> None:
    assert standing(("A", "B", "C"), "x")[1] == standing(("B",), "x")[0]
    assert standing(("A",), "x")[0] != standing(("A",), "y")[0]
    many = standing(tuple(f"S{i}" for i in range(2000)), "x")
    assert many.mean() == pytest.approx(0.5, abs=0.03)


def test_a_security_that_ends_stays_at_its_last_price(index: SimulatedIndex) -> None:
    prices = index.market.adjusted.copy()
    prices[1305:, 0] = np.nan
    market = index.market.with_prices(prices)
    growth = market.growth(1300, np.array([0, 1]))
    assert growth[4:, 0].tolist() == [growth[4, 0]] * (HORIZON - 3)
    assert growth[-1, 1] == prices[1300 + HORIZON, 1] / prices[1300, 1]
    assert 0 not in market.known(1305).columns.tolist()


@pytest.mark.parametrize("missing", ["prices", "etfs", "membership", "liquidity_by_year"])
def test_a_folder_without_a_table_is_refused_by_name(tmp_path: Path, market_dir: Path, missing: str) -> None:
    for name in ("prices", "etfs", "membership", "liquidity_by_year"):
        if name != missing:
            (tmp_path / f"{name}.parquet").symlink_to(market_dir / f"{name}.parquet")
    with pytest.raises(FolderError, match=re.escape(f"{missing}.parquet: must be a Parquet table")):
        read_risk_market(tmp_path)


def test_the_market_of_a_day_holds_nothing_later(market_dir: Path) -> None:
    market = read_risk_market(market_dir)
    rows = market.rows(2012, 2025)
    assert len(rows) >= 165
    assert np.diff(rows).tolist() == [HORIZON] * (len(rows) - 1)
    changed: Callable[[int], RiskMarket] = lambda row: market.with_prices(  # noqa: E731
        np.where(np.arange(len(market.days))[:, None] > row, np.nan, market.adjusted)
    )
    for row in (rows[0], rows[80]):
        one, other = market.known(row), changed(row).known(row)
        assert one.history.symbols == other.history.symbols
        assert one.history.adjusted.tobytes() == other.history.adjusted.tobytes()
        assert one.benchmark.tobytes() == other.benchmark.tobytes()
        assert one.history.days[-1] == market.days[row]
