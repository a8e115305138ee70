"""Short sales (26 U.S.C. 1233; Reg. 1.1233-1): shares sold first and delivered later.

A short sale is a lot of its own, marked SHORT, whose basis holds the proceeds. It is closed by shares bought for it
(COVER with an amount) or by delivering a lot (COVER with `lot`). What identical shares the taxpayer held on the day of
the short sale decides the character, so the short lot keeps how many were held short term (`absorbed_loss`) and long
term (`loss_basis`), in shares:

- a gain is short term as far as identical shares held short term then, or acquired since, go (1233(b)(1));
- a loss is long term as far as identical shares held long term then go (1233(d));
- otherwise the holding period of what is delivered decides; shares bought to cover have none.

The holding period of those short-term shares begins anew when the short sale is closed, in the order of acquisition
(1233(b)(2)).

Not modelled: constructive sales (1259), wash sales of short sales (1091(e)), payments in lieu of dividends.
"""

from __future__ import annotations

from lotwise.kernels import kernel
from lotwise.ledger.booking import MOST_MONEY, MOST_SHARES, Posting, add_lot, realize
from lotwise.ledger.desk import (
    FULL,
    LOTS,
    Desk,
    Rules,
    close_shares,
    identical_on,
    link_lot,
    position_of,
    split_off,
)
from lotwise.ledger.events import NO_CODE, Relief
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.ledger.relief import Taking, best_lot, shares_named
from lotwise.ledger.tables import SHORT, Origin, Refusal
from lotwise.money import mul_div

__all__ = ["cover", "sell_short"]


@kernel
def _held(desk: Desk, rules: Rules, security: int, day: int, long_term: bool) -> int:
    """Identical shares of the taxpayer held short or long term on a day."""
    found = 0
    for i in range(desk.count[LOTS]):
        lot = desk.lots[i]
        if lot.shares == 0 or lot.marks & SHORT or not identical_on(rules, lot.security, security, day):
            continue
        if is_long_term_number(lot.holding_start, day) == long_term:
            found += lot.shares
    return found


@kernel
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


@kernel
def _acquired_since(desk: Desk, rules: Rules, posting: Posting, opened: int) -> int:
    """Identical shares acquired after the short sale and still open."""
    event = posting.event
    found = 0
    for i in range(desk.count[LOTS]):
        lot = desk.lots[i]
        since = lot.shares > 0 and not lot.marks & SHORT and lot.acquired > opened
        if since and identical_on(rules, lot.security, event.security, event.day):
            found += lot.shares
    return found


@kernel
def _begin_anew(desk: Desk, rules: Rules, posting: Posting, opened: int, shares: int) -> None:
    """Let the holding period of short-term identical shares begin on the day of closing (1233(b)(2))."""
    event = posting.event
    left = shares
    while left > 0 and not desk.count[FULL]:
        first = -1
        for i in range(desk.count[LOTS]):
            lot = desk.lots[i]
            if lot.shares == 0 or lot.marks & SHORT or lot.holding_start == event.day:
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
        left -= part


@kernel
def _close_part(desk: Desk, posting: Posting, i: int, part: tuple[int, int], long_term: bool) -> None:
    """Realise (shares, cost) of short lot i with this character."""
    shares, cost = part
    if shares <= 0:
        return
    proceeds, _, _, _ = close_shares(desk, i, shares)
    r = realize(desk, posting, i, proceeds, (shares, cost, cost, cost))
    row = desk.realized[r]
    row.basis = cost
    row.origin = Origin.COVER
    row.long_term = 1 if long_term else 0


@kernel
def _close(desk: Desk, rules: Rules, posting: Posting, i: int, part: tuple[int, int], delivered_long: bool) -> None:
    """Close (shares, cost) of short lot i; the law splits them by character."""
    shares, cost = part
    lot = desk.lots[i]
    opened = lot.acquired
    held = lot.shares
    proceeds = mul_div(lot.basis, shares, held)
    gain = proceeds > cost
    tainted = lot.absorbed_loss + _acquired_since(desk, rules, posting, opened)
    other = min(shares, tainted) if gain else min(shares, lot.loss_basis)
    other_cost = mul_div(cost, other, shares)
    short_left = max(0, lot.absorbed_loss - shares)
    long_left = max(0, lot.loss_basis - shares)
    _close_part(desk, posting, i, (other, other_cost), not gain)
    _close_part(desk, posting, i, (shares - other, cost - other_cost), delivered_long)
    desk.lots[i].absorbed_loss = short_left
    desk.lots[i].loss_basis = long_left
    _begin_anew(desk, rules, posting, opened, min(shares, tainted))


@kernel
def cover(desk: Desk, rules: Rules, posting: Posting) -> int:
    """Post the closing of a short sale, oldest first."""
    event = posting.event
    if event.shares <= 0 or event.amount < 0:
        return Refusal.NEGATIVE
    if event.amount > MOST_MONEY:
        return Refusal.TOO_LARGE
    p = position_of(desk, event.account, event.security, 1)
    if p < 0 or desk.positions[p].shares < event.shares:
        return Refusal.NO_SHORT
    own = position_of(desk, event.account, event.security, 0)
    delivering = event.lot != NO_CODE
    if delivering:
        named = shares_named(desk, own, event.lot) if own >= 0 else 0
        if named < event.shares:
            return Refusal.UNKNOWN_LOT if named == 0 else Refusal.OVERSOLD
    oldest = Taking(NO_CODE, Relief.FIFO, 0, event.day, 0, 0)
    named_lot = Taking(event.lot, Relief.FIFO, 0, event.day, 0, 0)
    done, paid = 0, 0
    while done < event.shares and not desk.count[FULL]:
        i = best_lot(desk, p, oldest)
        shares = min(event.shares - done, desk.lots[i].shares)
        delivered_long = False
        if delivering:
            j = best_lot(desk, own, named_lot)
            shares = min(shares, desk.lots[j].shares)
            delivered_long = is_long_term_number(desk.lots[j].holding_start, event.day)
            cost, _, _, _ = close_shares(desk, j, shares)
            done += shares
        else:
            done += shares
            upto = mul_div(event.amount, done, event.shares)
            cost = upto - paid
            paid = upto
        _close(desk, rules, posting, i, (shares, cost), delivered_long)
    posting.cash[posting.place] = 0 if delivering else -event.amount
    return Refusal.POSTED
