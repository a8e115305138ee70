"""Printed amounts add up: a total is rounded first, then shared out to its parts by largest remainder.

Each part ends at the unit below or above its exact amount. Money comes in ten-thousandths of a dollar and leaves as a
count of whole units (dollars or cents).
"""

from __future__ import annotations

from collections.abc import Sequence

from lotwise.money import DOLLAR, exact_mul_div, parse_decimal

__all__ = ["CENT", "rounded", "shared_out"]

CENT = parse_decimal("0.01", DOLLAR)


def rounded(money: int, unit: int = DOLLAR) -> int:
    """Round to whole units, half to even."""
    return exact_mul_div(money, 1, unit)


def shared_out(parts: Sequence[int], total: int | None = None, unit: int = DOLLAR) -> list[int]:
    """Round parts to whole units that add up to `total` units (default: what the exact total rounds to).

    A total that is a difference of two printed amounts can be a unit off; the largest part takes what no rounding of a
    part gives. Raises ValueError for a total further off: it is of something else, then.
    """
    exact = sum(parts)
    wanted = rounded(exact, unit) if total is None else total
    if abs(wanted * unit - exact) > unit:
        raise ValueError(f"parts must add up to {wanted:,} units, was {exact / unit:,.4f}")
    units = [part // unit for part in parts]
    left = wanted - sum(units)
    by_remainder = sorted(range(len(parts)), key=lambda place: -(parts[place] % unit))
    uneven = [place for place in by_remainder if parts[place] % unit]
    for place in uneven[: max(left, 0)]:
        units[place] += 1
    odd = wanted - sum(units)
    if odd:
        if not parts:
            raise ValueError(f"no parts can add up to {wanted:,} units")
        units[max(range(len(parts)), key=lambda place: abs(parts[place]))] += odd
    return units
