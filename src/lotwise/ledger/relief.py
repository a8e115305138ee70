"""Relief: which lots a disposition takes (Reg. 1.1012-1(c); average basis: Reg. 1.1012-1(e)).

A named lot goes first; of the parts of one named lot, the highest basis per share. Otherwise the method decides:

- FIFO, LIFO: by day of acquisition; of one purchase, the part with the highest basis per share first;
- HIFO: highest adjusted basis per share first;
- LOWEST_TAX: least tax per share at the account's rates; a loss counts as a credit at the same rates; where no rate is
  known, as HIFO;
- AVERAGE: the basis of all shares of the account is averaged, then FIFO.

Ties go to the earlier acquisition. The methods see lots as they stand: wash-sale adjustments of earlier days
included, those caused by losses of the same day not, since what was sold is settled before what is disallowed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inner_kernel
from lotwise.ledger.desk import Desk
from lotwise.ledger.events import NO_CODE, Relief
from lotwise.ledger.holding_period import is_long_term_number
from lotwise.money import FULL_RATE, SHARE, mul_div

__all__ = ["Taking", "average_basis", "line_up_lots", "shares_named"]

# Basis per share is compared in billionths of a money unit per millionth of a share: finer than any quotation.
_FINE = 1_000_000_000


class Taking(NamedTuple):
    """How one disposition takes its lots."""

    name: int  # code of the lot named; NO_CODE = none
    method: int  # Relief
    price: int  # money per share, for LOWEST_TAX
    day: int
    short_rate: int
    long_rate: int


@inner_kernel
def shares_named(desk: Desk, p: int, name: int) -> int:
    """Open shares of a position in lots of this name."""
    found = 0
    i = desk.positions[p].first
    while i >= 0:
        if desk.lots[i].name == name:
            found += desk.lots[i].shares
        i = desk.following[i]
    return found


@inner_kernel
def _rank(desk: Desk, i: int, taking: Taking) -> tuple[int, int, int]:
    """Lots go by this, lowest first, then by acquisition."""
    lot = desk.lots[i]
    dearest = -mul_div(lot.basis, _FINE, lot.shares)
    if taking.name == NO_CODE:
        if taking.method in (Relief.FIFO, Relief.AVERAGE):
            return int(lot.acquired), int(lot.acquisition), dearest
        if taking.method == Relief.LIFO:
            return -int(lot.acquired), -int(lot.acquisition), dearest
        if taking.method == Relief.LOWEST_TAX and (taking.short_rate > 0 or taking.long_rate > 0):
            rate = taking.long_rate if is_long_term_number(lot.holding_start, taking.day) else taking.short_rate
            gain = taking.price - mul_div(lot.basis, SHARE, lot.shares)
            return mul_div(gain, rate, FULL_RATE), 0, 0
    return dearest, 0, 0


@inner_kernel
def _unlink(desk: Desk, p: int, before: int, i: int) -> None:
    """Take a closed lot out of its chain."""
    after = desk.following[i]
    if before < 0:
        desk.positions[p].first = after
    else:
        desk.following[before] = after
    if after < 0:
        desk.positions[p].last = before


@inner_kernel
def _goes_before(desk: Desk, one: int, other: int) -> bool:
    """Whether the lot gathered as `one` goes before that gathered as `other`; ties as they stand in the chain."""
    for k in range(3):
        if desk.rank[one, k] != desk.rank[other, k]:
            return bool(desk.rank[one, k] < desk.rank[other, k])
    return one < other


@inner_kernel
def _gather(desk: Desk, p: int, taking: Taking, shares: int) -> int:
    """List the open lots of a position that may be taken, in `gathered` and `rank`; how many.

    Where the oldest go first, no more than are needed: whole purchases until `shares` are covered.
    """
    oldest_first = taking.name == NO_CODE and (taking.method in (Relief.FIFO, Relief.AVERAGE))
    count = 0
    covered = 0
    before = -1
    i = desk.positions[p].first
    while i >= 0:
        lot = desk.lots[i]
        after = desk.following[i]
        if lot.shares == 0:
            _unlink(desk, p, before, i)
        else:
            before = i
            other_purchase = count > 0 and lot.acquisition != desk.lots[desk.gathered[count - 1]].acquisition
            if oldest_first and other_purchase and covered >= shares:
                return count
            named = taking.name == NO_CODE or lot.name == taking.name  # noqa: PLR1714 - of two widths
            if named:
                desk.gathered[count] = i
                desk.rank[count, 0], desk.rank[count, 1], desk.rank[count, 2] = _rank(desk, i, taking)
                count += 1
                covered += lot.shares
        i = after
    return count


@inner_kernel
def _sink(desk: Desk, heap: NDArray[np.int32], k: int, count: int) -> None:
    """Let an entry of a heap sink to its place: the lot that goes first is on top."""
    while True:
        first = k
        for child in (2 * k + 1, 2 * k + 2):
            if child < count and _goes_before(desk, heap[child], heap[first]):
                first = child
        if first == k:
            return
        heap[k], heap[first] = heap[first], heap[k]
        k = first


@inner_kernel
def line_up_lots(desk: Desk, p: int, taking: Taking, shares: int) -> int:
    """Put the lots that a disposition of `shares` takes into `desk.taken`, in order; how many they are."""
    count = _gather(desk, p, taking, shares)
    heap = desk.heap
    for k in range(count):
        heap[k] = k
    for k in range(count // 2, -1, -1):
        _sink(desk, heap, k, count)
    left = count
    taken = 0
    covered = 0
    while left > 0 and covered < shares:
        i = desk.gathered[heap[0]]
        desk.taken[taken] = i
        taken += 1
        covered += desk.lots[i].shares
        left -= 1
        heap[0] = heap[left]
        _sink(desk, heap, 0, left)
    return taken


@inner_kernel
def average_basis(desk: Desk, p: int) -> None:
    """Give every share of a position the average basis, to the last unit; dates stay."""
    total = 0
    i = desk.positions[p].first
    while i >= 0:
        if desk.lots[i].shares > 0:
            total += desk.lots[i].basis
        i = desk.following[i]
    held = desk.positions[p].shares
    done = 0
    given = 0
    i = desk.positions[p].first
    while i >= 0:
        if desk.lots[i].shares > 0:
            done += desk.lots[i].shares
            upto = mul_div(total, done, held)
            desk.lots[i].basis = upto - given
            desk.lots[i].original_basis = max(0, desk.lots[i].basis - desk.lots[i].absorbed_loss)
            given = upto
        i = desk.following[i]
