"""The convex envelope of a name that may be sold at a loss or bought, but not both.

Below h its function g falls steeply (a credit for every dollar sold), above h it rises (the cost of buying): at h it
has a concave corner, which no convex solver takes. The envelope replaces the part around h by the line that touches
both branches (the bitangent); it borrows the curvature of the name's own specific risk, so the line is short. Its
slope m is the root of

    phi(m) = min over w >= h of (g - m w)  -  min over w <= h of (g - m w)

which falls in m with slope -(w_right - w_left), from g'(h+) where it is positive to g'(h-) where it is negative:
Newton inside that bracket takes about five steps.
"""

from __future__ import annotations

from lotwise.kernels import inner_kernel
from lotwise.optimizer.pieces import branch_minimum, value_at
from lotwise.optimizer.problem import Columns

__all__ = ["add_envelope"]

# Newton inside a bracket that at worst halves: 200 steps reach the last bit from any bracket of doubles in use.
_MOST_STEPS = 200


@inner_kernel
def _bitangent(columns: Columns, name: int) -> tuple[float, float]:
    """Return the two points (left of h, right of h) that the bitangent touches."""
    first, hinge, stop = (
        columns.table[name].own_start,
        columns.table[name].hinge,
        columns.table[name].own_stop,
    )
    h = columns.table[name].held
    away = columns.table[name].curvature * (h - columns.table[name].anchor)
    low = away + columns.pieces[hinge].slope
    high = away + columns.pieces[hinge - 1].slope
    m = 0.5 * (low + high)
    left = h
    right = h
    for _ in range(_MOST_STEPS):
        value_left, left = branch_minimum(columns, name, first, hinge, -m)
        value_right, right = branch_minimum(columns, name, hinge, stop, -m)
        phi = value_right - value_left
        if phi > 0.0:
            low = m
        elif phi < 0.0:
            high = m
        else:
            break
        span = right - left
        following = m + phi / span if span > 0.0 else 0.5 * (low + high)
        if not (low < following < high):
            following = 0.5 * (low + high)
        if following == m or following in (low, high):
            break
        m = following
    return left, right


@inner_kernel
def add_envelope(columns: Columns, name: int, at: int) -> int:
    """Write the envelope of one kinked name from piece `at` on and put it in force; returns where the next begins."""
    first, hinge, stop = (
        columns.table[name].own_start,
        columns.table[name].hinge,
        columns.table[name].own_stop,
    )
    left, right = _bitangent(columns, name)
    columns.table[name].start = at
    for p in range(first, hinge):
        if columns.pieces[p].left >= left:
            break
        columns.pieces[at].left = columns.pieces[p].left
        columns.pieces[at].right = min(columns.pieces[p].right, left)
        columns.pieces[at].slope = columns.pieces[p].slope
        columns.pieces[at].curved = columns.pieces[p].curved
        columns.pieces[at].value = columns.pieces[p].value
        at += 1
    value_left = value_at(columns, name, first, hinge, left)
    value_right = value_at(columns, name, hinge, stop, right)
    columns.table[name].bridge = at
    columns.pieces[at].left = left
    columns.pieces[at].right = right
    columns.pieces[at].slope = (value_right - value_left) / (right - left) if right > left else 0.0
    columns.pieces[at].curved = 0.0
    columns.pieces[at].value = value_left
    at += 1
    for p in range(hinge, stop):
        if columns.pieces[p].right <= right:
            continue
        start = max(columns.pieces[p].left, right)
        columns.pieces[at].left = start
        columns.pieces[at].right = columns.pieces[p].right
        columns.pieces[at].slope = columns.pieces[p].slope
        columns.pieces[at].curved = columns.pieces[p].curved
        columns.pieces[at].value = columns.pieces[p].value + columns.pieces[p].slope * (start - columns.pieces[p].left)
        at += 1
    columns.table[name].stop = at
    return at
