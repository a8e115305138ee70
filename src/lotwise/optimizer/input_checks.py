"""What a problem must be before a kernel may see it: kernels read memory by these numbers and ask nothing.

Shapes, places and the order of lots are the caller's mistake: a ValueError that names the field. Numbers that cannot
be (not finite, negative where that means nothing, bounds in the wrong order, more in lots than is held) come from
data: the solve ends with status BAD_INPUT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lotwise.optimizer.problem import AccountProblem

__all__ = [
    "are_lots_held",
    "checked",
    "is_possible",
    "need_cheapest_first",
    "need_shape",
    "need_starts",
    "need_within",
]

_BY_NAME = ("target", "held", "loadings", "specific", "buy_cost", "may_buy", "low", "high")
_NOT_NEGATIVE = ("held", "specific", "buy_cost", "lot_quantity")
_UPPER = ("high", "group_high")  # may be infinite: no bound
_LOWER = ("low", "group_low")
_TYPES: dict[str, DTypeLike] = {
    "lot_start": np.int64,
    "group_start": np.int64,
    "group_name": np.int64,
    "may_buy": np.bool_,
}
_SCALARS = ("cash_low", "cash_high", "risk_price")

# Lots are cut from what is held in floating point: their sum may exceed it by this fraction of the account.
_ROUNDOFF = 1e-12


def checked(problem: AccountProblem) -> AccountProblem:
    """Return the problem with arrays of the types and order that kernels take; raises ValueError naming the field."""
    arrays: dict[str, Any] = {
        name: np.ascontiguousarray(value, _TYPES.get(name, np.float64)) if np.ndim(value) else np.asarray(value)
        for name, value in problem._asdict().items()
        if name not in _SCALARS
    }
    if arrays["target"].ndim != 1:
        raise ValueError(f"target must have shape (n,), one weight per name, got {arrays['target'].shape}")
    n = arrays["target"].size
    lots, groups, entries = (arrays[name].size for name in ("lot_quantity", "group_low", "group_name"))
    need_shape(arrays, "loadings", (n, None))
    for name in _BY_NAME:
        if name != "loadings":
            need_shape(arrays, name, (n,))
    for name in ("lot_quantity", "lot_price"):
        need_shape(arrays, name, (lots,))
    for name in ("group_name", "group_coefficient"):
        need_shape(arrays, name, (entries,))
    for name in ("group_low", "group_high"):
        need_shape(arrays, name, (groups,))
    need_shape(arrays, "lot_start", (n + 1,))
    need_shape(arrays, "group_start", (groups + 1,))
    need_starts(arrays, "lot_start", lots)
    need_starts(arrays, "group_start", entries)
    need_within(arrays, "group_name", n)
    need_cheapest_first(arrays, "name")
    scalars: dict[str, Any] = {name: float(getattr(problem, name)) for name in _SCALARS}
    return AccountProblem(**arrays, **scalars)


def need_shape(arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int | None, ...]) -> None:
    """Raise ValueError unless an array has this shape; None is any size."""
    actual = arrays[name].shape
    if len(actual) != len(shape) or any(want not in (None, got) for want, got in zip(shape, actual, strict=True)):
        wanted = f"({', '.join('k' if size is None else str(size) for size in shape)}{',' * (len(shape) == 1)})"
        raise ValueError(f"{name} must have shape {wanted}, got {actual}")


def need_starts(arrays: dict[str, NDArray[Any]], name: str, size: int) -> None:
    """Raise ValueError unless starts run from 0 to `size` and never fall."""
    start = arrays[name]
    if start[0] != 0 or start[-1] != size:
        raise ValueError(f"{name} must run from 0 to {size}, got {start[0]} to {start[-1]}")
    falls = np.flatnonzero(start[1:] < start[:-1])
    if falls.size:
        at = int(falls[0])
        raise ValueError(f"{name} must not fall, got {start[at]} and then {start[at + 1]} at place {at + 1}")


def need_within(arrays: dict[str, NDArray[Any]], name: str, size: int) -> None:
    """Raise ValueError where an entry is not a place of 0 to `size` - 1."""
    outside = np.flatnonzero((arrays[name] < 0) | (arrays[name] >= size))
    if outside.size:
        at = int(outside[0])
        raise ValueError(f"{name} must be from 0 to {size - 1}, got {arrays[name][at]} at place {at}")


def need_cheapest_first(arrays: dict[str, NDArray[Any]], owner: str) -> None:
    """Raise ValueError where a lot is cheaper than the one before it of the same owner (without quantity too)."""
    price, start = arrays["lot_price"], arrays["lot_start"]
    finite = np.isfinite(price)
    falls = (price[1:] < price[:-1]) & finite[1:] & finite[:-1]  # the others are bad numbers, not a bad order
    first = start[(start > 0) & (start < price.size)]
    falls[first - 1] = False
    at = np.flatnonzero(falls)
    if at.size:
        lot = int(at[0]) + 1
        place = int(np.searchsorted(start, lot, side="right")) - 1
        raise ValueError(
            f"lots must be cheapest first within a {owner}, but lot {lot} of {owner} {place} has price {price[lot]} "
            f"after {price[lot - 1]}: sort them by lot_price"
        )


def are_lots_held(lot_start: NDArray[np.int64], quantity: NDArray[np.float64], held: NDArray[np.float64]) -> bool:
    """Whether the lots of every owner add up to no more than it holds."""
    lots = np.add.reduceat(np.append(quantity, 0.0), lot_start[:-1])
    lots[lot_start[:-1] == lot_start[1:]] = 0.0
    return bool((lots <= held * (1 + _ROUNDOFF) + _ROUNDOFF).all())


def is_possible(problem: AccountProblem) -> bool:
    """Whether all numbers of a problem of right shapes are finite and of the right sign, and lots within holdings."""
    fields = problem._asdict()
    for name, value in fields.items():
        numbers = np.asarray(value, dtype=np.float64)
        if name in _UPPER:
            numbers = np.where(numbers == np.inf, 0.0, numbers)
        elif name in _LOWER:
            numbers = np.where(numbers == -np.inf, 0.0, numbers)
        if not np.isfinite(numbers).all() or (name in _NOT_NEGATIVE and (numbers < 0).any()):
            return False
    if not problem.risk_price > 0 or problem.cash_low > problem.cash_high:
        return False
    if (problem.low > problem.high).any() or (problem.group_low > problem.group_high).any():
        return False
    return are_lots_held(problem.lot_start, problem.lot_quantity, problem.held)
