"""Names with two sides in force: their sides are mixed by shares, which have a proximal term of their own."""

from __future__ import annotations

from lotwise.kernels import inlined_kernel, inner_kernel
from lotwise.optimizer.active_pieces import LOWER, SLOPE, VALUE
from lotwise.optimizer.household.laying import CENTRE, PROXIMAL
from lotwise.optimizer.household.problem import BOTH, HouseholdColumns, HouseholdState, column_of
from lotwise.optimizer.household.side_values import (
    ASKED,
    ASKED_STEP,
    CURVATURE,
    FINE,
    KEPT,
    LEAST,
    PRICE_NEXT,
    SHARE,
    SLOPE_ALONG,
    TARGET,
    WEIGHT,
)
from lotwise.optimizer.problem import NEARNESS, STIFFNESS

__all__ = ["minimise_mixtures", "set_mixtures"]

# Sides of a name that are no further apart than this part of the household's value are mixed as if they were.
_LEAST_APART = 1e-5

# Proximal weight of a mixture's share, times that of its columns: with less, shares jump from end to end.
_MIXED = 10.0


@inner_kernel
def has_mixtures(columns: HouseholdColumns) -> bool:
    """Whether any name has two sides in force."""
    force = columns.force
    count = 0
    for side in range(force.size):
        count += int(force[side] == BOTH)
    return count > 0


@inner_kernel
def _write_least(columns: HouseholdColumns, state: HouseholdState, length: float) -> None:
    """Write the least of every side's function, proximal terms included, where its columns now are."""
    base, active, of_side, risk = state.base, state.base.active, state.of_side, columns.risk
    least, total, asked, asked_step = of_side[LEAST], of_side[WEIGHT], of_side[ASKED], of_side[ASKED_STEP]
    curvature, target = risk[CURVATURE], risk[TARGET]
    for side in range(least.size):
        t = total[side]
        away = t - target[side]
        least[side] = 0.5 * curvature[side] * away * away + (asked[side] + length * asked_step[side]) * t
    for level in range(columns.level_start.size - 1):
        first, stop = columns.level_start[level], columns.level_start[level + 1]
        value, slope, lower = active[VALUE, first:stop], active[SLOPE, first:stop], active[LOWER, first:stop]
        proximal, centre = state.lines[PROXIMAL, first:stop], state.lines[CENTRE, first:stop]
        price, step, weight = base.price[first:stop], base.price_step[first:stop], base.weight_next[first:stop]
        for side in range(value.size):
            w = weight[side]
            off = w - centre[side]
            own = value[side] + slope[side] * (w - lower[side]) + 0.5 * proximal[side] * off * off
            least[side] += own + (price[side] + length * step[side]) * w


@inlined_kernel
def _mend_least(columns: HouseholdColumns, state: HouseholdState, side: int, length: float) -> None:
    """Charge a side for a bound that is missed; where one holds it, its columns add up to that exactly."""
    of_side, name = state.of_side, columns.name_of[side]
    t, fine = of_side[WEIGHT, side], of_side[FINE, side]
    if fine != 0.0:
        of_side[LEAST, side] += fine * (t - (columns.high[name] if fine > 0.0 else columns.low[name]))
    if of_side[KEPT, side] != 0.0:
        # They do as well as prices can tell; what is missing costs r.
        bound = columns.low[name] if abs(t - columns.low[name]) < abs(t - columns.high[name]) else columns.high[name]
        s = of_side[ASKED, side] + length * of_side[ASKED_STEP, side]
        pull = columns.curvature[name] * (0.5 * (bound + t) - columns.anchor[name])
        of_side[LEAST, side] += (bound - t) * (pull + s - of_side[PRICE_NEXT, side])


@inner_kernel
def _mix(columns: HouseholdColumns, state: HouseholdState, side: int) -> float:
    """Write the shares of a name's two sides, the sell side coming first; returns that of the sell side."""
    at, share, least = columns.sides, state.of_side[SHARE], state.of_side[LEAST]
    apart = least[side] - least[side + 1]
    share[side] = min(max(at[side].centre - apart / at[side].nearness, 0.0), 1.0)
    share[side + 1] = 1.0 - share[side]
    return float(share[side])


@inner_kernel
def minimise_mixtures(columns: HouseholdColumns, state: HouseholdState, length: float) -> float:
    """Mix the sides of the names that have two in force; returns the curvature that their shares give the dual.

    Along the step, SLOPE_ALONG of sides being written.
    """
    if not has_mixtures(columns):
        return 0.0
    at, along = columns.sides, state.of_side[SLOPE_ALONG]
    curvature = 0.0
    _write_least(columns, state, length)
    for side in range(at.size):
        if columns.force[side] != BOTH or at[side].buys:
            continue
        _mend_least(columns, state, side, length)
        _mend_least(columns, state, side + 1, length)
        share = _mix(columns, state, side)
        if 0.0 < share < 1.0:
            apart = along[side] - along[side + 1]
            curvature += apart * apart / at[side].nearness
    return curvature


@inner_kernel
def set_mixtures(columns: HouseholdColumns, state: HouseholdState) -> None:
    """Give every mixture its proximal weight, and mix again: a whole share is as far as its two sides are apart."""
    base, at, weight = state.base, columns.sides, state.of_side[WEIGHT]
    near = columns.base.scales[NEARNESS]
    least = near * columns.base.scales[STIFFNESS] * _LEAST_APART * _LEAST_APART
    for side in range(at.size):
        if columns.force[side] != BOTH or at[side].buys:
            continue
        spread = 0.0
        for level in range(at[side].count):
            c, d = column_of(columns, side, level), column_of(columns, side + 1, level)
            off = base.weight_next[c] - base.weight_next[d]
            spread += state.lines[PROXIMAL, c] * off * off
        off = weight[side] - weight[side + 1]
        spread += near * columns.curvature[columns.name_of[side]] * off * off
        at[side].nearness = max(_MIXED * spread, least)
        _mix(columns, state, side)
