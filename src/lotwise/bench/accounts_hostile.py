"""Accounts with one thing wrong: every hostile kind that is known to break solvers, or might.

A kind is a function of an account and a generator of random numbers, so that kinds can be laid one upon another
(`accounts_mixed`). What it returns is valid input all the same: lots within what is held and cheapest first, bounds in
order, numbers finite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lotwise.bench.accounts import ordinary
from lotwise.bench.accounts_bounded import BOUNDED
from lotwise.bench.accounts_edited import Spoiler, with_lots, with_prices
from lotwise.bench.reference.account import ReferenceAccount

__all__ = ["HOSTILE", "OUT_OF_REACH", "hostile"]


def hostile(kind: str, seed: int, names: int = 40, factors: int = 8) -> ReferenceAccount:
    """Make an ordinary account and spoil it; `kind` is a key of HOSTILE. From no factor and one name upward."""
    rng = np.random.default_rng([seed, names, factors, 2])
    factors = 60 if kind == "sixty factors" else factors
    names = 1 if kind == "one name" else names
    account = ordinary(seed, names, max(factors, 3))
    return HOSTILE[kind](replace(account, loadings=np.ascontiguousarray(account.loadings[:, :factors])), rng)


def _duplicates(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Give every second name the risk of the one before it."""
    return _alike(account, np.arange(account.names) // 2 * 2)


def _all_alike(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Give every name the risk, cost and target of the first."""
    alike = _alike(account, np.zeros(account.names, dtype=np.int64))
    return replace(alike, target=np.full(account.names, account.target.mean()))


def _alike(account: ReferenceAccount, model: np.ndarray) -> ReferenceAccount:
    return replace(
        account,
        loadings=account.loadings[model],
        specific=account.specific[model],
        buy_cost=account.buy_cost[model],
    )


def _one_heavy(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Hold 60% in one name."""
    heavy = int(np.argmax(account.held))
    others = account.held.sum() - account.held[heavy]
    scale = np.full(account.names, 0.4 / others if others > 0 else 1.0)
    scale[heavy] = 0.6 / account.held[heavy] if account.held[heavy] > 0 else 1.0
    return replace(account, held=account.held * scale, lot_quantity=account.lot_quantity * scale[account.lot_name])


def _empty_lots(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Empty the cheapest lot of most names: a loss without a share."""
    first = np.diff(account.lot_name, prepend=-1) > 0
    return with_lots(account, np.where(first & (rng.random(account.lots) < 0.7), 0.0, account.lot_quantity))


def _dust_lots(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Leave 1e-16 to 1e-12 of the account in a third of the lots."""
    dust = 10.0 ** rng.uniform(-16, -12, account.lots)
    return with_lots(account, np.where(rng.random(account.lots) < 0.33, dust, account.lot_quantity))


def _many_lots(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Cut every lot into twelve, of one price or of prices a hair apart."""
    times = 12
    hair = np.where(rng.random(account.lots) < 0.5, 0.0, 1e-13)
    price = np.repeat(account.lot_price, times) + np.repeat(hair, times) * np.tile(np.arange(times), account.lots)
    cut = replace(
        account,
        lot_start=account.lot_start * times,
        lot_quantity=np.repeat(account.lot_quantity / times, times),
        lot_price=price,
    )
    return with_prices(cut, price)


def _locked(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Take a third of the lots off the table: held, but not for sale."""
    return replace(account, lot_quantity=np.where(rng.random(account.lots) < 0.33, 0.0, account.lot_quantity))


def _all_cash(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
    """Hold nothing yet."""
    return replace(
        account,
        held=np.zeros(account.names),
        lot_start=np.zeros(account.names + 1, dtype=np.int64),
        lot_quantity=np.zeros(0),
        lot_price=np.zeros(0),
    )


def _scaled(weight: float) -> Spoiler:
    """Hold so much in all: above 1 the rest is owed, and more must be sold than the trades alone would ask for."""

    def scale(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
        total = account.held.sum()
        times = weight / total if total > 0 else 1.0
        return replace(account, held=account.held * times, lot_quantity=account.lot_quantity * times)

    return scale


def _break_even(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Price the cheapest lots a hair from where selling and buying again costs nothing: kinks of next to nothing."""
    first = np.diff(account.lot_name, prepend=-1) > 0
    hair = rng.choice([0.0, 1e-17, 1e-15, 1e-12, 1e-9, 1e-6], account.lots) * rng.choice([-1.0, 1.0], account.lots)
    return with_prices(account, np.where(first, -account.buy_cost[account.lot_name] + hair, account.lot_price))


def _extreme_credits(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Make a third of the lots worth up to ten times their value in tax."""
    chosen = rng.random(account.lots) < 0.33
    return with_prices(account, np.where(chosen, -rng.uniform(1.0, 10.0, account.lots), account.lot_price))


def _nothing_to_do(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Hold the target and the cash that is asked for, but for the last bits."""
    cash = 1.0 - float(account.held.sum())
    return replace(
        account,
        target=account.held * (1.0 + 1e-16 * rng.integers(-3, 4, account.names)),
        cash_low=cash + 1e-16 * float(rng.integers(-3, 1)),
        cash_high=cash + 1e-16 * float(rng.integers(0, 4)),
    )


def _barred_target(account: ReferenceAccount, rng: np.random.Generator) -> ReferenceAccount:
    """Want one name alone, which may not be bought."""
    i = int(rng.integers(account.names))
    target, may_buy = np.zeros(account.names), account.may_buy.copy()
    target[i], may_buy[i] = 1.0 - account.cash_low, False
    return replace(account, target=target, may_buy=may_buy)


def _times(**fields: float) -> Spoiler:
    """Multiply fields by constants."""

    def multiply(account: ReferenceAccount, _: np.random.Generator) -> ReferenceAccount:
        return replace(account, **{name: times * getattr(account, name) for name, times in fields.items()})

    return multiply


def _may_buy(share: float) -> Spoiler:
    """Bar all but this share of the names from being bought."""
    return lambda a, g: replace(a, may_buy=a.may_buy & (g.random(a.names) < share))


def _cash(low: float, high: float) -> Spoiler:
    return lambda a, _: replace(a, cash_low=low, cash_high=high)


def _spread(field: str, low: float, high: float) -> Spoiler:
    """Multiply every entry of a field by its own power of ten."""
    return lambda a, g: replace(a, **{field: getattr(a, field) * 10.0 ** g.uniform(low, high, a.names)})


_PRICES: dict[str, Spoiler] = {
    "free trading": lambda a, _: replace(
        with_prices(a, a.lot_price - a.buy_cost[a.lot_name]), buy_cost=np.zeros(a.names)
    ),
    "dear trading": _times(buy_cost=100.0),
    "ties": lambda a, _: with_prices(replace(a, buy_cost=np.full(a.names, 1e-3)), np.round(a.lot_price, 1)),
    "break-even": _break_even,
    "all gains": lambda a, _: with_prices(a, np.abs(a.lot_price)),
    "all losses": lambda a, _: with_prices(a, -np.abs(a.lot_price)),
    "extreme credits": _extreme_credits,
    "huge tax prices": _times(lot_price=1e3),
}

_RISK: dict[str, Spoiler] = {
    "cheap tracking": _times(risk_price=0.01),
    "dear tracking": _times(risk_price=100.0),
    "any price of tracking": lambda a, g: replace(a, risk_price=a.risk_price * 10.0 ** g.uniform(-2, 2)),
    "funds": _times(specific=1e-3),  # about 0.8% a year, as index funds have
    "tiny specific risk": _times(specific=1e-9),
    "some without specific risk": lambda a, g: replace(a, specific=a.specific * (g.random(a.names) < 0.5)),
    "no specific risk": _times(specific=0.0),
    "specific risks far apart": _spread("specific", -8.0, 1.0),
    "volatile": _times(specific=16.0, loadings=4.0),
    "quiet": _times(specific=1e-8, loadings=1e-4),
    "singular covariance": lambda a, _: replace(a, loadings=a.loadings[:, [0] * a.loadings.shape[1]]),
    "no factor risk": _times(loadings=0.0),
    "no factors": lambda a, _: replace(a, loadings=np.zeros((a.names, 0))),
    "one factor": lambda a, _: replace(a, loadings=np.ascontiguousarray(a.loadings[:, :1])),
    "sixty factors": lambda a, _: a,
    "duplicates": _duplicates,
    "all alike": _all_alike,
}

_HOLDINGS: dict[str, Spoiler] = {
    "one name": lambda a, _: a,
    "one heavy name": _one_heavy,
    "empty lots": _empty_lots,
    "dust lots": _dust_lots,
    "many lots": _many_lots,
    "all cash": _all_cash,
    "next to nothing held": _scaled(1e-9),
    "overdrawn": _scaled(1.04),
    "deep in debt": _scaled(1.6),
    "nothing to do": _nothing_to_do,
    "target beyond the account": _times(target=1.5),
    "target of a third": _times(target=0.33),
    "barred target": _barred_target,
    "locked lots": _locked,
    "every lot locked": _times(lot_quantity=0.0),
    "nothing may be bought": _may_buy(0.0),
    "next to nothing may be bought": _may_buy(0.05),
    "nothing can be traded": lambda a, g: _may_buy(0.0)(_times(lot_quantity=0.0)(a, g), g),
    "cash band": _cash(0.0, 0.03),
    "raise cash": _cash(0.3, 0.3),
    "no cash": _cash(0.0, 0.0),
    "all to cash": _cash(1.0, 1.0),
}

HOSTILE: dict[str, Callable[[ReferenceAccount, np.random.Generator], ReferenceAccount]] = {
    **_RISK,
    **_PRICES,
    **_HOLDINGS,
    **BOUNDED,
}

# Kinds that some or all accounts of cannot keep their bounds or their cash: what they miss must be the least, and said.
OUT_OF_REACH = frozenset(
    {
        "one name",
        "nothing may be bought",
        "next to nothing may be bought",
        "nothing can be traded",
        "equal groups",
        "doubled groups",
        "coefficients far apart",
        "empty groups",
        "conflicting groups",
        "unreachable",
        "pinned names",
        "many groups",
        "long-short groups",
    }
)
