"""A book after its proposal was traded at the very prices it was made from: lots, cash and wash windows move on."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.rebalancing.book import AccountKind, Book, LotFlag, Lots, Windows
from lotwise.rebalancing.proposal import Proposals, Side
from lotwise.securities.market import Market

__all__ = ["booked"]


def booked(book: Book, market: Market, proposals: Proposals) -> Book:
    """The book of one household without open windows, after its trades."""
    trades, lots = proposals.trades, book.lots
    shares, basis = lots.shares.copy(), lots.basis.copy()
    cash = book.accounts.cash.copy()
    bought: list[tuple[int, int, int, int]] = []
    groups: dict[int, list[int]] = {}
    for row in range(trades.lot.size):
        account, security, amount = int(trades.account[row]), int(trades.security[row]), int(trades.shares[row])
        group = groups.setdefault(int(market.identical[security]), [NO_DATE, 0])
        if trades.side[row] == Side.SELL:
            lot = int(trades.lot[row])
            cash[account] += trades.value[row]
            basis[lot] -= round(Fraction(int(basis[lot]) * amount, int(shares[lot])))
            shares[lot] -= amount
            if trades.gain[row] < 0 and book.accounts.kind[account] == AccountKind.TAXABLE:
                group[0] = int(market.as_of) + WASH_DAYS
        else:
            cash[account] -= trades.value[row]
            bought.append((account, security, amount, int(trades.value[row])))
            group[1] += amount
    owner = np.repeat(np.arange(book.accounts.kind.size), np.diff(book.accounts.lot_start))
    rows = [
        (int(owner[lot]), int(lots.security[lot]), int(lots.acquired[lot]), int(lots.holding_start[lot]), lot)
        for lot in np.flatnonzero(shares > 0).tolist()
    ]
    today = int(market.as_of)
    fresh = len(shares)
    rows += [(account, security, today, today, fresh + at) for at, (account, security, _, _) in enumerate(bought)]
    rows.sort()
    all_shares = [*shares.tolist(), *(amount for _, _, amount, _ in bought)]
    all_basis = [*basis.tolist(), *(value for *_, value in bought)]
    flags = [*lots.flags.tolist(), *[int(LotFlag.REPLACEMENT)] * len(bought)]
    counts = np.bincount([row[0] for row in rows], minlength=book.accounts.kind.size)
    moved = Lots(
        security=np.array([row[1] for row in rows], np.int32),
        shares=np.array([all_shares[row[4]] for row in rows], np.int64),
        basis=np.array([all_basis[row[4]] for row in rows], np.int64),
        acquired=np.array([row[2] for row in rows], np.int32),
        holding_start=np.array([row[3] for row in rows], np.int32),
        flags=np.array([flags[row[4]] for row in rows], np.uint8),
    )
    identical = np.array(sorted(groups), np.int32)
    until, held = (np.array([groups[int(group)][at] for group in identical]) for at in range(2))
    windows = Windows(
        start=np.array([0, identical.size], np.int64),
        identical=identical,
        no_buy_until=until.astype(np.int32),
        bought_shares=held.astype(np.int64),
        no_loss_until=np.where(held > 0, today + WASH_DAYS, NO_DATE).astype(np.int32),
    )
    start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return book._replace(lots=moved, accounts=book.accounts._replace(cash=cash, lot_start=start), windows=windows)
