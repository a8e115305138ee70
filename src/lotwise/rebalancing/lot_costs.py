"""What a dollar of a lot costs to sell, and what a dollar bought costs beyond its spread (DESIGN section 3).

These are prices for the optimizer: they weigh tax now against tax later. The tax that is reported stays the true one.
With delta = 0, harvest "any", losses worth the rates of gains and a wait cap of 1 the price of a lot is exactly
gain x marginal rate.
"""

from __future__ import annotations

import math

from lotwise.kernels import inlined_kernel, inner_kernel

__all__ = ["barred_loss_cost", "lot_price"]

# Days in which a purchase bars the loss of the shares beside it, as a fraction of a year: 30 days after it and the
# day itself (26 U.S.C. 1091(a)); the losses of the 30 days before are priced by the sell-or-buy choice itself.
_BARRED_YEARS = 31.0 / 365.0

# A strike more than so many standard deviations away is worth nothing: less than 1e-10 of a dollar.
_FAR = 6.0


@inlined_kernel
def lot_price(
    gain: float,
    term: tuple[bool, float],
    rates: tuple[float, float, float, float],
    policy: tuple[float, float, float],
) -> float:
    """Tax per dollar sold, now less what would be paid later; negative = a credit.

    `gain` = (value - basis) / value; `term` = (long term?, days until it is); `rates` = (short, long) of gains, then
    of losses; `policy` = (delta, harvest depth as value / basis, cap on the weight of waiting).

    A short-term gain can wait for its anniversary, m days away, and carry its risk only that long, while gamma charges
    a year of it: the part that waiting saves counts min(365 / m, cap) times. Where it saves nothing it counts once.
    """
    long_term, days_left = term
    short_rate, long_rate, loss_short_rate, loss_long_rate = rates
    delta, depth, cap = policy
    if gain >= 0.0:
        price = gain * long_rate * (1.0 - delta)
        if not long_term:
            weight = max(1.0, min(365.0 / max(days_left, 1.0), cap)) if short_rate > long_rate else 1.0
            price += gain * (short_rate - long_rate) * weight
        return price
    ratio = 1.0 / (1.0 - gain)
    if ratio > depth:
        return 0.0
    rate = loss_long_rate if long_term else loss_short_rate
    return gain * rate - gain * long_rate * delta


@inner_kernel
def barred_loss_cost(basis_ratio: float, depth: float, volatility: float, rate: float) -> float:
    """Cost per dollar bought of the losses it bars for a month, for a lot with basis / value = `basis_ratio`.

    The right to harvest the lot within the month is a put struck where its credit begins, at depth x basis; a buy gives
    up its time value (what lies in the money today is the sell-or-buy choice, decided by the optimizer itself). Black
    and Scholes (1973) at zero interest, times the rate that a loss would save.
    """
    strike = basis_ratio * depth
    deviation = volatility * math.sqrt(_BARRED_YEARS)
    if strike <= 0.0 or deviation <= 0.0:
        return 0.0
    # |log strike| is at least this, which costs no logarithm.
    if (1.0 - strike if strike < 1.0 else 1.0 - 1.0 / strike) > _FAR * deviation:
        return 0.0
    above = math.log(1.0 / strike) / deviation + 0.5 * deviation
    below = above - deviation
    root_2 = math.sqrt(2.0)
    put = strike * 0.5 * math.erfc(below / root_2) - 0.5 * math.erfc(above / root_2)
    return rate * max(put - max(strike - 1.0, 0.0), 0.0)
