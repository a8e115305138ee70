"""Number C, the present value: what was saved, less the tax that now waits in the lots.

A deferred gain is taxed some day, and a harvested loss lowers the basis of what replaced it. So of the savings against
the shadow (B) the growth of latent tax against the shadow's is taken off: unrealised gains at the long-term rate, times
what a dollar of tax later costs today (delta: discounted over the horizon, less the chance of a step-up). Losses that
are carried on are worth their long-term rate, undiscounted: they are used first.

Of the growth, harvesting has what its losses took from the basis, less the losses carried on; deferral has the rest:
the gains that were not realised, and whatever else moved.
"""

from __future__ import annotations

import numpy as np

from lotwise.ledger.tables import SHORT, State
from lotwise.money import FULL_RATE, SHARE, IntArray
from lotwise.savings.history import Floats, History
from lotwise.savings.years import Cause, Saved

__all__ = ["growth_by_cause", "latent_tax", "unrealised"]


def unrealised(history: History, state: State, day: int) -> IntArray:
    """Unrealised gains less losses of the taxable accounts of each household, money, (H,)."""
    counted = (history.accounts.household >= 0) & (history.world.accounts["kind"] == 0)
    rows = np.flatnonzero((state.lots["marks"] & SHORT == 0) & counted[state.lots["account"]])
    account, security, shares, basis = (state.lots[name][rows] for name in ("account", "security", "shares", "basis"))
    price = history.market.price[max(history.market.row(day), 0)][security]
    gain = np.where(price > 0, np.rint(shares / SHARE * price) - basis, 0.0)
    total = np.zeros(history.targets.of.shape[0])
    total += np.bincount(history.accounts.household[account], gain, total.size)
    return np.rint(total).astype(np.int64)


def latent_tax(history: History, gains: IntArray, carried: IntArray, later: Floats) -> IntArray:
    """Tax that waits, money, (H,): on unrealised `gains`, less what losses `carried` on spare; `later` is delta."""
    rate = history.rates[:, 1] / FULL_RATE
    return np.rint(rate * (later * gains - carried)).astype(np.int64)


def growth_by_cause(history: History, gains: IntArray, taxes: Saved, losses: IntArray, later: Floats) -> IntArray:
    """Growth of the tax that waits in the record against the shadow's, by Cause, money (H, 3).

    `gains` (H, 2) are unrealised, of both sides; `losses` (2, H) were realised by each, not positive.
    """
    carried = [taxed.short_carried + taxed.long_carried for taxed in (taxes.record, taxes.shadow)]
    waits = [latent_tax(history, gains[:, side], carried[side], later) for side in (0, 1)]
    harvested = latent_tax(history, losses[1] - losses[0], carried[0] - carried[1], later)
    growth = np.zeros((gains.shape[0], len(Cause)), np.int64)
    growth[:, Cause.HARVESTING] = harvested
    growth[:, Cause.DEFERRAL] = waits[0] - waits[1] - harvested
    return growth
