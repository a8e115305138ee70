"""The convex envelope of a name that may be sold at a loss or bought, but not both.

Below h its function g falls steeply (a credit for every dollar sold), above h it rises (the cost of buying): at h it
has a concave corner, which no convex solver takes. The envelope replaces the part around h by the line that touches
both branches (the bitangent); it borrows the curvature of the name's own specific risk, so the line is short. Its
slope m is the root of

    phi(m) = min over w >= h of (g - m w)  -  min over w <= h of (g - m w)

which falls in m with slope -(w_right - w_left), from g'(h+) where it is positive to g'(h-) where it is negative.

All pieces of a name have one curvature D, so phi is linear in m while both touching points are inside pieces, and
while the left one stays on a corner between lots the line is the tangent from that corner to a parabola: both have a
closed form. Lots are tried from the cheapest on, which nearly always ends at the first or second. What does not fit
(no curvature, a bound on the way up) is found by Newton's method inside the bracket.
"""

from __future__ import annotations

import numpy as np

from lotwise.kernels import inner_kernel
from lotwise.optimizer.pieces import least_on, least_piece, value_on
from lotwise.optimizer.problem import Columns

__all__ = ["add_envelope"]

# Newton inside a bracket that at worst halves: 200 steps reach the last bit from any bracket of doubles in use.
_MOST_STEPS = 200

# Part of the two branches' values that phi may be: their roundoff.
_ROUNDOFF = 4e-16

# A flat shorter than this takes its slope from the branches: that of its ends would be roundoff.
_SHORT = 1e-10

# Curvature below which a parabola is a line as far as doubles can tell.
_LEAST_CURVATURE = 1e-9


@inner_kernel
def _bitangent_by_newton(columns: Columns, name: int) -> tuple[float, float, int, int]:
    """Return what `_bitangent` does, whatever the pieces."""
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
    left, right = h, h
    p, q = hinge - 1, hinge
    for _ in range(_MOST_STEPS):
        p = least_piece(columns, name, (first, hinge), p, -m)
        q = least_piece(columns, name, (hinge, stop), q, -m)
        value_left, left = least_on(columns, name, p, -m)
        value_right, right = least_on(columns, name, q, -m)
        phi = value_right - value_left
        if abs(phi) <= _ROUNDOFF * (abs(value_left) + abs(value_right)):
            break
        if phi > 0.0:
            low = m
        else:
            high = m
        span = right - left
        following = m + phi / span if span > 0.0 else 0.5 * (low + high)
        if not (low < following < high):
            following = 0.5 * (low + high)
        if following == m or following in (low, high):
            break
        m = following
    return left, right, p, q


@inner_kernel
def _bitangent(columns: Columns, name: int) -> tuple[float, float, int, int]:
    """Return the two points (left of h, right of h) that the bitangent touches, and the pieces they are on.

    In coordinates x = w - h a piece is  value + slope x + D x^2 / 2: value and slope below are those.
    """
    first, q = columns.table[name].own_start, columns.table[name].hinge
    h, curvature = columns.table[name].held, columns.table[name].curvature
    if curvature < _LEAST_CURVATURE:
        return _bitangent_by_newton(columns, name)
    furthest = columns.pieces[q].right - h
    turn = curvature * (h - columns.table[name].anchor)  # slope that the parabola itself has at h
    buy_slope = columns.pieces[q].slope + turn
    buy_value = columns.pieces[q].value - columns.pieces[q].slope * (columns.pieces[q].left - h)
    for back in range(q - first):
        p = q - 1 - back
        slope = columns.pieces[p].slope + turn
        value = columns.pieces[p].value - columns.pieces[p].slope * (columns.pieces[p].left - h)
        m = 0.5 * (slope + buy_slope) + curvature * (buy_value - value) / (slope - buy_slope)
        left, right = (m - slope) / curvature, (m - buy_slope) / curvature
        corner = columns.pieces[p].left - h
        touched = h + left
        if not left > corner:  # not inside this lot: on its lower end, unless the next lot is dear enough to go on
            left = corner
            touched = columns.pieces[p].left  # to the last bit: a sliver of this lot would not be convex with the flat
            above = (buy_value - value) + (buy_slope - slope) * corner  # of the buying parabola over the corner
            right = corner + np.sqrt(2.0 * max(above, 0.0) / curvature)
            m = buy_slope + curvature * right
            if p > first and m < columns.pieces[p - 1].slope + turn + curvature * corner:
                continue
        if right > furthest or right < 0.0 or left > columns.pieces[p].right - h:
            break
        return touched, h + right, p, q
    return _bitangent_by_newton(columns, name)


@inner_kernel
def _copy_piece(columns: Columns, source: int, at: int) -> None:
    columns.pieces[at].left = columns.pieces[source].left
    columns.pieces[at].right = columns.pieces[source].right
    columns.pieces[at].slope = columns.pieces[source].slope
    columns.pieces[at].curved = columns.pieces[source].curved
    columns.pieces[at].value = columns.pieces[source].value


@inner_kernel
def _slope_of_flat(columns: Columns, name: int, ends: tuple[float, float], values: tuple[float, float]) -> float:
    """Slope of the flat between its ends (values without the parabola's part at h), never outside those at h.

    With a slope that is not between its neighbours' the pieces would not be convex together, and a minimum among them
    not be the least: the bound would be too high.
    """
    hinge, curvature = columns.table[name].hinge, columns.table[name].curvature
    away = curvature * (columns.table[name].held - columns.table[name].anchor)
    low, high = away + columns.pieces[hinge].slope, away + columns.pieces[hinge - 1].slope
    left, right = ends
    slope = low + curvature * (right - columns.table[name].held)  # of the branch that it touches on the right
    if right - left > _SHORT:
        slope = (values[1] - values[0]) / (right - left)
    return float(min(max(slope, low), high))


@inner_kernel
def add_envelope(columns: Columns, name: int, at: int) -> int:
    """Write the envelope of one kinked name from piece `at` on and put it in force; returns where the next begins."""
    left, right, p, q = _bitangent(columns, name)
    columns.table[name].hull_start = at
    for piece in range(columns.table[name].own_start, p + 1):
        if columns.pieces[piece].left < left:
            _copy_piece(columns, piece, at)
            columns.pieces[at].right = min(columns.pieces[piece].right, left)
            at += 1
    value_left = value_on(columns, name, p, left)
    value_right = value_on(columns, name, q, right)
    columns.table[name].hull_bridge = at
    columns.pieces[at].left = left
    columns.pieces[at].right = right
    columns.pieces[at].slope = _slope_of_flat(columns, name, (left, right), (value_left, value_right))
    columns.pieces[at].curved = 0.0
    columns.pieces[at].value = value_left
    at += 1
    for piece in range(q, columns.table[name].own_stop):
        if columns.pieces[piece].right > right:
            start = max(columns.pieces[piece].left, right)
            _copy_piece(columns, piece, at)
            columns.pieces[at].left = start
            columns.pieces[at].value += columns.pieces[piece].slope * (start - columns.pieces[piece].left)
            at += 1
    columns.table[name].hull_stop = at
    columns.table[name].start = columns.table[name].hull_start
    columns.table[name].stop = at
    columns.table[name].bridge = columns.table[name].hull_bridge
    return at
