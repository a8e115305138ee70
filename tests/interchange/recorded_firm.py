"""A firm folder whose record matters: one couple, a stranger, two securities; transactions and lots as given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np

from lotwise.dates import NO_DATE, from_day_number
from lotwise.errors import Finding
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.money import DOLLAR, SHARE

HOUSEHOLDS = """household_id,model,filing_status,federal_short_rate,federal_long_rate,wash_group,ytd_short_gains
H1,core,married_separate,0.3,0.15,couple,77
H2,core,married_separate,0.3,0.15,couple,77
H3,core,single,0.3,0.15,,77
"""
ACCOUNTS = """account_id,household_id,kind,cash,held_away
own,H1,taxable,1000,
second,H1,taxable,1000,
away,H1,taxable,0,true
ira,H1,traditional,1000,
spouse,H2,taxable,1000,
other,H3,taxable,1000,
"""
SECURITIES = """symbol,kind,spread_bps,identical_group
AAA,stock,1,
BBB,stock,1,
TWIN,etf,1,same
TWIN2,etf,1,same
"""
PRICES = """date,symbol,close
2025-06-30,AAA,10
2025-06-30,BBB,10
2025-06-30,TWIN,10
2025-06-30,TWIN2,10
"""
MODELS = "model,symbol,weight\ncore,AAA,0.5\ncore,BBB,0.5\n"
LOTS = "account_id,lot_id,symbol,shares,acquired,basis,original_basis,acquisition"
TRADES = "date,account_id,kind,transaction_id,symbol,shares,amount,basis,acquired,term,lot_id"
FIRM = 'version = 1\nname = "Recorded"\nas_of = 2025-06-30\n'

# The file begins with the year: what it does not say did not happen.
FIRST = "2025-01-02,{},deposit,,,,1,,,,"
ACCOUNT_IDS = ("own", "second", "away", "ira", "spouse", "other")


@dataclass(frozen=True)
class Lot:
    """A lot of the book, as a reader would say it."""

    shares: Decimal
    basis: Decimal
    start: date
    replaces: bool  # whether its purchase can still replace shares sold at a loss


@dataclass(frozen=True)
class Window:
    """An open window; None = that side is not open."""

    no_buy_until: date | None
    bought: Decimal
    no_loss_until: date | None


def write_folder(folder: Path, trades: tuple[str, ...], lots: tuple[str, ...], **files: str) -> Path:
    """Write the folder; rows of transactions and lots without their headers."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "firm.toml": FIRM,
        "households.csv": HOUSEHOLDS,
        "accounts.csv": ACCOUNTS,
        "securities.csv": SECURITIES,
        "prices.csv": PRICES,
        "models.csv": MODELS,
        "lots.csv": "\n".join([LOTS, *lots, ""]),
        "transactions.csv": "\n".join([TRADES, *map(FIRST.format, ACCOUNT_IDS), *trades, ""]),
    } | {name.replace("__", "."): text for name, text in files.items()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, trades: tuple[str, ...], lots: tuple[str, ...] = (), **files: str) -> Firm:
    """Write a folder and read it."""
    return read_firm(write_folder(folder, trades, lots, **files))


def _day(number: int) -> date | None:
    return None if number == NO_DATE else from_day_number(number)


def window(firm: Firm, household: str, symbol: str) -> Window:
    """The open window of a household for a security."""
    windows = firm.book.windows
    place = firm.labels.households.tolist().index(household)
    group = firm.market.identical[firm.market_labels.symbols.index(symbol)]
    rows = range(windows.start[place], windows.start[place + 1])
    found = [row for row in rows if windows.identical[row] == group]
    if not found:
        return Window(None, Decimal(0), None)
    (row,) = found
    return Window(
        _day(int(windows.no_buy_until[row])),
        Decimal(int(windows.bought_shares[row])) / SHARE,
        _day(int(windows.no_loss_until[row])),
    )


def lot(firm: Firm, account: str, name: str) -> Lot:
    """A lot of an account by its name."""
    place = firm.labels.accounts.tolist().index(account)
    start = firm.book.accounts.lot_start
    rows = [row for row in range(start[place], start[place + 1]) if firm.labels.lots[row] == name]
    (row,) = rows
    lots = firm.book.lots
    return Lot(
        Decimal(int(lots.shares[row])) / SHARE,
        Decimal(int(lots.basis[row])) / DOLLAR,
        from_day_number(int(lots.holding_start[row])),
        bool(lots.flags[row] & 4),
    )


def gains(firm: Firm, household: str) -> tuple[Decimal | int, Decimal | int]:
    """Short and long gains of the year before tonight, in dollars."""
    row = firm.book.tax[firm.labels.households.tolist().index(household)]
    return Decimal(int(row["short_gains"])) / DOLLAR, Decimal(int(row["long_gains"])) / DOLLAR


def about(firm: Firm, words: str) -> list[Finding]:
    """Findings that say these words anywhere."""
    return [finding for finding in firm.findings if words in str(finding)]


def all_free(firm: Firm) -> bool:
    """Whether no window is open."""
    return bool(np.all(np.diff(firm.book.windows.start) == 0))
