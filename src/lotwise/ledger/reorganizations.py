"""Reorganisations: what a split, merger, spin-off or return of capital does to the lots of one account.

Shares and basis are spread over the lots in proportion, cumulatively rounded, so that their sums are those of the
position to the last unit. Holding periods go on (26 U.S.C. 1223(1), (4)). Shares that came this way are not bought:
they replace nothing; lots that a split only counts anew stay what they were.

- SPLIT, STOCK_DIVIDEND: same basis, other number of shares (305(a), 307; Reg. 1.307-1);
- STOCK_DIVIDEND_OTHER, SPIN_OFF: basis by relative value (Reg. 1.307-1, 355, 358(b)), given as a fraction;
- SYMBOL_CHANGE: nothing but the name;
- STOCK_MERGER: basis carries over lot by lot (354, 358; Reg. 1.358-2);
- MIXED_MERGER: gain up to the cash, no loss; basis - cash + gain (356, 358(a)(1));
- CASH_MERGER: a sale;
- RETURN_OF_CAPITAL: less basis; what exceeds it is gain (301(c)(2), (3)).

Shares sold short are counted anew and renamed too. Not modelled, and refused: mergers and distributions of shares that
the account is short of. Not modelled: boot that has the effect of a dividend (356(a)(2)); liabilities assumed.
"""

from __future__ import annotations

from typing import Any

from lotwise.dates import WASH_DAYS
from lotwise.kernels import inner_kernel
from lotwise.ledger.booking import MOST_MONEY, MOST_SHARES, Posting, realize
from lotwise.ledger.desk import FULL, PENDING, PENDING_FIRST, REALIZED_ROWS, Desk, new_lot
from lotwise.ledger.events import MISSING, NO_CODE, EventKind
from lotwise.ledger.open_lots import close_shares, link_lot, position_of, relink
from lotwise.ledger.tables import ABSORBED, FRESH_LOSS, REPLACEMENT, Origin, Refusal
from lotwise.money import FULL_RATE, OVERFLOW, SHARE, mul_div

__all__ = ["reorganize"]

# Masks of a lot's marks; a byte, since complements of Python integers are negative.
_ANY_BUT_REPLACEMENT = 0xFF ^ REPLACEMENT
_ANY_BUT_BOUGHT = 0xFF ^ (REPLACEMENT | ABSORBED)


@inner_kernel
def _sold_of(row: Any, event: Any) -> bool:  # noqa: ANN401 - records
    """Whether a realised row is of the event's account and security, as it is called by now."""
    return bool(row.account == event.account and row.matched_as == event.security)


@inner_kernel
def _pending_shares(desk: Desk, posting: Posting) -> int:
    """Shares of the event's account and security sold at a loss for which replacements may still come."""
    found = 0
    for k in range(desk.used[PENDING_FIRST], desk.used[PENDING]):
        row = desk.realized[desk.pending[k]]
        recent = row.sold >= posting.event.day - WASH_DAYS
        if recent and row.matched < row.matchable and _sold_of(row, posting.event):
            found += row.matchable - row.matched
    return found


@inner_kernel
def _lacks_detail(posting: Posting) -> bool:
    """Whether the event lacks what its kind needs."""
    kind, detail = posting.event.kind, posting.detail
    ratio = detail.ratio_new > 0 and detail.ratio_old > 0
    renamed = detail.new_security != NO_CODE and detail.new_security != posting.event.security  # noqa: PLR1714 - of two widths
    paid = posting.event.amount > 0 or detail.cash > 0
    if kind in (EventKind.SPLIT, EventKind.STOCK_DIVIDEND):
        return not ratio
    if kind == EventKind.SYMBOL_CHANGE:
        return not renamed
    if kind in (EventKind.SPIN_OFF, EventKind.STOCK_DIVIDEND_OTHER):
        return not (ratio and renamed and 0 <= detail.fraction <= FULL_RATE)
    if kind == EventKind.STOCK_MERGER:
        return not (ratio and renamed)
    if kind == EventKind.MIXED_MERGER:
        return not (ratio and renamed and paid and detail.fair_value >= 0)
    return not paid


@inner_kernel
def _cash_total(posting: Posting, shares: int) -> int:
    """Cash that the position receives."""
    if posting.event.amount > 0:
        return int(posting.event.amount)
    return mul_div(posting.detail.cash, shares, SHARE)


@inner_kernel
def _recount(desk: Desk, p: int, new: int, old: int) -> None:
    """Count the shares of every lot anew; the basis of a lot too small to have any goes to its neighbour."""
    done, given = 0, 0
    basis, original, absorbed = 0, 0, 0
    last = -1
    i = desk.positions[p].first
    while i >= 0:
        lot = desk.lots[i]
        if lot.shares > 0:
            done += lot.shares
            upto = mul_div(done, new, old)
            lot.shares = upto - given
            given = upto
            lot.basis += basis
            lot.original_basis += original
            lot.absorbed_loss += absorbed
            basis, original, absorbed = 0, 0, 0
            if lot.shares > 0:
                last = i
            else:
                basis, original, absorbed = lot.basis, lot.original_basis, lot.absorbed_loss
        i = desk.following[i]
    if last >= 0:
        desk.lots[last].basis += basis
        desk.lots[last].original_basis += original
        desk.lots[last].absorbed_loss += absorbed
    desk.positions[p].shares = given


@inner_kernel
def _recount_short(desk: Desk, p: int, new: int, old: int) -> None:
    """Count shares sold short anew, and with them what was held when they were sold (see short_sales)."""
    _recount(desk, p, new, old)
    i = desk.positions[p].first
    while i >= 0:
        lot = desk.lots[i]
        lot.absorbed_loss = mul_div(lot.absorbed_loss, new, old)
        lot.loss_basis = mul_div(lot.loss_basis, new, old)
        i = desk.following[i]


@inner_kernel
def _counted_anew(shares: int, new: int, old: int) -> int:
    """Shares sold before, in new shares; more than 64 bits hold can never be replaced, and stay as they are."""
    counted = mul_div(shares, new, old)
    return shares if counted == OVERFLOW else counted


@inner_kernel
def _scale(desk: Desk, posting: Posting, p: int, new: int, old: int) -> None:
    """Count a position's shares, and those sold before, in new shares."""
    event = posting.event
    if p >= 0:
        _recount(desk, p, new, old)
    short = position_of(desk, event.account, event.security, 1)
    if short >= 0:
        _recount_short(desk, short, new, old)
    for r in range(desk.used[REALIZED_ROWS]):
        row = desk.realized[r]
        if _sold_of(row, event):
            row.counted = _counted_anew(row.counted, new, old)
            row.matchable = _counted_anew(row.matchable, new, old)
            row.matched = _counted_anew(row.matched, new, old)
            row.replaced = _counted_anew(row.replaced, new, old)


@inner_kernel
def _rename(desk: Desk, posting: Posting, p: int, security: int) -> None:
    """Give a position its new security, and let what was sold before be replaced by that."""
    event = posting.event
    for r in range(desk.used[REALIZED_ROWS]):
        row = desk.realized[r]
        if _sold_of(row, event):
            row.matched_as = security
    if p >= 0:
        relink(desk, p, security)
    short = position_of(desk, event.account, event.security, 1)
    if short >= 0:
        relink(desk, short, security)


@inner_kernel
def _spin_off(desk: Desk, posting: Posting, p: int) -> None:
    """Give each lot a lot of new shares, with its part of the basis and the same dates."""
    detail = posting.detail
    done, given = 0, 0
    i = desk.positions[p].first
    while i >= 0 and not desk.used[FULL]:
        lot = desk.lots[i]
        if lot.shares > 0:
            done += lot.shares
            upto = mul_div(done, detail.ratio_new, detail.ratio_old)
            if upto == given:  # too small a lot for a new share: its basis stays where it is
                i = desk.following[i]
                continue
            j = new_lot(desk, posting.number, posting.place)
            if desk.used[FULL]:
                return
            number = desk.lots[j].number
            desk.lots[j] = lot
            child = desk.lots[j]
            child.number = number
            child.parent = lot.number
            child.security = detail.new_security
            child.shares = upto - given
            child.marks = lot.marks & _ANY_BUT_BOUGHT
            given = upto
            child.basis = mul_div(lot.basis, detail.fraction, FULL_RATE)
            child.absorbed_loss = mul_div(lot.absorbed_loss, detail.fraction, FULL_RATE)
            plain = lot.basis == lot.original_basis + lot.absorbed_loss
            paid = child.basis - child.absorbed_loss
            child.original_basis = paid if plain else mul_div(lot.original_basis, detail.fraction, FULL_RATE)
            lot.basis -= child.basis
            lot.original_basis -= child.original_basis
            lot.absorbed_loss -= child.absorbed_loss
            if lot.marks & FRESH_LOSS:
                child.loss_basis = mul_div(lot.loss_basis, detail.fraction, FULL_RATE)
                lot.loss_basis -= child.loss_basis
            link_lot(desk, j)
        i = desk.following[i]


@inner_kernel
def _boot(desk: Desk, posting: Posting, p: int) -> None:
    """Recognise the gain of every lot up to its cash; what cash is not gain lowers the basis."""
    detail = posting.detail
    held = desk.positions[p].shares
    total = _cash_total(posting, held)
    done, paid, given = 0, 0, 0
    i = desk.positions[p].first
    while i >= 0 and not desk.used[FULL]:
        lot = desk.lots[i]
        if lot.shares > 0:
            done += lot.shares
            upto, shares_upto = mul_div(total, done, held), mul_div(done, detail.ratio_new, detail.ratio_old)
            cash = upto - paid
            stock = mul_div(shares_upto - given, detail.fair_value, SHARE)
            gain = max(0, min(cash, cash + stock - lot.basis))
            realized = (lot.shares, cash - gain, cash - gain, cash - gain)
            r = realize(desk, posting, i, cash, realized)
            desk.realized[r].origin = Origin.BOOT
            desk.realized[r].basis = cash - gain
            lot.basis += gain - cash
            lot.original_basis = max(0, lot.original_basis + gain - cash)
            if lot.marks & FRESH_LOSS:
                lot.loss_basis = min(lot.basis, max(0, lot.loss_basis + gain - cash))
            paid, given = upto, shares_upto
        i = desk.following[i]
    posting.cash[posting.place] = total


@inner_kernel
def _return_capital(desk: Desk, posting: Posting, p: int) -> None:
    """Lower the basis of every lot by what it received; what exceeds the basis is a gain."""
    held = desk.positions[p].shares
    total = _cash_total(posting, held)
    done, paid = 0, 0
    i = desk.positions[p].first
    while i >= 0 and not desk.used[FULL]:
        lot = desk.lots[i]
        if lot.shares > 0:
            done += lot.shares
            upto = mul_div(total, done, held)
            received = upto - paid
            paid = upto
            lowered = min(received, lot.basis)
            lot.basis -= lowered
            lot.original_basis = max(0, lot.original_basis - received)
            if lot.marks & FRESH_LOSS:
                lot.loss_basis = max(0, lot.loss_basis - received)
            if received > lowered:
                r = realize(desk, posting, i, received - lowered, (lot.shares, 0, 0, 0))
                desk.realized[r].basis = 0
                desk.realized[r].origin = Origin.RETURN_OF_CAPITAL
        i = desk.following[i]
    posting.cash[posting.place] = total


@inner_kernel
def _cash_merger(desk: Desk, posting: Posting, p: int) -> None:
    """Sell every lot of a position."""
    held = desk.positions[p].shares
    total = _cash_total(posting, held)
    done, paid = 0, 0
    i = desk.positions[p].first
    while i >= 0 and not desk.used[FULL]:
        shares = desk.lots[i].shares
        if shares > 0:
            done += shares
            upto = mul_div(total, done, held)
            basis, original, _, loss_basis = close_shares(desk, i, shares)
            r = realize(desk, posting, i, upto - paid, (shares, basis, original, loss_basis))
            desk.realized[r].origin = Origin.CASH_MERGER
            paid = upto
        i = desk.following[i]
    posting.cash[posting.place] = total


@inner_kernel
def _exchange(desk: Desk, posting: Posting, p: int) -> None:
    """Turn every lot into shares of the acquirer; they were not bought and replace nothing."""
    detail = posting.detail
    _recount(desk, p, detail.ratio_new, detail.ratio_old)
    i = desk.positions[p].first
    while i >= 0:
        desk.lots[i].marks &= _ANY_BUT_REPLACEMENT
        i = desk.following[i]
    relink(desk, p, detail.new_security)


@inner_kernel
def _too_large(posting: Posting, held: int) -> bool:
    """Whether the position would leave the bounds within which nothing overflows."""
    kind, detail = posting.event.kind, posting.detail
    if posting.event.amount > MOST_MONEY or detail.fair_value > MOST_MONEY or detail.cash > MOST_MONEY:
        return True
    cash = _cash_total(posting, held) if detail.cash > 0 or posting.event.amount > 0 else 0
    if cash < 0 or cash > MOST_MONEY:
        return True
    if detail.ratio_new <= 0 or detail.ratio_old <= 0:
        return False
    new = detail.ratio_new + detail.ratio_old if kind == EventKind.STOCK_DIVIDEND else detail.ratio_new
    shares = mul_div(held, new, detail.ratio_old)
    if shares < 0 or shares > MOST_SHARES:
        return True
    stock = mul_div(shares, detail.fair_value, SHARE) if detail.fair_value > 0 else 0
    return stock < 0 or stock > MOST_MONEY


@inner_kernel
def _vanishes(posting: Posting, held: int) -> bool:
    """Whether what is exchanged would leave no share at all."""
    kind, detail = posting.event.kind, posting.detail
    if kind in (EventKind.SPLIT, EventKind.STOCK_MERGER, EventKind.MIXED_MERGER):
        return held > 0 and mul_div(held, detail.ratio_new, detail.ratio_old) == 0
    return False


@inner_kernel
def reorganize(desk: Desk, posting: Posting) -> int:
    """Post what happened to every share of a security in one account."""
    event, detail = posting.event, posting.detail
    kind = event.kind
    if _lacks_detail(posting):
        return Refusal.MISSING_DETAIL
    if (event.amount != MISSING and event.amount < 0) or (detail.cash != MISSING and detail.cash < 0):
        return Refusal.NEGATIVE
    p = position_of(desk, event.account, event.security, 0)
    held = desk.positions[p].shares if p >= 0 else 0
    counted_anew = kind in (EventKind.SPLIT, EventKind.STOCK_DIVIDEND, EventKind.SYMBOL_CHANGE)
    short = position_of(desk, event.account, event.security, 1)
    sold_short = desk.positions[short].shares if short >= 0 else 0
    if sold_short > 0 and not counted_anew:
        return Refusal.SOLD_SHORT
    if held + sold_short == 0 and not (counted_anew and _pending_shares(desk, posting) > 0):
        return Refusal.NOT_HELD
    if _too_large(posting, max(held, sold_short)):
        return Refusal.TOO_LARGE
    if _vanishes(posting, held) or _vanishes(posting, sold_short):
        return Refusal.NEGATIVE
    if kind == EventKind.SPLIT:
        _scale(desk, posting, p, detail.ratio_new, detail.ratio_old)
    elif kind == EventKind.STOCK_DIVIDEND:
        _scale(desk, posting, p, detail.ratio_new + detail.ratio_old, detail.ratio_old)
    elif kind == EventKind.SYMBOL_CHANGE:
        _rename(desk, posting, p, detail.new_security)
    elif kind in (EventKind.SPIN_OFF, EventKind.STOCK_DIVIDEND_OTHER):
        _spin_off(desk, posting, p)
    elif kind == EventKind.CASH_MERGER:
        _cash_merger(desk, posting, p)
    elif kind == EventKind.RETURN_OF_CAPITAL:
        _return_capital(desk, posting, p)
    else:
        if kind == EventKind.MIXED_MERGER:
            _boot(desk, posting, p)
        _exchange(desk, posting, p)
    return Refusal.POSTED
