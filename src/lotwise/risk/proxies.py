"""Proxies: the risk of a security that a brought-along model does not cover, made from those like it.

Its exposures are the average of its peers'. Its specific variance is the upper quartile of theirs, each with what its
own exposures add beyond that average: what sets a security apart from its peers must not vanish in their mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.risk.peers import SecurityStructure
from lotwise.securities.market import SecurityKind

__all__ = ["Proxies", "ProxyGroup", "find_proxies"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Fewer than this many are not a group: one company's accident would be the whole of it.
_LEAST_GROUP = 5

# Of an asset class three do: firms cover it by a few funds, which are baskets already.
_LEAST_CLASS = 3


class ProxyGroup(NamedTuple):
    """Who stands for a security: how many, and what they have in common."""

    members: int
    name: str  # "the industry Oil", "the sector Energy", "the asset class Bonds", "all stocks"


class Proxies(NamedTuple):
    """Risk of N securities, by the model where it covers them, by their peers where it does not."""

    exposures: Floats  # (N, k)
    specific: Floats  # (N,)
    groups: dict[int, ProxyGroup]  # who stands for a security that is not covered
    none: tuple[int, ...]  # securities that are not covered and have no peers: their rows mean nothing


def _groups_of(structure: SecurityStructure, i: int) -> list[tuple[tuple[str, ...], str, int]]:
    """Groups that could stand for a security, the narrowest first: key, name, least members.

    A stock without labels is a stock at least; a fund may hold anything.
    """
    stock = structure.kind[i] == SecurityKind.STOCK
    kind = "stocks" if stock else "bond" if structure.kind[i] == SecurityKind.BOND else "fund"
    asset_class, sector, industry = structure.asset_class[i], structure.sector[i], structure.industry[i]
    groups: list[tuple[tuple[str, ...], str, int]] = []
    if industry:
        groups.append(((kind, asset_class, sector, industry), f"the industry {industry}", _LEAST_GROUP))
    if sector:
        groups.append(((kind, asset_class, sector), f"the sector {sector}", _LEAST_GROUP))
    if asset_class:
        groups.append(((kind, asset_class), f"the asset class {asset_class}", _LEAST_CLASS))
    if stock:
        groups.append(((kind,), "all stocks", _LEAST_GROUP))
    return groups


def find_proxies(
    covered: Flags, structure: SecurityStructure, exposures: Floats, specific: Floats, covariance: Floats
) -> Proxies:
    """Give every security that is not covered the risk of its peers.

    covered (N,); exposures (N, k) and specific (N,) of the covered ones; covariance (k, k) of the factors.
    """
    gathered: dict[tuple[str, ...], list[int]] = {}
    for i in np.flatnonzero(covered).tolist():
        for key, _, _ in _groups_of(structure, i):
            gathered.setdefault(key, []).append(i)
    exposures, specific = exposures.copy(), specific.copy()
    groups: dict[int, ProxyGroup] = {}
    none: list[int] = []
    made: dict[tuple[str, ...], tuple[Floats, float]] = {}
    for i in np.flatnonzero(~covered).tolist():
        for key, name, least in _groups_of(structure, i):
            members = gathered.get(key, [])
            if len(members) >= least:
                if key not in made:
                    made[key] = _of_group(exposures[members], specific[members], covariance)
                exposures[i], specific[i] = made[key]
                groups[i] = ProxyGroup(len(members), name)
                break
        else:
            none.append(i)
    return Proxies(exposures, specific, groups, tuple(none))


def _of_group(exposures: Floats, specific: Floats, covariance: Floats) -> tuple[Floats, float]:
    """Exposures (k,) and specific variance that stand for M members, (M, k) and (M,)."""
    mean = exposures.mean(axis=0)
    apart = exposures - mean
    own = specific + np.maximum(np.einsum("mk,kl,ml->m", apart, covariance, apart), 0.0)
    return mean, float(np.quantile(own, 0.75))
