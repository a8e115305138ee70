"""An account of the yardstick as a firm folder: `lotwise rebalance` must reach what the kernel reaches.

    python bench/firm_of_account.py --yardstick DIR [--names 100 500] [--seeds 3] [--keep FOLDER]

The firm has one household with one taxable account. Its profile sets the reference objective (risk_price_bps
as given, no deferral, every loss usable, true trading cost), its risk model is brought along, and its trades
are read back and evaluated the yardstick's way. Exit status 1 if the objective differs from the kernel's by
more than 0.2 bp.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # bench is a folder, not installed

from bench.adapter import solve
from bench.yardstick import Yardstick

__all__ = ["read_trades", "write_firm"]

Account = Mapping[str, Any]
Floats = NDArray[np.float64]

# No 29 February in the year before this trading day, so an age of more than 365 days is long term by the
# calendar too.
_AS_OF = date(2025, 6, 30)
_HOUSEHOLD, _ACCOUNT, _MODEL = "H1", "A1", "index"
_SHORT_RATE, _LONG_RATE = 0.408, 0.238  # the yardstick's
_ALLOWED = 0.2  # bp: shares are whole millionths and money whole ten-thousandths in the folder
_BASIS_POINT = 1e-4

_PROFILE = """
deferral_discount = 0
harvest = "any"
loss_usability = 1
trading_cost_multiplier = 1
buy_opportunity_cost = false
short_term_wait_cap = 1
cash_band = 0
minimum_trade = 0
fractional_shares = true
worth_it_bps = 0
"""


def _symbol(i: int) -> str:
    return f"S{i:04d}"


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([repr(cell) if isinstance(cell, float) else cell for cell in row] for row in rows)


def write_firm(account: Account, folder: Path) -> None:
    """Write the account as a firm folder that asks for the reference objective."""
    folder.mkdir(parents=True, exist_ok=True)
    n, value = int(account["n"]), float(account["V"])
    cash_target = float(account["cash_target"])
    profile = f"risk_price_bps = {account['gamma']!r}\ncash_target = {cash_target!r}\n{_PROFILE.strip()}\n"
    (folder / "firm.toml").write_text(
        f'version = 1\nname = "One account"\nas_of = {_AS_OF.isoformat()}\n\n[profile]\n{profile}',
        encoding="utf-8",
    )
    rates = ("federal_short_rate", "federal_long_rate", "state_rate")
    household = (_HOUSEHOLD, _MODEL, _SHORT_RATE, _LONG_RATE, 0)
    _write(folder / "households.csv", ("household_id", "model", *rates), [household])
    cash = round(float(account["cash_now"]) * value, 4)
    _write(
        folder / "accounts.csv",
        ("account_id", "household_id", "kind", "cash"),
        [(_ACCOUNT, _HOUSEHOLD, "taxable", cash)],
    )
    weights = [(_MODEL, _symbol(i), float(account["b"][i])) for i in range(n)]
    _write(folder / "models.csv", ("model", "symbol", "weight"), [*weights, (_MODEL, "CASH", cash_target)])
    barred = [(_HOUSEHOLD, "never_buy", "symbol", _symbol(int(i))) for i in np.flatnonzero(account["nobuy"])]
    _write(folder / "restrictions.csv", ("household_id", "rule", "scope", "value"), barred)
    _write_lots(account, folder)
    _write_market(account, folder)


def _write_lots(account: Account, folder: Path) -> None:
    value = float(account["V"])
    rows = []
    for lot, name in enumerate(np.asarray(account["lot_i"]).tolist()):
        dollars = float(account["lot_q"][lot]) * value
        shares = dollars / float(account["price"][name])
        acquired = _AS_OF - timedelta(days=int(account["lot_age"][lot]))
        basis = dollars * float(account["lot_basis"][lot])
        rows.append((_ACCOUNT, f"L{lot}", _symbol(name), f"{shares:.6f}", acquired.isoformat(), f"{basis:.4f}"))
    _write(folder / "lots.csv", ("account_id", "lot_id", "symbol", "shares", "acquired", "basis"), rows)


def _write_market(account: Account, folder: Path) -> None:
    n, k = account["X"].shape
    symbols, factors = [_symbol(i) for i in range(n)], [f"F{f:02d}" for f in range(k)]
    spreads = [(symbols[i], "stock", 2e4 * float(account["kappa"][i])) for i in range(n)]
    _write(folder / "securities.csv", ("symbol", "kind", "spread_bps"), spreads)
    price = np.asarray(account["price"], dtype=np.float64)
    pl.DataFrame({"date": [_AS_OF] * n, "symbol": symbols, "close": price, "adj_close": price}).write_parquet(
        folder / "prices.parquet"
    )
    risk = folder / "risk"
    exposures = ((symbols[i], factors[f], float(account["X"][i, f])) for i in range(n) for f in range(k))
    _write(risk / "exposures.csv", ("symbol", "factor", "value"), exposures)
    covariance = ((factors[f], factors[g], float(account["Omega"][f, g])) for f in range(k) for g in range(k))
    _write(risk / "covariance.csv", ("factor", "factor2", "value"), covariance)
    _write(
        risk / "specific.csv",
        ("symbol", "variance"),
        ((symbols[i], float(account["d"][i])) for i in range(n)),
    )


def read_trades(account: Account, out: Path) -> tuple[Floats, Floats]:
    """Read trades.csv back as purchases (n,) and sales (L,), in fractions of value, the account's lot order."""
    buy, sell = np.zeros(int(account["n"])), np.zeros(len(account["lot_i"]))
    with (out / "trades.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = int(row["symbol"][1:])
            fraction = float(row["shares"]) * float(account["price"][name]) / float(account["V"])
            if row["side"] == "buy":
                buy[name] += fraction
            else:
                sell[int(row["lot_id"][1:])] += fraction
    return buy, sell


def rebalance(folder: Path, out: Path) -> None:
    """Run `lotwise rebalance` as a person would; exit status 1 (a household held back) is an error here."""
    program = Path(sys.executable).with_name("lotwise")
    command = [str(program), "rebalance", str(folder), "--out", str(out)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own program
    if done.returncode:
        raise RuntimeError(
            f"lotwise rebalance ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold `lotwise rebalance` against the kernel on one account.")
    parser.add_argument(
        "--yardstick", type=Path, required=True, help="folder with workload.py, qpform.py and solvers.py"
    )
    parser.add_argument("--names", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="write the folders here and leave them")
    chosen = parser.parse_args()
    yardstick = Yardstick(chosen.yardstick)
    worst = 0.0
    print(" names seed       kernel bp       folder bp   difference bp   cash off      wash")
    with tempfile.TemporaryDirectory() as scratch:
        for names in chosen.names:
            for seed in range(chosen.seeds):
                folder = (chosen.keep or Path(scratch)) / f"account_{names}_{seed}"
                account = yardstick.account(names, seed)
                write_firm(account, folder)
                rebalance(folder, folder / "out")
                kernel = yardstick.evaluate(account, *solve(account)[:2])
                trades = yardstick.evaluate(account, *read_trades(account, folder / "out"))
                difference = (trades["J"] - kernel["J"]) / _BASIS_POINT
                worst = max(worst, abs(difference))
                print(
                    f"{names:6d} {seed:4d} {kernel['J'] / _BASIS_POINT:15.6f} {trades['J'] / _BASIS_POINT:15.6f}"
                    f" {difference:15.6f} {trades['viol_cash']:10.1e} {trades['wash']:9.1e}"
                )
    return 0 if worst <= _ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
