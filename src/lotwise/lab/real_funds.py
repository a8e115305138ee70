"""The funds of the real market: one ticker for each role that the demo's models ask for."""

from __future__ import annotations

from typing import NamedTuple

from lotwise.lab.market_panel import FundRole

__all__ = ["INDEX_PAIR", "REAL_FUNDS", "RealFund"]

# Identical group of the two funds of one index: a policy of the demo firm, not a statement of law.
INDEX_PAIR = "sp-500-funds"


class RealFund(NamedTuple):
    """A fund of the real market: its ticker, what models hold it for, and what it is."""

    role: FundRole
    symbol: str
    name: str
    asset_class: str
    sector: str = ""
    spread_bps: float = 1.0
    identical_group: str = ""


_US = "US equity"
_ABROAD = "International equity"
_BONDS = "US bonds"
REAL_FUNDS = (
    RealFund(FundRole.BROAD, "IVV", "iShares Core S&P 500 ETF", _US, "", 0.3, INDEX_PAIR),
    RealFund(FundRole.TWIN, "VOO", "Vanguard S&P 500 ETF", _US, "", 0.3, INDEX_PAIR),
    RealFund(FundRole.TOTAL, "VTI", "Vanguard Total Stock Market ETF", _US, "", 0.4),
    RealFund(FundRole.GROWTH, "VUG", "Vanguard Growth ETF", _US, "", 0.6),
    RealFund(FundRole.VALUE, "VTV", "Vanguard Value ETF", _US, "", 0.8),
    RealFund(FundRole.TECHNOLOGY, "XLK", "Technology Select Sector SPDR Fund", _US, "Information Technology", 0.7),
    RealFund(FundRole.HEALTH, "XLV", "Health Care Select Sector SPDR Fund", _US, "Health Care", 0.8),
    RealFund(FundRole.ENERGY, "XLE", "Energy Select Sector SPDR Fund", _US, "Energy", 1.1),
    RealFund(FundRole.INTERNATIONAL, "VEA", "Vanguard FTSE Developed Markets ETF", _ABROAD, "", 1.9),
    RealFund(FundRole.EMERGING, "VWO", "Vanguard FTSE Emerging Markets ETF", _ABROAD, "", 2.1),
    RealFund(FundRole.BONDS, "AGG", "iShares Core U.S. Aggregate Bond ETF", _BONDS, "", 1.0),
    RealFund(FundRole.SHORT_BONDS, "BSV", "Vanguard Short-Term Bond ETF", _BONDS, "", 1.3),
    RealFund(FundRole.OUTSIDE, "GLD", "SPDR Gold Shares", "Commodities", "", 0.4),
)
