"""The page of taxes saved for a whole firm: one self-contained HTML file, like the page of a run.

It asks nothing of any other file or server (a content policy in the page forbids it) and has no script. Households are
ranked by what was saved; those that tax-aware management cost more tax stand in the same list, at its end. Every figure
has its definition a click away.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl
from markupsafe import Markup

from lotwise.money import DOLLAR
from lotwise.reports.amounts import short_dollars
from lotwise.reports.documents.adding_up import shared_out
from lotwise.reports.firm_savings import YOUNG_DAYS, FirmSavings, against_fees, fees_picture, months_picture, ranked
from lotwise.reports.pages import rendered

__all__ = ["firm_savings_page"]

_ENDS = 25  # rows at either end of the ranking that are always open
_MOST_ROWS = 5_000  # of the whole ranking, closed until it is asked for (some 400 bytes each)
_UNTOLD = 50

_NUMBERS = (
    ("rule_of_thumb", "A, rule of thumb", 3),
    ("shadow", "B, against the shadow ledger", 2),
    ("present_value", "C, net present benefit", 4),
)
_PERIODS = (("day", "On the last trading day"), ("ytd", "Year to date"), ("since", "Since the beginning"))


class _Line(NamedTuple):
    """A number in whole dollars, its parts rounded so that they add up."""

    name: str
    note: int
    deferral: int
    harvesting: int
    location: int | None  # the rule of thumb knows none
    total: int


def firm_savings_page(saved: FirmSavings) -> str:
    """Write the page as HTML; a firm of 5,000 households stays below 4 MB."""
    order = ranked(saved.households)
    fees = against_fees(saved.households, saved.as_of)
    ends = order.height > 2 * _ENDS
    middle = order.slice(_ENDS, order.height - 2 * _ENDS) if ends else order.clear()
    return rendered(
        "firm_savings.html",
        saved=saved,
        headline=_headline(saved),
        told=order.height,
        periods=[(words, [_line(saved, *number, period) for number in _NUMBERS]) for period, words in _PERIODS],
        totals={name: {period: saved.total(name, period) for period, _ in _PERIODS} for name, *_ in _NUMBERS},
        fee={period: saved.total("fee", period) for period in ("ytd", "since")},
        fees=fees,
        young_days=YOUNG_DAYS,
        only_begun=order.height - saved.begun_before,
        over_time=Markup(months_picture(saved)),  # noqa: S704 - pictures escape their words
        by_fee=Markup(fees_picture(saved)),  # noqa: S704 - pictures escape their words
        first=_rows(order.head(_ENDS) if ends else order),
        middle=_rows(middle.head(_MOST_ROWS)),
        middle_all=middle.height,
        last=_rows(order.tail(_ENDS)) if ends else [],
        cost=int((order["shadow"] < 0).sum()),
        untold=_rows(saved.untold.head(_UNTOLD)),
        rule=[f"{part[0].upper()}{part[1:]}." for part in saved.rule.in_words().split("; ")],
        times=_times,
    )


def _rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    return list(table.iter_rows(named=True))


def _times(multiple: float | None) -> str:
    return "" if multiple is None else f"{multiple:,.1f}x".replace("-", "\u2212")


def _headline(saved: FirmSavings) -> str:
    """Say in a sentence what all households saved, or what it cost them."""
    total, count = saved.total("shadow", "since"), saved.begun_before
    if saved.since is None:
        return "Nothing can be told yet: no household has a posted record."
    if not count:
        return "Nothing can be told yet: every record begins today."
    of = f"{count:,} household{'' if count == 1 else 's'}"
    if round(total) == 0:
        return f"Tax-aware management has neither saved nor cost {of} tax, against an ordinary rebalance."
    amount, year = short_dollars(abs(total)), saved.total("shadow", "ytd")
    this_year = f"this year it {'saved' if year >= 0 else 'cost'} {short_dollars(abs(year))}"
    if total < 0:
        return f"Tax-aware management has cost {of} {amount} more tax than an ordinary rebalance; {this_year}."
    return f"Against an ordinary rebalance, tax-aware management has saved {of} {amount} of tax; {this_year}."


def _line(saved: FirmSavings, name: str, words: str, note: int, period: str) -> _Line:
    units = [_units(part) for part in saved.split(name, period)]
    deferral, harvesting, location = shared_out(units)
    known = location if name != "rule_of_thumb" else None
    return _Line(words, note, deferral, harvesting, known, deferral + harvesting + location)


def _units(amount: Decimal) -> int:
    return int(amount * DOLLAR)
