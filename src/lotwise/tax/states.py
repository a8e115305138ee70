"""State income tax of a household: a sum of schedules over weighted sums of its four kinds of income.

The files of `law/states` hold the law (see `state_law`), `load_states()` gives it as tables (see `state_tables`), the
kernels here price a household by them.

What goes in: federal taxable income without gains and qualified dividends (`ordinary`, after the deduction of a capital
loss; may be negative), the net short and long gains in income (never negative), qualified dividends. That stands for
each state's own base. NOT MODELLED: state deductions, exemptions and credits, additions and subtractions of other
income, alternative minimum taxes, recapture of lower brackets, county and city taxes, part-year residence.

The tax is piecewise linear, continuous (to the unit) and never falls with income. A law that jumps (a cliff) is not
kept, or kept with the jump spread over the income below, as its file says. Row -1, a state that is unknown, is a tax of
zero; `status` must be a code of FilingStatus.
"""

from __future__ import annotations

from lotwise.kernels import kernel
from lotwise.money import FULL_RATE, mul_div
from lotwise.tax.state_reading import why_unknown
from lotwise.tax.state_tables import UNKNOWN, StateLaw, load_states, thresholds

__all__ = [
    "LESS_LONG",
    "LESS_ORDINARY",
    "LESS_SHORT",
    "MORE_LONG",
    "MORE_ORDINARY",
    "MORE_SHORT",
    "NEVER",
    "UNKNOWN",
    "StateLaw",
    "load_states",
    "next_change",
    "state_ordinary",
    "state_slope",
    "state_tax",
    "thresholds",
    "why_unknown",
]

# Directions in which one income changes while the others stay.
MORE_SHORT = 0
MORE_LONG = 1
LESS_SHORT = 2
LESS_LONG = 3
MORE_ORDINARY = 4
LESS_ORDINARY = 5

NEVER = -1


@kernel
def _weighted(weight: int, amount: int) -> int:
    """Part of an amount that a weight (Rate) takes into a base."""
    if weight == FULL_RATE:
        return amount
    return 0 if weight == 0 else mul_div(amount, weight, FULL_RATE)


@kernel
def _base(law: StateLaw, part: int, ordinary: int, short_gain: int, long_gain: int, qualified: int) -> int:
    """What a schedule taxes; below zero it taxes nothing."""
    weights = law.parts[part]
    return (
        _weighted(weights.ordinary, ordinary)
        + _weighted(weights.short, short_gain)
        + _weighted(weights.long, long_gain)
        + _weighted(weights.qualified, qualified)
    )


@kernel
def _bracket(law: StateLaw, part: int, status: int, base: int, upwards: bool) -> int:
    """Bracket that the next dollar up (or down) falls into; -1 below the first."""
    count = law.parts[part].count
    first = law.parts[part].first + status * count
    found = -1
    for k in range(first, first + count):
        lower = law.brackets[k].lower
        if base > lower or (upwards and base == lower):
            found = k
    return found


@kernel
def state_tax(
    law: StateLaw, row: int, status: int, ordinary: int, short_gain: int, long_gain: int, qualified: int
) -> int:
    """State tax of a household, exact Money; zero for row -1.

    `status` is the code of FilingStatus; `ordinary` may be negative, the gains are net and not negative.
    """
    if row < 0:
        return 0
    total = 0
    for part in range(law.rows[row].first, law.rows[row].end):
        base = _base(law, part, ordinary, short_gain, long_gain, qualified)
        k = _bracket(law, part, status, base, False)
        if k >= 0:
            bracket = law.brackets[k]
            tax = bracket.below + mul_div(base - bracket.lower, bracket.rate, FULL_RATE)
            total += law.parts[part].sign * tax
    return int(total)


@kernel
def state_ordinary(law: StateLaw, row: int, ordinary: int, loss_deduction: int) -> int:
    """Ordinary income as the state sees it: a capital loss deducted federally returns where the state has no such rule.

    `loss_deduction` is the amount deducted (>= 0), `ordinary` the income after it.
    """
    if row >= 0 and law.rows[row].loss_deduction == 0:
        return ordinary + loss_deduction
    return ordinary


@kernel
def _weight(law: StateLaw, part: int, direction: int) -> int:
    """Weight in a base of the income that changes."""
    if direction in (MORE_SHORT, LESS_SHORT):
        return int(law.parts[part].short)
    if direction in (MORE_LONG, LESS_LONG):
        return int(law.parts[part].long)
    return int(law.parts[part].ordinary)


@kernel
def state_slope(
    law: StateLaw,
    row: int,
    status: int,
    ordinary: int,
    short_gain: int,
    long_gain: int,
    qualified: int,
    direction: int,
) -> int:
    """State tax per dollar of the income that `direction` names, on its side of this point; Rate, never negative.

    For more: what the next dollar costs; for less: what the last dollar cost.
    """
    if row < 0:
        return 0
    upwards = direction in (MORE_SHORT, MORE_LONG, MORE_ORDINARY)
    slope = 0
    for part in range(law.rows[row].first, law.rows[row].end):
        base = _base(law, part, ordinary, short_gain, long_gain, qualified)
        k = _bracket(law, part, status, base, upwards)
        if k >= 0:
            slope += law.parts[part].sign * _weighted(_weight(law, part, direction), law.brackets[k].rate)
    return int(slope)


@kernel
def _next_threshold(
    law: StateLaw,
    row: int,
    status: int,
    ordinary: int,
    short_gain: int,
    long_gain: int,
    qualified: int,
    direction: int,
) -> int:
    """Money of change until some base of a row reaches its next threshold; -1 if none does."""
    upwards = direction in (MORE_SHORT, MORE_LONG, MORE_ORDINARY)
    nearest = NEVER
    for part in range(law.rows[row].first, law.rows[row].end):
        weight = _weight(law, part, direction)
        if weight == 0:
            continue
        base = _base(law, part, ordinary, short_gain, long_gain, qualified)
        count = law.parts[part].count
        first = law.parts[part].first + status * count
        for k in range(first, first + count):
            gap = law.brackets[k].lower - base if upwards else base - law.brackets[k].lower
            if gap > 0:
                distance = gap if weight == FULL_RATE else mul_div(gap, FULL_RATE, weight)
                if nearest == NEVER or distance < nearest:
                    nearest = distance
    return int(nearest)


@kernel
def next_change(
    law: StateLaw,
    row: int,
    status: int,
    ordinary: int,
    short_gain: int,
    long_gain: int,
    qualified: int,
    direction: int,
) -> int:
    """Money of change in `direction` until the state's tax per dollar changes; -1 if it never does.

    Directions: 0 more short gain, 1 more long gain, 2 less short, 3 less long, 4 more ordinary income, 5 less. A gain
    cannot fall below zero: -1 where the change would lie beyond. Exact where the weight of the income is one, else to
    two units (a rounded share). Thresholds at which the slope stays the same are passed over.
    """
    if row < 0:
        return NEVER
    start = state_slope(law, row, status, ordinary, short_gain, long_gain, qualified, direction)
    most = NEVER
    if direction == LESS_SHORT:
        most = short_gain
    elif direction == LESS_LONG:
        most = long_gain
    moved = 0
    while True:
        step = _next_threshold(law, row, status, ordinary, short_gain, long_gain, qualified, direction)
        if step < 0:
            return NEVER
        moved += step
        if most >= 0 and moved >= most:
            return NEVER
        if direction == MORE_SHORT:
            short_gain += step
        elif direction == MORE_LONG:
            long_gain += step
        elif direction == LESS_SHORT:
            short_gain -= step
        elif direction == LESS_LONG:
            long_gain -= step
        elif direction == MORE_ORDINARY:
            ordinary += step
        else:
            ordinary -= step
        if state_slope(law, row, status, ordinary, short_gain, long_gain, qualified, direction) != start:
            return moved
