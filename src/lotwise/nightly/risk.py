"""The risk of a firm's market: a model, whose risk it had to borrow from others, and who must wait for want of any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.errors import Finding, Severity
from lotwise.interchange.firm_folder import Firm
from lotwise.rebalancing.book import Book
from lotwise.risk.estimation import estimate
from lotwise.risk.factor_model import FactorModel, Origin, attach
from lotwise.risk.peers import SecurityStructure
from lotwise.risk.proxies import ProxyGroup
from lotwise.securities.market import SecurityKind

__all__ = ["risk_model_of", "with_risk"]

Flags = NDArray[np.bool_]

# What a finding about an estimated model names in place of a file.
_MODEL = "(risk model)"

# So many symbols are named in a finding about many; the others are counted.
_SHOWN = 10


def risk_model_of(firm: Firm) -> FactorModel:
    """Return the risk model the firm brought along, or one estimated from its prices as known on the day.

    Raises RiskModelError where neither can be had.
    """
    if firm.risk_model is not None:
        return firm.risk_model
    labels = firm.market_labels
    kinds = tuple(SecurityKind(int(kind)) for kind in firm.market.kind)
    structure = SecurityStructure(labels.asset_classes, labels.sectors, labels.industries, kinds)
    return estimate(firm.history, structure, as_of=firm.as_of)


def with_risk(firm: Firm) -> tuple[Firm, FactorModel]:
    """Give a firm's market its risk; whose risk is not its own is said, who must wait for it is refused.

    Raises RiskModelError where no model can be had.
    """
    model = risk_model_of(firm)
    attached = attach(firm.market, model, firm.market_labels)
    symbols = firm.market_labels.symbols
    uses = _uses(firm.book)
    matters = {symbols[i] for i in np.unique(np.concatenate([uses.lot_security, uses.wanted_security])).tolist()}
    findings = [*_strangers(firm), *_borrowed(attached.proxies, matters), *_estimated_otherwise(firm, model, matters)]
    without = set(attached.without_risk)
    # What has no price has no value that could be at risk.
    missing = np.array([symbol in without for symbol in symbols], dtype=np.bool_) & (firm.market.price > 0)
    pairs = _pairs(uses, missing) if without else []
    findings += _without_risk(firm, pairs)
    findings += _without_need([symbol for symbol in attached.without_risk if symbol not in matters])
    households = firm.book.households
    blocked = households.blocked.copy()
    blocked[[household for household, _ in pairs]] = True
    book = firm.book._replace(households=households._replace(blocked=blocked))
    return replace(firm, market=attached.market, book=book, findings=(*firm.findings, *findings)), model


class _Uses(NamedTuple):
    """Who holds what in accounts that trade, and what the models of those households want; parallel columns."""

    lot_household: NDArray[np.int64]
    lot_security: NDArray[np.int64]
    model: NDArray[np.int64]  # of each household that trades
    household: NDArray[np.int64]
    wanted_model: NDArray[np.int64]
    wanted_security: NDArray[np.int64]


def _uses(book: Book) -> _Uses:
    accounts, models = book.accounts, book.models
    of_lot = np.repeat(np.arange(len(accounts.household)), np.diff(accounts.lot_start))
    solved = accounts.trades[of_lot]
    household = np.unique(accounts.household[accounts.trades]).astype(np.int64)
    model = book.households.model[household].astype(np.int64)
    of_weight = np.repeat(np.arange(len(models.cash)), np.diff(models.start))
    followed = np.isin(of_weight, model) & (models.weight > 0.0)
    return _Uses(
        lot_household=accounts.household[of_lot][solved].astype(np.int64),
        lot_security=book.lots.security[solved].astype(np.int64),
        model=model,
        household=household,
        wanted_model=of_weight[followed],
        wanted_security=models.security[followed].astype(np.int64),
    )


def _pairs(uses: _Uses, missing: Flags) -> list[tuple[int, int]]:
    """Every household and security of these (N,) that it holds or wants, once, in order."""
    held = missing[uses.lot_security]
    pairs = set(zip(uses.lot_household[held].tolist(), uses.lot_security[held].tolist(), strict=True))
    wanted = missing[uses.wanted_security]
    for model, security in zip(uses.wanted_model[wanted], uses.wanted_security[wanted].tolist(), strict=True):
        pairs.update((household, security) for household in uses.household[uses.model == model].tolist())
    return sorted(pairs)


def _strangers(firm: Firm) -> list[Finding]:
    """Say in one notice which securities a brought-along model covers that the firm does not know."""
    known = set(firm.market_labels.symbols)
    others = [] if firm.risk_model is None else [name for name in firm.risk_model.symbols if name not in known]
    if not others:
        return []
    return [
        Finding(
            file="risk/exposures",
            line=None,
            column="symbol",
            severity=Severity.NOTICE,
            must_be="securities of securities.csv",
            was=f"{len(others):,} that are not there: {_listed(others)}",
            to_do="nothing, unless one of them is misspelt: they are not used",
        )
    ]


def _borrowed(proxies: Sequence[tuple[str, ProxyGroup]], matters: set[str]) -> list[Finding]:
    """Say who stands for each security that a brought-along model does not cover and that matters to somebody."""
    findings = [
        Finding(
            file="risk/exposures",
            line=None,
            column="symbol",
            severity=Severity.WARNING,
            must_be="every security that is held or wanted",
            was=f"{symbol} is missing",
            to_do=f"add its exposures and specific variance; until then {group.members} others stand for it, "
            f"{group.name}: their average exposures, the upper quartile of their specific variances",
        )
        for symbol, group in proxies
        if symbol in matters
    ]
    return findings + _without_need([symbol for symbol, _ in proxies if symbol not in matters])


def _without_need(symbols: Sequence[str]) -> list[Finding]:
    """Say in one notice which securities the model does not cover that nobody holds or wants."""
    if not symbols:
        return []
    return [
        Finding(
            file="risk/exposures",
            line=None,
            column="symbol",
            severity=Severity.NOTICE,
            must_be="every security of securities.csv",
            was=f"without {_listed(symbols)}",
            to_do="nothing tonight: nobody holds or wants them",
        )
    ]


def _estimated_otherwise(firm: Firm, model: FactorModel, matters: set[str]) -> list[Finding]:
    """Say which estimates are not made of a security's own prices alone."""
    if firm.risk_model is not None:
        return []
    labels, kind = firm.market_labels, firm.market.kind
    words = {
        Origin.SECTOR_PROXY: "the average of its industry or sector",
        Origin.CLASS_PROXY: "the average of its asset class or kind",
    }
    findings = [
        Finding(
            file=_MODEL,
            line=None,
            column="symbol",
            severity=Severity.WARNING,
            must_be="estimated from prices of every security that is held or wanted",
            was=f"without a return of {symbol}",
            to_do=f"add its earlier prices; until then its risk is {words[Origin(origin)]}",
        )
        for i, (symbol, origin) in enumerate(zip(labels.symbols, model.origin, strict=True))
        if origin in words and symbol in matters and kind[i] != SecurityKind.CASH
    ]
    short = [
        symbol
        for symbol, origin in zip(labels.symbols, model.origin, strict=True)
        if origin == Origin.SHORT_HISTORY and symbol in matters
    ]
    if short:
        findings.append(
            Finding(
                file=_MODEL,
                line=None,
                column="symbol",
                severity=Severity.NOTICE,
                must_be="estimated from a year of prices of every security that is held or wanted",
                was=f"from less of {_listed(short)}",
                to_do="nothing: the shorter the history, the more its risk is that of its peers, upper quartile",
            )
        )
    return findings


def _without_risk(firm: Firm, pairs: Sequence[tuple[int, int]]) -> list[Finding]:
    """One error for every household and security of no risk that it holds or wants."""
    symbols, labels = firm.market_labels.symbols, firm.labels.households
    return [
        Finding(
            file="risk/exposures",
            line=None,
            column="symbol",
            severity=Severity.ERROR,
            must_be="every security that is held or wanted, or enough of its industry, sector or asset class",
            was=f"{symbols[security]} is missing, and nothing like it is there",
            to_do="add its exposures and specific variance, or its asset_class in securities.csv; until then the "
            "household is refused",
            household=str(labels[household]),
        )
        for household, security in pairs
    ]


def _listed(symbols: Sequence[str]) -> str:
    """Name a few and count the others."""
    rest = len(symbols) - _SHOWN
    return ", ".join(symbols[:_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")
