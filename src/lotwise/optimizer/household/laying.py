"""The pieces of a household's positions laid out anew: once a round, when every proximal term has moved.

As `optimizer.active_pieces` does for one column, for all sides in one call: a call for every column costs more than
the work. Functions of positions are linear on their pieces.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import Records, inner_kernel
from lotwise.optimizer.active_pieces import ENTER, GIVE, LEAVE, LOWER, PULL, SLOPE, UPPER, VALUE, Places
from lotwise.optimizer.household.problem import NEVER
from lotwise.optimizer.problem import Floats

__all__ = ["lay_out_sides"]


@inner_kernel
def lay_out_sides(places: Places, sides: Records, prices: Floats) -> None:
    """Find the piece of every column of the sides in force at its price and its name's, and lay it out."""
    table, pieces, active, piece = places
    for side in range(sides.size):
        if sides[side].force == NEVER:
            continue
        for c in range(sides[side].first, sides[side].stop):
            stiff, centre = table[c].proximal, table[c].centre
            first, last = table[c].start, table[c].stop - 1
            s = prices[c] + sides[side].price
            p = min(max(piece[c], first), last)
            while p > first and s > stiff * (centre - pieces[p].left) - pieces[p - 1].slope:
                p -= 1
            while p < last and s < stiff * (centre - pieces[p].right) - pieces[p + 1].slope:
                p += 1
            left, right = pieces[p].left, pieces[p].right
            piece[c] = p
            active[LOWER, c] = left
            active[UPPER, c] = right
            active[PULL, c] = stiff * centre - pieces[p].slope
            active[GIVE, c] = 1.0 / stiff
            active[ENTER, c] = stiff * (centre - right) - pieces[p + 1].slope if p < last else -np.inf
            active[LEAVE, c] = stiff * (centre - left) - pieces[p - 1].slope if p > first else np.inf
            active[VALUE, c] = pieces[p].value
            active[SLOPE, c] = pieces[p].slope
