from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.bench.risk_metrics import bias_of, bias_statistics, mean_qlike, outcome_of


@pytest.mark.parametrize("error", [0.5, 1.0, 2.0])
def test_the_bias_of_a_forecast_that_is_too_low_by_a_factor_is_that_factor(error: float) -> None:
    rng = np.random.default_rng(0)
    standardised = error * rng.normal(size=(400, 60))
    each = bias_statistics(standardised)
    # A standard deviation of 400 normal numbers errs by 1 / sqrt(2 x 400) = 3.5%; the mean of 60 by 0.5%.
    assert np.all(np.abs(each / error - 1.0) < 5 * 0.035)
    bias = bias_of(standardised)
    assert bias.mean == pytest.approx(error, rel=4 * 0.035 / np.sqrt(60))
    assert bias.low < bias.mean < bias.high
    if error == 1.0:
        assert bias.beyond_2 == pytest.approx(0.0455, abs=0.006)
        assert bias.beyond_3 == pytest.approx(0.0027, abs=0.0015)


def test_a_steady_advantage_is_no_bias() -> None:
    standardised = 3.0 + np.random.default_rng(1).normal(size=(1000, 3))
    assert bias_statistics(standardised) == pytest.approx(1.0, abs=0.1)


def test_qlike_is_least_where_the_forecast_is_the_truth() -> None:
    """Realised variances of 21 normal days: noisy, and still the truth wins, on either side of it."""
    noise = np.random.default_rng(2).chisquare(21, size=200_000) / 21.0
    at = {factor: mean_qlike(noise / factor) for factor in (0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 2.0)}
    assert min(at, key=at.__getitem__) == 1.0
    assert at[0.5] > at[2.0]  # too low a forecast costs more


@given(st.floats(1e-3, 1e3))
def test_qlike_is_zero_at_what_was_realised_and_positive_elsewhere(ratio: float) -> None:
    assert mean_qlike(np.ones(4)) == 0.0
    assert mean_qlike(np.full(4, ratio)) >= 0.0
    assert mean_qlike(np.array([ratio, 0.0])) == pytest.approx(mean_qlike(np.array([ratio])))


def test_what_a_portfolio_did_by_hand() -> None:
    """One security up 10% and 10%, one flat; half each against the first alone."""
    growth = np.array([[1.0, 1.0], [1.1, 1.0], [1.21, 1.0]])
    active, benchmark = np.array([[-0.5, 0.5]]), np.array([1.0, 0.0])
    outcome = outcome_of(active, growth, benchmark, np.array([0.04]), days_per_year=200.0)
    predicted = 0.04 * 2 / 200
    assert outcome.standardised[0] == pytest.approx((1.105 - 1.21) / np.sqrt(predicted))
    days = np.array([1.05 - 1.1, 1.105 / 1.05 - 1.1])
    assert outcome.ratio[0] == pytest.approx(np.sum(days**2) / predicted)


def test_cash_earns_nothing() -> None:
    growth = np.array([[1.0], [1.1]])
    outcome = outcome_of(np.array([[-0.2]]), growth, np.array([1.0]), np.array([1.0]), days_per_year=1.0)
    assert outcome.standardised[0] == pytest.approx(-0.02)
