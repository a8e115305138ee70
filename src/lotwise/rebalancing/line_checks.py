"""One line of a proposal, verified: it is permitted, its figures are exact, it keeps the wash-sale rule.

Part of `checks`, which says how the rules are judged; independent, like it, of everything that makes
proposals.

Wash sales, as rules (26 U.S.C. 1091; `lotwise.ledger.wash_sales`): a purchase in any account, tax-deferred
ones included, bars tonight's loss sales of its group in every taxable one; a past loss sale bars purchases;
past purchases still held bar loss sales, except that a purchase is never its own replacement (Rev. Rul.
56-602): the shares of the very lot sold do not count.
"""

from __future__ import annotations

from typing import NamedTuple

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.kernels import inner_kernel
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import FULL_RATE, SHARE, mul_div
from lotwise.rebalancing.book import AccountKind, LotFlag, NameRule
from lotwise.rebalancing.check_case import Case
from lotwise.rebalancing.proposal import Side
from lotwise.rebalancing.violations import Rule

__all__ = [
    "GREATEST_VALUE",
    "Figures",
    "check_figures",
    "check_permission",
    "check_wash_sales",
    "count_shares",
    "note",
    "open_name",
]

# The greatest value of one line, in money ($3.6 trillion): sums of 255 lines of that size still fit 64 bits.
# A larger one, or an overflow of `mul_div`, is a wrong value whatever the line says.
GREATEST_VALUE = 1 << 55

_BUY = int(Side.BUY)
_SELL = int(Side.SELL)
_TAXABLE = int(AccountKind.TAXABLE)
_UNKNOWN_TAX = int(LotFlag.UNKNOWN_TAX)
_KEPT = int(LotFlag.KEPT)
_REPLACEMENT = int(LotFlag.REPLACEMENT)
_NO_BUY = int(NameRule.NO_BUY)
_NO_SELL = int(NameRule.NO_SELL)


class Figures(NamedTuple):
    """What a line should say: money, and the term of a sale."""

    value: int
    gain: int
    long_term: bool
    cost: int


@inner_kernel
def note(case: Case, rule: int, amount: int) -> int:
    """Open a row for a violation; return the row, so that the caller fills in whom it concerns."""
    row = min(case.written[0], case.found.shape[0] - 1)
    case.written[0] += 1
    case.found[row, :5] = -1
    case.found[row, 5] = rule
    case.found[row, 6] = amount
    return int(row)


@inner_kernel
def _note_line(case: Case, t: int, rule: int, amount: int) -> None:
    row = note(case, rule, amount)
    line = case.lines[t]
    case.found[row, 0] = line.household
    case.found[row, 1] = line.account
    case.found[row, 2] = line.security
    case.found[row, 3] = line.lot
    case.found[row, 4] = t


@inner_kernel
def open_name(case: Case, account: int, security: int) -> None:
    """Begin a security's figures in an account, if they have not begun."""
    name = case.names[security]
    if name.account != account + 1:
        name.account = account + 1
        name.held = 0
        name.bought = 0
        name.sold = 0
        name.value = 0
        name.forbidden = 0
        name.high = FULL_RATE


@inner_kernel
def check_permission(case: Case, t: int) -> None:
    """Note what bars this line whatever its figures: account, price, flags of the lot, restrictions."""
    line, lots = case.lines[t], case.lots
    name, account = case.names[line.security], case.accounts[line.account]
    if not account.trades:
        _note_line(case, t, Rule.HELD_AWAY, line.value)
    if name.price <= 0:
        _note_line(case, t, Rule.NO_PRICE, line.shares)
    elif not name.tradable:
        _note_line(case, t, Rule.UNTRADABLE, line.value)
    if line.side == _BUY:
        if name.forbidden & _NO_BUY:
            _note_line(case, t, Rule.NO_BUY, line.value)
        return
    if name.forbidden & _NO_SELL:
        _note_line(case, t, Rule.NO_SELL, line.value)
    undated = account.kind == _TAXABLE and lots.holding_start[line.lot] == NO_DATE
    if undated or lots.flags[line.lot] & _UNKNOWN_TAX:
        _note_line(case, t, Rule.UNKNOWN_TAX, line.shares)
    if lots.flags[line.lot] & _KEPT:
        _note_line(case, t, Rule.KEPT, line.shares)


@inner_kernel
def count_shares(case: Case, t: int, value: int) -> bool:
    """Add a line to its name's totals; note a second line and a lot oversold.

    Returns whether it is the first line of its name in this account.
    """
    line = case.lines[t]
    name = case.names[line.security]
    is_first = name.bought == 0 and name.sold == 0
    name.value += value
    if line.side == _BUY:
        if name.bought > 0:
            _note_line(case, t, Rule.REPEATED, 0)
        name.bought += line.shares
        return bool(is_first)
    place = line.lot - case.accounts[line.account].first_lot
    already = case.sold_of_lot[place]
    if already > 0:
        _note_line(case, t, Rule.REPEATED, 0)
    too_many = line.shares - (case.lots.shares[line.lot] - already)
    if too_many > 0:
        _note_line(case, t, Rule.OVERSOLD, too_many)
    case.sold_of_lot[place] += line.shares
    name.sold += line.shares
    return bool(is_first)


@inner_kernel
def _rate_of(case: Case, t: int, loss: bool, long_term: bool) -> int:
    """Rate on the gain of a sale, or worth of its loss; zero in a tax-deferred account."""
    line = case.lines[t]
    if case.accounts[line.account].kind != _TAXABLE:
        return 0
    household = case.households[line.household]
    if loss:
        return int(household.loss_long_rate if long_term else household.loss_short_rate)
    return int(household.long_rate if long_term else household.short_rate)


@inner_kernel
def check_figures(case: Case, t: int) -> Figures:
    """Work out again what a line says, and note where it says otherwise."""
    line, lots = case.lines[t], case.lots
    name = case.names[line.security]
    value = mul_div(line.shares, max(name.price, 0), SHARE)
    if value < 0 or value > GREATEST_VALUE:
        _note_line(case, t, Rule.VALUE, line.value)
        return Figures(0, 0, False, 0)
    cost = mul_div(value, name.spread, 2 * FULL_RATE)
    basis, long_term, rate = value, False, 0
    if line.side == _SELL:
        # Of the whole lot this is its whole basis, to the last unit.
        basis = mul_div(lots.basis[line.lot], line.shares, lots.shares[line.lot])
        long_term = is_long_term_number(lots.holding_start[line.lot], case.as_of)
        rate = _rate_of(case, t, value < basis, long_term)
    gain = value - basis
    tax = mul_div(gain, rate, FULL_RATE)
    if line.value != value:
        _note_line(case, t, Rule.VALUE, line.value - value)
    if line.cost != cost:
        _note_line(case, t, Rule.COST, line.cost - cost)
    if line.basis != basis:
        _note_line(case, t, Rule.BASIS, line.basis - basis)
    if line.gain != gain:
        _note_line(case, t, Rule.GAIN, line.gain - gain)
    if line.long_term != int(long_term):
        _note_line(case, t, Rule.TERM, 0)
    if line.tax != tax:
        _note_line(case, t, Rule.TAX, line.tax - tax)
    return Figures(value, gain, bool(long_term), cost)


@inner_kernel
def _find_window(case: Case, household: int, identical: int) -> int:
    """Row of a household's window on a substantially identical group, by bisection; -1 if none is open."""
    low, last = case.households[household].first_window, case.households[household].last_window
    high = last
    while low < high:
        middle = (low + high) // 2
        if case.windows[middle].identical < identical:
            low = middle + 1
        else:
            high = middle
    return int(low) if low < last and case.windows[low].identical == identical else -1


@inner_kernel
def check_wash_sales(case: Case, t: int, gain: int) -> None:
    """Note a purchase that would wash a past loss, and a loss that tonight's or past purchases would wash."""
    line, lots = case.lines[t], case.lots
    name = case.names[line.security]
    row = _find_window(case, line.household, name.identical)
    if line.side == _BUY:
        if row >= 0 and case.windows[row].no_buy_until >= case.as_of:
            _note_line(case, t, Rule.BUY_BARRED, line.value)
        return
    if gain >= 0 or case.accounts[line.account].kind != _TAXABLE:
        return
    if case.buyer[name.group] == case.households[line.household].taxpayer + 1:
        _note_line(case, t, Rule.SOLD_AND_BOUGHT, -gain)
    if row >= 0 and case.windows[row].no_loss_until >= case.as_of:
        others = case.windows[row].bought_shares
        recent = abs(case.as_of - int(lots.acquired[line.lot])) <= WASH_DAYS
        if recent and lots.flags[line.lot] & _REPLACEMENT:
            others -= lots.shares[line.lot]
        if others > 0:
            _note_line(case, t, Rule.LOSS_BARRED, others)
