"""How amounts and days stand in a document: the one place that makes words of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from lotwise.money import SHARE
from lotwise.reports.amounts import dollars, dollars_and_cents, plain
from lotwise.reports.documents.adding_up import CENT, rounded

__all__ = ["cents", "counted", "day", "identifier", "long_day", "shares", "whole"]

_ID = 26  # letters of an identifier in a table: a longer one is cut, files have all of it


def whole(money: int) -> str:
    """Money alone in whole dollars: what must add up is shared out before (`adding_up`)."""
    return dollars(rounded(money))


def cents(money: int) -> str:
    """Money in dollars and cents."""
    return dollars_and_cents(rounded(money, CENT))


def day(when: date | None) -> str:
    """A day of a table; a dash where none is known."""
    return "\u2013" if when is None else f"{when:%m/%d/%Y}"


def long_day(when: date) -> str:
    """A day of a sentence."""
    return f"{when:%B} {when.day}, {when.year}"


def shares(units: int) -> str:
    """Shares, thousands separated, without trailing zeros."""
    text = f"{Decimal(units) / SHARE:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def identifier(text: str) -> str:
    """An account, a lot or a symbol in a table."""
    return plain(text, _ID)


def counted(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
