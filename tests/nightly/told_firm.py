"""A firm folder with a posted ledger, of which it can be told what was saved; prices move twice, one share splits."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from lotwise.dates import is_trading_day
from lotwise.interchange.ledger_files.posting import open_from_lots, post_files

__all__ = ["FIRST", "LAST", "told_firm"]

FIRST, LAST = date(2025, 6, 2), date(2026, 2, 27)
_SPLIT = date(2025, 11, 3)  # two for one, of B
_EX_DAY = date(2025, 8, 15)  # B pays two dollars a share

_HOUSEHOLDS = """household_id,model,filing_status,federal_short_rate,federal_long_rate,state_rate,fee_bps
H1,halves,single,0.408,0.238,0,50
H2,halves,single,0.408,0.238,0,
"""
_ACCOUNTS = """account_id,household_id,kind,cash
A1,H1,taxable,{cash}
A2,H2,roth,0
"""
_SECURITIES = """symbol,kind,spread_bps,asset_class,qualified_share
A,stock,1,equity,1
B,stock,1,equity,1
"""
_MODELS = "model,symbol,weight\nhalves,A,0.5\nhalves,B,0.5\n"
_ACTIONS = f"date,symbol,kind,ratio\n{_SPLIT},B,split,2\n"
_LOTS = """account_id,lot_id,symbol,shares,acquired,basis
A1,L1,A,500,2020-01-02,25000
A1,L2,B,{shares},2020-01-02,50000
A2,L3,A,10,2020-01-02,500
"""
_TRANSACTIONS = f"""date,account_id,kind,transaction_id,symbol,shares,amount,price,qualified
{_EX_DAY},A1,dividend,t1,B,,1000,,true
2026-01-15,A1,sell,t2,A,100,15000,150,
"""
_EXPOSURES = "symbol,factor,value\nA,market,1\nB,market,1\n"
_SPECIFIC = "symbol,variance\nA,0.04\nB,0.04\n"


def _days() -> list[date]:
    return [
        day
        for day in (FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1))
        if is_trading_day(day)
    ]


def _prices() -> str:
    """A is 100, from September on 150; B is 100 and, on the share basis of the last day, 50; it pays 2 once."""
    rows = ["date,symbol,close,adj_close"]
    for day in _days():
        close = 100 if day < date(2025, 9, 2) else 150
        rows.append(f"{day},A,{close},{close}")
        rows.append(f"{day},B,50,{50 if day < _EX_DAY else 51}")
    return "\n".join((*rows, ""))


def told_firm(folder: Path) -> Path:
    """Write the folder, open its ledger with the lots of the first day, and post what happened until the last."""
    folder.mkdir(parents=True, exist_ok=True)
    risk = folder / "risk"
    risk.mkdir(exist_ok=True)
    (risk / "exposures.csv").write_text(_EXPOSURES)
    (risk / "covariance.csv").write_text("factor,factor2,value\nmarket,market,0.02\n")
    (risk / "specific.csv").write_text(_SPECIFIC)
    for name, text in (
        ("households", _HOUSEHOLDS),
        ("securities", _SECURITIES),
        ("models", _MODELS),
        ("prices", _prices()),
    ):
        (folder / f"{name}.csv").write_text(text)

    def on(day: date, cash: int, shares: int) -> None:
        (folder / "firm.toml").write_text(f'version = 1\nname = "Told"\nas_of = {day}\n')
        (folder / "accounts.csv").write_text(_ACCOUNTS.format(cash=cash))
        (folder / "lots.csv").write_text(_LOTS.format(shares=shares))

    on(FIRST, 0, 500)
    opened = open_from_lots(folder)
    assert opened.exit_status == 0, opened.findings
    on(LAST, 16_000, 1_000)
    (folder / "corporate_actions.csv").write_text(_ACTIONS)
    (folder / "transactions.csv").write_text(_TRANSACTIONS)
    posted = post_files(folder, today=LAST)
    assert posted.exit_status == 0, posted.findings
    return folder
