"""Taxes saved of a whole firm, end to end: its posted record of two years told from its folder, by processor time.

    python bench/savings_firm.py [--households 5000 1000] [--names 100] [--folder DIR] [--out docs/measured/savings.md]

The firms are those of `savings.py`: every account trades once a month, on days spread over it, and every name pays a
dividend a quarter. Every command is a process of its own, as somebody at a terminal runs it. The folder is removed
again, unless it is named.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.bench.machine import machine
from lotwise.bench.tables import MeasuredTable
from lotwise.ledger.events import EventKind
from lotwise.money import DOLLAR, SHARE
from lotwise.savings.history import History
from savings import simulated

_KINDS = {EventKind.BUY: "buy", EventKind.SELL: "sell", EventKind.DIVIDEND: "dividend"}


class Took(NamedTuple):
    """What a command took."""

    seconds: float
    processor: float
    gigabytes: float


def _dollars(money: np.ndarray) -> pl.Expr:
    return pl.lit(pl.Series(money / DOLLAR)).round(4)


def write_firm(folder: Path, history: History) -> None:
    """Write a firm folder that says the same as a simulated history: lots of the first day, then what happened."""
    households, names = history.accounts.household.size, history.market.price.shape[1]
    days = pl.Series(history.market.days).cast(pl.Date)
    number, security = pl.int_range(households, eager=True), pl.int_range(names, eager=True)
    tables = {
        "households": pl.select(
            household_id=pl.format("H{}", number), model=pl.lit("core"), federal_short_rate=0.408,
            federal_long_rate=0.238, state_rate=0.0, filing_status=pl.lit("single"), fee_bps=number % 5 * 20 + 20,
        ),
        "accounts": pl.select(
            account_id=pl.format("A{}", number), household_id=pl.format("H{}", number), kind=pl.lit("taxable"), cash=0
        ),
        "securities": pl.select(
            symbol=pl.format("S{}", security), kind=pl.lit("stock"), spread_bps=2, asset_class=pl.lit("equity"),
            qualified_share=1.0,
        ),
        "models": pl.select(
            model=pl.lit("core"), symbol=pl.format("S{}", security), weight=pl.Series(history.targets.weight[0])
        ),
        "prices": pl.select(
            date=days.gather(np.repeat(np.arange(len(days)), names)),
            symbol=pl.format("S{}", pl.Series(np.tile(np.arange(names), len(days)))),
            close=_dollars(history.market.price.ravel()),
            adj_close=_dollars(_adjusted(history).ravel()),
        ),
        "lots": _lots(history),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
    _set_day(folder, days[0])


def _adjusted(history: History) -> np.ndarray:
    """Closes by total return."""
    price = history.market.price / DOLLAR
    kept = np.ones(price.shape)
    kept[1:] = price[1:] / (price[1:] + history.market.payout[1:])
    later = np.cumprod(np.vstack([kept[1:], np.ones(price.shape[1])])[::-1], axis=0)[::-1]
    return price * later * DOLLAR


def _lots(history: History) -> pl.DataFrame:
    opened = history.events[history.events["kind"] == EventKind.TRANSFER_IN]
    details = history.details[opened["detail"]]
    return pl.select(
        account_id=pl.format("A{}", pl.Series(opened["account"])),
        lot_id=pl.format("L{}", pl.Series(opened["security"])),
        symbol=pl.format("S{}", pl.Series(opened["security"])),
        shares=pl.lit(pl.Series(opened["shares"] / SHARE)).round(6),
        acquired=pl.Series(details["acquired"]).cast(pl.Date),
        basis=_dollars(details["basis"]),
    )


def transactions(history: History) -> pl.DataFrame:
    """Write what happened after the first day as rows of transactions."""
    events = history.events[history.events["kind"] != EventKind.TRANSFER_IN]
    shares = pl.Series(events["shares"] / SHARE).round(6)
    pays = pl.Series(events["kind"] == EventKind.DIVIDEND)
    kinds = pl.Series(events["kind"]).replace_strict({int(kind): word for kind, word in _KINDS.items()})
    return pl.select(
        date=pl.Series(events["day"]).cast(pl.Date),
        account_id=pl.format("A{}", pl.Series(events["account"])),
        kind=kinds,
        transaction_id=pl.format("T{}", pl.int_range(events.size, eager=True)),
        symbol=pl.format("S{}", pl.Series(events["security"])),
        shares=pl.when(pays).then(None).otherwise(shares),
        amount=_dollars(events["amount"]),
        qualified=pl.when(pays).then(pl.lit("true")),
        relief=pl.when(kinds == "sell").then(pl.lit("hifo")),
    )


def _set_day(folder: Path, day: object) -> None:
    (folder / "firm.toml").write_text(f'version = 1\nname = "Bench"\nas_of = {day}\n', encoding="utf-8")


def run(*words: str) -> Took:
    """Run a command in a process of its own; a row refused is no failure."""
    start = time.perf_counter()
    command = (sys.executable, "-m", "lotwise", *words)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:  # noqa: S603
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode > 1:
        raise SystemExit(said.decode())
    return Took(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20)


def measured(folder: Path, households: int, names: int) -> list[str]:
    """Tell a firm of so many households: a row of the table."""
    history = simulated(households, names)
    write_firm(folder, history)
    transactions(history).write_parquet(folder / "transactions.parquet")
    events, last = len(history.events), int(history.market.days[-1])
    del history
    run("ledger", "open", str(folder))
    _set_day(folder, pl.select(pl.lit(last).cast(pl.Date)).item())
    run("ledger", "post", str(folder))
    took = run("savings", str(folder), "--out", str(folder / "out"))
    told = pl.read_parquet(folder / "out" / "savings.parquet").height
    page = (folder / "out" / "savings.html").stat().st_size / 1e6
    return [
        f"{told:,}", f"{events:,}", f"{took.processor:.0f}", f"{took.processor / told * 1000:.0f}",
        f"{took.seconds:.0f}", f"{took.gigabytes:.2f}", f"{page:.1f}",
    ]  # fmt: skip


def main() -> None:
    """Tell firms of several sizes and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--households", type=int, nargs="+", default=[200, 1_000, 5_000])
    parser.add_argument("--names", type=int, default=100)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for households in given.households:
        with tempfile.TemporaryDirectory() as temporary:
            rows.append(measured((given.folder or Path(temporary)) / str(households), households, given.names))
        print(rows[-1], flush=True)
    header = ("households", "events", "s of processor time", "ms a household", "s", "GiB at most", "MB of page")
    note = (
        f"{machine('numpy', 'polars')}. Two years of a taxable account of {given.names} names a household: it "
        "trades once a month, every name pays a dividend a quarter. `lotwise savings FOLDER --out DIR`, all included; "
        "other work ran on the machine meanwhile: processor time tells more than seconds."
    )
    table = MeasuredTable("Taxes saved of a firm", header, rows, note).markdown()
    print(table)
    if given.out:
        given.out.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
