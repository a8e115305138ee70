"""Amounts as people read them: dollars, percent and basis points, with a true minus sign.

What a page or a terminal shows is rounded here and nowhere else; the files keep every digit.
"""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = [
    "basis_points",
    "brief_dollars",
    "count",
    "dollars",
    "dollars_and_cents",
    "percent",
    "plain",
    "short_dollars",
    "with_minus",
]

_MINUS = "\u2212"

# C0 and C1 controls (a terminal obeys some, XML forbids most) and the marks that turn the direction of
# writing: a name that holds them could show something else than it is.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")

# A hyphen that stands for a minus: before a figure, and not within a word, a date or a range.
_HYPHEN = re.compile(r"(?<![\w.\-])-(?=[\d.$])")


def with_minus(figure: str) -> str:
    """Give figures that are written already ("-1.5 / -2 bp") their minus sign."""
    return _HYPHEN.sub(_MINUS, figure)


def dollars(amount: Decimal | float | None) -> str:
    """Whole dollars, thousands separated; empty where unknown."""
    if amount is None:
        return ""
    whole = round(amount)
    return f"{_MINUS if whole < 0 else ''}${abs(whole):,}"


def dollars_and_cents(cents: int) -> str:
    """Dollars and cents, of a number of cents."""
    whole, rest = divmod(abs(cents), 100)
    return f"{_MINUS if cents < 0 else ''}${whole:,}.{rest:02d}"


def short_dollars(amount: Decimal | float) -> str:
    """Write a large amount in about three digits ($1.24 million); one below a million in whole dollars."""
    size = abs(float(amount))
    sign = _MINUS if amount < 0 else ""
    for unit, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if size >= unit:
            digits = 2 if size < 9.995 * unit else 1 if size < 99.95 * unit else 0
            return f"{sign}${size / unit:,.{digits}f} {name}"
    return dollars(amount)


def brief_dollars(amount: Decimal | float | None) -> str:
    """Write an amount in about three digits and a letter ($46.8k), for tables of a terminal; empty where unknown."""
    if amount is None:
        return ""
    size = abs(float(amount))
    sign = _MINUS if amount < 0 else ""
    for unit, letter in ((1e9, "b"), (1e6, "m"), (1e3, "k")):
        if size >= 0.9995 * unit:
            digits = 2 if size < 9.995 * unit else 1 if size < 99.95 * unit else 0
            return f"{sign}${size / unit:,.{digits}f}{letter}"
    return dollars(amount)


def percent(fraction: float | None, digits: int = 2) -> str:
    """Write a fraction in percent; empty where unknown."""
    return "" if fraction is None else f"{fraction * 100:.{digits}f}%".replace("-", _MINUS)


def basis_points(amount: float | None) -> str:
    """Write basis points with one decimal, more if small; empty where unknown."""
    if amount is None:
        return ""
    size = abs(amount)
    if 0 < size < 0.0001:
        return "under 0.0001 bp"
    digits = 1 if size >= 0.1 or amount == 0 else 2 if size >= 0.01 else 4
    return f"{amount:,.{digits}f} bp".replace("-", _MINUS)


def count(number: int, noun: str = "") -> str:
    """Write a number, thousands separated, with its noun if there is one."""
    if not noun:
        return f"{number:,}"
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def plain(text: str, most: int = 400) -> str:
    """Text from outside without control characters, on one line, cut at `most` characters."""
    line = _UNPRINTABLE.sub("\ufffd", " ".join(text.split()) if text.strip() else text)
    return line if len(line) <= most else line[: most - 1] + "…"
