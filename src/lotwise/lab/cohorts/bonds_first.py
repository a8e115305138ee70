"""The rule of thumb of asset location: bonds lie in retirement accounts first, whatever else lies where.

One target for each of a household's accounts: bonds fill the traditional account, then the Roth account, then the
taxable one, until the household has what its mix asks for; what room is left holds everything else alike. On the first
day of every quarter the accounts are filled anew, by what they would be worth had they followed their targets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from lotwise.households.accounts import AccountKind
from lotwise.lab.cohorts.market import MarketSoFar
from lotwise.lab.cohorts.targets import FundMix, Weights
from lotwise.lab.market_panel import Floats, FundRole, Int32Array

__all__ = ["BondsFirst", "filled"]

# Which account bonds fill first, by its place among a taxable, a traditional and a Roth account.
_ORDER = (int(AccountKind.TRADITIONAL), int(AccountKind.ROTH), int(AccountKind.TAXABLE))
_BONDS = (FundRole.BONDS, FundRole.SHORT_BONDS)
_QUARTER = 3  # months


def filled(worth: Floats, bonds: float) -> Floats:
    """Part of each account (3,) that is bonds, where they are a part of what all accounts are worth (3,)."""
    left, part = bonds * worth.sum(), np.zeros(len(_ORDER))
    for account in _ORDER:
        placed = min(left, worth[account])
        part[account] = placed / worth[account]
        left -= placed
    return part


@dataclass(frozen=True)
class BondsFirst:
    """What one account of a household holds by the rule.

    `worth` is what a taxable, a traditional and a Roth account count at first, dollars after tax on withdrawals, on the
    row `start`; `account` says which of them this is.
    """

    mix: FundMix
    worth: tuple[float, float, float]
    account: AccountKind
    start: int
    _filled: dict[int, Weights] = field(default_factory=dict, compare=False, repr=False)

    @property
    def cash(self) -> float:
        """Cash in each account."""
        return self.mix.cash

    def on(self, market: MarketSoFar) -> Weights:
        """Weights at today's close."""
        row = max(self.start, market.first_row_of(_QUARTER))
        if row not in self._filled:
            whole = self.mix.on(market)
            weight = self._weights(market, whole, self._worth_on(market, whole, row))[self.account]
            held = weight > 0
            self._filled[row] = Weights(whole.security[held], weight[held], whole.cash)
        return self._filled[row]

    def _worth_on(self, market: MarketSoFar, whole: Weights, row: int) -> Floats:
        """What the accounts (3,) count on a day on which they are filled, from what they held since the first."""
        quarters = market.first_rows_of(_QUARTER)
        rows = [self.start, *quarters[(quarters > self.start) & (quarters <= row)].tolist()]
        worth: Floats = np.array(self.worth)
        for before, now in pairwise(rows):
            then, since = market.adjusted[before, whole.security], market.adjusted[now, whole.security]
            known = np.isfinite(then) & np.isfinite(since)
            grown = np.divide(since, then, out=np.ones_like(then), where=known)
            worth = worth * (self._weights(market, whole, worth) @ grown + whole.cash)
        return worth

    def _weights(self, market: MarketSoFar, whole: Weights, worth: Floats) -> Floats:
        """Weights of the mix's securities in each account, (3, n), where the accounts count so much (3,)."""
        bonds = np.array([market.universe.roles[place] in _BONDS for place in whole.security])
        share = float(whole.weight[bonds].sum() / whole.weight.sum())
        part = filled(worth, share)[:, None]
        of_bonds, of_rest = (
            np.where(chosen, whole.weight, 0.0) / max(there, 1e-12)
            for chosen, there in ((bonds, share), (~bonds, 1.0 - share))
        )
        weights: Floats = part * of_bonds + (1.0 - part) * of_rest
        return weights

    def names_until(self, market: MarketSoFar, row: int) -> Int32Array:
        """All securities of the mix."""
        return self.mix.names_until(market, row)

    def in_words(self) -> str:
        """Say in a phrase what it is."""
        return f"what a {self.account.name.lower()} account holds of: {self.mix.in_words()}; bonds in the IRA first"
