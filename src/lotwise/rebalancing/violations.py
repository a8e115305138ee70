"""Violations: what the exact re-verification (`checks`) found wrong, in columns and in words."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.money import IntArray, format_money, format_shares
from lotwise.rebalancing.book import BookLabels
from lotwise.securities.market import MarketLabels

Int32Array: TypeAlias = NDArray[np.int32]

__all__ = ["Rule", "Violations", "broken_households", "phrase"]


class Rule(IntEnum):
    """The rules that every proposal keeps; `phrase` says each in a line, and by how much it was broken."""

    REFERENCE = 0
    ORDER = 1
    SHARES = 2
    BLOCKED = 3
    HELD_AWAY = 4
    NO_PRICE = 5
    UNTRADABLE = 6
    UNKNOWN_TAX = 7
    KEPT = 8
    REPEATED = 9
    OVERSOLD = 10
    VALUE = 11
    COST = 12
    BASIS = 13
    GAIN = 14
    TERM = 15
    TAX = 16
    SOLD_AND_BOUGHT = 17
    BUY_BARRED = 18
    LOSS_BARRED = 19
    NO_BUY = 20
    NO_SELL = 21
    MAX_WEIGHT = 22
    BOTH_SIDES = 23
    WHOLE_SHARES = 24
    MINIMUM_TRADE = 25
    CASH = 26
    STATUS = 27
    TOTAL_TAX = 28
    TOTAL_COST = 29
    TOTAL_TRADES = 30


class Violations(NamedTuple):
    """V broken rules, in the order of households, -1 where a row is not meant (or does not exist).

    A rule broken by one line of the proposal names it in `trade`; the others are of a name, an account or a
    household as a whole.
    """

    household: Int32Array
    account: Int32Array
    security: Int32Array
    lot: IntArray
    trade: IntArray  # row of Trades
    rule: NDArray[np.uint8]  # Rule
    amount: IntArray  # money, shares or a number, by rule: see `phrase`


class _Words(NamedTuple):
    must: str
    was: str  # with the amount as $, # (shares) or % (a plain number)


_WORDS = {
    Rule.REFERENCE: _Words("must name a household, account, security and lot that belong together", "did not"),
    Rule.ORDER: _Words("trades must come in the order of the book's accounts", "was out of order"),
    Rule.SHARES: _Words("must trade a positive number of shares", "was # shares"),
    Rule.BLOCKED: _Words("a household refused for bad data must not trade", "traded"),
    Rule.HELD_AWAY: _Words("an account that is held away must not trade", "traded $"),
    Rule.NO_PRICE: _Words("a security without a price must not trade", "traded # shares"),
    Rule.UNTRADABLE: _Words("a security without a fresh price or risk must not trade", "traded $"),
    Rule.UNKNOWN_TAX: _Words("a lot of unknown basis or date must not be sold", "sold # shares"),
    Rule.KEPT: _Words("a lot that is to be kept must not be sold", "sold # shares"),
    Rule.REPEATED: _Words("must have one line per lot sold and per name bought", "had another"),
    Rule.OVERSOLD: _Words("must not sell more of a lot than there is", "sold # shares too many"),
    Rule.VALUE: _Words("value must be shares x price", "was off by $"),
    Rule.COST: _Words("cost must be half the spread of the value", "was off by $"),
    Rule.BASIS: _Words("basis must be that of the shares sold, or the value bought", "was off by $"),
    Rule.GAIN: _Words("gain must be value less basis of a sale, zero of a purchase", "was off by $"),
    Rule.TERM: _Words("term must follow the holding period", "was the other"),
    Rule.TAX: _Words("tax must be gain or loss x its rate, zero in a tax-deferred account", "was off by $"),
    Rule.SOLD_AND_BOUGHT: _Words("must not sell at a loss what the household buys tonight", "lost $"),
    Rule.BUY_BARRED: _Words("must not buy within 30 days of a sale at a loss", "bought $"),
    Rule.LOSS_BARRED: _Words(
        "must not sell at a loss within 30 days of other purchases still held", "# shares were bought"
    ),
    Rule.NO_BUY: _Words("a restriction forbids buying it", "bought $"),
    Rule.NO_SELL: _Words("a restriction forbids selling it", "sold $"),
    Rule.MAX_WEIGHT: _Words("a purchase must not leave it above its greatest weight", "was $ above"),
    Rule.BOTH_SIDES: _Words("must not be bought and sold in one account", "the lesser side was # shares"),
    Rule.WHOLE_SHARES: _Words("must trade whole shares or close the position", "had # of a share"),
    Rule.MINIMUM_TRADE: _Words("must reach the minimum trade or close the position", "was $ short"),
    Rule.CASH: _Words("purchases must be paid from the account's own cash and sales", "was $ short"),
    Rule.STATUS: _Words("must be proposed if and only if it trades", "was status %"),
    Rule.TOTAL_TAX: _Words("the household's tax must be its liability with the trades less without", "was off by $"),
    Rule.TOTAL_COST: _Words("the household's cost must be the sum of its trades", "was off by $"),
    Rule.TOTAL_TRADES: _Words("the household's number of trades must be right", "was off by %"),
}


def phrase(violations: Violations, row: int, book: BookLabels, market: MarketLabels) -> str:
    """Say one violation: where, what it must be, what it was."""
    where = []
    if violations.household[row] >= 0:
        where.append(f"household {book.households[violations.household[row]]}")
    if violations.account[row] >= 0:
        where.append(f"account {book.accounts[violations.account[row]]}")
    if violations.security[row] >= 0:
        where.append(market.symbols[violations.security[row]])
    if violations.lot[row] >= 0:
        where.append(f"lot {book.lots[int(violations.lot[row])]}")
    if not where:
        where.append(f"trade {violations.trade[row]}")
    amount = int(violations.amount[row])
    words = _WORDS[Rule(int(violations.rule[row]))]
    was = words.was.replace("$", format_money(amount)).replace("#", format_shares(amount))
    return f"{', '.join(where)}: {words.must}; {was.replace('%', str(amount))}"


def broken_households(violations: Violations, households: int) -> NDArray[np.bool_]:
    """Which of `households` households broke a rule: (H,).

    A trade that names no household of the book (household -1) belongs to none of them: it is a bug of whoever
    wrote it, and the caller's to raise as `ProposalError`.
    """
    broken = np.zeros(households, dtype=np.bool_)
    broken[violations.household[violations.household >= 0]] = True
    return broken
