"""Small firm folders with a ledger, written as files, and what a ledger holds in names and exact decimals."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from lotwise.errors import Finding, Severity
from lotwise.interchange.ledger_files.posting import PostReport, open_ledger, post_files
from lotwise.money import DOLLAR
from lotwise.storage.ledger import Ledger
from lotwise.storage.listings import chosen_accounts, list_lots, list_realized, list_washes

ACCOUNTS = """account_id,household_id,kind,cash
own,H1,taxable,0
ira,H1,traditional,0
spouse,H2,taxable,0
other,H3,taxable,0
"""

HOUSEHOLDS = """household_id,model,wash_group
H1,core,couple
H2,core,couple
H3,core,
"""

HEADER = "date,account_id,kind,transaction_id,symbol,shares,amount,fee,lot_id"


def folder_with(path: Path, **files: str) -> Path:
    """Write a firm folder: accounts and households as above unless given; `transactions__csv` is transactions.csv."""
    path.mkdir(parents=True, exist_ok=True)
    named = {"accounts__csv": ACCOUNTS, "households__csv": HOUSEHOLDS, **files}
    for name, text in named.items():
        (path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return path


def post(folder: Path, *rows: str, header: str = HEADER, name: str = "new.csv", backdated: bool = False) -> PostReport:
    """Write rows into a file of the folder and post it."""
    file = folder / name
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return post_files(folder, [file], backdated=backdated)


def ledger_of(folder: Path) -> Ledger:
    return open_ledger(folder).ledger


def shares_of(folder: Path) -> dict[tuple[str, str], Decimal]:
    """Shares by account and symbol."""
    ledger = ledger_of(folder)
    found: dict[tuple[str, str], Decimal] = {}
    for row in list_lots(ledger, chosen_accounts(ledger)).iter_rows(named=True):
        key = (row["account_id"], row["symbol"])
        found[key] = found.get(key, Decimal(0)) + Decimal(row["shares"])
    return found


def cash_of_accounts(folder: Path) -> dict[str, Decimal]:
    """Dollars that all events moved, by account."""
    standing = ledger_of(folder).standing()
    return {
        name: Decimal(int(cash)) / DOLLAR
        for name, cash in zip(standing.names.accounts.to_list(), standing.cash, strict=True)
        if cash
    }


def everything(folder: Path) -> dict[str, object]:
    """All that a ledger holds, in names, whatever its codes and numbers."""
    ledger = ledger_of(folder)
    state = ledger.standing().state
    everyone = chosen_accounts(ledger)
    frames = {
        "lots": list_lots(ledger, everyone),
        "realized": list_realized(ledger, state.realized),
        "washes": list_washes(ledger, everyone),
    }
    rows: dict[str, object] = {name: sorted(map(str, frame.rows())) for name, frame in frames.items()}
    return {**rows, "cash": cash_of_accounts(folder)}


def by_lot(folder: Path) -> dict[tuple[str, ...], tuple[Decimal, ...]]:
    """Shares and amounts of each lot and of each lot sold, whatever pieces it is in."""
    ledger = ledger_of(folder)
    found: dict[tuple[str, ...], tuple[Decimal, ...]] = {}
    for frame, keys, amounts in (
        (list_lots(ledger, chosen_accounts(ledger)), ("account_id", "lot_id"), ("shares", "basis")),
        (
            list_realized(ledger, ledger.standing().state.realized),
            ("account_id", "lot_id", "sold", "term"),
            ("shares", "proceeds", "basis", "disallowed", "gone_for_ever"),
        ),
    ):
        for row in frame.iter_rows(named=True):
            key = tuple(str(row[name]).partition("~")[0] for name in keys)
            before = found.get(key, (Decimal(0),) * len(amounts))
            found[key] = tuple(one + Decimal(row[name]) for one, name in zip(before, amounts, strict=True))
    return found


def errors(report: PostReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity is Severity.ERROR]


def parts(folder: Path) -> list[str]:
    """Names of everything in the journal's folder."""
    return sorted(path.name for path in (folder / "ledger" / "journal").iterdir())
