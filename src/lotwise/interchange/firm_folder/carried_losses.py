"""Losses that lots of tonight took over from other accounts: their custodians cannot know them, tonight's run does.

A custodian adjusts basis for wash sales inside one account (Reg. 1.6045-1(d)(6)(iii)); the law counts every account of
the taxpayer and spouse (26 U.S.C. 1091(d), 1223(3)). What a lot's basis contains already is never added again: with an
original basis, that is what the basis has above it; without one, every loss of a sale in the lot's own account.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from lotwise.dates import from_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.ledger.tables import LotMark, State
from lotwise.money import format_money
from lotwise.rebalancing.book import LotFlag

__all__ = ["FoldedNames", "folded_lots", "with_carried_losses"]

KEY = ["account", "security", "acquired"]


class FoldedNames(NamedTuple):
    """What the codes of a folded record mean tonight."""

    account: pl.Series  # position in the accounts table (null = not there)
    security: pl.Series  # position among the securities (null = not there)
    symbol: pl.Series
    lot: pl.Series  # lot id as the source has it (null = none)


def folded_lots(state: State, names: FoldedNames) -> pl.DataFrame:
    """Bought lots of a folded record in tonight's positions, with the sale whose loss each took over.

    Columns: account, security, acquired, label, shares, loss, foreign (part of it from another account), start,
    absorbed, sold, sold_symbol, sold_in (account), part (how the ledger lists it: LOT, LOT~2, ...).
    """
    lots = state.lots[(state.lots["marks"] & (LotMark.REPLACEMENT | LotMark.SHORT)) == LotMark.REPLACEMENT]
    events, realized = state.realized["event"], state.realized
    place = np.minimum(np.searchsorted(events, lots["absorbed_from"]), max(events.size - 1, 0))
    took = lots["absorbed_from"] >= 0
    seller = np.where(took, realized["account"][place], -1) if events.size else np.full(lots.size, -1)
    sold = np.where(took, realized["sold"][place], 0) if events.size else np.zeros(lots.size, np.int32)
    what = np.where(took, realized["security"][place], 0) if events.size else np.zeros(lots.size, np.int32)
    loss = lots["absorbed_loss"]
    return (
        pl.DataFrame(
            {
                "account": names.account.gather(lots["account"]),
                "security": names.security.gather(lots["security"]),
                "acquired": lots["acquired"],
                "label": names.lot.gather(pl.Series(lots["name"]).cast(pl.Int64).replace(-1, None)),
                "shares": lots["shares"],
                "loss": loss,
                "foreign": np.where(seller != lots["account"], loss, 0),
                "start": lots["holding_start"],
                "absorbed": (lots["marks"] & LotMark.ABSORBED) != 0,
                "sold": sold,
                "sold_symbol": names.symbol.gather(what) if len(names.symbol) else pl.Series([], dtype=pl.String),
                "sold_in": names.account.gather(pl.Series(seller).cast(pl.Int64).replace(-1, None)),
            }
        )
        .filter(pl.col("account").is_not_null() & pl.col("security").is_not_null())
        .with_columns(_part())
    )


def _part() -> pl.Expr:
    number = pl.int_range(pl.len()).over("account", "label") + 1
    return pl.when(number == 1).then("label").otherwise(pl.format("{}~{}", "label", number)).alias("part")


def with_carried_losses(
    lots: pl.DataFrame,
    folded: pl.DataFrame,
    originals: pl.DataFrame,
    accounts: AccountTable,
    file: str,
    findings: FindingList,
) -> pl.DataFrame:
    """Raise the basis of lots that took over a loss which it lacks, and move their start; one finding a household.

    A lot of which any share has replaced others does not count as a purchase any more: that bars at most too much.
    `originals` has account_id, lot_id, original_basis of lots that state it. The holding period moves only where the
    whole lot replaced others: it starts with the latest part.
    """
    parts = folded.filter(pl.col("absorbed").any().over(KEY))
    if parts.is_empty():
        return lots
    matched = _matched(lots, parts)
    ids = pl.Series(accounts.ids, dtype=pl.String)
    given = matched.with_columns(ids.gather(matched["account"]).alias("account_id")).join(
        originals, on=["account_id", "lot_id"], how="left", maintain_order="left"
    )
    own_word = pl.col("original_basis").is_not_null()
    contained = (pl.col("basis") - pl.col("original_basis")).clip(0).fill_null(0)
    countable = pl.col("taxable") & (pl.col("flags") & int(LotFlag.UNKNOWN_TAX) == 0)
    missing = pl.when(own_word).then(pl.col("loss") - contained).otherwise("foreign").clip(0)
    changed = given.with_columns(pl.when(countable).then(missing).otherwise(0).alias("added")).with_columns(
        pl.when((pl.col("added") > 0) & (pl.col("folded_shares") >= pl.col("shares")))
        .then(pl.min_horizontal("holding_start", "start"))
        .otherwise("holding_start")
        .alias("holding_start")
    )
    _report(changed.filter(pl.col("added") > 0), accounts, ids, file, findings)
    rows, keep = changed["row"], np.uint8(255 - int(LotFlag.REPLACEMENT))
    return lots.with_columns(
        lots["basis"].clone().scatter(rows, changed["basis"] + changed["added"]),
        lots["holding_start"].clone().scatter(rows, changed["holding_start"]),
        lots["flags"].clone().scatter(rows, pl.Series(changed["flags"].to_numpy() & keep)),
    )


def _matched(lots: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Tonight's lots that are lots of the record which replaced others: by name, or the only one of their day.

    Where the file lists the parts of a lot, as the ledger does, each is the part of that name; else a lot is them all.
    """
    root = pl.col("lot_id").str.replace(r"~\d+$", "")
    parted = (pl.col("lot_id") != root).any().over("account", root).fill_null(value=False)
    rows = (
        lots.with_row_index("row")
        .join(parts.select(KEY).unique(), on=KEY, how="semi", maintain_order="left")
        .with_columns(alone=pl.len().over(KEY) == 1, parted=parted)
    )
    called = pl.when("parted").then("part").otherwise("label") == pl.col("lot_id")
    example = pl.col("sold", "sold_symbol", "sold_in").sort_by("foreign", "loss", descending=True).first()
    return (
        rows.join(parts, on=KEY, suffix="_folded", maintain_order="left_right")
        .filter(called.fill_null(value=False) | pl.col("alone"))
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("account", "household", "lot_id", "shares", "basis", "holding_start", "flags", "taxable").first(),
            pl.col("shares_folded").sum().alias("folded_shares"),
            pl.col("loss", "foreign").sum(),
            pl.col("start").max(),
            pl.col("absorbed").any(),
            example,
        )
        .filter("absorbed")
    )


def _report(added: pl.DataFrame, accounts: AccountTable, ids: pl.Series, file: str, findings: FindingList) -> None:
    message = Message(
        Severity.NOTICE,
        "the basis after the wash sales of every account of the household",
        "nothing: tonight's run adds the loss; ask the custodian to correct the lot",
    )
    shown = added.with_columns(ids.gather(added["account"]).alias("of"), ids.gather(added["sold_in"]).alias("seller"))
    households = shown.group_by("household", maintain_order=True).agg(
        pl.len(), pl.col("added").sum(), pl.col("lot_id", "of", "sold_symbol", "sold", "seller").first()
    )
    for household, count, total, lot, of, symbol, day, seller in households.iter_rows():
        was = (
            f"{count} {'lot' if count == 1 else 'lots'} without {format_money(total)} of losses: "
            f"{lot} of {of} replaced {symbol} sold on {from_day_number(day)} in {seller}"
        )
        findings.add(Place(file, None, "basis"), message, was, accounts.roster.ids[household])
