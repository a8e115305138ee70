"""The factor model: exposures, factor covariance and specific variances, whoever made them.

Symbols: X (N, k) exposures, Omega (k, k) annual covariance of the factors, d (N,) annual specific variances. The
variance of weights w over one year is  w' (X Omega X' + diag d) w.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.errors import RiskModelError
from lotwise.risk import model_files
from lotwise.risk.peers import SecurityStructure
from lotwise.risk.proxies import ProxyGroup, find_proxies
from lotwise.securities.market import Market, MarketLabels, SecurityKind

__all__ = ["Attached", "FactorModel", "Origin", "attach"]

Floats = NDArray[np.float64]

# Two halves of a covariance matrix may differ by this share of its largest entry: the digits a spreadsheet loses.
_ASYMMETRY = 1e-8

# Eigenvalues may be negative by this share of the largest one: roundoff of a singular matrix. They count as zero.
_NEGATIVE = 1e-10

# Annual specific variance of cash-like securities that no model covers: 0.1% a year, a money-market fund.
_CASH_VARIANCE = 0.001**2

# So many problems are written out in one message; the others are counted.
_SHOWN = 10


class Origin(StrEnum):
    """Where the risk of a security comes from."""

    GIVEN = "given"
    ESTIMATED = "estimated"
    SHORT_HISTORY = "short history"
    SECTOR_PROXY = "sector proxy"
    CLASS_PROXY = "class proxy"


@dataclass(frozen=True, slots=True, eq=False)
class FactorModel:
    """The risk of N securities through k factors, checked when made: RiskModelError says what is wrong."""

    as_of: date
    symbols: tuple[str, ...]  # N
    factors: tuple[str, ...]  # k
    exposures: Floats  # (N, k)
    covariance: Floats  # (k, k) annual
    specific: Floats  # (N,) annual variance
    origin: tuple[str, ...]  # (N,) Origin

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise RiskModelError unless every number is one that risk can have; all problems in one message.

        Shapes fit, names are distinct, everything is finite, specific variances are positive, the covariance is
        symmetric (to 1e-8 of its largest entry) and has no eigenvalue below -1e-10 of the largest.
        """
        problems = [*_names_wrong(self), *_shapes_wrong(self)]
        if not problems:
            problems = [*_values_wrong(self), *_covariance_wrong(self)]
        if problems:
            rest = len(problems) - _SHOWN
            more = [f"and {rest} more"] if rest > 0 else []
            raise RiskModelError("the risk model cannot be used: " + "; ".join(problems[:_SHOWN] + more))

    def root(self) -> Floats:
        """Return sqrt(2) Omega^(1/2), (k, k); Omega may be singular."""
        values, vectors = np.linalg.eigh(0.5 * self.covariance + 0.5 * self.covariance.T)
        result: Floats = vectors * np.sqrt(2.0 * np.maximum(values, 0.0))
        return result

    def loadings(self) -> Floats:
        """Return sqrt(2) X Omega^(1/2), (N, k) C-contiguous: what `Market.loadings` holds."""
        return np.ascontiguousarray(self.exposures @ self.root())

    def portfolio_variance(self, weights: Floats) -> float:
        """Annual variance of weights (N,), absolute or active, in the order of `symbols`."""
        if weights.shape != self.specific.shape:
            raise RiskModelError(f"weights must have shape {self.specific.shape}, had {weights.shape}")
        exposure = self.exposures.T @ weights
        return float(exposure @ self.covariance @ exposure + self.specific @ (weights * weights))

    def aligned(self, symbols: tuple[str, ...]) -> FactorModel:
        """Return the same risk for these symbols in this order; RiskModelError names those that are missing."""
        row = {symbol: i for i, symbol in enumerate(self.symbols)}
        missing = [symbol for symbol in symbols if symbol not in row]
        if missing:
            shown = ", ".join(missing[:_SHOWN]) + (
                f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            )
            raise RiskModelError(f"the risk model must cover every symbol asked for, had no {shown}")
        rows = np.array([row[symbol] for symbol in symbols], dtype=np.intp)
        return FactorModel(
            as_of=self.as_of,
            symbols=symbols,
            factors=self.factors,
            exposures=self.exposures[rows],
            covariance=self.covariance,
            specific=self.specific[rows],
            origin=tuple(self.origin[i] for i in rows),
        )

    def save(self, folder: Path) -> None:
        """Write risk/exposures.csv, covariance.csv and specific.csv of a firm folder; floats keep every bit."""
        model_files.write(
            folder,
            model_files.ModelTables(self.symbols, self.factors, self.exposures, self.covariance, self.specific),
        )

    @classmethod
    def load(cls, folder: Path, as_of: date) -> FactorModel:
        """Read the three files of a firm folder; the files carry no date, so the caller says as of when they hold.

        Raises RiskModelError listing the bad rows with file and line, or what `check` finds.
        """
        tables = model_files.read(folder)
        return cls(
            as_of=as_of,
            symbols=tables.symbols,
            factors=tables.factors,
            exposures=tables.exposures,
            covariance=tables.covariance,
            specific=tables.specific,
            origin=(Origin.GIVEN,) * len(tables.symbols),
        )


def _names_wrong(model: FactorModel) -> list[str]:
    problems = []
    for what, names in (("symbol", model.symbols), ("factor", model.factors)):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        problems += [f"{what} {name} must appear once, was there twice: remove one" for name in twice]
        if "" in names:
            problems.append(f"every {what} must have a name, one was empty")
    if not model.factors:
        problems.append("there must be at least one factor, was none")
    return problems


def _shapes_wrong(model: FactorModel) -> list[str]:
    n, k = len(model.symbols), len(model.factors)
    shapes = (
        ("exposures", model.exposures.shape, (n, k)),
        ("covariance", model.covariance.shape, (k, k)),
        ("specific", model.specific.shape, (n,)),
        ("origin", (len(model.origin),), (n,)),
    )
    return [f"{name} must have shape {right}, had {shape}" for name, shape, right in shapes if shape != right]


def _values_wrong(model: FactorModel) -> list[str]:
    problems = [
        f"exposure of {model.symbols[i]} to {model.factors[j]} must be finite, was {model.exposures[i, j]}"
        for i, j in np.argwhere(~np.isfinite(model.exposures))
    ]
    problems += [
        f"specific variance of {model.symbols[i]} must be positive and finite, was {model.specific[i]} (an annual "
        f"variance: 0.04 is 20% a year)"
        for i in np.flatnonzero(~(np.isfinite(model.specific) & (model.specific > 0.0)))
    ]
    return problems


def _covariance_wrong(model: FactorModel) -> list[str]:
    covariance, factors = model.covariance, model.factors
    bad = np.argwhere(~np.isfinite(covariance))
    if len(bad):
        return [f"covariance of {factors[i]} and {factors[j]} must be finite, was {covariance[i, j]}" for i, j in bad]
    gap = np.abs(covariance - covariance.T)
    uneven = np.argwhere(np.triu(gap > _ASYMMETRY * np.abs(covariance).max()))
    if len(uneven):
        return [
            f"covariance of {factors[i]} and {factors[j]} must be the same both ways, was {covariance[i, j]} and "
            f"{covariance[j, i]}: give one of them"
            for i, j in uneven
        ]
    values, vectors = np.linalg.eigh(0.5 * covariance + 0.5 * covariance.T)
    if values[0] < -_NEGATIVE * max(values[-1], 0.0):
        worst = factors[int(np.argmax(np.abs(vectors[:, 0])))]
        must = f"the covariance must have no negative eigenvalue, had {values[0]:.6g} (most of it in {worst})"
        return [f"{must}: a correlation there is beyond what the others allow"]
    return []


class Attached(NamedTuple):
    """A market with risk, whose risk was borrowed from peers, and which symbols have none at all."""

    market: Market
    proxies: tuple[tuple[str, ProxyGroup], ...]  # symbol, who stands for it
    without_risk: tuple[str, ...]  # not tradable; what holds or wants them must not be solved


def attach(market: Market, model: FactorModel, labels: MarketLabels) -> Attached:
    """Put the risk of a model into the market's columns.

    A security that the model does not cover gets the risk of its peers (`proxies`). One that has no peers either is
    no longer tradable and is returned: its columns hold the average of the model, which is no forecast of it.
    Securities of kind cash need no model. Raises RiskModelError where the model is of a later day than the market.
    """
    symbols = labels.symbols
    if len(symbols) != len(market.price):
        raise RiskModelError(f"the market has {len(market.price)} securities, was given {len(symbols)} symbols")
    day = from_day_number(int(market.as_of))
    if model.as_of > day:
        raise RiskModelError(f"the risk model must be of {day} or before, was of {model.as_of}: estimate it anew")
    row = {symbol: i for i, symbol in enumerate(model.symbols)}
    position = np.array([row.get(symbol, -1) for symbol in symbols], dtype=np.intp)
    covered = position >= 0
    cash = ~covered & (market.kind == SecurityKind.CASH)
    exposures = np.zeros((len(symbols), len(model.factors)))
    exposures[covered] = model.exposures[position[covered]]
    specific = np.full(len(symbols), _CASH_VARIANCE)
    specific[covered] = model.specific[position[covered]]
    kinds = tuple(SecurityKind(int(kind)) for kind in market.kind)
    structure = SecurityStructure(labels.asset_classes, labels.sectors, labels.industries, kinds)
    found = find_proxies(covered | cash, structure, exposures, specific, model.covariance)
    none = np.array(found.none, dtype=np.intp)
    exposures, specific = found.exposures, found.specific
    if len(none) and len(model.symbols):
        exposures[none] = model.exposures.mean(axis=0)
        specific[none] = np.quantile(model.specific, 0.75)
    tradable = market.tradable.copy()
    tradable[none] = False
    loadings = np.ascontiguousarray(exposures @ model.root())
    loadings[covered] = model.loadings()[position[covered]]
    attached = market._replace(loadings=loadings, specific=specific, tradable=tradable)
    return Attached(
        attached,
        tuple((symbols[i], group) for i, group in sorted(found.groups.items())),
        tuple(symbols[i] for i in found.none),
    )
