"""Prices of lots and of barred losses against worked examples, an integral, and what must hold of any price."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate

from lotwise.rebalancing.lot_costs import barred_loss_cost, lot_price

SHORT, LONG = 0.408, 0.238
RATES = (SHORT, LONG, SHORT, LONG)  # of gains, and of losses that are worth as much
REFERENCE = (0.0, 1.0, 1.0)  # delta, harvest depth, cap: the reference objective
HALF_DEFERRED = (0.5, 1.0, 1.0)
YEARS = 31.0 / 365.0  # the day of the purchase and the 30 after it

gains = st.floats(-5.0, 0.999)
fractions = st.floats(0.0, 1.0)
days = st.floats(1.0, 366.0)
caps = st.floats(1.0, 365.0)


def short(gain: float, policy: tuple[float, float, float], left: float = 100.0, worth: float = 1.0) -> float:
    return lot_price(gain, (False, left), (SHORT, LONG, worth * SHORT, worth * LONG), policy)


def long(gain: float, policy: tuple[float, float, float]) -> float:
    return lot_price(gain, (True, -50.0), RATES, policy)


@given(gain=gains, is_long=st.booleans(), left=days)
def test_under_the_reference_objective_the_price_is_gain_times_rate(gain: float, is_long: bool, left: float) -> None:
    rate = LONG if is_long else SHORT
    assert lot_price(gain, (is_long, left), RATES, REFERENCE) == pytest.approx(gain * rate, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(
    ("gain", "is_long", "left", "policy", "price"),
    [
        # value 40,000, basis 30,000: 25% of a dollar sold is gain
        (0.25, True, 0.0, HALF_DEFERRED, 0.25 * 0.238 * 0.5),
        (0.25, False, 100.0, HALF_DEFERRED, 0.02975 + 0.25 * 0.17),
        (0.25, False, 100.0, (0.5, 1.0, 2.0), 0.02975 + 0.0425 * 2),
        (0.25, False, 100.0, (0.5, 1.0, 4.0), 0.02975 + 0.0425 * 3.65),
        # value 40,000, basis 50,000: 25% of a dollar sold is loss, 80% of basis is left
        (-0.25, False, 100.0, HALF_DEFERRED, -0.25 * 0.408 + 0.25 * 0.238 * 0.5),
        (-0.25, True, 0.0, HALF_DEFERRED, -0.25 * 0.238 * 0.5),
        (-0.25, False, 100.0, (0.5, 0.8, 1.0), -0.07225),
        (-0.25, False, 100.0, (0.5, 0.7999, 1.0), 0.0),
        # harvest = "none": no credit at any depth
        (-4.0, False, 100.0, (0.0, 0.0, 1.0), 0.0),
        # tax that is never paid is no tax, and a loss that would have offset it is worth nothing either
        (0.5, True, 0.0, (1.0, 1.0, 1.0), 0.0),
        (-0.5, True, 0.0, (1.0, 1.0, 1.0), 0.0),
        (0.0, False, 1.0, (0.5, 1.0, 365.0), 0.0),
    ],
)
def test_prices_of_lots_worked_by_hand(
    gain: float, is_long: bool, left: float, policy: tuple[float, float, float], price: float
) -> None:
    assert lot_price(gain, (is_long, left), RATES, policy) == pytest.approx(price, abs=1e-15)


def test_a_loss_is_priced_at_what_it_is_worth_and_lowers_what_is_taxed_later_at_the_rate_of_gains() -> None:
    assert short(-0.25, HALF_DEFERRED, worth=0.5) == pytest.approx(-0.25 * 0.204 + 0.02975)
    assert short(-0.25, HALF_DEFERRED, worth=0.0) == pytest.approx(0.02975)
    rates = (0.4, 0.2, 0.3, 0.1)
    assert lot_price(-0.25, (True, 0.0), rates, REFERENCE) == pytest.approx(-0.025)
    assert lot_price(-0.25, (False, 9.0), rates, REFERENCE) == pytest.approx(-0.075)
    assert lot_price(0.25, (True, 0.0), rates, REFERENCE) == pytest.approx(0.05)


def test_a_gain_that_is_cheaper_now_than_in_the_long_term_is_not_made_to_wait() -> None:
    rates = (0.1, 0.2, 0.1, 0.2)
    assert lot_price(0.5, (False, 10.0), rates, (0.0, 1.0, 12.0)) == pytest.approx(0.05)


def test_waiting_weighs_at_most_a_day_and_at_least_a_year() -> None:
    waits = (0.0, 1.0, 365.0)
    gain_and_premium = 0.1 * LONG + 0.1 * (SHORT - LONG) * 365.0
    assert short(0.1, waits, left=1.0) == pytest.approx(gain_and_premium)
    assert short(0.1, waits, left=0.2) == pytest.approx(gain_and_premium)
    assert short(0.1, waits, left=365.0) == pytest.approx(0.1 * SHORT)
    assert short(0.1, waits, left=366.0) == pytest.approx(0.1 * SHORT)


@given(low=gains, high=gains, delta=fractions, cap=caps, left=days, is_long=st.booleans())
def test_a_dollar_with_more_gain_never_costs_less_to_sell(
    low: float, high: float, delta: float, cap: float, left: float, is_long: bool
) -> None:
    low, high = min(low, high), max(low, high)
    policy = (delta, 1.0, cap)
    cheap, dear = (lot_price(gain, (is_long, left), RATES, policy) for gain in (low, high))
    assert cheap <= dear + 1e-15


@given(gain=st.floats(0.0, 0.999), one=fractions, other=fractions, left=days, cap=caps, is_long=st.booleans())
def test_the_dearer_tax_paid_later_is_the_cheaper_it_is_to_realise_a_gain_now(
    gain: float, one: float, other: float, left: float, cap: float, is_long: bool
) -> None:
    less, more = sorted((one, other))
    cheaper = lot_price(gain, (is_long, left), RATES, (more, 1.0, cap))
    dearer = lot_price(gain, (is_long, left), RATES, (less, 1.0, cap))
    assert cheaper <= dearer + 1e-15


@given(gain=st.floats(0.001, 0.999), soon=days, late=days, cap=caps)
def test_the_nearer_the_anniversary_the_dearer_a_short_term_gain(
    gain: float, soon: float, late: float, cap: float
) -> None:
    soon, late = min(soon, late), max(soon, late)
    policy = (0.5, 1.0, cap)
    assert short(gain, policy, left=soon) >= short(gain, policy, left=late)
    assert short(gain, policy, left=late) >= long(gain, policy)


@given(gain=st.floats(-5.0, -0.001), depth=fractions)
def test_a_loss_earns_its_credit_once_it_is_deep_enough_and_never_before(gain: float, depth: float) -> None:
    left = 1.0 / (1.0 - gain)  # value / basis
    assume(abs(left - depth) > 1e-12)
    expected = gain * SHORT if left < depth else 0.0
    assert short(gain, (0.0, depth, 1.0)) == pytest.approx(expected)


@given(gain=st.floats(-5.0, -0.001), one=fractions, other=fractions)
def test_a_loss_that_the_client_can_use_more_of_is_worth_more(gain: float, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert short(gain, HALF_DEFERRED, worth=more) <= short(gain, HALF_DEFERRED, worth=less) + 1e-15


def time_value(strike: float, volatility: float) -> float:
    """Of a put on one dollar for 31 days, by integration over the lognormal."""
    deviation = volatility * math.sqrt(YEARS)

    def payoff(z: float) -> float:
        price = math.exp(deviation * z - 0.5 * deviation**2)
        return max(strike - price, 0.0) * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)

    exercised_below = (math.log(strike) + 0.5 * deviation**2) / deviation
    put, _ = integrate.quad(payoff, -12.0, min(max(exercised_below, -12.0), 12.0), epsabs=1e-14, epsrel=1e-12)
    return float(put) - max(strike - 1.0, 0.0)


@pytest.mark.parametrize("volatility", [0.08, 0.3, 0.9])
@pytest.mark.parametrize("strike", [0.85, 0.97, 1.0, 1.03, 1.2])
def test_a_barred_loss_costs_the_time_value_of_a_put_struck_where_its_credit_begins(
    strike: float, volatility: float
) -> None:
    for depth in (1.0, 0.9):
        cost = barred_loss_cost(strike / depth, depth, volatility, SHORT)
        assert cost == pytest.approx(SHORT * time_value(strike, volatility), rel=1e-7, abs=1e-12)


def test_at_the_money_a_barred_loss_costs_four_tenths_of_a_months_deviation() -> None:
    deviation = 0.3 * math.sqrt(YEARS)
    assert barred_loss_cost(1.0, 1.0, 0.3, 1.0) == pytest.approx(deviation / math.sqrt(2 * math.pi), rel=1e-3)


@pytest.mark.parametrize(
    ("basis_ratio", "depth", "volatility", "rate"),
    [
        (1.0, 1.0, 0.0, SHORT),  # a price that does not move brings no loss
        (1.0, 0.0, 0.3, SHORT),  # harvest = "none"
        (0.0, 1.0, 0.3, SHORT),  # no basis, no loss
        (0.2, 1.0, 0.3, SHORT),  # a gain so large that no month turns it into a loss
        (9.0, 1.0, 0.3, SHORT),  # a loss so deep that it is one today and will be one in a month
        (1.0, 1.0, 0.3, 0.0),
    ],
)
def test_nothing_is_lost_where_no_loss_is_barred(
    basis_ratio: float, depth: float, volatility: float, rate: float
) -> None:
    assert barred_loss_cost(basis_ratio, depth, volatility, rate) == pytest.approx(0.0, abs=1e-12)


@given(basis_ratio=st.floats(0.01, 10.0), one=st.floats(0.0, 2.0), other=st.floats(0.0, 2.0), depth=fractions)
def test_the_more_a_price_moves_the_more_a_barred_loss_costs(
    basis_ratio: float, one: float, other: float, depth: float
) -> None:
    calm, wild = sorted((one, other))
    cost = barred_loss_cost(basis_ratio, depth, calm, SHORT)
    assert 0.0 <= cost <= barred_loss_cost(basis_ratio, depth, wild, SHORT) + 1e-13
    assert cost <= SHORT


@given(
    one=st.floats(0.05, 20.0),
    other=st.floats(0.05, 20.0),
    volatility=st.floats(0.01, 2.0),
    rates=st.tuples(st.floats(0.0, 0.6), st.floats(0.0, 0.6)),
)
def test_of_two_strikes_on_one_side_the_nearer_at_no_lower_rate_is_the_dearer(
    one: float, other: float, volatility: float, rates: tuple[float, float]
) -> None:
    """Why a night prices no more than the nearest lots of a name."""
    low, high = sorted((one, other))
    lower, higher = sorted(rates)
    near, far = (low, high) if low >= 1.0 else (high, low)
    if low < 1.0 < high:
        return  # one on each side
    assert barred_loss_cost(near, 1.0, volatility, higher) >= barred_loss_cost(far, 1.0, volatility, lower) - 1e-13
