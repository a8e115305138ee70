"""Number C, the present value: what was saved, less the tax that now waits in the lots.

A deferred gain is taxed some day, and a harvested loss lowers the basis of what replaced it. So of the savings against
the shadow (B) the growth of latent tax against the shadow's is taken off: unrealised gains at the long-term rate, times
what a dollar of tax later costs today (delta: discounted over the horizon, less the chance of a step-up). Losses that
are carried on are worth their long-term rate, undiscounted: they are used first.
"""

from __future__ import annotations

import numpy as np

from lotwise.ledger.tables import SHORT, State
from lotwise.money import FULL_RATE, SHARE, IntArray
from lotwise.savings.history import Floats, History

__all__ = ["latent_tax", "unrealised"]


def unrealised(history: History, state: State, day: int) -> IntArray:
    """Unrealised gains less losses of the taxable accounts of each household, money, (H,)."""
    lots = state.lots[state.lots["marks"] & SHORT == 0]
    owner = history.accounts.household[lots["account"]]
    lots = lots[(owner >= 0) & (history.world.accounts["kind"][lots["account"]] == 0)]
    price = history.market.price[max(history.market.row(day), 0)][lots["security"]]
    gain = np.where(price > 0, np.rint(lots["shares"] / SHARE * price) - lots["basis"], 0.0)
    households = history.targets.of.shape[0]
    total = np.bincount(history.accounts.household[lots["account"]], gain, households)
    return np.rint(total).astype(np.int64)


def latent_tax(history: History, gains: IntArray, carried: IntArray, later: Floats) -> IntArray:
    """Tax that waits, money, (H,): on unrealised `gains`, less what losses `carried` on spare; `later` is delta."""
    rate = history.rates[:, 1] / FULL_RATE
    return np.rint(rate * (later * gains - carried)).astype(np.int64)
