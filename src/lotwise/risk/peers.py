"""Peers: the securities that stand for one with little or no history of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lotwise.errors import RiskModelError
from lotwise.securities.market import SecurityKind

__all__ = ["Peers", "SecurityStructure", "find_peers"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Positions = NDArray[np.intp]

# Fewer than this many members are not a group: their average would be one security's accident.
_LEAST_GROUP = 5


@dataclass(frozen=True, slots=True)
class SecurityStructure:
    """Where each of N securities belongs, '' where unknown; the order of the price history."""

    asset_class: tuple[str, ...]
    sector: tuple[str, ...]
    industry: tuple[str, ...]
    kind: tuple[SecurityKind, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.asset_class), len(self.sector), len(self.industry), len(self.kind)}
        if len(lengths) != 1:
            raise RiskModelError(f"a security structure must have columns of one length, had {sorted(lengths)}")

    def reordered(self, order: Positions) -> SecurityStructure:
        """The same securities in another order."""
        return SecurityStructure(
            asset_class=tuple(self.asset_class[i] for i in order),
            sector=tuple(self.sector[i] for i in order),
            industry=tuple(self.industry[i] for i in order),
            kind=tuple(self.kind[i] for i in order),
        )


@dataclass(frozen=True, slots=True)
class Peers:
    """G groups of securities with a history, and the group that stands for each of N securities."""

    members: tuple[Positions, ...]  # G
    group: NDArray[np.intp]  # (N,)
    by_sector: Flags  # (N,) True: the group is an industry or a sector, not a whole class

    def average(self, values: Floats) -> Floats:
        """Mean over each security's peers; (N, k) to (N, k), rows of non-members are not read."""
        means = np.stack([values[members].mean(axis=0) for members in self.members])
        result: Floats = means[self.group]
        return result

    def quantile(self, values: Floats, share: float) -> Floats:
        """Quantile over each security's peers; (N,) to (N,)."""
        quantiles = np.array([np.quantile(values[members], share) for members in self.members])
        result: Floats = quantiles[self.group]
        return result


def _labels(structure: SecurityStructure, i: int) -> list[tuple[str, ...]]:
    """Groups a security could belong to, the narrowest first; the last two always exist."""
    stock = "stock" if structure.kind[i] == SecurityKind.STOCK else "fund"
    asset_class, sector, industry = structure.asset_class[i], structure.sector[i], structure.industry[i]
    labels: list[tuple[str, ...]] = []
    if industry:
        labels.append((stock, asset_class, sector, industry))
    if sector:
        labels.append((stock, asset_class, sector))
    if asset_class:
        labels.append((stock, asset_class))
    return [*labels, (stock,), ()]


def find_peers(structure: SecurityStructure, known: Flags) -> Peers:
    """Group the known securities by industry, sector, asset class and kind; the narrowest group of five serves.

    known (N,) marks the securities whose own figures may stand for others; at least one must be. Stocks stand for
    stocks and funds for funds as long as there are any.
    """
    gathered: dict[tuple[str, ...], list[int]] = {}
    for member in np.flatnonzero(known):
        for label in _labels(structure, int(member)):
            gathered.setdefault(label, []).append(int(member))
    numbers: dict[tuple[str, ...], int] = {}
    group = np.zeros(len(known), dtype=np.intp)
    by_sector = np.zeros(len(known), dtype=np.bool_)
    for i in range(len(known)):
        labels = _labels(structure, i)
        label = next((each for each in labels if len(gathered.get(each, ())) >= _LEAST_GROUP), ())
        group[i] = numbers.setdefault(label, len(numbers))
        by_sector[i] = len(label) >= 3
    members = tuple(np.array(gathered[label], dtype=np.intp) for label in numbers)
    return Peers(members=members, group=group, by_sector=by_sector)
