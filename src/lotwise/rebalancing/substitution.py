"""When a named substitute may be bought: where the security it stands for is barred, or may be sold at a loss tonight.

A substitute is not in the model: bought for its own sake it would only cost tracking. It becomes a name of the problem,
with a target of zero, in a household that

- may not buy the security itself tonight (an open wash-sale window, a loss that the taxpayer realises tonight, a
  restriction, no price), or
- holds a lot of it at a loss deep enough to earn its credit, which may then be sold.

Whether it is bought, and how much, is decided by the solve: it follows the security as far as the risk model says, and
costs its spread. Once the security may be bought again, the way back is weighed like every other trade, tax included.
"""

from __future__ import annotations

from lotwise.kernels import Records, inlined_kernel, inner_kernel
from lotwise.rebalancing.book import Book, LotFlag, NameRule
from lotwise.rebalancing.scratch import HouseholdState
from lotwise.rebalancing.wash_windows import first_lot, loss_is_barred, may_buy_tonight
from lotwise.securities.market import Market

__all__ = ["has_substitutes", "holds_a_credit", "may_be_bought", "substitute_of"]

_NO_BUY = int(NameRule.NO_BUY)
_NEVER_SOLD = int(LotFlag.UNKNOWN_TAX | LotFlag.KEPT)


@inlined_kernel
def may_be_bought(market: Market, state: HouseholdState, securities: Records, security: int) -> bool:
    """Whether the portfolio in hand may buy a security tonight, wanted or not."""
    priced = market.tradable[security] and market.price[security] > 0
    allowed = priced and not securities[security].forbidden & _NO_BUY
    return bool(allowed and may_buy_tonight(market, state, security))


@inlined_kernel
def has_substitutes(book: Book, security: int) -> bool:
    """Whether anything is named that may stand for a security."""
    return bool(book.substitutes.start[security + 1] > book.substitutes.start[security])


@inner_kernel
def substitute_of(book: Book, market: Market, state: HouseholdState, securities: Records, security: int) -> int:
    """The first substitute of a security that may be bought tonight; -1 = none may."""
    substitutes = book.substitutes
    for entry in range(substitutes.start[security], substitutes.start[security + 1]):
        if may_be_bought(market, state, securities, substitutes.security[entry]):
            return int(substitutes.security[entry])
    return -1


@inner_kernel
def holds_a_credit(
    book: Book, market: Market, state: HouseholdState, place: tuple[int, int], lots: tuple[int, int]
) -> bool:
    """Whether one of some lots of a taxable account may be sold tonight at a loss that earns its credit.

    `place` = (household, security), `lots` = first and last row to look at, from the security's first lot on.
    """
    household, security = place
    depth = book.policies.harvest_depth[book.households.policy[household]]
    before = first_lot(book, household)
    for lot in range(lots[0], lots[1]):
        if book.lots.security[lot] != security:
            break
        worth = state.worth[lot - before]
        if worth <= 0 or worth >= book.lots.basis[lot] or worth > depth * book.lots.basis[lot]:
            continue
        if not book.lots.flags[lot] & _NEVER_SOLD and not loss_is_barred(book, market, state, lot):
            return True
    return False
