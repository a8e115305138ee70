"""The risk of a firm's market: a model, whose risk it had to borrow from others, and who must wait for want of any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from lotwise.errors import Finding, Severity
from lotwise.interchange.firm_folder import Firm
from lotwise.rebalancing.book import Book
from lotwise.rebalancing.nearest_substitutes import nearest_first
from lotwise.risk.estimation import estimate
from lotwise.risk.factor_model import FactorModel, Origin, attach
from lotwise.risk.peers import SecurityStructure
from lotwise.risk.proxies import ProxyGroup
from lotwise.securities.market import Market, SecurityKind

__all__ = ["risk_model_of", "with_risk"]

Flags = NDArray[np.bool_]

# What a finding about an estimated model names in place of a file.
_MODEL = "(risk model)"

# So many symbols are named in a finding about many; the others are counted.
_SHOWN = 10

# Median annual volatility between which a model's units are believed: of stocks, and where it has none of all but cash,
# which may be short bonds. Percent for fractions, or daily for annual figures, are a factor of 16 and more away.
_PLAUSIBLE, _PLAUSIBLE_WITHOUT_STOCKS = (0.03, 1.5), (0.001, 1.5)


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
    matters = {symbols[i] for i in np.flatnonzero(_held_or_wanted(firm.book, len(symbols))).tolist()}
    findings = [*_strangers(firm), *_unlikely_units(firm, attached.market)]
    findings += [*_borrowed(attached.proxies, matters), *_estimated_otherwise(firm, model, matters)]
    without = set(attached.without_risk)
    # What has no price has no value that could be at risk.
    missing = np.array([symbol in without for symbol in symbols], dtype=np.bool_) & (firm.market.price > 0)
    pairs = _pairs(firm.book, missing) if without else []
    findings += _without_risk(firm, pairs)
    findings += _without_need([symbol for symbol in attached.without_risk if symbol not in matters])
    households = firm.book.households
    blocked = households.blocked.copy()
    blocked[[household for household, _ in pairs]] = True
    substitutes = nearest_first(firm.book.substitutes, attached.market, firm.lookthrough)
    book = firm.book._replace(households=households._replace(blocked=blocked), substitutes=substitutes)
    return replace(firm, market=attached.market, book=book, findings=(*firm.findings, *findings)), model


def _solved_lots(book: Book) -> Flags:
    """Whether each lot is in an account that trades, (L,)."""
    return np.repeat(book.accounts.trades, np.diff(book.accounts.lot_start))


def _trading_households(book: Book) -> NDArray[np.int64]:
    """Households with an account that trades."""
    return np.unique(book.accounts.household[book.accounts.trades]).astype(np.int64)


def _held_or_wanted(book: Book, securities: int) -> Flags:
    """Whether a security is in an account that trades, or in the model of a household that has one; (N,)."""
    flags = np.zeros(securities, dtype=np.bool_)
    flags[book.lots.security[_solved_lots(book)]] = True
    models = book.models
    for model in np.unique(book.households.model[_trading_households(book)]).tolist():
        flags[models.security[models.start[model] : models.start[model + 1]]] = True
    return flags


def _pairs(book: Book, missing: Flags) -> list[tuple[int, int]]:
    """Every household and security of these (N,) that it holds or wants, once, in order."""
    lots = np.flatnonzero(_solved_lots(book) & missing[book.lots.security])
    account = np.searchsorted(book.accounts.lot_start, lots, side="right") - 1
    pairs = set(zip(book.accounts.household[account].tolist(), book.lots.security[lots].tolist(), strict=True))
    models, households = book.models, _trading_households(book)
    for model in np.unique(book.households.model[households]).tolist():
        wanted = models.security[models.start[model] : models.start[model + 1]]
        who = households[book.households.model[households] == model].tolist()
        pairs.update((household, security) for security in wanted[missing[wanted]].tolist() for household in who)
    return sorted(pairs)


def _finding(
    severity: Severity,
    must_be: str,
    was: str,
    to_do: str,
    *,
    file: str = "risk/exposures",
    column: str | None = "symbol",
    household: str | None = None,
) -> Finding:
    """A finding about a model as a whole or a security in it: no line of a file is at fault."""
    return Finding(file, None, column, severity, must_be, was, to_do, household)


def _strangers(firm: Firm) -> list[Finding]:
    """Say in one notice which securities a brought-along model covers that the firm does not know."""
    known = set(firm.market_labels.symbols)
    others = [] if firm.risk_model is None else [name for name in firm.risk_model.symbols if name not in known]
    if not others:
        return []
    return [
        _finding(
            Severity.NOTICE,
            must_be="securities of securities.csv",
            was=f"{len(others):,} that are not there: {_listed(others)}",
            to_do="nothing, unless one of them is misspelt: they are not used",
        )
    ]


def _unlikely_units(firm: Firm, market: Market) -> list[Finding]:
    """Warn of a brought-along model whose usual volatility no market has: its figures are hardly annual fractions."""
    if firm.risk_model is None:
        return []
    given = np.isin(np.array(firm.market_labels.symbols), np.array(firm.risk_model.symbols))
    stocks, others = given & (market.kind == SecurityKind.STOCK), given & (market.kind != SecurityKind.CASH)
    judged, (least, most) = (stocks, _PLAUSIBLE) if stocks.any() else (others, _PLAUSIBLE_WITHOUT_STOCKS)
    if not judged.any():
        return []
    variance = 0.5 * np.sum(market.loadings[judged] ** 2, axis=1) + market.specific[judged]
    median = float(np.median(np.sqrt(variance)))
    if least <= median <= most:
        return []
    return [
        _finding(
            Severity.WARNING,
            must_be="annual variances as fractions: 0.09 is a volatility of 30%",
            was=f"a median volatility of {100 * median:,.4g}% a year over {int(judged.sum()):,} "
            f"{'stocks' if stocks.any() else 'securities'}, expected {100 * least:g}% to {100 * most:g}%",
            to_do="see whether covariance and specific variances are of percent, of days or months, or volatilities, "
            "and convert them; until then they are used as they are, and trades weigh risk wrongly",
            file="risk",
            column=None,
        )
    ]


def _borrowed(proxies: Sequence[tuple[str, ProxyGroup]], matters: set[str]) -> list[Finding]:
    """Say who stands for each security that a brought-along model does not cover and that matters to somebody."""
    findings = [
        _finding(
            Severity.WARNING,
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
        _finding(
            Severity.NOTICE,
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
        _finding(
            Severity.WARNING,
            must_be="estimated from prices of every security that is held or wanted",
            was=f"without a return of {symbol}",
            to_do=f"add its earlier prices; until then its risk is {words[Origin(origin)]}",
            file=_MODEL,
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
            _finding(
                Severity.NOTICE,
                must_be="estimated from a year of prices of every security that is held or wanted",
                was=f"from less of {_listed(short)}",
                to_do="nothing: the shorter the history, the more its risk is that of its peers, upper quartile",
                file=_MODEL,
            )
        )
    return findings


def _without_risk(firm: Firm, pairs: Sequence[tuple[int, int]]) -> list[Finding]:
    """One error for every household that holds or wants securities of no risk, whatever their number."""
    names, labels = firm.market_labels.symbols, firm.labels.households
    findings = []
    for household, group in groupby(pairs, key=itemgetter(0)):
        symbols = [names[security] for _, security in group]
        are, them, their = ("is", "it", "its") if len(symbols) == 1 else ("are", "them", "their")
        findings.append(
            _finding(
                Severity.ERROR,
                must_be="every security that is held or wanted, or enough of its industry, sector or asset class",
                was=f"{_listed(symbols)} {are} missing, and nothing like {them} is there",
                to_do=f"add {their} exposures and specific variance, or {their} asset_class in securities.csv; until "
                "then the household is refused",
                household=str(labels[household]),
            )
        )
    return findings


def _listed(symbols: Sequence[str]) -> str:
    """Name a few and count the others."""
    rest = len(symbols) - _SHOWN
    return ", ".join(symbols[:_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")
