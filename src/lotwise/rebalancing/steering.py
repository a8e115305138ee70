"""What prices a household's night: four rates and delta, which goes with them; the prices of tracking and of trading.

Where two lots of a name cost the same at the best rates, a cap on one of them says how many shares each of them gives;
where it costs the same to sell a name at a loss and to buy it, its side is pinned.

The tax that a gain of today spares later stays what it was by the rates of the night, delta x their long-term rate,
whatever rates are tried: so delta is scaled against the long-term rate it is applied to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.money import FULL_RATE
from lotwise.rebalancing.book import Book, Households, Policies

__all__ = ["PIN_COLUMNS", "RATE_COLUMNS", "Steering", "steering_at", "steering_of", "with_rates", "with_steering"]

Floats = NDArray[np.float64]
Column = NDArray[Any]

RATE_COLUMNS = ("short_rate", "long_rate", "loss_short_rate", "loss_long_rate")
_POLICY_COLUMNS = ("risk_price", "harvest_depth", "trading_price")
PIN_COLUMNS = ("capped_lot", "capped_shares", "pinned_side")


class Steering(NamedTuple):
    """What prices the lots of H households: rates (billionths) as in `Households`, and delta."""

    short_rate: NDArray[np.int64]
    long_rate: NDArray[np.int64]
    loss_short_rate: NDArray[np.int64]
    loss_long_rate: NDArray[np.int64]
    deferral_discount: Floats
    risk_price: Floats  # as in `Policies`
    harvest_depth: Floats  # as in `Policies`
    trading_price: Floats  # as in `Policies`
    capped_lot: NDArray[np.int64]  # as in `Households`
    capped_shares: NDArray[np.int64]
    pinned_side: NDArray[np.int64]

    def replaced(self, rows: NDArray[np.int64], other: Steering) -> Steering:
        """This steering with the rows of another one: row i of it stands for row rows[i]."""
        columns: list[Column] = [column.copy() for column in self]
        for column, values in zip(columns, other, strict=True):
            column[rows] = values
        return Steering(*columns)

    def taken(self, rows: NDArray[np.int64]) -> Steering:
        """Some rows of it."""
        columns: list[Column] = [column[rows] for column in self]
        return Steering(*columns)


def steering_of(book: Book, first: int, last: int) -> Steering:
    """At which rates households first .. last of a book are solved."""
    owner = book.households
    delta = book.policies.deferral_discount[owner.policy[first:last]]
    columns: list[Column] = [getattr(owner, name)[first:last].copy() for name in RATE_COLUMNS]
    columns.append(delta.copy())
    policy = owner.policy[first:last]
    columns += [getattr(book.policies, name)[policy].copy() for name in _POLICY_COLUMNS]
    columns += [getattr(owner, name)[first:last].copy() for name in PIN_COLUMNS]
    return Steering(*columns)


def steering_at(rates: Floats, later: Floats, base: Steering) -> Steering:
    """One rate for a dollar of short-term gain or loss and one of long-term: `rates` (n, 2) dollars per dollar.

    `later` (n,) is the tax that a dollar of gain spares later; what is no rate is that of `base`. A long-term rate is a
    billionth at least, since delta is what is left of `later` when it is divided by it.
    """
    whole = np.rint(np.clip(rates, 0.0, 1.0) * FULL_RATE).astype(np.int64)
    short, long = whole[:, 0].copy(), np.maximum(whole[:, 1], 1)
    delta = later * FULL_RATE / long
    rest = [getattr(base, name) for name in (*_POLICY_COLUMNS, *PIN_COLUMNS)]
    return Steering(short, long, short.copy(), long.copy(), delta, *rest)


def _like(column: Column, values: Column) -> Column:
    """Values in an array of the very kind of `column`: kernels are compiled for kinds of arrays."""
    made = np.array(values, column.dtype, order="C")
    made.flags.writeable = column.flags.writeable
    return made


def with_rates(book: Book, steering: Steering) -> Book:
    """The book with the rates of a steering and its policies as they are: what a line's `tax` is verified against."""
    owner = book.households
    rates = {name: _like(getattr(owner, name), getattr(steering, name)) for name in RATE_COLUMNS}
    return book._replace(households=Households(**owner._asdict() | rates))


def with_steering(book: Book, steering: Steering) -> Book:
    """The book whose lots are priced by a steering: plain `rebalance` and `explain_household` find the same trades.

    Every household has a row of its own in the policies then.
    """
    priced = with_rates(book, steering)
    owner, policies = priced.households, book.policies
    own = {name: _like(column, column[owner.policy]) for name, column in policies._asdict().items()}
    for name in ("deferral_discount", *_POLICY_COLUMNS):
        own[name] = _like(getattr(policies, name), getattr(steering, name))
    rows = _like(owner.policy, np.arange(owner.policy.size))
    pins = {name: _like(getattr(owner, name), getattr(steering, name)) for name in PIN_COLUMNS}
    return priced._replace(households=owner._replace(policy=rows, **pins), policies=Policies(**own))
