"""What a household's problem must be before a kernel may see it; see `optimizer.input_checks`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lotwise.optimizer.household.problem import HouseholdProblem
from lotwise.optimizer.input_checks import are_lots_held, need_cheapest_first, need_shape, need_starts, need_within

__all__ = ["checked", "is_possible"]

_TYPES: dict[str, DTypeLike] = {
    **dict.fromkeys(("position_start", "account", "lot_start", "group_start", "group_name"), np.int64),
    **dict.fromkeys(("own_group_start", "own_group_position"), np.int64),
    **dict.fromkeys(("may_buy", "lot_loss"), np.bool_),
}
_NOT_NEGATIVE = ("held", "specific", "buy_cost", "lot_quantity", "value")
_UPPER = ("high", "position_high", "group_high", "own_group_high")  # may be infinite: no bound
_LOWER = ("low", "position_low", "group_low", "own_group_low")


def checked(problem: HouseholdProblem) -> HouseholdProblem:
    """Return the problem with arrays of the types and order that kernels take; raises ValueError naming the field."""
    arrays: dict[str, Any] = {
        name: np.ascontiguousarray(value, _TYPES.get(name, np.float64)) if np.ndim(value) else np.asarray(value)
        for name, value in problem._asdict().items()
        if name != "risk_price"
    }
    for name in ("target", "account", "lot_quantity", "group_low", "own_group_low", "value"):
        need_shape(arrays, name, (None,))
    n, count, lots, accounts = (arrays[name].size for name in ("target", "account", "lot_quantity", "value"))
    groups, own_groups = arrays["group_low"].size, arrays["own_group_low"].size
    entries, own_entries = arrays["group_name"].size, arrays["own_group_position"].size
    shapes: dict[str, tuple[int | None, ...]] = {
        "loadings": (n, None),
        "position_start": (n + 1,),
        "lot_start": (count + 1,),
        "group_start": (groups + 1,),
        "own_group_start": (own_groups + 1,),
        **dict.fromkeys(("specific", "low", "high"), (n,)),
        **dict.fromkeys(("held", "buy_cost", "may_buy", "hold_cost", "position_low", "position_high"), (count,)),
        **dict.fromkeys(("lot_price", "lot_loss"), (lots,)),
        **dict.fromkeys(("group_name", "group_coefficient"), (entries,)),
        "group_high": (groups,),
        **dict.fromkeys(("own_group_position", "own_group_coefficient"), (own_entries,)),
        "own_group_high": (own_groups,),
        **dict.fromkeys(("cash_low", "cash_high"), (accounts,)),
    }
    for name, shape in shapes.items():
        need_shape(arrays, name, shape)
    need_starts(arrays, "position_start", count)
    need_starts(arrays, "lot_start", lots)
    need_starts(arrays, "group_start", entries)
    need_starts(arrays, "own_group_start", own_entries)
    need_within(arrays, "account", accounts)
    need_within(arrays, "group_name", n)
    need_within(arrays, "own_group_position", count)
    _need_each_account_once(arrays)
    need_cheapest_first(arrays, "position")
    return HouseholdProblem(**arrays, risk_price=float(problem.risk_price))


def _need_each_account_once(arrays: dict[str, NDArray[Any]]) -> None:
    """Raise ValueError where a name has two positions in one account."""
    name = np.repeat(np.arange(arrays["target"].size), np.diff(arrays["position_start"]))
    place = name * max(arrays["value"].size, 1) + arrays["account"]
    values, counts = np.unique(place, return_counts=True)
    if (counts > 1).any():
        twice = int(values[counts > 1][0])
        name_at, account = divmod(twice, arrays["value"].size)
        raise ValueError(f"account must name each account once within a name, but name {name_at} has {account} twice")


def is_possible(problem: HouseholdProblem) -> bool:
    """Whether all numbers of a problem of right shapes are finite and of the right sign, and lots within holdings."""
    for name, value in problem._asdict().items():
        numbers = np.asarray(value, dtype=np.float64)
        if name in _UPPER:
            numbers = np.where(numbers == np.inf, 0.0, numbers)
        elif name in _LOWER:
            numbers = np.where(numbers == -np.inf, 0.0, numbers)
        if not np.isfinite(numbers).all() or (name in _NOT_NEGATIVE and (numbers < 0).any()):
            return False
    if not problem.risk_price > 0 or (problem.cash_low > problem.cash_high).any():
        return False
    for low, high in zip(_LOWER, _UPPER, strict=True):
        if (getattr(problem, low) > getattr(problem, high)).any():
            return False
    return are_lots_held(problem.lot_start, problem.lot_quantity, problem.held)
