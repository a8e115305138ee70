"""Booking: what purchases, sales, transfers, gifts and corrections do to lots; each event whole or not at all.

Every function returns a `tables.Refusal`; it looks before it touches anything. Cash that an event moved is written to
`Posting.cash`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lotwise.dates import NO_DATE
from lotwise.households.accounts import AccountKind
from lotwise.kernels import inner_kernel
from lotwise.ledger.desk import FULL, Desk, Rules, new_lot, new_row
from lotwise.ledger.events import MISSING, NO_CODE, EventFlag, EventKind, Relief
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.ledger.matching import take_over, take_over_late
from lotwise.ledger.open_lots import close_shares, insert_recent, line_up_recent, link_lot, position_of, relink
from lotwise.ledger.relief import Taking, average_basis, line_up_lots, shares_named
from lotwise.ledger.tables import ABSORBED, ALWAYS_LONG, FRESH_LOSS, REINVESTED, REPLACEMENT, Origin, Refusal
from lotwise.money import DOLLAR, SHARE, IntArray, mul_div

__all__ = ["MOST_MONEY", "MOST_SHARES", "Posting", "add_lot", "correct_basis", "give_up", "open_lot", "realize", "sell"]

# Within these no sum over the lots of a taxpayer leaves 64 bits: a billion shares, a trillion dollars, 500 such lots.
MOST_SHARES = 1_000_000_000 * SHARE
MOST_MONEY = 1_000_000_000_000 * DOLLAR


# Flags as kernels know them.
_PURCHASE, _STATED, _USED = int(EventFlag.PURCHASE), int(EventFlag.STATED), int(EventFlag.USED)


class Posting(NamedTuple):
    """One event in hand."""

    event: Any  # a record of EVENT
    detail: Any  # its record of DETAIL; of an event without one, a record in which nothing is given
    number: int
    place: int  # among the desk's events
    cash: IntArray  # (desk's events,)


@inner_kernel
def add_lot(desk: Desk, posting: Posting) -> int:
    """Open a lot of the event's shares, without basis; the caller fills in the rest and links it."""
    event = posting.event
    i = new_lot(desk, posting.number, posting.place)
    lot = desk.lots[i]
    lot.parent = -1
    lot.acquisition = posting.number
    lot.absorbed_from = -1
    lot.shares = event.shares
    lot.basis = 0
    lot.original_basis = 0
    lot.absorbed_loss = 0
    lot.loss_basis = MISSING
    lot.account = event.account
    lot.security = event.security
    lot.name = event.lot
    lot.bought_by = event.order
    lot.acquired = event.day
    lot.holding_start = event.day
    lot.marks = 0
    return i


@inner_kernel
def _name_taken(desk: Desk, posting: Posting) -> bool:
    """Whether a lot of the event's name is open in its account, from another order."""
    event = posting.event
    if event.lot == NO_CODE:
        return False
    p = position_of(desk, event.account, event.security, 0)
    if p < 0:
        return False
    i = desk.positions[p].first
    while i >= 0:
        lot = desk.lots[i]
        if lot.shares > 0 and lot.name == event.lot and (event.order == NO_CODE or lot.bought_by != event.order):
            return True
        i = desk.following[i]
    return False


@inner_kernel
def _fill_transferred(desk: Desk, rules: Rules, posting: Posting, i: int) -> None:
    """Basis and dates of a lot that came from elsewhere, as it is said to be."""
    detail, lot = posting.detail, desk.lots[i]
    retirement = rules.accounts[lot.account].kind != AccountKind.TAXABLE
    lot.basis = 0 if retirement and detail.basis == MISSING else detail.basis
    lot.original_basis = lot.basis if detail.original_basis == MISSING else detail.original_basis
    lot.acquired = detail.acquired
    lot.holding_start = detail.acquired if detail.holding_start == NO_DATE else detail.holding_start
    if posting.event.facts & _PURCHASE:
        lot.marks |= REPLACEMENT


@inner_kernel
def _fill_gift(desk: Desk, posting: Posting, i: int) -> None:
    """Basis and period of a gift are the donor's (26 U.S.C. 1015(a), 1223(2)); for a loss, its value if less."""
    detail, lot = posting.detail, desk.lots[i]
    lot.basis = detail.basis
    lot.original_basis = detail.basis
    lot.holding_start = lot.acquired if detail.acquired == NO_DATE else detail.acquired
    if detail.fair_value != MISSING and detail.fair_value < detail.basis:
        lot.loss_basis = detail.fair_value
        lot.marks |= FRESH_LOSS


@inner_kernel
def _lacks_detail(rules: Rules, posting: Posting) -> bool:
    """Whether a lot received lacks what its basis is made of."""
    event, detail = posting.event, posting.detail
    if event.kind == EventKind.INHERITANCE:
        return bool(detail.fair_value == MISSING)
    taxable = rules.accounts[event.account].kind == AccountKind.TAXABLE
    return bool(detail.basis == MISSING and (taxable or event.kind == EventKind.GIFT_IN))


@inner_kernel
def open_lot(desk: Desk, rules: Rules, posting: Posting) -> int:
    """Post a purchase, a reinvestment, a lot transferred in, a gift or an inheritance."""
    event, detail = posting.event, posting.detail
    kind = event.kind
    bought = kind in (EventKind.BUY, EventKind.REINVEST)
    if event.shares <= 0 or (bought and event.amount < 0):
        return Refusal.NEGATIVE
    if not bought:
        if _lacks_detail(rules, posting):
            return Refusal.MISSING_DETAIL
        for value in (detail.basis, detail.original_basis, detail.fair_value):
            if value != MISSING and value < 0:
                return Refusal.NEGATIVE
            if value > MOST_MONEY:
                return Refusal.TOO_LARGE
    if event.shares > MOST_SHARES or (bought and event.amount > MOST_MONEY):
        return Refusal.TOO_LARGE
    if _name_taken(desk, posting):
        return Refusal.LOT_TWICE
    i = add_lot(desk, posting)
    lot = desk.lots[i]
    if bought:
        lot.basis = event.amount
        lot.original_basis = event.amount
        lot.marks |= REPLACEMENT
        if kind == EventKind.REINVEST:
            lot.marks |= REINVESTED
        posting.cash[posting.place] = -event.amount
    elif kind == EventKind.TRANSFER_IN:
        _fill_transferred(desk, rules, posting, i)
    elif kind == EventKind.GIFT_IN:
        _fill_gift(desk, posting, i)
    else:
        # 26 U.S.C. 1014(a), 1223(9): value at death, long term whatever the days.
        lot.basis = detail.fair_value
        lot.original_basis = detail.fair_value
        lot.holding_start = ALWAYS_LONG
    if event.facts & _USED:
        lot.marks |= ABSORBED
    link_lot(desk, i)
    if lot.marks & REPLACEMENT and not lot.marks & ABSORBED and not desk.used[FULL]:
        if bought:
            take_over(desk, rules, i, posting.place, posting.number)
        else:
            take_over_late(desk, rules, i, posting.place, posting.number)
        if not lot.marks & ABSORBED:
            insert_recent(desk, i)
    return Refusal.POSTED


@inner_kernel
def realize(desk: Desk, posting: Posting, i: int, proceeds: int, taken: tuple[int, int, int, int]) -> int:
    """Make the realised row of what was taken from lot i: (shares, basis, original basis, basis for losses)."""
    event, lot = posting.event, desk.lots[i]
    shares, basis, _, loss_basis = taken
    r = new_row(desk, posting.place)
    row = desk.realized[r]
    row.event = posting.number
    row.lot = lot.number
    row.acquisition = lot.acquisition
    row.shares = shares
    row.proceeds = proceeds
    row.disallowed = 0
    row.permanent = 0
    row.matchable = 0
    row.matched = 0
    row.replaced = 0
    row.counted = shares
    row.account = lot.account
    row.security = lot.security
    row.matched_as = lot.security
    row.name = lot.name
    row.bought_by = lot.bought_by
    row.sold_by = event.order
    row.acquired = lot.acquired
    row.holding_start = lot.holding_start
    row.sold = event.day
    row.origin = Origin.SALE
    row.marks = lot.marks
    if lot.marks & FRESH_LOSS and proceeds < basis:
        # Reg. 1.1015-1(a): neither gain nor loss between the two; a loss has a period of its own.
        basis = max(proceeds, loss_basis)
        row.holding_start = lot.acquired
    row.basis = basis
    row.long_term = 1 if is_long_term_number(row.holding_start, event.day) else 0
    return r


@inner_kernel
def _taking(rules: Rules, posting: Posting) -> Taking:
    event, detail = posting.event, posting.detail
    account = rules.accounts[event.account]
    short_rate = account.short_rate if detail.short_rate == MISSING else detail.short_rate
    long_rate = account.long_rate if detail.long_rate == MISSING else detail.long_rate
    method = account.relief if event.relief == Relief.DEFAULT else event.relief
    price = mul_div(event.amount, SHARE, event.shares) if event.amount > 0 else 0
    return Taking(event.lot, method, price, event.day, short_rate, long_rate)


@inner_kernel
def _can_take(desk: Desk, rules: Rules, posting: Posting, p: int, taking: Taking) -> int:
    """Whether a position has the shares that an event takes."""
    event = posting.event
    if p < 0:
        return Refusal.OVERSOLD if event.lot == NO_CODE else Refusal.UNKNOWN_LOT
    if event.lot != NO_CODE:
        named = shares_named(desk, p, event.lot)
        if named == 0:
            return Refusal.UNKNOWN_LOT
        return Refusal.POSTED if named >= event.shares else Refusal.OVERSOLD
    if desk.positions[p].shares < event.shares:
        return Refusal.OVERSOLD
    if taking.method == Relief.AVERAGE and not (rules.funds[event.security] or desk.positions[p].reinvested):
        return Refusal.NOT_A_FUND
    return Refusal.POSTED


@inner_kernel
def _sell_stated(desk: Desk, posting: Posting) -> int:
    """Post a sale of shares that the ledger never held, with the basis and dates that its source states."""
    event, detail = posting.event, posting.detail
    if detail.basis == MISSING:
        return Refusal.MISSING_DETAIL
    if detail.basis < 0:
        return Refusal.NEGATIVE
    if detail.basis > MOST_MONEY:
        return Refusal.TOO_LARGE
    # The lot exists for the moment of the sale.
    i = add_lot(desk, posting)
    lot = desk.lots[i]
    lot.number = -1
    lot.acquired = detail.acquired
    lot.holding_start = detail.acquired if detail.holding_start == NO_DATE else detail.holding_start
    realize(desk, posting, i, event.amount, (event.shares, detail.basis, detail.basis, detail.basis))
    lot.shares = 0
    posting.cash[posting.place] = event.amount
    return Refusal.POSTED


@inner_kernel
def sell(desk: Desk, rules: Rules, posting: Posting, origin: int) -> int:
    """Post a sale for cash: one realised row for each lot it takes."""
    event = posting.event
    if event.shares <= 0 or event.amount < 0:
        return Refusal.NEGATIVE
    if event.shares > MOST_SHARES or event.amount > MOST_MONEY:
        return Refusal.TOO_LARGE
    if event.facts & _STATED:
        return _sell_stated(desk, posting)
    p = position_of(desk, event.account, event.security, 0)
    taking = _taking(rules, posting)
    refusal = _can_take(desk, rules, posting, p, taking)
    if refusal != Refusal.POSTED:
        return refusal
    if event.lot == NO_CODE and taking.method == Relief.AVERAGE:
        average_basis(desk, p)
    done = 0
    paid = 0
    for k in range(line_up_lots(desk, p, taking, event.shares)):
        i = desk.taken[k]
        shares = min(event.shares - done, desk.lots[i].shares)
        done += shares
        upto = mul_div(event.amount, done, event.shares)
        basis, original, _, loss_basis = close_shares(desk, i, shares)
        r = realize(desk, posting, i, upto - paid, (shares, basis, original, loss_basis))
        desk.realized[r].origin = origin
        paid = upto
    posting.cash[posting.place] = event.amount
    return Refusal.POSTED


@inner_kernel
def _move(desk: Desk, posting: Posting, i: int, shares: int, account: int) -> None:
    """Move shares of a lot into another account, with all that belongs to them."""
    candidate = desk.lots[i].marks & (REPLACEMENT | ABSORBED) == REPLACEMENT
    j = new_lot(desk, posting.number, posting.place)
    if desk.used[FULL]:
        return
    number = desk.lots[j].number
    desk.lots[j] = desk.lots[i]
    basis, original, absorbed, loss_basis = close_shares(desk, i, shares)
    moved = desk.lots[j]
    moved.number = number
    moved.parent = desk.lots[i].number
    moved.account = account
    moved.shares = shares
    moved.basis = basis
    moved.original_basis = original
    moved.absorbed_loss = absorbed
    if moved.marks & FRESH_LOSS:
        moved.loss_basis = loss_basis
    link_lot(desk, j)
    if candidate:
        insert_recent(desk, j)


@inner_kernel
def give_up(desk: Desk, rules: Rules, posting: Posting) -> int:
    """Post what leaves without being sold: a transfer (into another account of the taxpayer, or away), a gift made."""
    event, detail = posting.event, posting.detail
    if event.shares <= 0:
        return Refusal.NEGATIVE
    counter = detail.counter_account if event.kind == EventKind.TRANSFER_OUT else NO_CODE
    if counter != NO_CODE:
        own, other = rules.accounts[event.account], rules.accounts[counter]
        if own.taxpayer != other.taxpayer or own.kind != other.kind or event.account == counter:
            return Refusal.OTHER_TAXPAYER
    p = position_of(desk, event.account, event.security, 0)
    taking = _taking(rules, posting)
    refusal = _can_take(desk, rules, posting, p, taking)
    if refusal != Refusal.POSTED:
        return refusal
    left = event.shares
    for k in range(line_up_lots(desk, p, taking, event.shares)):
        i = desk.taken[k]
        shares = min(left, desk.lots[i].shares)
        left -= shares
        if counter != NO_CODE:
            _move(desk, posting, i, shares, counter)
        else:
            close_shares(desk, i, shares)
    return Refusal.POSTED


@inner_kernel
def correct_basis(desk: Desk, posting: Posting) -> int:
    """Post a custodian's correction of a named lot: its basis as it should be, over all its parts by shares."""
    event, detail = posting.event, posting.detail
    p = position_of(desk, event.account, event.security, 0)
    held = shares_named(desk, p, event.lot) if p >= 0 and event.lot != NO_CODE else 0
    if held == 0:
        return Refusal.UNKNOWN_LOT
    for value in (detail.basis, detail.original_basis):
        if value != MISSING and value < 0:
            return Refusal.NEGATIVE
        if value > MOST_MONEY:
            return Refusal.TOO_LARGE
    done = 0
    i = desk.positions[p].first
    while i >= 0:
        lot = desk.lots[i]
        if lot.shares > 0 and lot.name == event.lot:
            before, done = done, done + lot.shares
            if detail.basis != MISSING:
                lot.basis = mul_div(detail.basis, done, held) - mul_div(detail.basis, before, held)
                lot.original_basis = max(0, lot.basis - lot.absorbed_loss)
                if lot.marks & FRESH_LOSS:
                    lot.loss_basis = min(lot.loss_basis, lot.basis)
            if detail.original_basis != MISSING:
                original = mul_div(detail.original_basis, done, held)
                lot.original_basis = original - mul_div(detail.original_basis, before, held)
            if detail.acquired != NO_DATE:
                lot.acquired = detail.acquired
                lot.holding_start = detail.acquired
            if detail.holding_start != NO_DATE:
                lot.holding_start = detail.holding_start
        i = desk.following[i]
    if detail.acquired != NO_DATE:
        relink(desk, p, event.security)
        line_up_recent(desk)
    return Refusal.POSTED
