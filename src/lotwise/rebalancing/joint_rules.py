"""What restrictions say where accounts are one portfolio: those of the household, and those of one account."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inner_kernel
from lotwise.rebalancing.book import Groups, RuleSets
from lotwise.rebalancing.joint_scratch import JointArrays

__all__ = ["PositionRules", "add_groups", "add_own_groups", "rules_of"]


class PositionRules(NamedTuple):
    """What restrictions say of one position."""

    forbidden: int
    low: float  # least weight, fraction of the household
    high: float
    low_source: int
    high_source: int


@inner_kernel
def rules_of(rules: RuleSets, place: tuple[int, int, int], part: float, shared: int) -> PositionRules:
    """What restrictions say of a security in an account; `place` = (set of rules, security, account).

    `part` is what the account is of the household, `shared` what the household forbids.
    """
    row, security, account = place
    forbidden, low, high = 0 | shared, 0.0, np.inf
    low_source, high_source = -1, -1
    for entry in range(rules.name_start[row], rules.name_start[row + 1]):
        if rules.name_security[entry] != security or rules.name_account[entry] != account:
            continue
        forbidden |= rules.name_flags[entry]
        if rules.name_low[entry] * part > low:
            low, low_source = rules.name_low[entry] * part, int(rules.name_source[entry])
        if rules.name_high[entry] < 1.0 and rules.name_high[entry] * part < high:
            high, high_source = rules.name_high[entry] * part, int(rules.name_source[entry])
    return PositionRules(forbidden, low, high, low_source, high_source)


@inner_kernel
def add_groups(rules: RuleSets, row: int, groups: Groups, arrays: JointArrays, securities: Records) -> int:
    """Write the bounds of the household on groups, sparse rows over names; returns how many."""
    problem = arrays.problem
    at, index = 0, 0
    for entry in range(rules.group_start[row], rules.group_start[row + 1]):
        if rules.group_account[entry] != -1:
            continue
        problem.group_start[index] = at
        arrays.group_source[index] = rules.group_source[entry]
        problem.group_low[index], problem.group_high[index] = rules.group_low[entry], rules.group_high[entry]
        group = rules.group[entry]
        for member in range(groups.start[group], groups.start[group + 1]):
            name = securities[groups.security[member]].slot
            if name >= 0:
                problem.group_name[at] = name
                problem.group_coefficient[at] = groups.coefficient[member]
                at += 1
        index += 1
    problem.group_start[index] = at
    return index


@inner_kernel
def add_own_groups(
    rules: RuleSets,
    row: int,
    groups: Groups,
    accounts: tuple[int, NDArray[np.bool_]],
    arrays: JointArrays,
    securities: Records,
) -> int:
    """Write the bounds of single accounts on groups, sparse rows over positions; returns how many.

    `accounts` = (how many there are, which of the book's trade).
    """
    count, trades = accounts
    problem = arrays.problem
    at, index = 0, 0
    for entry in range(rules.group_start[row], rules.group_start[row + 1]):
        a = 0
        while a < count and arrays.accounts[a].row != rules.group_account[entry]:
            a += 1
        if a == count or not trades[arrays.accounts[a].row]:
            continue
        problem.own_group_start[index] = at
        arrays.own_group_source[index] = rules.group_source[entry]
        arrays.own_group_account[index] = a
        problem.own_group_low[index] = rules.group_low[entry] * problem.value[a]
        problem.own_group_high[index] = rules.group_high[entry] * problem.value[a]
        group = rules.group[entry]
        for member in range(groups.start[group], groups.start[group + 1]):
            name = securities[groups.security[member]].slot
            if name < 0:
                continue
            for position in range(problem.position_start[name], problem.position_start[name + 1]):
                if problem.account[position] == a:
                    problem.own_group_position[at] = position
                    problem.own_group_coefficient[at] = groups.coefficient[member]
                    at += 1
        index += 1
    problem.own_group_start[index] = at
    return index
