"""The true objective of a household's trades, from the raw numbers, and every rule that they break."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.bench.reference.account import CASH_SHORT, CASH_SURPLUS, Floats
from lotwise.bench.reference.household import ReferenceHousehold

__all__ = ["HouseholdJudgement", "judge_household", "weights_of_names", "weights_of_positions"]


class HouseholdJudgement(NamedTuple):
    """Objective in dollars per dollar of value; the rest are violations, 0 when the rule is kept."""

    objective: float
    charged: float  # objective and missed bounds at their price: what is minimised
    soft: float  # total violation of the bounds on names, positions and groups
    breach: float  # that and the missed cash bands, at their relative prices
    cash: Floats  # (A,) distance of the account's remaining cash from its band
    owed: float  # most cash that an account owes beyond what it may
    oversold: float  # largest quantity sold beyond a lot, or sold or bought negatively
    bought_barred: float  # bought where buying is not allowed
    washed: float  # smaller of what is bought and what is sold of barring lots, summed over names


def weights_of_positions(household: ReferenceHousehold, buy: Floats, sell: Floats) -> Floats:
    """Weights z after the trades, (C,)."""
    return household.held + buy - household.by_position(sell)


def weights_of_names(household: ReferenceHousehold, buy: Floats, sell: Floats) -> Floats:
    """Weights t after the trades, (n,)."""
    return household.by_name(weights_of_positions(household, buy, sell))


def _missed(reached: Floats, low: Floats, high: Floats) -> float:
    return float(np.maximum(np.maximum(low - reached, reached - high), 0.0).sum())


def judge_household(household: ReferenceHousehold, buy: Floats, sell: Floats) -> HouseholdJudgement:
    """Evaluate risk, tax, cost and location of these purchases (C,) and sales (L,), trusting nobody."""
    position = weights_of_positions(household, buy, sell)
    name = household.by_name(position)
    active = name - household.target
    exposure = household.loadings.T @ active
    variance = 0.5 * float(exposure @ exposure) + float(household.specific @ active**2)
    cost = float(household.buy_cost @ buy) + float(household.lot_price @ sell) + float(household.hold_cost @ position)
    cash = household.value - household.by_account(position)
    short, surplus = np.maximum(household.cash_low - cash, 0.0), np.maximum(cash - household.cash_high, 0.0)
    soft = (
        _missed(name, household.low, household.high)
        + _missed(position, household.position_low, household.position_high)
        + _missed(np.asarray(household.group_matrix @ name), household.group_low, household.group_high)
        + _missed(np.asarray(household.own_matrix @ position), household.own_group_low, household.own_group_high)
    )
    breach = soft + CASH_SHORT * float(short.sum()) + CASH_SURPLUS * float(surplus.sum())
    objective = household.risk_price * variance + cost
    over = (np.max(sell - household.lot_quantity, initial=0.0), -np.min(sell, initial=0.0), -np.min(buy, initial=0.0))
    barred = household.by_name(household.by_position(np.where(household.barring, sell, 0.0)))
    return HouseholdJudgement(
        objective=objective,
        charged=objective + household.violation_price * breach,
        soft=soft,
        breach=breach,
        cash=np.maximum(short, surplus),
        owed=float(np.max(-household.most_owed - cash, initial=0.0)),
        oversold=float(max(over)),
        bought_barred=float(buy[~household.may_buy].sum()),
        washed=float(np.minimum(household.by_name(buy), barred).clip(min=0.0).sum()),
    )
