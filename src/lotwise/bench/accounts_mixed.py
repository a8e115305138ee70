"""Accounts with several things wrong at once, of any size, from a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lotwise.bench.accounts import ordinary
from lotwise.bench.accounts_hostile import HOSTILE
from lotwise.bench.reference.account import ReferenceAccount

__all__ = ["mixture"]

_FACTORS = (0, 1, 2, 3, 5, 8, 12, 20, 40, 60)
_LEAST_NAMES, _MOST_NAMES = 2, 300
_LARGE, _LARGE_SHARE = 1000, 0.005


def mixture(seed: int, most_names: int = _LARGE) -> tuple[list[str], ReferenceAccount]:
    """Lay two to four kinds upon one another; returns which, and the account.

    Sizes are drawn evenly on the scale of their logarithm; a few have 1,000 names.
    """
    rng = np.random.default_rng([seed, 3])
    names = int(np.exp(rng.uniform(np.log(_LEAST_NAMES), np.log(_MOST_NAMES + 1))))
    names = min(_LARGE if rng.random() < _LARGE_SHARE else names, most_names)
    factors = int(rng.choice(_FACTORS))
    kinds = [str(kind) for kind in rng.choice(list(HOSTILE), int(rng.integers(2, 5)), replace=False)]
    names = 1 if "one name" in kinds else names
    factors = 60 if "sixty factors" in kinds else factors
    account = ordinary(seed, names, max(factors, 3))
    account = replace(account, loadings=np.ascontiguousarray(account.loadings[:, :factors]))
    for kind in kinds:
        account = HOSTILE[kind](account, rng)
    return kinds, account
