"""What a policy is worth: after-tax basis points a year, tracking paid for at a stated price; and what noise is.

Worth = - drag of all taxes - half spreads paid - price of tracking, basis points of value a year. Pre-tax luck is no
part of it. Tracking is priced at `PRICE` basis points at a tracking error of 1%, growing with its square: that is what
the profile's risk price means to a client who holds it, and without a price of tracking whoever strays furthest defers
most.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.lab.calibration.clients import Half, by_kind_start_policy
from lotwise.lab.cohorts.measures import AtTheEnd, cost_a_year, tax_drag, tracking_error
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.market_panel import Floats

__all__ = ["PRICE", "Noise", "Parts", "gain_over", "noise_of", "parts_of", "worth_of"]

PRICE = 50.0  # bp at 1% of tracking: the default risk price


class Parts(NamedTuple):
    """Basis points a year, (kinds, starts, policies) each; `tracking` in basis points of tracking error."""

    sold: Floats  # drag of taxes if everything is sold at the end
    stepped_up: Floats  # if nothing is taxed at the end
    cost: Floats
    tracking: Floats


class Noise(NamedTuple):
    """Mean over kinds and starts of a difference, and its standard error over starts."""

    mean: float
    error: float


def parts_of(lived: Lived, half: Half) -> Parts:
    """What worth is made of, of every account of a half."""
    columns = (
        tax_drag(lived, AtTheEnd.LIQUIDATION),
        tax_drag(lived, AtTheEnd.STEP_UP),
        cost_a_year(lived),
        tracking_error(lived),
    )
    return Parts(*(1e4 * by_kind_start_policy(column, half) for column in columns))


def worth_of(parts: Parts, *, stepped_up: bool = False, price: float = PRICE) -> Floats:
    """Worth, (kinds, starts, policies) basis points a year."""
    drag = parts.stepped_up if stepped_up else parts.sold
    worth: Floats = -drag - parts.cost - price * (parts.tracking / 100.0) ** 2
    return worth


def gain_over(worth: Floats, policy: int, default: int = 0) -> Noise:
    """What a policy is worth more than the default, pairwise: same client, same start."""
    return noise_of(worth[:, :, policy] - worth[:, :, default])


def noise_of(differences: Floats) -> Noise:
    """Mean of (kinds, starts), and the standard error of the starts' means over kinds.

    Starts of one half share most of their market: the error says what another day would have made of it, not what
    another decade would.
    """
    of_start = differences.mean(axis=0)
    error = float(np.std(of_start, ddof=1) / np.sqrt(of_start.size)) if of_start.size > 1 else float("inf")
    return Noise(float(of_start.mean()), error)
