"""The names of a household that is solved as one portfolio: held, wanted, or standing for a name that is wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inner_kernel
from lotwise.rebalancing.book import AccountKind, Book, Models, RuleSets
from lotwise.rebalancing.joint_scratch import JointArrays
from lotwise.rebalancing.scratch import HouseholdState
from lotwise.rebalancing.substitution import has_substitutes, holds_a_credit, may_be_bought, substitute_of
from lotwise.securities.market import Market

__all__ = ["add_held_names", "add_substitutes", "add_wanted_names", "describe_names"]

_TAXABLE = int(AccountKind.TAXABLE)


@inner_kernel
def _add_name(arrays: JointArrays, securities: Records, security: int, name: int, accounts: int) -> int:
    """Start a name, if the security is none yet; returns the number of names with it."""
    if securities[security].slot >= 0:
        return name
    securities[security].slot = name
    arrays.names[name].security, arrays.names[name].stands_for = security, -1
    arrays.problem.target[name] = 0.0
    for a in range(accounts):
        arrays.first_lot[name * accounts + a] = -1
    return name + 1


@inner_kernel
def add_held_names(
    lot_start: NDArray[np.int64],
    lot_security: NDArray[np.int32],
    accounts: int,
    arrays: JointArrays,
    securities: Records,
) -> int:
    """Add every name that is held, and where its lots begin in each account; returns their number."""
    names = 0
    for a in range(accounts):
        account, previous = arrays.accounts[a].row, -1
        for lot in range(lot_start[account], lot_start[account + 1]):
            security = lot_security[lot]
            if security == previous:
                continue
            previous = security
            names = _add_name(arrays, securities, security, names, accounts)
            arrays.first_lot[securities[security].slot * accounts + a] = lot
    return names


@inner_kernel
def add_wanted_names(
    models: Models,
    rules: RuleSets,
    rows: tuple[int, int, float],
    added: tuple[int, int],
    arrays: JointArrays,
    securities: Records,
) -> int:
    """Add the model's names and those a least weight asks for; `rows` = (model, set of rules, scale of the model)."""
    model, row, scale = rows
    accounts, names = added
    for entry in range(models.start[model], models.start[model + 1]):
        security = models.security[entry]
        names = _add_name(arrays, securities, security, names, accounts)
        arrays.problem.target[securities[security].slot] = models.weight[entry] * scale
    for entry in range(rules.name_start[row], rules.name_start[row + 1]):
        if rules.name_low[entry] > 0.0:
            names = _add_name(arrays, securities, rules.name_security[entry], names, accounts)
    return names


@inner_kernel
def _may_lose(
    book: Book, market: Market, place: tuple[int, int, int], state: HouseholdState, arrays: JointArrays
) -> bool:
    """Whether an account may sell some of a name for the credit of a loss; `place` = (household, accounts, name)."""
    household, accounts, name = place
    security = arrays.names[name].security
    for a in range(accounts):
        account, first = arrays.accounts[a].row, arrays.first_lot[name * accounts + a]
        if first < 0 or book.accounts.kind[account] != _TAXABLE or not book.accounts.trades[account]:
            continue
        if holds_a_credit(book, market, state, (household, security), (first, book.accounts.lot_start[account + 1])):
            return True
    return False


@inner_kernel
def add_substitutes(
    book: Book,
    market: Market,
    place: tuple[int, int, int],
    state: HouseholdState,
    arrays: JointArrays,
    securities: Records,
) -> int:
    """Add what may stand for names that are wanted and may not be bought, or be sold at a loss; returns their number.

    `place` = (household, number of accounts, number of names so far).
    """
    household, accounts, names = place
    count = names
    for name in range(names):
        security = arrays.names[name].security
        wanted = arrays.problem.target[name] > 0.0 or securities[security].low > 0.0
        if not wanted or not has_substitutes(book, security):
            continue
        needed = not may_be_bought(market, state, securities, security)
        if not needed and not _may_lose(book, market, (household, accounts, name), state, arrays):
            continue
        found = substitute_of(book, market, state, securities, security)
        if found < 0:
            continue
        count = _add_name(arrays, securities, found, count, accounts)
        at = securities[found].slot
        if arrays.problem.target[at] == 0.0:
            arrays.names[at].stands_for = security
    return count


@inner_kernel
def describe_names(market: Market, names: int, arrays: JointArrays, securities: Records) -> None:
    """Write the risk and the bounds of every name."""
    problem = arrays.problem
    for name in range(names):
        security = arrays.names[name].security
        rule = securities[security]
        problem.specific[name] = market.specific[security]
        problem.low[name] = min(rule.low, rule.high)  # where rules contradict each other, the least weight gives
        problem.high[name] = rule.high if rule.high < 1.0 else np.inf
        for r in range(market.loadings.shape[1]):
            problem.loadings[name, r] = market.loadings[security, r]
