"""Posting speed, end to end: a firm's ten years from Parquet, the next day from CSV, and what is asked of them then.

    python bench/ledger_post.py [--households 5000] [--events 10000000] [--folder DIR]

Every row is a process of its own, as somebody at a terminal runs it: start, read, check, fold, write. The trades are
those of `ledger_fold.py`. The folder (some 3 GB) is removed again, unless it is named.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from ledger_fold import FIRST_DAY, YEARS, prices, record
from lotwise.ledger.events import EventKind, Table
from lotwise.money import DOLLAR, SHARE

_ACCOUNTS = 3
_NEXT_DAY = 50_000


def write_firm(folder: Path, households: int, last_day: int) -> None:
    """Write what a ledger needs to know of a firm."""
    number = pl.int_range(households * _ACCOUNTS, eager=True)
    ids = pl.format("A{}", number // _ACCOUNTS * _ACCOUNTS + number % _ACCOUNTS)
    accounts = pl.select(
        account_id=ids,
        household_id=pl.format("H{}", number // _ACCOUNTS),
        kind=pl.when(number % _ACCOUNTS == _ACCOUNTS - 1).then(pl.lit("traditional")).otherwise(pl.lit("taxable")),
        cash=pl.lit(0),
    )
    accounts.write_csv(folder / "accounts.csv")
    pl.select(household_id=accounts["household_id"].unique(maintain_order=True), model=pl.lit("core")).write_csv(
        folder / "households.csv"
    )
    day = pl.select(pl.lit(last_day).cast(pl.Date)).item()
    (folder / "firm.toml").write_text(f'version = 1\nname = "Bench"\nas_of = {day}\n', encoding="utf-8")


def transactions(events: Table, first: int) -> pl.DataFrame:
    """Write events as rows of transactions."""
    sale = pl.Series(events["kind"] == EventKind.SELL)
    return pl.select(
        date=pl.Series(events["day"]).cast(pl.Date),
        account_id=pl.format("A{}", pl.Series(events["account"])),
        kind=pl.when(sale).then(pl.lit("sell")).otherwise(pl.lit("buy")),
        transaction_id=pl.format("T{}", pl.int_range(first, first + events.size, eager=True)),
        symbol=pl.format("S{}", pl.Series(events["security"])),
        shares=pl.Series(events["shares"] // SHARE),
        amount=pl.Series(events["amount"] / DOLLAR).round(2),
        relief=pl.when(pl.Series(events["account"] % 2 == 0)).then(pl.lit("hifo")).otherwise(pl.lit("fifo")),
    )


def run(name: str, *words: str) -> None:
    """Run a command and show what it took; a row refused (more sold than held) is no failure."""
    start = time.perf_counter()
    command = (sys.executable, "-m", "lotwise", "ledger", *words)
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own program
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    if done.returncode > 1:
        raise SystemExit(done.stderr.decode())
    print(f"{name:44} {seconds:>8.1f} s   {peak:>5.1f} GiB at most so far", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=5000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    tomorrow = FIRST_DAY + 365 * YEARS
    close = prices(rng, 365 * YEARS + 2)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        write_firm(folder, given.households, tomorrow)
        events = record(rng, given.households, given.events, FIRST_DAY, tomorrow - 1, close)
        transactions(events, 0).write_parquet(folder / "past.parquet")
        events = record(rng, given.households, _NEXT_DAY, tomorrow, tomorrow, close)
        transactions(events, given.events).write_csv(folder / "tomorrow.csv")
        transactions(events[:200], 2 * given.events).write_csv(folder / "few.csv")
        run(f"post {given.events:,} events", "post", str(folder), str(folder / "past.parquet"))
        run(f"post the next day's {_NEXT_DAY:,}", "post", str(folder), str(folder / "tomorrow.csv"))
        run("post 200 more", "post", str(folder), str(folder / "few.csv"))
        run("gains of a household", "gains", str(folder), "--year", "2023", "--household", "H7")
        run("windows of a household", "washes", str(folder), "--windows", "--household", "H7")


if __name__ == "__main__":
    main()
