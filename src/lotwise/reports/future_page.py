"""A household's what-if as a page and as a table: every policy over simulated paths, above an ordinary rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from markupsafe import Markup, escape

from lotwise.reports.amounts import brief_dollars, count, dollars, percent, plain
from lotwise.reports.lab_ranges import Range, ranges
from lotwise.reports.pages import rendered

__all__ = [
    "COLUMNS",
    "IN_SHORT",
    "FuturePage",
    "FutureRow",
    "Spread",
    "cells",
    "future_page",
    "in_short",
    "meanings",
    "picture_of",
]

_MOST = 2_000  # letters of a sentence

COLUMNS = (
    "policy", "all sold", "eight in ten paths", "stepped up", "before tax", "tax paid", "tax left", "tracking",
    "carried", "cost, bp",
)  # fmt: skip
# Those of them that a terminal shows.
IN_SHORT = (0, 1, 2, 3, 5, 7, 8)


class Spread(NamedTuple):
    """A figure over paths: the 10% and 90% quantiles and the median."""

    low: float
    median: float
    high: float


class FutureRow(NamedTuple):
    """A policy: fractions above the ordinary rule, medians of dollars and of tracking and cost a year."""

    name: str
    words: str
    sold: Spread
    stepped_up: Spread
    before_tax: Spread
    tax: float
    tax_left: float
    tracking: float
    carried: float
    cost: float


class FuturePage(NamedTuple):
    """A household and its policies, the ordinary rule first and the own profile second."""

    household: str
    name: str
    firm: str
    as_of: date
    value: float
    years: float
    paths: int
    growth: float
    seed: int
    model: str
    rows: Sequence[FutureRow]
    left_out: Sequence[str]
    version: str


def cells(page: FuturePage) -> list[tuple[str, ...]]:
    """Rows of the table, as COLUMNS."""
    return [
        (
            row.name,
            _part(row.sold.median),
            f"{_part(row.sold.low).rstrip('%')} to {_part(row.sold.high)}",
            _part(row.stepped_up.median),
            _part(row.before_tax.median),
            brief_dollars(row.tax),
            brief_dollars(row.tax_left),
            percent(row.tracking, 2),
            brief_dollars(row.carried),
            f"{row.cost * 1e4:.1f}",
        )
        for row in page.rows
    ]


def _part(fraction: float) -> str:
    """A tenth of a percent; what rounds to nothing has no sign."""
    return percent(round(fraction, 3) + 0.0, 1)


def in_short(page: FuturePage) -> str:
    """What came out, in a sentence or two."""
    own, best = page.rows[1], max(page.rows[1:], key=lambda row: row.sold.median)
    sold = own.sold.median * page.value
    words = "more" if own.sold.median >= 0 else "less"
    said = (
        f"After {page.years:.1f} years of its own profile the household has {percent(abs(own.sold.median), 1)} {words} "
        f"after tax and cost than under the ordinary rule if everything is sold at the end ({dollars(abs(sold))} of "
        f"today's {dollars(page.value)}), and {percent(own.stepped_up.median, 1)} above it if nothing is taxed then; "
        f"{'medians of ' if page.paths > 1 else ''}{count(page.paths, 'path')}."
    )
    if best.name != own.name:
        more = percent(best.sold.median - own.sold.median, 1)
        said += f" Most has {best.name}: {more} of value more than its own profile."
    return said


# What the columns mean.
_MEANINGS = (
    (
        "All sold",
        """Value after taxes and trading costs at the end, above that of the ordinary rule on the same path, where every
        lot is then sold and taxed; taxes by law, as a drag on what the target earns. Median over the paths, and the
        range that eight in ten of them lie in.""",
    ),
    ("Stepped up", "The same where nothing is taxed at the end, as in an estate."),
    (
        "Before tax",
        """What the holdings themselves earned above the ordinary rule's: chance, since every security is expected to
        grow alike, and no part of the columns before it.""",
    ),
    (
        "Tax paid, tax left",
        """Dollars over the years, refunds of losses counted against them; and of selling everything at the end. Not
        paid out of the accounts.""",
    ),
    ("Tracking", "Realised, a year: of daily returns against the model's."),
    ("Carried", "Dollars of losses on the last day that no gain has used yet."),
    ("Cost", "Half the spread of every trade, basis points of value a year."),
)


def meanings(page: FuturePage) -> list[tuple[str, str]]:
    """What the columns mean, and what the paths are made of."""
    paths = (
        f"{count(page.paths, 'path')} of daily prices of the firm's own securities, by its risk model of "
        f"{page.as_of}; every security is expected to grow by {percent(page.growth, 1)} a year before tax, dividends "
        f"at today's yields among it; seed {page.seed}. Target: {page.model}."
    )
    rule = page.rows[0].words
    ordinary = f"{rule[0].upper()}{rule[1:]}. It keeps no restriction of the household."
    said = [(term, " ".join(text.split())) for term, text in _MEANINGS]
    return [*said, ("Paths", paths), ("The ordinary rule", ordinary)]


def picture_of(page: FuturePage) -> tuple[str, str]:
    """Draw what each policy has above the ordinary rule, as title and SVG."""
    rows = [
        Range(row.name, 100 * row.sold.low, 100 * row.sold.median, 100 * row.sold.high, strong=place == 0)
        for place, row in enumerate(page.rows[1:])
    ]
    title = "After-tax value above the ordinary rule if everything is sold at the end, percent: eight in ten paths"
    return title, ranges(rows, "%", title)


def future_page(page: FuturePage) -> str:
    """Write the page."""
    title, picture = picture_of(page)
    return rendered(
        "future.html",
        page=page,
        columns=COLUMNS,
        cells=cells(page),
        short=_whole(in_short(page)),
        meanings=[(term, _whole(text)) for term, text in meanings(page)],
        policies=[(row.name, _whole(row.words)) for row in page.rows],
        picture=Markup(picture),  # noqa: S704 - the picture escapes its words
        words=title,
    )


def _whole(text: str) -> Markup:
    """A text of several sentences, escaped and not cut where other texts of pages are."""
    return escape(plain(text, _MOST))
