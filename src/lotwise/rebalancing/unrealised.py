"""What each household could realise tonight: its losses, and the gains of a move to its model.

Only lots in taxable accounts that may be sold count. Wash-sale windows are not looked at: a barred loss is a loss of
next month.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, kernel, records
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import SHARE, IntArray, mul_div
from lotwise.rebalancing.book import AccountKind, Accounts, Book, LotFlag, Lots, Models
from lotwise.rebalancing.formulation import counted_part
from lotwise.securities.market import Market

__all__ = ["gains_of_a_move", "realisable", "unrealised_losses"]

_TAXABLE = int(AccountKind.TAXABLE)
_NEVER_SOLD = int(LotFlag.UNKNOWN_TAX | LotFlag.KEPT)


@kernel
def _add_losses(accounts: Accounts, lots: Lots, price: IntArray, losses: IntArray) -> None:
    for account in range(accounts.kind.size):
        if accounts.kind[account] != _TAXABLE or not accounts.trades[account]:
            continue
        household = accounts.household[account]
        for lot in range(accounts.lot_start[account], accounts.lot_start[account + 1]):
            if lots.flags[lot] & _NEVER_SOLD or price[lots.security[lot]] <= 0:
                continue
            loss = lots.basis[lot] - mul_div(lots.shares[lot], price[lots.security[lot]], SHARE)
            if loss > 0:
                losses[household] += loss


def unrealised_losses(households: int, accounts: Accounts, lots: Lots, price: IntArray) -> IntArray:
    """Unrealised losses of each of `households` households at these prices, positive money (H,); O(lots)."""
    losses = np.zeros(households, np.int64)
    _add_losses(accounts, lots, price, losses)
    return losses


@kernel
def _worth(lots: Lots, price: IntArray, lot: int) -> int:
    return mul_div(lots.shares[lot], price[lots.security[lot]], SHARE)


@kernel
def _gain_of_account(
    account: int, accounts: Accounts, lots: Lots, price: IntArray, target: NDArray[np.float64]
) -> float:
    """Gain in what an account holds above `target` (money by security), each name's gains sold in equal parts."""
    total = 0.0
    lot, last = accounts.lot_start[account], accounts.lot_start[account + 1]
    while lot < last:
        security = lots.security[lot]
        held, gain = 0, 0
        while lot < last and lots.security[lot] == security:
            worth = _worth(lots, price, lot)
            held += worth
            if not lots.flags[lot] & _NEVER_SOLD:
                gain += max(worth - lots.basis[lot], 0)
            lot += 1
        if held > target[security]:
            total += gain * (1.0 - target[security] / held)
    return total


@kernel
def _add_gains(
    accounts: Accounts,
    lots: Lots,
    price: IntArray,
    models: Models,
    model: NDArray[np.int32],
    target: NDArray[np.float64],
    gains: IntArray,
) -> None:
    for account in range(accounts.kind.size):
        if accounts.kind[account] != _TAXABLE or not accounts.trades[account]:
            continue
        value = accounts.cash[account]
        for lot in range(accounts.lot_start[account], accounts.lot_start[account + 1]):
            value += _worth(lots, price, lot)
        household = accounts.household[account]
        first, last = models.start[model[household]], models.start[model[household] + 1]
        for entry in range(first, last):
            target[models.security[entry]] = models.weight[entry] * max(value, 0)
        gains[household] += int(_gain_of_account(account, accounts, lots, price, target))
        for entry in range(first, last):
            target[models.security[entry]] = 0.0


def gains_of_a_move(
    accounts: Accounts, lots: Lots, price: IntArray, models: Models, model: NDArray[np.int32]
) -> IntArray:
    """Gains that selling every overweight down to the model would realise, by household, money (H,); O(lots).

    `model` is the row of each household in `models`. A measure of what may be sold tonight, not a forecast of it: the
    model's cash is taken as it stands, losses and restrictions are left aside.
    """
    gains = np.zeros(len(model), np.int64)
    _add_gains(accounts, lots, price, models, model, np.zeros(len(price)), gains)
    return gains


@kernel
def _add_realisable(book: Book, market: Market, first: int, out: Records) -> None:
    lots = book.lots
    for row in range(out.size):
        sums = out[row]
        start = book.households.account_start
        traded, worth_of_all, counted, number = 0, 0, 0, 0
        for account in range(start[first + row], start[first + row + 1]):
            trades = book.accounts.trades[account]
            value = book.accounts.cash[account]
            for lot in range(book.accounts.lot_start[account], book.accounts.lot_start[account + 1]):
                worth = _worth(lots, market.price, lot)
                value += worth
                if not trades or worth <= 0 or book.accounts.kind[account] != _TAXABLE or lots.flags[lot] & _NEVER_SOLD:
                    continue
                gain = worth - lots.basis[lot]
                if is_long_term_number(lots.holding_start[lot], int(market.as_of)):
                    sums.long_gain += max(gain, 0)
                    sums.long_loss += max(-gain, 0)
                else:
                    sums.short_gain += max(gain, 0)
                    sums.short_loss += max(-gain, 0)
            worth_of_all += max(value, 0)
            counted += int(np.round(counted_part(book, account) * max(value, 0)))
            number += value > 0
            traded += max(value, 0) if trades else 0
        as_one = book.policies.joint[book.households.policy[first + row]] and number > 1 and traded > 0
        sums.value = worth_of_all if as_one else traded
        sums.counted = counted if as_one else traded


def realisable(book: Book, market: Market, first: int, last: int) -> Records:
    """Gains and losses that selling everything would realise, by term, of households first .. last; O(lots).

    Money: short_gain, short_loss, long_gain, long_loss (positive), and value: what is solved of it, all accounts
    that are worth anything where these are one portfolio, else those that trade; counted: the same as it counts.
    """
    out = records(last - first, short_gain=int, short_loss=int, long_gain=int, long_loss=int, value=int, counted=int)
    _add_realisable(book, market, first, out)
    return out
