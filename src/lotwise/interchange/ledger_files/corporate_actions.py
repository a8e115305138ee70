"""corporate_actions: each is applied once, to every account that has held the security, and journalled as applied.

An action becomes one row for each account that had to do with the security before its day; the fold applies it at the
opening of the day and refuses it where nothing is held, which is then no finding. An account whose custodian reports
the action itself, within a week, keeps its own row. A row of account `*` in the journal says that the action has been
applied; accounts that learn later of earlier holdings (backdated) get it then.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.contract import ACTION_KINDS
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.journal_rows import JournalRows
from lotwise.interchange.firm_folder.market_files import CORPORATE_ACTIONS
from lotwise.interchange.firm_folder.ratios import read_ratios
from lotwise.interchange.firm_folder.register import open_table, report_broken, report_cells
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.interchange.firm_folder.transaction_kinds import NEEDS
from lotwise.interchange.ledger_files.same_actions import OF_ACTION, OF_ROW, report_other_ratios, same_actions
from lotwise.storage.journal import COLUMNS, EVERY_ACCOUNT, SCHEMA, Journal

__all__ = ["ACTION_PREFIX", "applied_rows", "due_actions", "own_rows_kept", "read_actions"]

ACTION_PREFIX = "action "  # of the transaction ids of rows made here
_TERMS = ("new_symbol", "ratio_new", "ratio_old", "cash_per_share", "fraction", "fair_value")
_UNTIL = "it is not applied"
_PAIRS = {"account_id": pl.String, "symbol": pl.String, "since": pl.Int32}


def read_actions(folder: Path, findings: FindingList) -> JournalRows:
    """Read the market's actions as rows of the journal of account `*`; wrong ones are findings."""
    table = open_table(folder, replace(CORPORATE_ACTIONS, needed=False), findings)
    if table is None:
        return JournalRows(pl.DataFrame(schema=SCHEMA), 0)
    wrong = report_cells(table, tuple(column.name for column in CORPORATE_ACTIONS.columns), findings, _UNTIL)
    report_broken(table, findings, _UNTIL)
    table.report_rounded(findings)
    ratios = read_ratios(table.frame["ratio"])
    frame = table.frame.with_columns(ratios["ratio_new"], ratios["ratio_old"])

    def refuse(mask: pl.Series, column: str, must_be: str, was: pl.Series) -> pl.Series:
        mask = mask.fill_null(value=False)
        message = Message(Severity.ERROR, must_be, f"correct it; until then {_UNTIL}")
        rows = rows_to_report(frame[LINE].filter(mask), was.filter(mask).cast(pl.String))
        findings.rows(Place(table.file, None, column), message, rows)
        return mask

    wrong |= refuse(ratios["wrong"], "ratio", "a ratio above zero: 2, 1.5, 3/2 or 3:2", table.frame["ratio"])
    for kind in ACTION_KINDS:
        for need in NEEDS[kind]:
            column = need.split("|")[0]
            empty = frame["ratio_new" if column == "ratio" else column].is_null() & (frame["kind"] == kind) & ~wrong
            wrong |= refuse(empty, column, f"filled in a {kind}", table.frame[column])
    named = pl.format(
        f"{ACTION_PREFIX}{{}} {{}} {{}} {{}}",
        pl.col("date").cast(pl.Date),
        "kind",
        "symbol",
        pl.col("new_symbol").fill_null(""),
    )
    made = frame.with_columns(named.str.strip_chars().alias("transaction_id"))
    wrong |= refuse(~wrong & ~made["transaction_id"].is_first_distinct(), "kind", "an action once", frame["kind"])
    kept = made.filter(~wrong).with_columns(
        account_id=pl.lit(EVERY_ACCOUNT), source=pl.lit(table.file), line=pl.col(LINE), settled=pl.lit(0)
    )
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in kept.columns]
    rows = kept.with_columns(missing).select(COLUMNS).cast(pl.Schema(SCHEMA)).sort("date", "line")
    return JournalRows(rows, int(wrong.sum()) + len(table.broken))


def due_actions(actions: pl.DataFrame, applied: pl.DataFrame, today: int | None, findings: FindingList) -> JournalRows:
    """List the actions whose day has come and that have not been applied; one applied with other terms is an error."""
    before = applied.select("transaction_id", *(pl.col(name).alias(f"was {name}") for name in _TERMS))
    found = actions.join(before, on="transaction_id", how="left", maintain_order="left")
    was = found["transaction_id"].is_in(applied["transaction_id"].implode())
    differs = pl.repeat(False, found.height, dtype=pl.Boolean, eager=True)
    for name in _TERMS:
        # A fair value that no cell says was taken from the prices, once and for all.
        told = found[name].is_not_null() | (name != "fair_value")
        differs |= was & told & found[name].ne_missing(found[f"was {name}"])
    message = Message(
        Severity.ERROR,
        "the action as it was applied",
        "put the row back, and post corrections to the accounts; what was posted stands",
    )
    rows = rows_to_report(found["line"].filter(differs), found["transaction_id"].filter(differs))
    for file in found["source"].filter(differs).unique():
        findings.rows(Place(file, None, "kind"), message, rows)
    due = actions.filter(~was & (actions["date"] <= today)) if today is not None else actions.clear()
    return JournalRows(due, int(differs.sum()))


def applied_rows(
    journal: Journal, due: pl.DataFrame, applied: pl.DataFrame, posted: pl.DataFrame, findings: FindingList
) -> pl.DataFrame:
    """Rows of single accounts: due actions for all who held, applied ones for those whose posting says they had held.

    `posted` are the rows of the posting in hand; those posted before teach nothing: whoever held then has the action.
    An action that a custodian reported with another ratio is a warning.
    """
    key = ["account_id", "transaction_id"]
    fresh = _pairs(posted.join(journal.matching(posted).select(key).unique(), on=key, how="anti"))
    everyone = fresh
    if due.height:
        held = journal.read(columns=("account_id", "date", "symbol", "new_symbol", "counter_account"))
        everyone = pl.concat([_pairs(held), fresh])
    made = pl.concat([_rows_for(due, everyone), _rows_for(applied, fresh)]).unique(
        ["account_id", "transaction_id"], keep="first", maintain_order=True
    )
    if not made.height:
        return made
    own = pl.concat([_own_rows(journal.read(columns=(*_OWN, "transaction_id"))), _own_rows(posted)])
    pairs = same_actions(made, own)
    # Said once: when the market's action comes, or the custodian's row.
    new = made["transaction_id"].is_in(due["transaction_id"].implode()).gather(pairs[OF_ACTION])
    new |= pairs[OF_ROW] >= own.height - _own_rows(posted).height
    to_do = "the account has the custodian's; find out which is right, and correct what is not"
    report_other_ratios(pairs.filter(new), findings, to_do)
    return made.filter(~pl.int_range(made.height, eager=True).is_in(pairs[OF_ACTION].implode()))


def own_rows_kept(rows: pl.DataFrame, journal: Journal, findings: FindingList) -> pl.DataFrame:
    """Leave out rows of a custodian for an action that the market's file has brought to that account before."""
    ours = rows.filter(pl.col("kind").is_in(ACTION_KINDS))
    if not ours.height:
        return rows
    journalled = journal.read(ours["account_id"].unique(), (*_OWN, "transaction_id"))
    before = journalled.filter(pl.col("transaction_id").str.starts_with(ACTION_PREFIX))
    pairs = same_actions(before, ours)
    near = ours.filter(pl.int_range(ours.height, eager=True).is_in(pairs[OF_ROW].implode()))
    message = Message(Severity.NOTICE, "an action once", "nothing: corporate_actions brought it to the account")
    for file, part in near.group_by("source", maintain_order=True):
        findings.rows(Place(str(file[0]), None, "kind"), message, rows_to_report(part["line"], part["kind"]))
    report_other_ratios(
        pairs, findings, "the account has the market's; find out which is right, and correct what is not"
    )
    return rows.join(near, on=["account_id", "transaction_id"], how="anti", maintain_order="left")


_OWN = ("account_id", "symbol", "kind", "date", "ratio_new", "ratio_old", "source", "line")


def _own_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Actions that a custodian reported."""
    named = pl.col("transaction_id").str.starts_with(ACTION_PREFIX)
    return rows.filter(pl.col("kind").is_in(ACTION_KINDS) & ~named).select(_OWN)


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """Accounts and the securities that they had to do with, and since when."""
    sides = [
        rows.select(account_id=account, symbol=symbol, since="date")
        for account, symbol in (
            ("account_id", "symbol"),
            ("account_id", "new_symbol"),
            ("counter_account", "symbol"),
        )
    ]
    found = pl.concat(sides).drop_nulls().cast(pl.Schema(_PAIRS))
    return found.group_by("account_id", "symbol").agg(pl.col("since").min())


def _rows_for(actions: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per action and account that had to do with the security before its day, its new names included."""
    if not actions.height or not pairs.height:
        return actions.clear()
    moves = actions.drop_nulls("new_symbol").select("symbol", "new_symbol", "date")
    while True:
        came = pairs.join(moves, on="symbol").filter(pl.col("since") < pl.col("date"))
        came = came.select("account_id", symbol="new_symbol", since="date")
        grown = pl.concat([pairs, came]).group_by("account_id", "symbol").agg(pl.col("since").min())
        if grown.height == pairs.height and grown["since"].sum() == pairs["since"].sum():
            break
        pairs = grown
    found = actions.drop("account_id").join(pairs, on="symbol", how="inner", maintain_order="left")
    found = found.filter(pl.col("since") < pl.col("date")).sort("date", "line", "account_id", maintain_order=True)
    return found.select(COLUMNS)
