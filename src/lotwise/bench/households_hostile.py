"""Households with one thing wrong, or several laid one upon another: what is known to break solvers, or might.

A kind is a function of a household and a generator of random numbers. What it returns is valid input all the same:
lots within what is held and cheapest first, bounds in order, numbers finite.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lotwise.bench.accounts_hostile import HOSTILE, hostile
from lotwise.bench.households import ordinary_household, single_account_household
from lotwise.bench.households_bounded import BOUNDED_HOUSEHOLDS
from lotwise.bench.households_edited import (
    HouseholdSpoiler,
    with_accounts_scaled,
    with_lots,
    with_positions,
    with_prices,
    without_lots,
)
from lotwise.bench.reference.household import ReferenceHousehold

__all__ = ["HOSTILE_HOUSEHOLDS", "hostile_household", "spoiled_household"]

_FACTORS = (0, 1, 3, 5, 8, 12, 20)
_ACCOUNTS = (1, 2, 2, 3, 4, 4, 6, 12)
_LEAST_NAMES, _MOST_NAMES = 2, 150
_SINGLE = 0.05  # part of the households that are one hostile account
_DOLLAR = 1e-7  # of ten million


def hostile_household(seed: int, most_names: int = _MOST_NAMES) -> tuple[str, ReferenceHousehold]:
    """Make a household of one to three kinds, of any size; returns which, and the household.

    Sizes are drawn evenly on the scale of their logarithm.
    """
    rng = np.random.default_rng([seed, 5])
    names = int(np.exp(rng.uniform(np.log(_LEAST_NAMES), np.log(most_names + 1))))
    if rng.random() < _SINGLE:
        kind = str(rng.choice(list(HOSTILE)))
        return f"account: {kind}", single_account_household(hostile(kind, seed, names, 8))
    kinds = [str(kind) for kind in rng.choice(list(HOSTILE_HOUSEHOLDS), int(rng.integers(1, 4)), replace=False)]
    accounts = 12 if "twelve accounts" in kinds else int(rng.choice(_ACCOUNTS))
    factors = int(rng.choice(_FACTORS))
    return " + ".join(kinds), _spoiled(kinds, rng, ordinary_household(seed, names, accounts, max(factors, 3)), factors)


def spoiled_household(kind: str, seed: int, names: int = 20, accounts: int = 3, factors: int = 5) -> ReferenceHousehold:
    """Make an ordinary household and spoil it; `kind` is a key of HOSTILE_HOUSEHOLDS."""
    rng = np.random.default_rng([seed, names, accounts, factors, 6])
    accounts = 12 if kind == "twelve accounts" else accounts
    return _spoiled([kind], rng, ordinary_household(seed, names, accounts, max(factors, 3)), factors)


def _spoiled(
    kinds: list[str], rng: np.random.Generator, household: ReferenceHousehold, factors: int
) -> ReferenceHousehold:
    household = replace(household, loadings=np.ascontiguousarray(household.loadings[:, :factors]))
    for kind in kinds:
        household = HOSTILE_HOUSEHOLDS[kind](household, rng)
    return household


def _some(household: ReferenceHousehold, rng: np.random.Generator) -> np.ndarray:
    """Choose some accounts, at least one and not all if there are more, (A,) booleans."""
    chosen = rng.random(household.accounts) < 0.5
    first = int(rng.integers(household.accounts))
    chosen[first] = True
    if household.accounts > 1:
        chosen[first - 1] = False
    return chosen


def _one_dollar(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Put a dollar into some accounts beside the ten millions of the others."""
    return with_accounts_scaled(household, np.where(_some(household, rng), _DOLLAR, 1.0))


def _far_apart(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Draw the values of accounts over nine powers of ten."""
    return with_accounts_scaled(household, 10.0 ** rng.uniform(-9.0, 0.0, household.accounts))


def _empty_account(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Leave nothing at all in some accounts; a household of one keeps it."""
    if household.accounts == 1:
        return household
    return with_accounts_scaled(household, np.where(_some(household, rng), 0.0, 1.0))


def _cash_only(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Hold nothing but cash in some accounts."""
    return without_lots(household, _some(household, rng)[household.account])


def _overdrawn(most: float) -> HouseholdSpoiler:
    """Hold in some accounts more than they are worth, up to so many times."""

    def overdraw(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
        invested = household.by_account(household.held)
        wanted = rng.uniform(1.0, most, household.accounts) * household.value
        often = np.where(_some(household, rng) & (invested > 0), wanted / np.maximum(invested, 1e-300), 1.0)
        times = np.where(household.held > 0, often[household.account], 1.0)
        quantity = household.lot_quantity * times[household.lot_position]
        return replace(household, held=household.held * times, lot_quantity=quantity)

    return overdraw


def _locked_account(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Let some accounts be held away: they count, and do not trade."""
    away = _some(household, rng)[household.account]
    quantity = np.where(away[household.lot_position], 0.0, household.lot_quantity)
    return replace(household, may_buy=household.may_buy & ~away, lot_quantity=quantity)


def _in_one_account(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Leave every name one position."""
    drawn = rng.random(household.positions)
    best = np.full(household.names, -1.0)
    np.maximum.at(best, household.name, drawn)
    return with_positions(household, drawn == best[household.name])


def _somewhere(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Leave out half of the positions, so that some names are nowhere and some accounts may hold little."""
    return with_positions(household, rng.random(household.positions) < 0.5)


def _deferred(household: ReferenceHousehold, _: np.random.Generator) -> ReferenceHousehold:
    """Let all accounts be deferred: no tax, no loss, no drag."""
    free = with_prices(household, household.buy_cost[household.lot_position])
    return replace(free, hold_cost=np.zeros(household.positions))


def _ties(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Make accounts alike: one cost everywhere, or none at all, and taxes in tenths."""
    cost = float(rng.choice([0.0, 1e-3]))
    same = replace(household, buy_cost=np.full(household.positions, cost), hold_cost=np.zeros(household.positions))
    return with_prices(same, np.round(household.lot_price, 1) + cost)


def _all_losses(household: ReferenceHousehold, _: np.random.Generator) -> ReferenceHousehold:
    """Turn every lot of every account into a loss."""
    return with_prices(household, -np.abs(household.lot_price))


def _unpaid_losses(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Let losses bar purchases and pay nothing, or cost something."""
    price = np.where(household.lot_loss, rng.choice([0.0, 1e-4, 0.05], household.lots), household.lot_price)
    return with_prices(household, price, household.lot_loss)


def _break_even(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Price half of the lots a hair from where selling and buying again costs nothing."""
    hair = rng.choice([0.0, 1e-17, 1e-15, 1e-12, 1e-9, 1e-6], household.lots) * rng.choice([-1, 1], household.lots)
    half = rng.random(household.lots) < 0.5
    price = np.where(half, -household.buy_cost[household.lot_position] + hair, household.lot_price)
    return with_prices(household, price, np.where(half, False, household.lot_loss))


def _duplicates(household: ReferenceHousehold, _: np.random.Generator) -> ReferenceHousehold:
    """Give every second name the risk of the one before it."""
    model = np.arange(household.names) // 2 * 2
    return replace(household, loadings=household.loadings[model], specific=household.specific[model])


def _barred_target(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Want one name alone, which no account may buy."""
    i = int(rng.integers(household.names))
    target = np.zeros(household.names)
    target[i] = 1.0
    return replace(household, target=target, may_buy=household.may_buy & (household.name != i))


def _may_buy(share: float) -> HouseholdSpoiler:
    """Let only this share of the names be bought."""
    return lambda h, g: replace(h, may_buy=h.may_buy & (g.random(h.names) < share)[h.name])


def _times(**fields: float) -> HouseholdSpoiler:
    """Multiply fields by constants."""
    return lambda h, _: replace(h, **{name: times * getattr(h, name) for name, times in fields.items()})


def _cash(low: float, high: float) -> HouseholdSpoiler:
    """Ask for cash between these parts of every account."""
    return lambda h, _: replace(h, cash_low=low * h.value, cash_high=high * h.value)


def _some_cash(household: ReferenceHousehold, rng: np.random.Generator) -> ReferenceHousehold:
    """Ask some accounts for most of what they are worth and the others for next to none."""
    low = np.where(_some(household, rng), rng.uniform(0.3, 1.0, household.accounts), 0.0) * household.value
    return replace(household, cash_low=low, cash_high=low + 0.01 * household.value)


_ACCOUNT_KINDS: dict[str, HouseholdSpoiler] = {
    "one-dollar accounts": _one_dollar,
    "values far apart": _far_apart,
    "empty accounts": _empty_account,
    "cash only": _cash_only,
    "overdrawn": _overdrawn(1.1),
    "deep in debt": _overdrawn(1.8),
    "held away": _locked_account,
    "twelve accounts": lambda h, _: h,
    "names in one account": _in_one_account,
    "half of the positions": _somewhere,
    "cash bands": _cash(0.0, 0.03),
    "no cash": _cash(0.0, 0.0),
    "raise cash": _cash(0.3, 0.3),
    "all to cash": _cash(1.0, 1.0),
    "cash in some accounts": _some_cash,
    "cash out of reach": lambda h, g: _cash(0.4, 0.4)(replace(h, lot_quantity=h.lot_quantity * 0.1), g),
}

_PRICE_KINDS: dict[str, HouseholdSpoiler] = {
    "all deferred": _deferred,
    "ties": _ties,
    "all losses": _all_losses,
    "unpaid losses": _unpaid_losses,
    "break-even": _break_even,
    "dear trading": _times(buy_cost=100.0),
    "dear location": _times(hold_cost=30.0),
    "paid to hold": _times(hold_cost=-5.0),
    "extreme credits": lambda h, g: with_prices(
        h, np.where(g.random(h.lots) < 0.33, -g.uniform(1.0, 10.0, h.lots), h.lot_price)
    ),
}

_RISK_KINDS: dict[str, HouseholdSpoiler] = {
    "no specific risk": _times(specific=0.0),
    "some without specific risk": lambda h, g: replace(h, specific=h.specific * (g.random(h.names) < 0.5)),
    "tiny specific risk": _times(specific=1e-9),
    "no factor risk": _times(loadings=0.0),
    "duplicates": _duplicates,
    "any price of tracking": lambda h, g: replace(h, risk_price=h.risk_price * 10.0 ** g.uniform(-2, 2)),
    "target of a third": _times(target=0.33),
    "target beyond the household": _times(target=1.5),
}

_HOLDING_KINDS: dict[str, HouseholdSpoiler] = {
    "barred target": _barred_target,
    "nothing tradable": lambda h, g: _may_buy(0.0)(_times(lot_quantity=0.0)(h, g), g),
    "nothing may be bought": _may_buy(0.0),
    "little may be bought": _may_buy(0.2),
    "empty lots": lambda h, g: with_lots(h, np.where(g.random(h.lots) < 0.3, 0.0, h.lot_quantity)),
    "dust lots": lambda h, g: with_lots(
        h, np.where(g.random(h.lots) < 0.3, 10.0 ** g.uniform(-16, -12, h.lots), h.lot_quantity)
    ),
    "locked lots": lambda h, g: replace(h, lot_quantity=np.where(g.random(h.lots) < 0.33, 0.0, h.lot_quantity)),
}

HOSTILE_HOUSEHOLDS: dict[str, HouseholdSpoiler] = {
    **_ACCOUNT_KINDS,
    **_PRICE_KINDS,
    **_RISK_KINDS,
    **_HOLDING_KINDS,
    **BOUNDED_HOUSEHOLDS,
}
