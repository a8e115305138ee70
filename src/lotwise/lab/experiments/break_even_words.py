"""What the break-even of a direct index says: claim, rule, definitions, its tables and its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from lotwise.lab.cohorts.measures import AtTheEnd
from lotwise.lab.experiments.protocol import Picture, Table
from lotwise.reports.lab_pictures import Curve, curves

__all__ = ["CLAIM", "DEFINITIONS", "RULE", "WHY", "Key", "pictures_of", "table_by_fee", "table_of"]

# Person, money, how, gain, end, fee.
Key: TypeAlias = tuple[str, str, str, float, str, float]

_SOLD, _NEVER = AtTheEnd.LIQUIDATION.value, AtTheEnd.STEP_UP.value

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
    "be harvested later: what stays in the fund pays the fee and harvests nothing. What is moved at once is free to be "
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


def table_of(
    keys: Sequence[tuple[str, str, float]],
    first: Mapping[Key, float],
    ahead: Mapping[Key, Sequence[float]],
    in_fund: Mapping[tuple[str, str, float], float],
    fee: float,
) -> Table:
    """Years until a move is ahead by gain, at one fee; by how much it is in the end, and what stays in the fund."""
    rows = []
    for person, money, gain in keys:
        cells = []
        for how in ("priced", "at once"):
            own = [(person, money, how, gain, end, fee) for end in (_SOLD, _NEVER)]
            cells += [_years(first[key]) for key in own] + [_percent(ahead[key][-1]) for key in own]
        stays = f"{in_fund[(person, money, gain)]:.0%}"
        rows.append((f"{person}, {money}", f"{gain:.0%}", stays, *cells))
    columns = (
        "client", "gain", "in the fund after a year",
        "priced: sold", "never sold", "ahead, sold", "ahead, never",
        "at once: sold", "never sold", "ahead, sold", "ahead, never",
    )  # fmt: skip
    note = (
        "Gain: of the fund's worth on the first day. Priced, at once: years until the move is ahead. Ahead: in the "
        "last year lived, percent of worth. Keep: it is ahead in none of the last years, the advice is to keep the "
        "fund."
    )
    return Table(
        f"Years until a direct index is ahead, at a fee of {fee:.2%} more than the fund's", columns, tuple(rows), note
    )


def table_by_fee(keys: Sequence[tuple[str, str, float]], first: Mapping[Key, float], fees: Sequence[float]) -> Table:
    """Years until a move is ahead by gain and fee, sold at the end / never sold."""
    rows = []
    for person, money, gain in keys:
        cells = [
            " / ".join(_years(first[(person, money, how, gain, end, fee)]) for end in (_SOLD, _NEVER))
            for how in ("priced", "at once")
            for fee in fees
        ]
        rows.append((f"{person}, {money}", f"{gain:.0%}", *cells))
    columns = tuple(f"{how}, {fee:.2%}" for how in ("priced", "at once") for fee in fees)
    note = "Fee of the direct index less that of the fund. Each: sold at the end / never sold."
    return Table("Years until ahead, by gain and fee", ("client", "gain", *columns), tuple(rows), note)


def pictures_of(
    years: Sequence[int], ahead: Mapping[Key, Sequence[float]], gains: Sequence[float], fee: float
) -> tuple[Picture, ...]:
    """By how much moving is ahead, year by year, for each gain: the very wealthy client without new money."""
    made = []
    for how, words in (("priced", "moved as the engine prices it"), ("at once", "sold and moved at once")):
        for end, ending in ((_SOLD, "sold at the end"), (_NEVER, "never sold")):
            title = f"Ahead of keeping the fund, percent of worth: {words}, {ending}; very wealthy, no new money"
            drawn = [
                Curve(
                    f"gain of {gain:.0%}",
                    tuple(
                        (float(year), 100 * value)
                        for year, value in zip(
                            years, ahead[("very wealthy", "no new money", how, gain, end, fee)], strict=True
                        )
                    ),
                )
                for gain in gains
            ]
            made.append(Picture(curves(drawn, ("years", "ahead, % of worth"), title), title))
    return tuple(made)
