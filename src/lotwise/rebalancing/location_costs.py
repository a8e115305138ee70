"""What a dollar of a security costs by where it is held (asset location): the tax that it draws every year, and wishes.

In a taxable account dividends, interest and distributed gains are taxed as they are paid; in a traditional or Roth
account they are not. So a place has a yearly price, charged for `location_years`, linear in the dollars held. A
household's own preferences by asset class and kind of account come on top, in the same unit.

Not modelled: growth of what the tax would have been; the end of the horizon (a sale, a withdrawal: in a traditional
account gains become ordinary income); interest that is exempt; foreign tax paid; what cash earns.
"""

from __future__ import annotations

from lotwise.kernels import inlined_kernel
from lotwise.money import FULL_RATE
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.securities.market import Market

__all__ = ["hold_cost", "yearly_drag"]

_TAXABLE = int(AccountKind.TAXABLE)


@inlined_kernel
def yearly_drag(paid: tuple[float, float, float], rates: tuple[float, float, float]) -> float:
    """Tax a year per dollar held in a taxable account.

    `paid` = (yield, part of it that qualifies, gains distributed), a year and per dollar of value; `rates` = (ordinary,
    qualified, long-term).
    """
    dividends, share, distributed = paid
    ordinary, qualified, long = rates
    return dividends * (share * qualified + (1.0 - share) * ordinary) + distributed * long


@inlined_kernel
def hold_cost(book: Book, market: Market, household: int, security: int, kind: int) -> float:
    """Dollars per dollar of a security held in an account of this kind, over the years of the household's policy.

    Negative where a preference outweighs the tax. Preferences count as often as the tax: once a year.
    """
    owner, policies = book.households, book.policies
    policy = owner.policy[household]
    years = policies.location_years[policy]
    if years == 0.0:
        return 0.0
    yearly = book.preferences.cost[policies.preferences[policy], market.asset_class[security], kind]
    if kind == _TAXABLE:
        yearly += yearly_drag(
            (market.dividend_yield[security], market.qualified_share[security], market.gain_distribution[security]),
            (
                owner.ordinary_rate[household] / FULL_RATE,
                owner.qualified_rate[household] / FULL_RATE,
                owner.long_rate[household] / FULL_RATE,
            ),
        )
    return float(years * yearly)
