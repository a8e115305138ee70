"""Cells as people and custodians write them: amounts, dates, and the words for what is not known.

What a cell says is either certain, or read with a doubt that is told, or not read at all. Nothing is guessed silently.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

__all__ = ["DAY_FIRST", "Amount", "Day", "amount", "day", "has_decimal_commas", "is_day_first", "is_missing", "plain"]

# What stands where something is not known.
_MISSING = frozenset(
    """
    |-|--|---|.|?|n/a|na|n.a.|#n/a|#value!|nan|none|null|nil|unknown|various|var|vary|varies|multiple|mult|missing|tbd|
    not available|not avail|unavailable|incomplete|noncovered|non-covered|not applicable|pending
    """.replace("\n    ", "").split("|")
)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-")
_MARKS = "*†‡§#^"  # of footnotes
_ENDS = re.compile(r"(?i)^(?:us\$|usd|\$|\+)|(?:us\$|usd|\$|shares|shs|sh|units)$")
_GROUPED_COMMA = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")
_GROUPED_DOT = re.compile(r"\d{1,3}(\.\d{3})+(,\d*)?")
_SURELY_DOT = re.compile(r"\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}|\d+\.(\d{1,2}|\d{4,})")
_SURELY_COMMA = re.compile(r"\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}|\d+,(\d{1,2}|\d{4,})")
_SCIENTIFIC = re.compile(r"(?i)\d+(\.\d+)?e[+-]?\d{1,2}")

DAY_FIRST = "the day before the month"  # a doubt: said once for a file whose dates are all so

_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_abbr) if number}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_PARTS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s\-/,.]*([a-z]{3,9})[\s\-/,.]*(\d{4}|\d{2})")
_MONTH_DAY = re.compile(r"([a-z]{3,9})[\s\-/,.]*(\d{1,2})(?:st|nd|rd|th)?[\s\-/,.]+(\d{4}|\d{2})")
_MONTH_YEAR = re.compile(r"([a-z]{3,9})[\s\-/,.]*(\d{4})")
_TIME = re.compile(r"(?i)[t\s]\d{1,2}:\d{2}(:\d{2})?.*$")
_WEEKDAY = re.compile(r"(?i)^(mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.\s]+")
_SHEET_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheets
_SHEET_DAYS = (14_000, 60_000)  # 1938 to 2064


class Amount(NamedTuple):
    """A number, whether it was in percent, and what is not certain about it ('' = nothing)."""

    value: Decimal
    percent: bool = False
    doubt: str = ""


class Day(NamedTuple):
    """A date and what is not certain about it."""

    value: date
    doubt: str = ""


def plain(text: str) -> str:
    """The text without odd blanks, odd dashes, invisible signs and what surrounds it."""
    kept = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return " ".join(kept.translate(_DASHES).split()).strip("\"'` ")


def is_missing(text: str) -> bool:
    """Whether a cell says, in any of the usual ways, that its content is not known."""
    return plain(text).strip(_MARKS + " ").casefold() in _MISSING


def has_decimal_commas(cells: Iterable[str]) -> bool:
    """Whether the amounts of a file are written 1.600,00: some surely are, and none is surely 1,600.00."""
    found = [re.sub(r"[^\d.,]", "", plain(cell)) for cell in cells]
    return any(map(_SURELY_COMMA.fullmatch, found)) and not any(map(_SURELY_DOT.fullmatch, found))


def amount(text: str, *, decimal_commas: bool = False) -> Amount | None:
    """Read `$1,234.50`, `(123.00)`, `1,600.00`, `45-`, `12.5%`; None where it is no number."""
    rest, negative, percent = plain(text).strip(_MARKS + " "), False, False
    while True:
        before = rest
        rest = _ENDS.sub("", rest.strip())
        if rest.startswith("(") and rest.endswith(")"):
            rest, negative = rest[1:-1], True
        if rest.startswith("-") or (rest.endswith("-") and len(rest) > 1):
            rest, negative = rest.strip("-"), True
        if rest.endswith("%"):
            rest, percent = rest[:-1], True
        if rest == before:
            break
    number, doubt = _digits(re.sub("(?<=\\d)[ '\u2019](?=\\d{3})", "", rest), decimal_commas)
    if number is None:
        return None
    return Amount(-number if negative else number, percent, doubt)


def _digits(text: str, commas: bool) -> tuple[Decimal | None, str]:
    """A number without sign, and what is not certain about it."""
    doubt = ""
    if _SCIENTIFIC.fullmatch(text):
        doubt = "a spreadsheet may have cut its digits"
    elif not re.fullmatch(r"[\d.,]*\d[\d.,]*", text):
        return None, ""
    elif _GROUPED_COMMA.fullmatch(text) and not (commas and text.count(",") == 1 and "." not in text):
        text = text.replace(",", "")
    elif _GROUPED_DOT.fullmatch(text) and (commas or text.count(".") > 1 or "," in text):
        doubt = "" if commas or "," in text else "points between thousands"
        text = text.replace(".", "").replace(",", ".")
    elif "," in text:
        if text.count(",") > 1 or "." in text:
            return None, ""
        doubt = "" if commas else "a decimal comma"
        text = text.replace(",", ".")
    with suppress(InvalidOperation):
        return Decimal(text), doubt
    return None, ""


def is_day_first(cells: Iterable[str]) -> bool:
    """Whether the dates of a file are written 31/12/2020: some can be nothing else, and none is surely 12/31/2020."""
    parts = [found for cell in cells if (found := _PARTS.fullmatch(_TIME.sub("", plain(cell))))]
    return any(int(found[1]) > 12 for found in parts) and not any(int(found[3]) > 12 for found in parts)


def day(text: str, today: date, *, day_first: bool = False) -> Day | None:
    """Read a date in ISO, American or written form; of two-digit years the last that is not after `today`.

    None where it is no date. A month alone is taken as its last day, a year as its last: the shortest holding.
    """
    rest = _WEEKDAY.sub("", _TIME.sub("", plain(text).strip(_MARKS + " "))).strip(" ,").casefold()
    if found := _ISO.fullmatch(rest):
        return _made(int(found[1]), int(found[2]), int(found[3]))
    if found := _PARTS.fullmatch(rest):
        return _of_parts(int(found[1]), int(found[3]), _year(found[4], today), day_first, found[2] == ".")
    if (found := _DAY_MONTH.fullmatch(rest)) and found[2][:3] in _MONTHS:
        return _made(_year(found[3], today), _MONTHS[found[2][:3]], int(found[1]))
    if (found := _MONTH_DAY.fullmatch(rest)) and found[1][:3] in _MONTHS:
        return _made(_year(found[3], today), _MONTHS[found[1][:3]], int(found[2]))
    if (found := _MONTH_YEAR.fullmatch(rest)) and found[1][:3] in _MONTHS:
        year, month = int(found[2]), _MONTHS[found[1][:3]]
        return _made(year, month, calendar.monthrange(year, month)[1], "the last day of the month")
    return _of_digits(rest)


def _of_digits(text: str) -> Day | None:
    if re.fullmatch(r"(19|20)\d{6}", text):
        return _made(int(text[:4]), int(text[4:6]), int(text[6:]))
    if re.fullmatch(r"\d{4}(19|20)\d{2}", text):
        return _made(int(text[4:]), int(text[:2]), int(text[2:4]), "month, day and year without signs between them")
    if re.fullmatch(r"(19|20)\d{2}", text):
        return _made(int(text), 12, 31, "the last day of the year")
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and _SHEET_DAYS[0] < float(text) < _SHEET_DAYS[1]:
        return Day(_SHEET_EPOCH + timedelta(days=int(float(text))), "a day number of a spreadsheet")
    return None


def _of_parts(first: int, second: int, year: int, day_first: bool, dotted: bool) -> Day | None:
    if first > 12 >= second or ((day_first or dotted) and second <= 12):
        doubt = "" if first == second else DAY_FIRST
        return _made(year, second, first, doubt)
    return _made(year, first, second)


def _year(text: str, today: date) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return 2000 + year if 2000 + year <= today.year else 1900 + year


def _made(year: int, month: int, number: int, doubt: str = "") -> Day | None:
    with suppress(ValueError):
        return Day(date(year, month, number), doubt)
    return None
