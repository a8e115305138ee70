"""Wash sales: shares sold at a loss are matched with what replaces them (26 U.S.C. 1091; Reg. 1.1091-1, 1.1091-2).

Losses go in the order of disposition, within one sale by acquisition; replacements in the order of acquisition, share
for share, within 30 days on either side, trade dates. A share takes over one loss only. Shares of the acquisition that
was sold do not replace each other (Rev. Rul. 56-602). The loss goes into the basis of the replacement, whose holding
period is lengthened by that of the shares sold (1091(d), 1223(3)); bought in a retirement account it is gone for ever
(Rev. Rul. 2008-5).

The work is done at two moments. A purchase takes over losses of earlier days at once (`take_over`): it is a later
purchase, and counts whether or not it is kept. The losses of a day are matched when the day is over (`match_day`), with
earlier purchases as the reading of the law has it (`tables.Reading`), then with purchases made later that day.

A loss taken over by shares sold later the same day raises the basis of that sale, which is looked at afterwards. The
reading ANY_ACQUISITION also finds shares that were sold before: their basis cannot be raised any more, and the loss is
counted as gone for ever.

Splits and changes of name between a loss and its replacement count, of whatever age: a purchase made elsewhere may come
in late. A split of what an account neither holds nor sold in the last 30 days is refused, and then does not.

Not modelled: contracts and options to acquire (1091(a)); shares bought to close a short sale, as replacements; losses
of short sales (1091(e)).
"""

from __future__ import annotations

from typing import NamedTuple

from lotwise.dates import NO_DATE, WASH_DAYS
from lotwise.households.accounts import AccountKind
from lotwise.kernels import inner_kernel
from lotwise.ledger.desk import (
    FULL,
    PENDING,
    PENDING_FIRST,
    REALIZED_ROWS,
    RECENT,
    RECENT_FIRST,
    WASHES,
    Desk,
    Rules,
    identical_on,
    same_acquisition,
)
from lotwise.ledger.disposition_order import disposed_later, first_fill
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.ledger.open_lots import split_off, split_row
from lotwise.ledger.tables import ABSORBED, ALWAYS_LONG, REPLACEMENT, Origin, Reading
from lotwise.money import mul_div

__all__ = ["match_day", "take_over", "take_over_late"]

_CANDIDATE = REPLACEMENT | ABSORBED


class _Found(NamedTuple):
    """The next replacement: an open lot or a realised row, -1 = none."""

    lot: int
    row: int


@inner_kernel
def _can_absorb(marks: int) -> bool:
    """Whether shares were bought and have not taken over a loss yet."""
    return marks & _CANDIDATE == REPLACEMENT


@inner_kernel
def _deferred(desk: Desk, r: int, shares: int) -> int:
    """Disallow the loss of so many more shares of a row; cumulative, so that all shares give the whole loss."""
    row = desk.realized[r]
    row.matched += shares
    upto = mul_div(row.basis - row.proceeds, row.matched, row.matchable)
    loss = max(upto - row.disallowed, 0)
    row.disallowed += loss
    return int(loss)


@inner_kernel
def _tacked(start: int, acquired: int, sold: int) -> int:
    """Start of the replacement's holding period: earlier by the days the shares sold were held."""
    if start == NO_DATE:
        return acquired
    if start <= ALWAYS_LONG:
        return ALWAYS_LONG
    return acquired - (sold - start)


@inner_kernel
def _record(desk: Desk, r: int, lot: int, purchase: int, shares: int, loss: int, acquired: int, gone: bool) -> None:
    row = desk.realized[r]
    w = desk.used[WASHES]
    if w >= desk.washes.size:
        desk.used[FULL] = 1
        return
    desk.used[WASHES] = w + 1
    wash = desk.washes[w]
    wash.sale = row.event
    wash.sold_lot = row.lot
    wash.purchase = purchase
    wash.lot = lot
    wash.shares = shares
    wash.loss = loss
    wash.day = max(row.sold, acquired)
    wash.held_days = 0 if gone or row.holding_start <= ALWAYS_LONG else row.sold - row.holding_start
    wash.permanent = 1 if gone else 0


@inner_kernel
def _absorb_by_lot(desk: Desk, rules: Rules, r: int, i: int, shares: int, place: int, event: int) -> None:
    """Let `shares` of an open lot take over the loss of as many shares of a row."""
    j = split_off(desk, i, shares, event, place)
    if desk.used[FULL]:
        return
    loss = _deferred(desk, r, shares)
    row = desk.realized[r]
    lot = desk.lots[j]
    gone = rules.accounts[lot.account].kind != AccountKind.TAXABLE
    lot.marks |= ABSORBED
    if gone:
        row.permanent += loss
    else:
        lot.basis += loss
        lot.absorbed_loss += loss
        lot.absorbed_from = row.event
        lot.holding_start = _tacked(row.holding_start, lot.acquired, row.sold)
    _record(desk, r, lot.number, lot.acquisition, shares, loss, lot.acquired, gone)


@inner_kernel
def _replaces(desk: Desk, rules: Rules, i: int, r: int) -> bool:
    """Whether an open lot can take over the loss of a row, by what both are and when they were traded."""
    lot, row = desk.lots[i], desk.realized[r]
    near = lot.acquired - WASH_DAYS <= row.sold <= lot.acquired + WASH_DAYS
    if not near or lot.shares == 0 or not _can_absorb(lot.marks):
        return False
    if same_acquisition(row.acquisition, row.bought_by, lot.acquisition, lot.bought_by):
        return False
    if lot.acquired < row.acquired and rules.reading == Reading.OLDER_LOT_NEVER_REPLACES:
        return False
    return identical_on(rules, row.matched_as, lot.security, row.sold)


@inner_kernel
def take_over(desk: Desk, rules: Rules, i: int, place: int, event: int) -> None:
    """Let a lot just bought take over losses of earlier days that nothing has replaced yet."""
    day = desk.lots[i].acquired
    first = desk.used[PENDING_FIRST]
    last = desk.used[PENDING]
    while first < last:
        row = desk.realized[desk.pending[first]]
        if row.sold >= day - WASH_DAYS and row.matched < row.matchable:
            break
        first += 1
    desk.used[PENDING_FIRST] = first
    for k in range(first, last):
        r = desk.pending[k]
        row = desk.realized[r]
        left = row.matchable - row.matched
        if left > 0 and _replaces(desk, rules, i, r):
            _absorb_by_lot(desk, rules, r, i, min(left, desk.lots[i].shares), place, event)
        if not _can_absorb(desk.lots[i].marks) or desk.used[FULL]:
            return


@inner_kernel
def take_over_late(desk: Desk, rules: Rules, i: int, place: int, event: int) -> None:
    """Let a lot that was bought elsewhere, and comes in only now, take over the losses it has replaced since."""
    while _can_absorb(desk.lots[i].marks) and not desk.used[FULL]:
        first = -1
        for r in range(desk.used[REALIZED_ROWS]):
            row = desk.realized[r]
            fits = row.matched < row.matchable and _replaces(desk, rules, i, r)
            if fits and (first < 0 or disposed_later(desk, first, r)):
                first = r
        if first < 0:
            return
        row = desk.realized[first]
        shares = min(row.matchable - row.matched, desk.lots[i].shares)
        _absorb_by_lot(desk, rules, first, i, shares, place, event)


@inner_kernel
def _line_up(desk: Desk, rules: Rules, first_row: int) -> int:
    """List the day's rows of taxable sales in the order in which their losses are matched."""
    count = 0
    for r in range(first_row, desk.used[REALIZED_ROWS]):
        row = desk.realized[r]
        taxed = rules.accounts[row.account].kind == AccountKind.TAXABLE
        sale = row.origin in (Origin.SALE, Origin.CASH_IN_LIEU, Origin.CASH_MERGER)
        if not taxed or not sale:
            continue
        k = count
        while k > 0 and disposed_later(desk, desk.today[k - 1], r):
            desk.today[k] = desk.today[k - 1]
            k -= 1
        desk.today[k] = r
        count += 1
    return count


@inner_kernel
def _next_lot(desk: Desk, rules: Rules, r: int) -> int:
    """Open lot that replaces shares of a row next; -1 = none."""
    row = desk.realized[r]
    first = desk.used[RECENT_FIRST]
    last = desk.used[RECENT]
    while first < last:
        lot = desk.lots[desk.recent[first]]
        if lot.shares > 0 and _can_absorb(lot.marks) and lot.acquired >= row.sold - WASH_DAYS:
            break
        first += 1
    desk.used[RECENT_FIRST] = first
    for k in range(first, last):
        i = desk.recent[k]
        if _replaces(desk, rules, i, r):
            return int(i)
    return -1


@inner_kernel
def _sold_later(desk: Desk, r: int, q: int, first_row: int) -> bool:
    """Whether row q was sold after row r, on the same day: its basis can still be raised."""
    return q >= first_row and first_fill(desk, q) > first_fill(desk, r)


@inner_kernel
def _counts_though_sold(desk: Desk, rules: Rules, r: int, q: int, first_row: int) -> bool:
    """Whether shares that row q sold still replace shares of row r."""
    if rules.reading == Reading.ANY_ACQUISITION:
        return q != r
    row, sold = desk.realized[r], desk.realized[q]
    if not _sold_later(desk, r, q, first_row):
        return False
    # Bought after the loss: it counts, kept or not. Bought before it: only if the sale's own moment decides.
    bought_after = sold.acquired == row.sold and sold.acquisition > row.event
    return bool(bought_after or rules.reading == Reading.HELD_AFTER_THIS_SALE)


@inner_kernel
def _next_sold(desk: Desk, rules: Rules, r: int, first_row: int) -> int:
    """Realised row whose shares replace those of row r next: earliest acquisition, sold later; -1 = none."""
    row = desk.realized[r]
    best = -1
    rank = (0, 0, 0)
    q = desk.used[REALIZED_ROWS] - 1
    while q >= 0:
        sold = desk.realized[q]
        if q < first_row and (rules.reading != Reading.ANY_ACQUISITION or sold.sold < row.sold - WASH_DAYS):
            break
        near = sold.acquired >= row.sold - WASH_DAYS and sold.replaced < sold.counted
        if q != r and near and _can_absorb(sold.marks) and _counts_though_sold(desk, rules, r, q, first_row):
            same = same_acquisition(row.acquisition, row.bought_by, sold.acquisition, sold.bought_by)
            if not same and identical_on(rules, row.matched_as, sold.matched_as, row.sold):
                too_late = 0 if _sold_later(desk, r, q, first_row) else 1
                other = (int(sold.acquired), int(sold.acquisition), too_late)
                if best < 0 or other <= rank:
                    best = q
                    rank = other
        q -= 1
    return best


@inner_kernel
def _next_replacement(desk: Desk, rules: Rules, r: int, first_row: int) -> _Found:
    """Shares that replace those of row r next: the earliest acquisition first.

    Of one acquisition, shares that the account sells later that day go first (a sale takes the highest basis), then
    those it keeps, then those it had sold before.
    """
    i = _next_lot(desk, rules, r)
    q = _next_sold(desk, rules, r, first_row)
    if i < 0 or q < 0:
        return _Found(i, q)
    lot, sold = desk.lots[i], desk.realized[q]
    if lot.acquired != sold.acquired:
        lot_first = lot.acquired < sold.acquired
    elif lot.acquisition != sold.acquisition:
        lot_first = lot.acquisition < sold.acquisition
    else:
        lot_first = not _sold_later(desk, r, q, first_row)
    return _Found(i, -1) if lot_first else _Found(-1, q)


@inner_kernel
def _absorb_by_sold(desk: Desk, rules: Rules, r: int, q: int, shares: int, first_row: int) -> int:
    """Let shares that row q sold take over the loss of as many shares of row r; the row split off, -1 = none."""
    row = desk.realized[r]
    sold = desk.realized[q]
    later = _sold_later(desk, r, q, first_row)
    rest = split_row(desk, q, shares) if later else -1
    if desk.used[FULL]:
        return -1
    loss = _deferred(desk, r, shares)
    gone = not later or rules.accounts[sold.account].kind != AccountKind.TAXABLE
    if later:
        sold.marks |= ABSORBED
    else:
        sold.replaced += shares
    if gone:
        row.permanent += loss
    else:
        sold.basis += loss
        sold.holding_start = _tacked(row.holding_start, sold.acquired, row.sold)
        sold.long_term = 1 if is_long_term_number(sold.holding_start, sold.sold) else 0
    _record(desk, r, sold.lot, sold.acquisition, shares, loss, sold.acquired, gone)
    return rest


@inner_kernel
def _match(desk: Desk, rules: Rules, k: int, lined_up: int, first_row: int) -> int:
    """Match the loss of the k-th row of the day; how many rows are lined up afterwards."""
    r = desk.today[k]
    row = desk.realized[r]
    row.matchable = row.shares
    while row.matched < row.matchable and not desk.used[FULL]:
        found = _next_replacement(desk, rules, r, first_row)
        if found.lot >= 0:
            i = found.lot
            shares = min(row.matchable - row.matched, desk.lots[i].shares)
            _absorb_by_lot(desk, rules, r, i, shares, desk.place[r], row.event)
        elif found.row >= 0:
            q = found.row
            shares = min(row.matchable - row.matched, desk.realized[q].counted - desk.realized[q].replaced)
            rest = _absorb_by_sold(desk, rules, r, q, shares, first_row)
            if rest >= 0 and rules.accounts[desk.realized[q].account].kind == AccountKind.TAXABLE:
                lined_up = _line_up_rest(desk, q, rest, lined_up)
        else:
            break
    return lined_up


@inner_kernel
def _line_up_rest(desk: Desk, q: int, rest: int, lined_up: int) -> int:
    """Put a row split off row q right after it."""
    k = lined_up
    while k > 0 and desk.today[k - 1] != q:
        desk.today[k] = desk.today[k - 1]
        k -= 1
    desk.today[k] = rest
    return lined_up + 1


@inner_kernel
def match_day(desk: Desk, rules: Rules, first_row: int) -> None:
    """Match the losses of the day whose realised rows begin at `first_row`; keep what is left for later purchases."""
    lined_up = _line_up(desk, rules, first_row)
    k = 0
    while k < lined_up and not desk.used[FULL]:
        r = desk.today[k]
        row = desk.realized[r]
        if row.basis > row.proceeds:
            lined_up = _match(desk, rules, k, lined_up, first_row)
            if row.matched < row.matchable and not desk.used[FULL]:
                n = desk.used[PENDING]
                desk.pending[n] = r
                desk.used[PENDING] = n + 1
        k += 1
