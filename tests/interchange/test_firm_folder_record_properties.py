"""A year's trades come to the same whether they are posted to a ledger or only lie in the folder with the lots."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.interchange.firm_folder import read_firm
from lotwise.interchange.ledger_files.posting import post_files
from lotwise.money import DOLLAR
from tests.interchange.recorded_firm import about, gains, write_folder

ACCOUNTS = ("own", "second", "ira", "spouse", "other")
SYMBOLS = ("AAA", "AAA", "BBB", "TWIN", "TWIN2")
LAST = date(2025, 6, 30)


@dataclass
class Held:
    account: str
    symbol: str
    shares: int
    price: int  # dollars a share: parts of a lot have exact bases
    day: date


def history(chance: random.Random) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Trades since the year began, every sale of a named lot, and the lots that are left, in no custodian's words."""
    held: dict[str, Held] = {}
    rows: list[str] = []
    day = date(2025, 1, 3)
    while (day := day + timedelta(days=chance.randrange(1, 12))) <= LAST:
        for _ in range(chance.randrange(1, 4)):
            number = len(rows)
            open_lots = [name for name, lot in held.items() if lot.shares]
            if open_lots and chance.random() < 0.5:
                name = chance.choice(open_lots)
                lot = held[name]
                shares = chance.choice((lot.shares, chance.randrange(1, lot.shares + 1)))
                lot.shares -= shares
                amount = shares * chance.randrange(5, 16)
                rows.append(f"{day},{lot.account},sell,T{number},{lot.symbol},{shares},{amount},,,,{name}")
            else:
                lot = Held(
                    chance.choice(ACCOUNTS),
                    chance.choice(SYMBOLS),
                    chance.randrange(1, 9),
                    chance.randrange(5, 16),
                    day,
                )
                held[f"L{number}"] = lot
                kind = chance.choice(("buy", "buy", "reinvest"))
                cells = f"{lot.symbol},{lot.shares},{lot.shares * lot.price}"
                rows.append(f"{day},{lot.account},{kind},T{number},{cells},,,,L{number}")
    lots = [
        f"{lot.account},{name},{lot.symbol},{lot.shares},{lot.day},{lot.shares * lot.price},,purchase"
        for name, lot in held.items()
        if lot.shares
    ]
    return tuple(rows), tuple(lots)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_posted_or_not_the_record_says_the_same(seed: int) -> None:
    trades, lots = history(random.Random(seed))
    with tempfile.TemporaryDirectory() as place:
        folder = write_folder(Path(place) / "firm", trades, lots)
        loose = read_firm(folder)
        assert post_files(folder).exit_status == 0
        posted = read_firm(folder)
    assert not about(loose, "must be the shares that the lots hold")
    assert not about(posted, "lotwise ledger")
    for household in ("H1", "H2", "H3"):
        assert gains(loose, household) == gains(posted, household)
    for one, other in (
        *zip(loose.book.windows, posted.book.windows, strict=True),
        *zip(loose.book.lots, posted.book.lots, strict=True),
    ):
        np.testing.assert_array_equal(one, other)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_dollars_are_gained_deferred_or_gone(seed: int) -> None:
    """What taxable accounts recognise and what their lots cost is what was paid and received, but for IRA purchases."""
    trades, lots = history(random.Random(seed))
    no_ira = tuple(row for row in trades if ",ira," not in row)
    left = tuple(row for row in lots if not row.startswith("ira,"))
    # With an original basis every loss is missing from the basis, those of the lot's own account too.
    stated = tuple(",".join([*row.split(",")[:6], row.split(",")[5], "purchase"]) for row in left)
    with tempfile.TemporaryDirectory() as place:
        firm = read_firm(write_folder(Path(place) / "firm", no_ira, stated))
    paid = sum(int(row.split(",")[6]) * (-1 if ",sell," in row else 1) for row in no_ira)
    recognised = sum(Decimal(sum(gains(firm, household))) for household in ("H1", "H2", "H3"))
    assert Decimal(int(firm.book.lots.basis.sum())) / DOLLAR == paid + recognised
