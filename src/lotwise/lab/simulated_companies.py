"""The companies of a simulated market: who is listed when, in which sector, under which invented name.

The index always has the same number of members. A member leaves by a takeover or by failing; a company listed some
time before takes its place. Symbols have no vowel and begin with a rare letter, names are the symbol and a
sector, so that nobody takes them for real ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.lab.market_panel import Int32Array

__all__ = ["FAILURE", "SECTORS", "TAKEOVER", "Companies", "Sector", "list_companies"]

TAKEOVER = 1
FAILURE = 2

# Members that leave per year and member, and the share of them that fail. About 20 of the 500 largest US companies
# leave a year; one in 100 members a year ends in a collapse rather than a takeover.
EXIT_RATE = 0.04
FAILED_SHARE = 0.25

# Rows before the end in which nobody leaves: the firm's last quarter has no delisting to settle.
QUIET_ROWS = 60
# Rows a company stays a member at least.
LEAST_STAY = 300
# A failing company is traded for this many rows after it leaves the index.
AFTERLIFE_ROWS = (30, 120)
# Longest history of a newcomer before it joins the index, in rows.
LONGEST_WAIT = 500


class Sector(NamedTuple):
    """One sector: its share of the companies, its industries, its market beta and typical dividend yield."""

    name: str
    share: float
    beta: float
    dividend_yield: float
    industries: tuple[str, ...]


# Sector names and shares after the large US companies of the 2020s; betas and yields rounded.
SECTORS = (
    Sector("Communication Services", 0.045, 0.95, 0.012, ("Media", "Telecommunication", "Entertainment")),
    Sector(
        "Consumer Discretionary",
        0.10,
        1.15,
        0.010,
        ("Apparel", "Automobiles", "Home Building", "Hotels & Leisure", "Specialty Retail"),
    ),
    Sector("Consumer Staples", 0.07, 0.65, 0.026, ("Beverages", "Food Products", "Household Products", "Tobacco")),
    Sector(
        "Energy",
        0.045,
        1.10,
        0.034,
        ("Oil & Gas Exploration & Production", "Oil & Gas Refining", "Pipelines"),
    ),
    Sector("Financials", 0.15, 1.10, 0.021, ("Asset Management", "Banks", "Exchanges", "Insurance")),
    Sector("Health Care", 0.12, 0.85, 0.013, ("Biotechnology", "Equipment", "Health Services", "Pharmaceuticals")),
    Sector(
        "Industrials",
        0.155,
        1.05,
        0.015,
        ("Aerospace & Defense", "Building Products", "Machinery", "Railroads", "Services"),
    ),
    Sector(
        "Information Technology",
        0.145,
        1.25,
        0.007,
        ("Hardware", "IT Services", "Semiconductors", "Software"),
    ),
    Sector("Materials", 0.055, 1.05, 0.019, ("Chemicals", "Metals & Mining", "Packaging")),
    Sector("Real Estate", 0.06, 0.90, 0.033, ("Office REITs", "Residential REITs", "Retail REITs")),
    Sector("Utilities", 0.055, 0.60, 0.032, ("Electric Utilities", "Gas Utilities", "Water Utilities")),
)


class Companies(NamedTuple):
    """C companies in the order in which they joined the index; rows are rows of the panel's days."""

    symbols: tuple[str, ...]
    names: tuple[str, ...]
    sector: Int32Array  # (C,) position in SECTORS
    industries: tuple[str, ...]
    listed: Int32Array  # (C,) first row with a price
    joined: Int32Array  # (C,) first row as a member
    left: Int32Array  # (C,) first row no longer a member; T for members of the last day
    delisted: Int32Array  # (C,) first row without a price; T for the living
    fate: Int32Array  # (C,) 0 = alive, TAKEOVER, FAILURE


def _symbols(rng: np.random.Generator, count: int) -> list[str]:
    """Invent distinct four-letter symbols: Q, X or Z and three consonants (3 x 20 cubed of them)."""
    consonants = np.array(list("BCDFGHJKLMNPQRSTVWXZ"))
    first = np.array(list("QXZ"))
    codes = rng.permutation(len(first) * len(consonants) ** 3)[:count]
    digits = [codes // 8000, codes // 400 % 20, codes // 20 % 20, codes % 20]
    letters = [first[digits[0]], *(consonants[digit] for digit in digits[1:])]
    return ["".join(parts) for parts in zip(*letters, strict=True)]


def _lifetimes(rng: np.random.Generator, rows: int, members: int) -> NDArray[np.int32]:
    """(C, 5) listed, joined, left, delisted, fate: walk through the exits in time and seat a newcomer each time."""
    exits = round(members * EXIT_RATE * rows / 252)
    when = np.sort(rng.choice(np.arange(LEAST_STAY, rows - QUIET_ROWS), size=exits, replace=False))
    lives = [[0, 0, rows, rows, 0] for _ in range(members)]
    seats = list(range(members))
    for row in when:
        ready = [seat for seat, company in enumerate(seats) if lives[company][1] <= row - LEAST_STAY]
        seat = int(rng.choice(ready))
        afterlife = int(rng.integers(*AFTERLIFE_ROWS))
        failing = rng.random() < FAILED_SHARE and row + afterlife < rows - QUIET_ROWS
        leaver = lives[seats[seat]]
        leaver[2] = int(row)
        leaver[3] = int(row) + (afterlife if failing else 0)
        leaver[4] = FAILURE if failing else TAKEOVER
        waited = int(rng.integers(0, LONGEST_WAIT))
        seats[seat] = len(lives)
        lives.append([max(0, int(row) - waited), int(row), rows, rows, 0])
    return np.array(lives, dtype=np.int32)


def list_companies(rng: np.random.Generator, rows: int, members: int) -> Companies:
    """Draw the companies of an index of `members` over `rows` trading days."""
    if rows < LEAST_STAY + QUIET_ROWS + 50:
        raise ValueError(f"a simulated market needs at least {LEAST_STAY + QUIET_ROWS + 50} trading days, had {rows}")
    lives = _lifetimes(rng, rows, members)
    count = len(lives)
    share = np.array([sector.share for sector in SECTORS])
    sector = rng.choice(len(SECTORS), size=count, p=share / share.sum()).astype(np.int32)
    draw = rng.random(count)
    symbols = _symbols(rng, count)
    industries = []
    names = []
    for company, place in enumerate(sector):
        choices = SECTORS[place].industries
        industries.append(choices[int(draw[company] * len(choices))])
        names.append(f"{symbols[company].capitalize()} {SECTORS[place].name} {company + 1}")
    return Companies(
        symbols=tuple(symbols),
        names=tuple(names),
        sector=sector,
        industries=tuple(industries),
        listed=lives[:, 0],
        joined=lives[:, 1],
        left=lives[:, 2],
        delisted=lives[:, 3],
        fate=lives[:, 4],
    )
