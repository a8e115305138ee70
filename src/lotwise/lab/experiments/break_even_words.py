"""What the break-even of a direct index says: claim, rule, definitions, its tables and its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from lotwise.lab.cohorts.measures import AtTheEnd
from lotwise.lab.experiments.protocol import Picture, Table
from lotwise.reports.lab_pictures import Curve, curves

__all__ = ["CLAIM", "DEFINITIONS", "RULE", "WHY", "Key", "Measured", "Of", "pictures_of", "tables_of"]

# Person, money, how, gain, end, fee.
Key: TypeAlias = tuple[str, str, str, float, str, float]

_SOLD, _NEVER = AtTheEnd.LIQUIDATION.value, AtTheEnd.STEP_UP.value
_WAYS = {"priced": "priced by the engine", "at once": "sold at once"}


class Measured(NamedTuple):
    """What came out: years until a move is ahead, and by how much it is at the end of each year."""

    years: list[int]
    first: dict[Key, float]  # infinite: in none
    ahead: dict[Key, list[float]]  # parts of worth
    in_fund: dict[tuple[str, str, float], float]  # (person, money, gain): part of value, after a year


class Of(NamedTuple):
    """What tables and pictures are of."""

    clients: tuple[tuple[str, str], ...]  # person, money
    gains: tuple[float, ...]
    fees: tuple[float, ...]
    fee: float  # the one that pictures are drawn at


CLAIM = (
    "Expected: a very wealthy client without a gain in the fund is ahead with a direct index within the years lived; "
    "the larger the gain and the fee, the later; at a gain of 60% and without new money the fund is kept."
)
RULE = (
    "Of the move that the engine prices, a very wealthy client, without new money: reproduced if at 0.20% against "
    "0.03% who has no gain is ahead within the years lived and who has 60% is not, whether everything is sold at the "
    "end or nothing ever is, and if no break-even comes earlier as the gain or the fee rises. In part if none comes "
    "earlier as the gain rises and one of the first two holds. Else not."
)
WHY = (
    "Before it sells, the engine weighs the tax of the move against the tracking that it saves, not against what could "
    "be harvested later: what stays in the fund pays the fee and harvests little. What is moved at once is free to be "
    "harvested, and its tax must be earned back first."
)
DEFINITIONS = (
    (
        "Ahead",
        (
            "Both ways are taken to be worth what the fund made of the same money on the same days. Taxes of each "
            "year, half spreads (those of the move included) and the fee are taken from that, with what they would "
            "have earned; a way is ahead by what it has lost less, as a part of that worth."
        ),
    ),
    ("Sold at the end", "Everything is sold at the end of the year that is told, some days later, and taxed."),
    ("Never sold", "What is left is never taxed: an estate, or a gift to charity."),
    ("Years until ahead", "The first year from whose end on moving is ahead in every later one, too; else: keep."),
    (
        "Priced by the engine",
        (
            "The account is opened in shares of the fund, with their basis; the engine moves into the direct index "
            "what is worth its tax, by the default profile, and manages what it has."
        ),
    ),
    (
        "Sold at once",
        (
            "The whole fund is sold on the first day and taxed at the long-term rate, from other money; the direct "
            "index begins in cash. That tax has no netting with losses of the same year."
        ),
    ),
    ("Fee", "Of the direct index a year, less that of the fund, which is in its price (0.03%). It is not deducted."),
)


def _years(value: float) -> str:
    return f"{value:.0f}" if np.isfinite(value) else "keep"


def _percent(value: float) -> str:
    return f"{100 * value:+.1f}%".replace("-", "\N{MINUS SIGN}")


def tables_of(measured: Measured, of: Of) -> tuple[Table, ...]:
    """Years until a move is ahead by gain and fee, by how much in the last year lived, and what stays in the fund."""
    return (
        *(_years_of(measured.first, how, of) for how in _WAYS),
        _ahead_of(measured.ahead, of),
        _fund_of(measured, of),
    )


def _by_gain(of: Of) -> tuple[str, ...]:
    return tuple(f"gain of {gain:.0%}" for gain in of.gains)


def _years_of(first: Mapping[Key, float], how: str, of: Of) -> Table:
    rows = []
    for person, money in of.clients:
        for fee in of.fees:
            cells = [
                " / ".join(_years(first[(person, money, how, gain, end, fee)]) for end in (_SOLD, _NEVER))
                for gain in of.gains
            ]
            rows.append((f"{person}, {money}", f"{fee:.2%}", *cells))
    note = (
        "Gain: of the fund's worth on the first day. Fee: of the direct index less that of the fund, a year. Each: if "
        "everything is sold at the end / if it is never sold. Keep: it is not ahead for good in the years lived."
    )
    title = f"Years until a direct index is ahead: {_WAYS[how]}"
    return Table(title, ("client", "fee", *_by_gain(of)), tuple(rows), note)


def _ahead_of(ahead: Mapping[Key, Sequence[float]], of: Of) -> Table:
    rows = []
    for person, money in of.clients:
        for how, words in _WAYS.items():
            cells = [
                " / ".join(_percent(ahead[(person, money, how, gain, end, of.fee)][-1]) for end in (_SOLD, _NEVER))
                for gain in of.gains
            ]
            rows.append((f"{person}, {money}", words, *cells))
    note = "Below zero: behind keeping the fund. Sold at the end / never sold."
    title = f"Ahead in the last year lived, percent of worth, at a fee of {of.fee:.2%} more than the fund's"
    return Table(title, ("client", "moved", *_by_gain(of)), tuple(rows), note)


def _fund_of(measured: Measured, of: Of) -> Table:
    rows = tuple(
        (f"{person}, {money}", *(f"{measured.in_fund[(person, money, gain)]:.0%}" for gain in of.gains))
        for person, money in of.clients
    )
    note = "Of the value of accounts that the engine moves. It pays the fee of the direct index, too."
    return Table("Still in the fund after a year", ("client", *_by_gain(of)), rows, note)


def pictures_of(measured: Measured, of: Of) -> tuple[Picture, ...]:
    """By how much moving is ahead, year by year, for each gain: the first client, moved as the engine prices it."""
    made, (person, money) = [], of.clients[0]
    for end, ending in ((_SOLD, "sold at the end"), (_NEVER, "never sold")):
        title = f"Ahead of keeping the fund, percent of worth, {ending}: {person}, {money}, {_WAYS['priced']}"
        drawn = []
        for gain in of.gains:
            values = measured.ahead[(person, money, "priced", gain, end, of.fee)]
            points = tuple((float(year), 100 * value) for year, value in zip(measured.years, values, strict=True))
            drawn.append(Curve(f"gain of {gain:.0%}", points))
        made.append(Picture(curves(drawn, ("years", "ahead, % of worth"), title), title))
    return tuple(made)
