"""How cells are written that were written as people do elsewhere: what to do about them, in words."""

from __future__ import annotations

import polars as pl

from lotwise.interchange.firm_folder.contract import Kind

__all__ = ["formatted"]

_NUMBERS = (Kind.SHARES, Kind.MONEY, Kind.RATE, Kind.BASIS_POINTS, Kind.NUMBER)
_DRESSED_NUMBER = r"^[^A-Za-z]*[0-9][^A-Za-z]*$"  # a sign of a currency, commas, blanks, brackets, a per cent sign
_PLAIN_NUMBER = r"^[+-]?[0-9]*\.?[0-9]*$"
_OTHER_DATE = r"^[0-9]{1,4}[-/. ][0-9A-Za-z]{1,9}[-/. ][0-9]{1,4}$|^[0-9]{8}$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def formatted(kind: Kind, was: pl.Series) -> tuple[pl.Series, str]:
    """Which wrong cells (text) of a kind are of another format, and what to do about those."""
    if kind is Kind.DATE:
        other = was.str.contains(_OTHER_DATE) & ~was.str.contains(_DATE)
        return other.fill_null(value=False), "write 2026-01-31 for 31 January 2026"
    if kind in _NUMBERS:
        other = was.str.contains(_DRESSED_NUMBER) & ~was.str.contains(_PLAIN_NUMBER)
        return other.fill_null(value=False), "write digits and a decimal point only, as 1600.00 or -1600.00"
    return pl.repeat(False, len(was), dtype=pl.Boolean, eager=True), ""
