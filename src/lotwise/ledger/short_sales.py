"""Short sales (26 U.S.C. 1233; Reg. 1.1233-1): shares sold first and delivered later.

A short sale is a lot of its own, marked SHORT, whose basis holds the proceeds. It is closed by shares bought for it
(COVER with an amount) or by delivering a lot (COVER with `lot`). What identical shares the taxpayer held on the day of
the short sale decides the character, so the short lot keeps how many were held short term (`absorbed_loss`) and long
term (`loss_basis`), in shares:

- a gain is short term as far as identical shares held short term then, or acquired since, go (1233(b)(1));
- a loss is long term as far as identical shares held long term then go (1233(d));
- otherwise the holding period of what is delivered decides; shares bought to cover have none.

The holding period of those short-term shares begins anew when the short sale is closed, in the order of acquisition,
or when they are sold, if that comes first (1233(b)(2)). Shares of spouses count together (1233(e)(2)(C)); what a
retirement account holds is not the taxpayer's.

Not modelled: constructive sales (1259) and wash sales of short sales (1091(e)), which `short_sale_findings` looks for;
payments in lieu of dividends.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lotwise.households.accounts import AccountKind
from lotwise.kernels import inner_kernel
from lotwise.ledger.booking import MOST_MONEY, MOST_SHARES, Posting, add_lot, realize
from lotwise.ledger.desk import FULL, LOTS, REALIZED_ROWS, Desk, Rules, identical_on
from lotwise.ledger.events import NO_CODE
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.ledger.open_lots import close_shares, insert_recent, link_lot, position_of, split_off, split_row
from lotwise.ledger.relief import shares_named
from lotwise.ledger.tables import ABSORBED, REPLACEMENT, SHORT, Origin, Refusal
from lotwise.money import mul_div

__all__ = ["begin_on_sale", "cover", "sell_short"]


@inner_kernel
def _is_own(rules: Rules, lot: Any) -> bool:  # noqa: ANN401 - a record
    """Whether a lot is open property of the taxpayer or spouse: what a retirement account holds is the trust's."""
    return bool(lot.shares > 0 and not lot.marks & SHORT and rules.accounts[lot.account].kind == AccountKind.TAXABLE)


@inner_kernel
def _held(desk: Desk, rules: Rules, security: int, day: int, long_term: bool) -> int:
    """Identical shares of the taxpayer held short or long term on a day."""
    found = 0
    for i in range(desk.used[LOTS]):
        lot = desk.lots[i]
        if not _is_own(rules, lot) or not identical_on(rules, lot.security, security, day):
            continue
        if is_long_term_number(lot.holding_start, day) == long_term:
            found += lot.shares
    return found


@inner_kernel
def sell_short(desk: Desk, rules: Rules, posting: Posting) -> int:
    """Post a short sale."""
    event = posting.event
    if event.shares <= 0 or event.amount < 0:
        return Refusal.NEGATIVE
    if event.shares > MOST_SHARES or event.amount > MOST_MONEY:
        return Refusal.TOO_LARGE
    short_term = _held(desk, rules, event.security, event.day, long_term=False)
    long_term = _held(desk, rules, event.security, event.day, long_term=True)
    i = add_lot(desk, posting)
    lot = desk.lots[i]
    lot.basis = event.amount
    lot.original_basis = event.amount
    lot.absorbed_loss = short_term
    lot.loss_basis = long_term
    lot.marks = SHORT
    link_lot(desk, i)
    posting.cash[posting.place] = event.amount
    return Refusal.POSTED


@inner_kernel
def _acquired_since(desk: Desk, rules: Rules, posting: Posting, opened: int) -> int:
    """Identical shares acquired after the short sale and still open."""
    event = posting.event
    found = 0
    for i in range(desk.used[LOTS]):
        lot = desk.lots[i]
        since = _is_own(rules, lot) and lot.acquired > opened
        if since and identical_on(rules, lot.security, event.security, event.day):
            found += lot.shares
    return found


@inner_kernel
def _begin_anew(desk: Desk, rules: Rules, posting: Posting, opened: int, shares: int) -> None:
    """Let the holding period of short-term identical shares begin on the day of closing (1233(b)(2))."""
    event = posting.event
    left = shares
    while left > 0 and not desk.used[FULL]:
        first = -1
        for i in range(desk.used[LOTS]):
            lot = desk.lots[i]
            if not _is_own(rules, lot) or lot.holding_start == event.day:
                continue
            if is_long_term_number(lot.holding_start, opened) or lot.acquired > event.day:
                continue
            if not identical_on(rules, lot.security, event.security, event.day):
                continue
            if first < 0 or lot.acquired < desk.lots[first].acquired:
                first = i
        if first < 0:
            return
        part = min(left, desk.lots[first].shares)
        j = split_off(desk, first, part, posting.number, posting.place)
        desk.lots[j].holding_start = event.day
        if j != first and desk.lots[j].marks & (REPLACEMENT | ABSORBED) == REPLACEMENT and not desk.used[FULL]:
            insert_recent(desk, j)
        left -= part


class _Part(NamedTuple):
    """Shares of a short sale that are closed, what they cost, and what is delivered."""

    shares: int
    cost: int
    acquired: int  # day on which what is delivered was acquired
    long_term: bool  # character by the holding period of what is delivered
    tainted: int  # identical shares that were held short term at the short sale, or have been acquired since


@inner_kernel
def _close_part(desk: Desk, posting: Posting, i: int, part: _Part, shares: int, cost: int, long_term: bool) -> None:
    """Realise shares of short lot i with this character."""
    if shares <= 0:
        return
    proceeds, _, _, _ = close_shares(desk, i, shares)
    r = realize(desk, posting, i, proceeds, (shares, cost, cost, cost))
    row = desk.realized[r]
    row.basis = cost
    row.acquired = part.acquired
    row.origin = Origin.COVER
    row.long_term = 1 if long_term else 0


@inner_kernel
def _close(desk: Desk, rules: Rules, posting: Posting, i: int, part: _Part) -> None:
    """Close shares of short lot i; the law splits them by character."""
    shares, cost = part.shares, part.cost
    lot = desk.lots[i]
    opened = lot.acquired
    gain = mul_div(lot.basis, shares, lot.shares) > cost
    other = min(shares, part.tainted) if gain else min(shares, lot.loss_basis)
    other_cost = mul_div(cost, other, shares)
    short_left = max(0, lot.absorbed_loss - shares)
    long_left = max(0, lot.loss_basis - shares)
    _close_part(desk, posting, i, part, other, other_cost, not gain)
    _close_part(desk, posting, i, part, shares - other, cost - other_cost, part.long_term)
    desk.lots[i].absorbed_loss = short_left
    desk.lots[i].loss_basis = long_left
    _begin_anew(desk, rules, posting, opened, min(shares, part.tainted))


@inner_kernel
def _refused(desk: Desk, posting: Posting, p: int, own: int) -> int:
    """Whether short position p can be closed, by delivering a lot of position `own` if one is named."""
    event = posting.event
    if event.shares <= 0 or event.amount < 0:
        return Refusal.NEGATIVE
    if event.amount > MOST_MONEY:
        return Refusal.TOO_LARGE
    if p < 0 or desk.positions[p].shares < event.shares:
        return Refusal.NO_SHORT
    if event.lot != NO_CODE:
        named = shares_named(desk, own, event.lot) if own >= 0 else 0
        if named < event.shares:
            return Refusal.UNKNOWN_LOT if named == 0 else Refusal.OVERSOLD
    return Refusal.POSTED


@inner_kernel
def _next_open(desk: Desk, p: int, name: int) -> int:
    """First open lot of a position (of a name)."""
    i = desk.positions[p].first
    while desk.lots[i].shares == 0 or (name != NO_CODE and desk.lots[i].name != name):
        i = desk.following[i]
    return int(i)


@inner_kernel
def cover(desk: Desk, rules: Rules, posting: Posting) -> int:
    """Post the closing of a short sale, oldest first."""
    event = posting.event
    p = position_of(desk, event.account, event.security, 1)
    own = position_of(desk, event.account, event.security, 0)
    refusal = _refused(desk, posting, p, own)
    if refusal != Refusal.POSTED:
        return refusal
    done, paid = 0, 0
    while done < event.shares and not desk.used[FULL]:
        i = _next_open(desk, p, NO_CODE)
        short = desk.lots[i]
        shares = min(event.shares - done, short.shares)
        # Before anything is delivered: what is delivered may itself have been acquired since.
        tainted = short.absorbed_loss + _acquired_since(desk, rules, posting, short.acquired)
        acquired, delivered_long = event.day, False
        if event.lot != NO_CODE:
            j = _next_open(desk, own, event.lot)
            shares = min(shares, desk.lots[j].shares)
            acquired = desk.lots[j].acquired
            delivered_long = is_long_term_number(desk.lots[j].holding_start, event.day)
            cost, _, _, _ = close_shares(desk, j, shares)
            done += shares
        else:
            done += shares
            upto = mul_div(event.amount, done, event.shares)
            cost = upto - paid
            paid = upto
        _close(desk, rules, posting, i, _Part(shares, cost, acquired, delivered_long, tainted))
    posting.cash[posting.place] = 0 if event.lot != NO_CODE else -event.amount
    return Refusal.POSTED


@inner_kernel
def begin_on_sale(desk: Desk, rules: Rules, first_row: int) -> None:
    """Take away the holding period of shares sold while a short sale is open (1233(b)(2): sold before it is closed).

    For shares that were held short term on the day of the short sale, or acquired since, as far as the short sale goes.
    """
    last = desk.used[REALIZED_ROWS]
    for i in range(desk.used[LOTS]):
        short = desk.lots[i]
        if short.shares == 0 or not short.marks & SHORT:
            continue
        left = short.shares
        for r in range(first_row, last):
            row = desk.realized[r]
            if left <= 0 or row.origin == Origin.COVER or not row.long_term:
                continue
            if rules.accounts[row.account].kind != AccountKind.TAXABLE:
                continue
            if is_long_term_number(row.holding_start, short.acquired):
                continue
            if not identical_on(rules, row.security, short.security, row.sold):
                continue
            shares = min(left, row.shares)
            split_row(desk, r, shares)
            row.holding_start = row.sold
            row.long_term = 0
            left -= shares
