"""Wash sales (26 U.S.C. 1091): the windows open on a day, per household and substantially identical group.

A loss is disallowed if substantially identical shares are acquired from 30 days before to 30 days after the
sale: 61 calendar days by trade date, across year end and across every account of the taxpayer and spouse.
Tonight's trades therefore meet two kinds of open window: a past loss sale bars buying, a past purchase bars
selling at a loss. Both end 30 days after the trade that opened them.

What counts as a replacement is the caller's to decide (gifts, inheritances, splits and tax-free merger shares
do not). Not modelled here: which lots' losses are disallowed and what becomes of the basis of the
replacements. That goes by single events; of these, windows need the last day and the sum.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.money import IntArray

Int32Array: TypeAlias = NDArray[np.int32]

__all__ = ["PurchaseColumns", "SaleColumns", "Windows", "in_window", "open_windows"]


class PurchaseColumns(NamedTuple):
    """P replacement purchases: lots still held that a purchase or reinvestment opened, and pending buys."""

    household: Int32Array  # (P,) row of the book's households
    identical: Int32Array  # (P,) substantially identical group
    day: Int32Array  # (P,) trade date
    shares: IntArray  # (P,) millionths of a share still held, not negative


class SaleColumns(NamedTuple):
    """S sales at a loss in taxable accounts, pending ones included."""

    household: Int32Array  # (S,)
    identical: Int32Array  # (S,)
    day: Int32Array  # (S,) trade date


class Windows(NamedTuple):
    """Open wash-sale windows, per household and substantially identical group."""

    start: IntArray  # (H + 1,)
    identical: NDArray[np.int32]  # sorted within a household
    no_buy_until: NDArray[np.int32]  # last day on which a purchase would wash a past loss sale; dates.NO_DATE = free
    bought_shares: IntArray  # replacement shares bought in the last 30 days (lots still held, and pending buys)
    no_loss_until: NDArray[np.int32]  # last day on which selling at a loss would be washed by those purchases


def in_window(day: Int32Array, other: int) -> NDArray[np.bool_]:
    """Whether trades on `day` and on `other` are at most 30 calendar days apart, either way round.

    An unknown day (`NO_DATE`) is in no window.
    """
    apart = np.abs(day.astype(np.int64) - other)
    near: NDArray[np.bool_] = (apart <= WASH_DAYS) & (day != NO_DATE)
    return near


def open_windows(as_of: int, households: int, purchases: PurchaseColumns, loss_sales: SaleColumns) -> Windows:
    """List the windows that a trade on day `as_of` would meet, of a book of `households` households.

    A group is listed where a loss sale or a purchase lies within 30 days of `as_of`; a side that is not open
    has `NO_DATE` (and no shares). Raises ValueError where columns differ in length, name a household outside
    the book or hold negative shares.
    """
    _require_sound("purchases", households, purchases)
    _require_sound("loss sales", households, loss_sales)
    if purchases.shares.size and purchases.shares.min() < 0:
        raise ValueError(f"shares of purchases must not be negative, were {purchases.shares.min()}")
    bought = in_window(purchases.day, as_of) & (purchases.shares > 0)
    sold = in_window(loss_sales.day, as_of)
    keys = np.concatenate((_keys(purchases)[bought], _keys(loss_sales)[sold]))
    groups, place = np.unique(keys, return_inverse=True)
    of_purchase, of_sale = place[: np.count_nonzero(bought)], place[np.count_nonzero(bought) :]

    no_buy_until = np.full(groups.size, NO_DATE, dtype=np.int32)
    no_loss_until = np.full(groups.size, NO_DATE, dtype=np.int32)
    bought_shares = np.zeros(groups.size, dtype=np.int64)
    np.maximum.at(no_buy_until, of_sale, loss_sales.day[sold].astype(np.int32) + np.int32(WASH_DAYS))
    np.maximum.at(no_loss_until, of_purchase, purchases.day[bought].astype(np.int32) + np.int32(WASH_DAYS))
    np.add.at(bought_shares, of_purchase, purchases.shares[bought])
    start = np.searchsorted(groups >> 32, np.arange(households + 1)).astype(np.int64)
    identical = (groups & 0xFFFFFFFF).astype(np.int32)
    return Windows(start, identical, no_buy_until, bought_shares, no_loss_until)


def _keys(trades: PurchaseColumns | SaleColumns) -> IntArray:
    """Household and group as one number that sorts by household, then group (groups are not negative)."""
    return (trades.household.astype(np.int64) << 32) | trades.identical


def _require_sound(what: str, households: int, trades: PurchaseColumns | SaleColumns) -> None:
    sizes = {column.size for column in trades}
    if len(sizes) > 1:
        raise ValueError(f"columns of {what} must be of one length, had lengths {sorted(sizes)}")
    if not trades.household.size:
        return
    if trades.household.min() < 0 or trades.household.max() >= households:
        raise ValueError(
            f"{what} must be of households 0 to {households - 1}, "
            f"were of {trades.household.min()} to {trades.household.max()}"
        )
    if trades.identical.min() < 0:
        raise ValueError(f"identical groups of {what} must not be negative, were {trades.identical.min()}")
