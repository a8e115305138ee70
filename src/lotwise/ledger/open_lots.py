"""Open lots in their chains: finding, linking, closing and splitting them.

Open lots of one account and security form a position: a chain through `Desk.following`, earliest acquisition first. A
sold lot stays in its chain with no shares until somebody walks past it.
"""

from __future__ import annotations

from lotwise.kernels import inner_kernel
from lotwise.ledger.desk import FULL, LOTS, POSITIONS, RECENT, RECENT_FIRST, SHORTS, Desk, new_lot, new_row, next_row
from lotwise.ledger.tables import ABSORBED, FRESH_LOSS, REINVESTED, REPLACEMENT, SHORT
from lotwise.money import mul_div

__all__ = [
    "close_shares",
    "insert_recent",
    "line_up_recent",
    "link_lot",
    "position_of",
    "relink",
    "split_off",
    "split_row",
]


@inner_kernel
def position_of(desk: Desk, account: int, security: int, short: int) -> int:
    """Position of an account in a security, or in shares of it sold short; -1 = none yet."""
    for p in range(desk.used[POSITIONS]):
        position = desk.positions[p]
        if position.account == account and position.security == security and position.short == short:
            return p
    return -1


@inner_kernel
def _opened_position(desk: Desk, account: int, security: int, short: int) -> int:
    p = position_of(desk, account, security, short)
    if p >= 0:
        return p
    p = next_row(desk, POSITIONS, desk.positions.size)
    position = desk.positions[p]
    position.account = account
    position.security = security
    position.short = short
    position.shares = 0
    position.reinvested = 0
    position.first = -1
    position.last = -1
    return p


@inner_kernel
def _comes_before(desk: Desk, i: int, j: int) -> bool:
    """Whether lot i was acquired before lot j; of one day, the purchase recorded first."""
    one, other = desk.lots[i], desk.lots[j]
    if one.acquired != other.acquired:
        return bool(one.acquired < other.acquired)
    return bool(one.acquisition < other.acquisition)


@inner_kernel
def link_lot(desk: Desk, i: int) -> None:
    """Put an open lot into the chain of its position, and count its shares."""
    if desk.used[FULL]:
        return
    lot = desk.lots[i]
    short = 1 if lot.marks & SHORT else 0
    desk.used[SHORTS] += short
    p = _opened_position(desk, lot.account, lot.security, short)
    if desk.used[FULL]:
        return
    position = desk.positions[p]
    position.shares += lot.shares
    if lot.marks & REINVESTED:
        position.reinvested = 1
    last = position.last
    if last < 0:
        position.first = i
        position.last = i
        desk.following[i] = -1
    elif not _comes_before(desk, i, last):
        desk.following[last] = i
        desk.following[i] = -1
        position.last = i
    else:
        before = -1
        j = position.first
        while j >= 0 and not _comes_before(desk, i, j):
            before = j
            j = desk.following[j]
        desk.following[i] = j
        if before < 0:
            position.first = i
        else:
            desk.following[before] = i


@inner_kernel
def _link_beside(desk: Desk, i: int, j: int) -> None:
    """Put lot j, a part of open lot i, into the chain after it and the other parts of the same purchase."""
    lot = desk.lots[j]
    p = position_of(desk, lot.account, lot.security, 1 if lot.marks & SHORT else 0)
    before = i
    after = desk.following[i]
    while after >= 0 and desk.lots[after].acquisition == lot.acquisition:
        before = after
        after = desk.following[after]
    desk.following[before] = j
    desk.following[j] = after
    if after < 0:
        desk.positions[p].last = j
    desk.positions[p].shares += lot.shares


@inner_kernel
def _goes_before(desk: Desk, i: int, j: int) -> bool:
    """Whether lot i goes before lot j among those that replace."""
    if desk.lots[i].acquisition == desk.lots[j].acquisition:
        return bool(desk.lots[i].account < desk.lots[j].account)
    return _comes_before(desk, i, j)


@inner_kernel
def insert_recent(desk: Desk, i: int) -> None:
    """Put a lot among those that may replace shares sold at a loss; parts of one purchase go by account."""
    n = desk.used[RECENT]
    if n >= desk.recent.size:
        # Room is given back by what has left the window.
        first = desk.used[RECENT_FIRST]
        if first == 0:
            desk.used[FULL] = 1
            return
        for k in range(first, n):
            desk.recent[k - first] = desk.recent[k]
        n -= first
        desk.used[RECENT_FIRST] = 0
    k = n
    while k > desk.used[RECENT_FIRST] and _goes_before(desk, i, desk.recent[k - 1]):
        desk.recent[k] = desk.recent[k - 1]
        k -= 1
    desk.recent[k] = i
    desk.used[RECENT] = n + 1


@inner_kernel
def line_up_recent(desk: Desk) -> None:
    """List anew the lots that may replace shares sold at a loss, after a day of acquisition has changed."""
    desk.used[RECENT_FIRST] = 0
    desk.used[RECENT] = 0
    for i in range(desk.used[LOTS]):
        lot = desk.lots[i]
        if lot.shares > 0 and lot.marks & REPLACEMENT and not lot.marks & ABSORBED:
            insert_recent(desk, i)


@inner_kernel
def relink(desk: Desk, p: int, security: int) -> None:
    """Chain the open lots of a position anew, as shares of `security` in the same account."""
    i = desk.positions[p].first
    desk.positions[p].first = -1
    desk.positions[p].last = -1
    desk.positions[p].shares = 0
    while i >= 0 and not desk.used[FULL]:
        after = desk.following[i]
        if desk.lots[i].shares > 0:
            desk.lots[i].security = security
            link_lot(desk, i)
        i = after


@inner_kernel
def close_shares(desk: Desk, i: int, shares: int) -> tuple[int, int, int, int]:
    """Take shares out of a lot and its position: their basis, original basis, loss taken over and basis for losses.

    What is taken is rounded, what stays is the rest: nothing is lost. `basis for losses` is the basis where the lot
    has none of its own.
    """
    lot = desk.lots[i]
    held = lot.shares
    short = 1 if lot.marks & SHORT else 0
    p = position_of(desk, lot.account, lot.security, short)
    desk.positions[p].shares -= shares
    fresh = lot.marks & FRESH_LOSS
    if shares == held:
        basis, original, absorbed = lot.basis, lot.original_basis, lot.absorbed_loss
        loss_basis = lot.loss_basis if fresh else basis
        lot.shares = 0
        return basis, original, absorbed, loss_basis
    basis = mul_div(lot.basis, shares, held)
    absorbed = mul_div(lot.absorbed_loss, shares, held)
    # Where the basis is what was paid and what was taken over, its part is so too, to the last unit.
    plain = lot.basis == lot.original_basis + lot.absorbed_loss
    original = basis - absorbed if plain else mul_div(lot.original_basis, shares, held)
    loss_basis = basis
    if fresh:
        loss_basis = mul_div(lot.loss_basis, shares, held)
        lot.loss_basis -= loss_basis
    lot.basis -= basis
    lot.original_basis -= original
    lot.absorbed_loss -= absorbed
    lot.shares = held - shares
    return basis, original, absorbed, loss_basis


@inner_kernel
def split_off(desk: Desk, i: int, shares: int, event: int, place: int) -> int:
    """Split shares off a lot into a lot of their own, linked and otherwise alike; the lot itself if it is all."""
    if shares == desk.lots[i].shares:
        return i
    j = new_lot(desk, event, place)
    if desk.used[FULL]:
        return i
    number = desk.lots[j].number
    desk.lots[j] = desk.lots[i]
    part = desk.lots[j]
    basis, original, absorbed, loss_basis = close_shares(desk, i, shares)
    part.number = number
    part.parent = desk.lots[i].number
    part.shares = shares
    part.basis = basis
    part.original_basis = original
    part.absorbed_loss = absorbed
    if part.marks & FRESH_LOSS:
        part.loss_basis = loss_basis
    _link_beside(desk, i, j)
    return j


@inner_kernel
def split_row(desk: Desk, q: int, shares: int) -> int:
    """Keep `shares` in a row of today and put the rest into a row of its own; -1 = there is no rest."""
    row = desk.realized[q]
    if shares == row.shares:
        return -1
    rest = new_row(desk, desk.place[q])
    if desk.used[FULL]:
        return -1
    desk.realized[rest] = row
    other = desk.realized[rest]
    proceeds, basis = mul_div(row.proceeds, shares, row.shares), mul_div(row.basis, shares, row.shares)
    other.shares = row.shares - shares
    other.proceeds = row.proceeds - proceeds
    other.basis = row.basis - basis
    row.shares, row.proceeds, row.basis = shares, proceeds, basis
    row.counted, other.counted = row.shares, other.shares
    return rest
