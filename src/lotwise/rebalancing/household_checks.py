"""What is verified of a household's accounts together: weights, where its accounts are one portfolio.

Part of `checks`; independent, like it, of everything that makes proposals.
"""

from __future__ import annotations

from lotwise.kernels import inner_kernel
from lotwise.money import FULL_RATE, SHARE, mul_div
from lotwise.rebalancing.book import AccountKind
from lotwise.rebalancing.check_case import Case
from lotwise.rebalancing.line_checks import GREATEST_VALUE, note
from lotwise.rebalancing.proposal import Side
from lotwise.rebalancing.violations import Rule

__all__ = ["WEIGHT_TOLERANCE", "check_household_weights", "value_accounts"]

# How far above its greatest weight a purchase may leave a name: one share, where shares are whole, since lines
# are rounded after the solve; and 1 / 10,000 of the value it is a weight of, the last digit of a weight written in
# percent, since the bound is a float of the solver and small trades are dropped or moved to repair the cash.
WEIGHT_TOLERANCE = 10_000

_BUY = int(Side.BUY)
_TRADITIONAL = int(AccountKind.TRADITIONAL)


@inner_kernel
def _counted(case: Case, h: int, kind: int, amount: int) -> int:
    """What shares or money of an account of this kind count where the household's accounts are one portfolio."""
    deferred = case.households[h].deferred
    return int(mul_div(amount, deferred, FULL_RATE)) if kind == _TRADITIONAL and deferred != FULL_RATE else amount


@inner_kernel
def value_accounts(case: Case, h: int) -> None:
    """Value a household's accounts; they are one portfolio if more than one is worth anything and one of them trades.

    Then its value is that of those accounts together, a dollar of a traditional account as it counts.
    """
    household = case.households[h]
    number, traded, total = 0, 0, 0
    for a in range(household.first_account, household.last_account):
        account = case.accounts[a]
        worth = account.cash
        for lot in range(account.first_lot, account.last_lot):
            price = max(case.names[case.lots.security[lot]].price, 0)
            worth += min(max(mul_div(case.lots.shares[lot], price, SHARE), 0), GREATEST_VALUE)
        account.value = worth
        if worth > 0:
            number += 1
            total += _counted(case, h, account.kind, worth)
            traded += account.trades != 0
    household.value = total
    household.as_one = int(household.joint != 0 and number > 1 and traded > 0)


@inner_kernel
def _count_holdings(case: Case, h: int) -> None:
    """Count what the household's accounts hold and trade of every security."""
    household = case.households[h]
    for a in range(household.first_account, household.last_account):
        account = case.accounts[a]
        if account.value <= 0:
            continue
        for lot in range(account.first_lot, account.last_lot):
            name = case.names[case.lots.security[lot]]
            if name.household != h + 1:
                name.household, name.all_held, name.all_bought = h + 1, 0, 0
            name.all_held += _counted(case, h, account.kind, case.lots.shares[lot])
        for i in range(account.first_line, account.last_line):
            line = case.lines[case.order[i]]
            name = case.names[line.security]
            if name.household != h + 1:
                name.household, name.all_held, name.all_bought = h + 1, 0, 0
            if line.side == _BUY:
                name.all_bought += line.shares
                name.all_held += _counted(case, h, account.kind, line.shares)
            else:
                name.all_held -= _counted(case, h, account.kind, line.shares)


@inner_kernel
def check_household_weights(case: Case, h: int) -> None:
    """Note purchases that leave the household above a greatest weight of its own."""
    household = case.households[h]
    _count_holdings(case, h)
    for r in range(household.first_rule, household.last_rule):
        rule = case.rules[r]
        name = case.names[rule.security]
        if rule.account != -1 or rule.high >= FULL_RATE or name.household != h + 1 or name.all_bought <= 0:
            continue
        position = mul_div(name.all_held, name.price, SHARE)
        bound = mul_div(household.value, rule.high, FULL_RATE)
        tolerance = household.value // WEIGHT_TOLERANCE + (name.price if household.whole_shares else 0)
        if position > bound + tolerance:
            row = note(case, Rule.MAX_WEIGHT, position - bound)
            case.found[row, 0] = h
            case.found[row, 2] = rule.security
