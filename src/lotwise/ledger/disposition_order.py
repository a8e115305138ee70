"""In which order losses are matched: as the shares were disposed of (Reg. 1.1091-1(b)).

Fills of one order are one sale, which stands where its first fill stands. Within a sale the shares go in the order in
which they were acquired.
"""

from __future__ import annotations

from lotwise.kernels import inner_kernel
from lotwise.ledger.desk import REALIZED_ROWS, Desk

__all__ = ["disposed_later", "first_fill"]


@inner_kernel
def first_fill(desk: Desk, r: int) -> int:
    """Event of the first fill of the sale that realised row r belongs to."""
    row = desk.realized[r]
    first = int(row.event)
    if row.sold_by >= 0:
        for q in range(desk.used[REALIZED_ROWS]):
            other = desk.realized[q]
            if other.sold_by == row.sold_by and other.sold == row.sold:
                first = min(first, int(other.event))
    return first


@inner_kernel
def disposed_later(desk: Desk, r: int, q: int) -> bool:
    """Whether row r was disposed of after row q: by day, then the first fill of the sale, then by acquisition."""
    one, other = desk.realized[r], desk.realized[q]
    if one.sold != other.sold:
        return bool(one.sold > other.sold)
    sale, other_sale = first_fill(desk, r), first_fill(desk, q)
    if sale != other_sale:
        return sale > other_sale
    if one.acquired != other.acquired:
        return bool(one.acquired > other.acquired)
    return bool(one.acquisition > other.acquisition)
