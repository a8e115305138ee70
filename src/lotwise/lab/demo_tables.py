"""The tables about the demo firm's clients as data frames, one function per file of the firm folder."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.dates import from_day_number
from lotwise.interchange.atomic import write_whole
from lotwise.lab.demo_activity import Transaction, settlement
from lotwise.lab.demo_households import HouseholdPlan
from lotwise.lab.demo_market_tables import qualified_shares
from lotwise.lab.demo_positions import AccountHoldings
from lotwise.lab.demo_restrictions import Restriction
from lotwise.lab.demo_tape import ACQUISITIONS, join_lots
from lotwise.lab.market_panel import Floats, MarketPanel, trailing_yield

__all__ = ["FilledHousehold", "firm_tables", "lot_name", "with_gaps", "write_table"]

# Rows of every hundred households in which something is wrong on purpose: its first account has a lot without basis, or
# one without date.
NO_BASIS, NO_DATE = 3, 5
# One household of the firm (from 0) holds a security that securities.csv does not have, as happens after a change of
# symbol: it is refused until somebody adds it. The oldest lot of its first account.
UNKNOWN_SYMBOL = 21
OLD_SYMBOL = "OLDNAME"
# Decimal places of shares: the finest that custodians report.
SHARE_PLACES = 4


class FilledHousehold(NamedTuple):
    """A household with its accounts filled, its restrictions, and what happened lately."""

    plan: HouseholdPlan
    accounts: tuple[AccountHoldings, ...]
    restrictions: tuple[Restriction, ...]
    transactions: tuple[Transaction, ...]


def lot_name(row: int) -> str:
    """Name of an account's lot by its position."""
    return f"L{row + 1:05d}"


def _decimals(values: Floats, places: int) -> pl.Series:
    """Numbers as exact decimals with so many places."""
    units = pl.Series(np.round(values * 10**places).astype(np.int64))
    whole = (units // 10**places).cast(pl.String)
    rest = (units % 10**places).cast(pl.String).str.zfill(places)
    written: pl.Series = whole + "." + rest
    return written.cast(pl.Decimal(18, places))


def _money(values: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in values]


def _household_table(filled: Sequence[FilledHousehold], panel: MarketPanel) -> pl.DataFrame:
    """households.csv; realised gains are of the managed taxable accounts."""
    yields = trailing_yield(panel, len(panel.days) - 1) * qualified_shares(panel)
    price = np.nan_to_num(panel.close[-1])
    rows = []
    for household in filled:
        plan = household.plan
        taxable = [a for a in household.accounts if a.plan.kind == "taxable"]
        managed = [a for a in taxable if not a.plan.held_away]
        income = plan.ordinary_income
        dividends = sum(float((a.lots.shares * (price * yields)[a.lots.security]).sum()) for a in taxable)
        rows.append(
            {
                "household_id": plan.household_id,
                "model": plan.model,
                "name": plan.name,
                "filing_status": plan.filing_status,
                "state": plan.state,
                "ordinary_income": income,
                "magi": None if income is None else round(income * 1.08, -2),
                "ytd_short_gains": f"{sum(a.short_gains for a in managed):.2f}",
                "ytd_long_gains": f"{sum(a.long_gains for a in managed):.2f}",
                "expected_qualified_dividends": f"{dividends:.0f}",
                "long_carryforward": f"{plan.value * 0.02:.0f}" if plan.number % 9 == 4 else "",
                "federal_short_rate": plan.federal_short_rate,
                "federal_long_rate": plan.federal_long_rate,
                "state_rate": plan.state_rate,
                "fee_bps": plan.fee_bps,
                "profile": plan.profile,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _account_table(filled: Sequence[FilledHousehold]) -> pl.DataFrame:
    accounts = [(household.plan, account) for household in filled for account in household.accounts]
    return pl.DataFrame(
        {
            "account_id": [account.plan.account_id for _, account in accounts],
            "household_id": [plan.household_id for plan, _ in accounts],
            "kind": [account.plan.kind for _, account in accounts],
            "cash": _money([account.cash for _, account in accounts]),
            "owner": [account.plan.owner for _, account in accounts],
            "custodian": [account.plan.custodian for _, account in accounts],
            "held_away": ["true" if account.plan.held_away else "false" for _, account in accounts],
        }
    )


def _lot_table(filled: Sequence[FilledHousehold], panel: MarketPanel) -> pl.DataFrame:
    """lots: exact decimals, not binary fractions; one is of a security that nobody lists."""
    accounts = [account for household in filled for account in household.accounts]
    sizes = [len(account.lots.security) for account in accounts]
    lots = join_lots([account.lots for account in accounts])
    starts = np.cumsum([0, *sizes])[:-1]
    start_of = {account.plan.account_id: int(start) for account, start in zip(accounts, starts, strict=True)}
    firsts = [household.accounts[0] for household in filled if household.plan.number == UNKNOWN_SYMBOL]
    renamed = [start_of[each.plan.account_id] + int(np.argmin(each.lots.day)) for each in firsts if each.lots.day.size]
    symbols = pl.Series(panel.universe.symbols).gather(lots.security)
    within = np.arange(len(lots.security)) - np.repeat(starts, sizes)
    return pl.DataFrame(
        {
            "account_id": pl.Series([account.plan.account_id for account in accounts]).gather(
                np.repeat(np.arange(len(accounts)), sizes)
            ),
            "lot_id": pl.Series([lot_name(row) for row in range(max(sizes))]).gather(within),
            "symbol": symbols.scatter(renamed, OLD_SYMBOL) if renamed else symbols,
            "shares": _decimals(lots.shares, SHARE_PLACES),
            "acquired": pl.Series(lots.day).cast(pl.Date),
            "basis": _decimals(lots.basis, 2),
            "acquisition": pl.Series(ACQUISITIONS).gather(lots.acquisition),
        }
    )


def with_gaps(lots: pl.DataFrame, filled: Sequence[FilledHousehold]) -> pl.DataFrame:
    """Leave out the basis of some lots and the date of others, as custodians do."""
    name = pl.format("{} {}", "account_id", "lot_id")

    def blank(column: str, place: int) -> pl.Expr:
        firsts = [household.accounts[0] for household in filled if household.plan.number % 100 == place]
        gaps = [f"{each.plan.account_id} {lot_name(each.lots.day.size // 2)}" for each in firsts if each.lots.day.size]
        return pl.when(name.is_in(gaps)).then(None).otherwise(pl.col(column)).alias(column)

    return lots.with_columns(blank("basis", NO_BASIS), blank("acquired", NO_DATE))


def _transaction_table(filled: Sequence[FilledHousehold], panel: MarketPanel) -> pl.DataFrame:
    """transactions.csv: the last thirty days, oldest first."""
    made = sorted(
        (each for household in filled for each in household.transactions),
        key=lambda each: (each.day, each.account_id, each.kind, each.security, each.acquired),
    )
    sells = [each.kind == "sell" for each in made]
    terms = ["long" if each.day - each.acquired > 365 else "short" for each in made]
    return pl.DataFrame(
        {
            "date": [from_day_number(each.day).isoformat() for each in made],
            "account_id": [each.account_id for each in made],
            "kind": [each.kind for each in made],
            "transaction_id": [f"T{number + 1:06d}" for number in range(len(made))],
            "symbol": [panel.universe.symbols[each.security] for each in made],
            "shares": [f"{each.shares:.6f}" for each in made],
            "amount": _money([each.amount for each in made]),
            "price": [f"{each.price:.4f}" for each in made],
            "settle_date": [settlement(each.day) for each in made],
            "lot_id": ["" if sell else lot_name(each.lot) for each, sell in zip(made, sells, strict=True)],
            "basis": [f"{each.basis:.2f}" if sell else "" for each, sell in zip(made, sells, strict=True)],
            "term": [term if sell else "" for term, sell in zip(terms, sells, strict=True)],
            "acquired": [
                from_day_number(each.acquired).isoformat() if sell else ""
                for each, sell in zip(made, sells, strict=True)
            ],
        },
        schema_overrides={"date": pl.String},
    )


def firm_tables(
    filled: Sequence[FilledHousehold], panel: MarketPanel, all_hold: list[Restriction]
) -> dict[str, pl.DataFrame]:
    """Tables about clients, by the stem of their files; of lots everything is known (`with_gaps`)."""
    rules = [*all_hold, *(rule for household in filled for rule in household.restrictions)]
    return {
        "households": _household_table(filled, panel),
        "accounts": _account_table(filled),
        "lots": _lot_table(filled, panel),
        "restrictions": pl.DataFrame(rules, schema=list(Restriction._fields), orient="row"),
        "transactions": _transaction_table(filled, panel),
    }


def write_table(folder: Path, stem: str, table: pl.DataFrame, *, parquet: bool) -> None:
    """Write one table; no clock and no machine's name goes into the file."""
    buffer = io.BytesIO()
    if parquet:
        table.write_parquet(buffer, compression="zstd", statistics=False)
    else:
        table.with_columns(pl.col(pl.String).replace("", None)).write_csv(buffer)
    write_whole(folder / f"{stem}.{'parquet' if parquet else 'csv'}", buffer.getvalue())
